"""What is explained: a sound before a model that may know the voice; asked once, and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import enrolment, session_cache
from pages.explain import loading
from ser_core import audio
from ser_core.explain.attribution import attributed
from ser_core.explain.bench import checks_of
from ser_core.explain.listening import listen, tried
from ser_core.explain.rests import USUAL
from ser_core.explain.speech import reading
from ser_core.explain.view import look

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from ser_core.audio import Waveform
    from ser_core.explain.attribution import Attribution
    from ser_core.explain.checks import Check
    from ser_core.explain.listening import Heard, Trial
    from ser_core.explain.method import Method
    from ser_core.explain.view import View
    from ser_core.models.predictor import Voice
    from ser_core.predicting.answering import Answerer
    from ser_core.predicting.listing import ModelInfo

VIEWS, MOST = "_explained_views", 4


@dataclass(frozen=True, eq=False)
class CheckedMap:
    """A map with everything that is shown beside it."""

    attribution: Attribution
    checks: list[Check]


@dataclass(frozen=True, eq=False)
class ClipExplainer:
    """A sound before a model.

    Attributes:
        info: The model.
        waveform: The sound, at the model's sample rate.
        voice: Of its speaker as the model reads it; None where nothing is known, or it has no use
            for a voice.
        known: Changes with the clips of the voice; empty where there is none.
    """

    info: ModelInfo
    waveform: Waveform
    voice: Voice | None = None
    known: str = ""

    @property
    def model(self) -> Answerer:
        """The model, as Predict opens it."""
        return loading.model(self.info)

    @property
    def of_a_stranger(self) -> ClipExplainer:
        """The same sound where nothing is known of the voice."""
        return replace(self, voice=None, known="")

    @property
    def key(self) -> tuple[Any, ...]:
        """Changes with the model, the sound and what is known of the voice."""
        return (self.info.folder, self.info.changed, audio.sha256(self.waveform), self.known)

    @property
    def view(self) -> View:
        """The sound as the model hears it, with the probabilities that Predict tells.

        Raises:
            SerError: If the model cannot be opened or looked into.
        """
        # Each holds copies of the networks, so few are kept.
        found: View = session_cache.cached(VIEWS, MOST, self.key, lambda: self.hear(self.waveform))
        return found

    def hear(self, waveform: Waveform) -> View:
        """A sound of the same voice as the model hears it."""
        model = self.model
        return look(model.predictor, waveform, self.voice).read(model.reading(self.voice))

    def explained(
        self,
        method: Method,
        emotion: str,
        representation: str,
        progress: Callable[[int, int], None],
    ) -> CheckedMap:
        """A map and its checks, computed once for these choices.

        Raises:
            SerError: If the method does not apply to the model.
        """

        def make() -> CheckedMap:
            target = self.view.target(emotion)
            found = attributed(self.view, method, target, representation, progress)
            return CheckedMap(found, checks_of(self.view, found, target, costly=True))

        made: CheckedMap = loading.cached(self._map(method, emotion, representation), make)
        return made

    def is_explained(self, method: Method, emotion: str, representation: str) -> bool:
        """Whether a map is there already."""
        return loading.is_cached(self._map(method, emotion, representation))

    def _map(self, method: Method, emotion: str, representation: str) -> tuple[Any, ...]:
        return ("map", *self.key, method, emotion, representation)

    def again(self, waveform: Waveform) -> View:
        """As `hear`, by the copies of the networks that the view of the whole sound has."""
        if waveform is self.waveform:
            return self.view
        model = self.model
        view = look(model.predictor, waveform, self.voice, like=self.view)
        return view.read(model.reading(self.voice))

    def heard(
        self, attribution: Attribution, share: float, *, keep: bool, rest: str = USUAL
    ) -> Heard:
        """The sound with, or without, the most relevant part of a map, and what is said of it."""
        key = ("heard", *self.key, *_key_of(attribution), share, keep, rest)

        def make() -> Heard:
            return listen(self.again, self.waveform, attribution, share, keep=keep, rest=rest)

        found: Heard = loading.cached(key, make)
        return found

    def trial(self, attribution: Attribution, share: float, rest: str = USUAL) -> Trial:
        """What the sound says of a map."""
        key = ("trial", *self.key, *_key_of(attribution), share, rest)

        def make() -> Trial:
            kept, removed = (
                self.heard(attribution, share, keep=keep, rest=rest) for keep in (True, False)
            )
            parts = (kept, removed)
            return tried(self.again, self.waveform, attribution, share, parts=parts, rest=rest)

        found: Trial = loading.cached(key, make)
        return found

    def reading(self, attribution: Attribution) -> pd.DataFrame:
        """Where what speaks for the emotion lies."""
        key = ("reading", *self.key, *_key_of(attribution))
        found: pd.DataFrame = loading.cached(key, lambda: reading(attribution, self.waveform))
        return found


def _key_of(attribution: Attribution) -> tuple[Any, ...]:
    return attribution.method, attribution.emotion, attribution.representation.hash


def explainer_for(info: ModelInfo, waveform: Waveform) -> ClipExplainer:
    """The question about a sound, with the voice that this session taught.

    Raises:
        SerError: If the model cannot be opened, or a clip of the voice cannot be used.
    """
    taught = enrolment.enrolled_speaker(info, loading.model(info))
    if taught is None:
        return ClipExplainer(info, waveform)
    return ClipExplainer(info, waveform, taught.voice, enrolment.fingerprint())


def is_doubtful(question: ClipExplainer) -> bool:
    """Whether a sound is rather of somebody else than of the voice that was taught."""
    taught = enrolment.enrolled_speaker(question.info, question.model)

    def doubts() -> bool:
        return taught is not None and bool(taught.doubts([question.waveform])[0])

    found: bool = loading.cached(("doubted", *question.key), doubts)
    return found


def is_other_speaker(speaker: str) -> bool:
    """Whether a speaker is known to be another than the one whose voice was taught."""
    taught = st.session_state.get(enrolment.SPEAKER, "")
    return bool(enrolment.clips() and taught and speaker and speaker != taught)
