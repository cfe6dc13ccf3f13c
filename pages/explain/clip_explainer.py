"""One clip and one model, with or without enrolment: maps and tests of them, cached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import enrolment, session_cache
from pages.explain import loading
from ser_core import audio
from ser_core.explain import attributed
from ser_core.explain.audio_baselines import USUAL
from ser_core.explain.benchmark import checks_of
from ser_core.explain.masked_audio import deletion_test as tried
from ser_core.explain.masked_audio import mask_audio
from ser_core.explain.model_input import model_input
from ser_core.explain.speech_relevance import relevance_by_aspect

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import pandas as pd

    from ser_core.audio import Waveform
    from ser_core.explain import Attribution, Method, ModelInput
    from ser_core.explain.masked_audio import DeletionTest, MaskedAudio
    from ser_core.explain.method import Progress
    from ser_core.explain.sanity_checks import Check
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import InferenceModel
    from ser_core.models.predictor import SpeakerStatistics

VIEWS, MOST = "_explained_views", 4


@dataclass(frozen=True, eq=False)
class CheckedMap:
    """An attribution map with its checks."""

    attribution: Attribution
    checks: list[Check]


@dataclass(frozen=True, eq=False)
class ClipExplainer:
    """One clip and one model: attribution maps and what is derived from them, cached.

    Attributes:
        info: The model.
        waveform: The sound, at the model's sample rate.
        speaker: Statistics of the enrolled speaker; None where nobody is enrolled, or the model
            cannot enrol.
        enrolment_key: Changes with the enrolment clips; empty where there are none.
        seen: Whether other clips of the speaker were in training, as far as is known.
    """

    info: ModelInfo
    waveform: Waveform
    speaker: SpeakerStatistics | None = None
    enrolment_key: str = ""
    seen: bool = False

    @property
    def model(self) -> InferenceModel:
        """The model, as Predict opens it for this speaker."""
        model = loading.model(self.info)
        return model.for_seen_speakers() if self.seen else model

    @property
    def without_enrolment(self) -> ClipExplainer:
        """The same clip and model where nobody is enrolled."""
        return replace(self, speaker=None, enrolment_key="")

    @property
    def key(self) -> tuple[Any, ...]:
        """Changes with the model, the sound and the enrolment."""
        return (
            self.info.folder,
            self.info.changed,
            audio.sha256(self.waveform),
            self.enrolment_key,
            self.seen,
        )

    @property
    def view(self) -> ModelInput:
        """The sound as the model sees it, with the probabilities that Predict shows.

        Raises:
            SerError: If the model cannot be opened or explained.
        """
        # Each holds copies of the networks, so few are cached.
        found: ModelInput = session_cache.cached(
            VIEWS, MOST, self.key, lambda: self.view_of(self.waveform)
        )
        return found

    def view_of(self, waveform: Waveform) -> ModelInput:
        """Another sound of the same speaker as the model sees it."""
        model = self.model
        view = model_input(model.predictor, waveform, self.speaker, seen=model.for_seen)
        return view.read(model.reading(self.speaker))

    def attribution_map(
        self,
        method: Method,
        emotion: str,
        representation: str,
        watched: Callable[[str], AbstractContextManager[Progress]],
    ) -> CheckedMap:
        """An attribution map and its checks, computed once for these choices.

        Args:
            method: The method.
            emotion: Class to explain.
            representation: Hash of the representation that the map lies on.
            watched: Gives the progress of a step, by what the step is called.

        Raises:
            SerError: If the method does not apply to the model.
        """

        def make() -> CheckedMap:
            target = self.view.target(emotion)
            with watched(method.title) as progress:
                found = attributed(self.view, method, target, representation, progress)
            with watched(f"Sanity checks of {method.title}") as progress:
                checks = checks_of(self.view, found, target, costly=True, progress=progress)
            return CheckedMap(found, checks)

        key = self._map(method, emotion, representation)
        made: CheckedMap = loading.cached(key, lambda: loading.bounded(make))
        return made

    def has_map(self, method: Method, emotion: str, representation: str) -> bool:
        """Whether a map is computed already."""
        return loading.is_cached(self._map(method, emotion, representation))

    def _map(self, method: Method, emotion: str, representation: str) -> tuple[Any, ...]:
        return ("map", *self.key, method, emotion, representation)

    def view_with_same_networks(self, waveform: Waveform) -> ModelInput:
        """As `view_of`, by the copies of the networks that the view of the whole sound has."""
        if waveform is self.waveform:
            return self.view
        model = self.model
        view = model_input(
            model.predictor, waveform, self.speaker, like=self.view, seen=model.for_seen
        )
        return view.read(model.reading(self.speaker))

    def masked_sound(
        self, attribution: Attribution, share: float, *, keep: bool, rest: str = USUAL
    ) -> MaskedAudio:
        """The sound with, or without, the most relevant part of a map, and its prediction."""
        key = ("heard", *self.key, *_key_of(attribution), share, keep, rest)

        def make() -> MaskedAudio:
            return mask_audio(
                self.view_with_same_networks,
                self.waveform,
                attribution,
                share,
                keep=keep,
                rest=rest,
            )

        found: MaskedAudio = loading.cached(key, make)
        return found

    def deletion_test(
        self, attribution: Attribution, share: float, rest: str = USUAL
    ) -> DeletionTest:
        """Whether deleting the relevant part from the sound bears out a map."""
        key = ("trial", *self.key, *_key_of(attribution), share, rest)

        def make() -> DeletionTest:
            kept, removed = (
                self.masked_sound(attribution, share, keep=keep, rest=rest)
                for keep in (True, False)
            )
            parts = (kept, removed)
            return tried(
                self.view_with_same_networks,
                self.waveform,
                attribution,
                share,
                parts=parts,
                rest=rest,
            )

        found: DeletionTest = loading.cached(key, make)
        return found

    def speech_reading(self, attribution: Attribution) -> pd.DataFrame:
        """Relevance by phonetic and acoustic aspects."""
        key = ("reading", *self.key, *_key_of(attribution))
        found: pd.DataFrame = loading.cached(
            key, lambda: relevance_by_aspect(attribution, self.waveform)
        )
        return found


def _key_of(attribution: Attribution) -> tuple[Any, ...]:
    return attribution.method, attribution.emotion, attribution.representation.hash


def explainer_for(info: ModelInfo, waveform: Waveform, *, seen: bool = False) -> ClipExplainer:
    """The explainer of a sound, with the speaker whom this session enrolled.

    Args:
        info: The model.
        waveform: The sound, at the model's sample rate.
        seen: Whether other clips of the speaker were in training.

    Raises:
        SerError: If the model cannot be opened, or an enrolment clip cannot be used.
    """
    enrolled = enrolment.enrolled_speaker(info, loading.model(info))
    if enrolled is None:
        return ClipExplainer(info, waveform, seen=seen)
    return ClipExplainer(info, waveform, enrolled.statistics, enrolment.fingerprint(), seen=seen)


def is_doubtful(explainer: ClipExplainer) -> bool:
    """Whether a sound is rather of somebody else than of the enrolled speaker."""
    enrolled = enrolment.enrolled_speaker(explainer.info, explainer.model)

    def doubts() -> bool:
        return enrolled is not None and bool(enrolled.doubts([explainer.waveform])[0])

    found: bool = loading.cached(("doubted", *explainer.key), doubts)
    return found


def is_other_speaker(speaker: str) -> bool:
    """Whether a speaker is known to be another than the enrolled one."""
    enrolled = st.session_state.get(enrolment.SPEAKER, "")
    return bool(enrolment.clips() and enrolled and speaker and speaker != enrolled)
