"""Evaluation clips: a model's own test clips where they are known, with what to call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ser_core import audio
from ser_core.core import CorpusError, count
from ser_core.core.batches import attempted
from ser_core.corpora import Corpus
from ser_core.evaluation import BADGES
from ser_core.inference.held_out_clips import UNAUDITED, held_out_clips

if TYPE_CHECKING:
    from ser_core.audio import Waveform
    from ser_core.models.predictor import Predictor, SpeakerStatistics

UNKNOWN = "may hold clips that trained the model"
"""Badge of figures on clips that the model may have been trained on."""


@dataclass(frozen=True, eq=False)
class EvaluationClips:
    """Clips with their sound.

    Attributes:
        clips: Rows of `Corpus.clips`, in the order of the sounds.
        sounds: One a clip, at the model's sample rate.
        description: What they are, in words, for every figure: "60 of 403 test clips of nEMO".
        badge: Badge of every figure; empty where the speakers are unseen by the model.
        by_speaker: Whether intervals are over speakers, since the speakers are unseen.
        enrolled: Statistics of each speaker, where the model enrols: from the
            speaker's own unchanged clips among these.
    """

    clips: pd.DataFrame
    sounds: tuple[Waveform, ...]
    description: str
    badge: str = ""
    by_speaker: bool = False
    enrolled: Mapping[str, SpeakerStatistics] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sounds)

    @property
    def speakers(self) -> list[str]:
        """Speaker of each clip; empty text where the corpus does not say."""
        return [str(name) for name in self.clips["speaker"].fillna("")]

    def rows(self, chosen: Sequence[int]) -> EvaluationClips:
        """Some of the clips, by their numbers."""
        return EvaluationClips(
            self.clips.iloc[list(chosen)],
            tuple(self.sounds[number] for number in chosen),
            self.description,
            self.badge,
            self.by_speaker,
            self.enrolled,
        )


@dataclass(frozen=True)
class ClipSource:
    """Where clips come from, as seen from the model.

    Attributes:
        clips: Their names.
        words: What they are: "test clips of nEMO".
        badge: Badge of the figures.
        by_speaker: Whether their speakers are unseen by the model.
    """

    clips: tuple[str, ...]
    words: str
    badge: str
    by_speaker: bool


def choose(
    predictor: Predictor, corpus: Corpus, clips: int | None = None, *, seed: int = 0
) -> EvaluationClips:
    """Choose and decode clips.

    The model's own test clips, where it names them or its split can be made again and they are in
    the corpus; otherwise all clips of the corpus, and the badge says what that means. Fewer are
    drawn evenly over emotions and speakers.

    Args:
        predictor: The model.
        corpus: Where the clips are.
        clips: How many; all when absent.
        seed: Of the drawing.

    Raises:
        CorpusError: If the corpus has no clip of an emotion of the model, or none that can be read.

    A clip that cannot be read is left out, and the description says so.
    """
    found = clip_source(predictor, corpus)
    table = corpus.usable.loc[list(found.clips)]
    if table.empty:
        raise CorpusError(
            "has no clip of any class of the model",
            subject=corpus.name,
            remedy=f"Choose a corpus with some of {', '.join(predictor.classes)}",
        )
    chosen = drawn(table, clips or len(table), seed)
    sounds, unusable = decoded(predictor, corpus, [str(clip) for clip in chosen.index])
    description = described(len(chosen), len(table), found.words, seed)
    if unusable:
        chosen = chosen.drop(index=list(unusable))
        description += f"; {left_out(unusable)}"
    return EvaluationClips(
        chosen,
        sounds,
        description,
        found.badge,
        found.by_speaker,
        enrolled_speakers(predictor, chosen, sounds),
    )


def decoded(
    predictor: Predictor, corpus: Corpus, clips: Sequence[str]
) -> tuple[tuple[Waveform, ...], dict[str, str]]:
    """Sounds of clips at the model's sample rate, without those that cannot be read.

    Returns:
        The sounds in order, and why there is none by the name of each other clip.

    Raises:
        CorpusError: If none can be read.
    """
    sounds: list[Waveform] = []
    unusable: dict[str, str] = {}
    for clip in clips:
        load = partial(audio.load, corpus.path(clip), sample_rate=predictor.sample_rate)
        sound, problem = attempted(load)
        if sound is None:
            unusable[clip] = problem
        else:
            sounds.append(sound)
    if not sounds:
        clip, problem = next(iter(unusable.items()))
        raise CorpusError(
            f"none of {count(len(clips), 'clip')} can be read: {clip}: {problem}",
            subject=corpus.name,
            remedy="Repair the files, or choose another corpus",
        )
    return tuple(sounds), unusable


def left_out(unusable: Mapping[str, str]) -> str:
    """Which clips are left out and why, in words.

    >>> left_out({"a.wav": "the file is empty", "b.wav": "is silent"})
    '2 clips are left out (a.wav: the file is empty; b.wav: is silent)'
    """
    named = [f"{clip}: {problem}" for clip, problem in unusable.items()]
    more = f"; and {len(named) - 3:,} more" if len(named) > 3 else ""
    is_ = "is" if len(named) == 1 else "are"
    return f"{count(len(named), 'clip')} {is_} left out ({'; '.join(named[:3])}{more})"


def described(chosen: int, there: int, words: str, seed: int) -> str:
    """Name of a subset.

    >>> described(60, 403, "test clips of nEMO", 0), described(53, 53, "clips of demo", 0)
    ('60 of 403 test clips of nEMO, drawn evenly with seed 0', 'all 53 clips of demo')
    """
    if chosen == there:
        return f"all {there:,} {words}"
    return f"{chosen:,} of {there:,} {words}, drawn evenly with seed {seed}"


def drawn(table: pd.DataFrame, clips: int, seed: int) -> pd.DataFrame:
    """Clips drawn evenly over emotions, and within them over speakers; in the order of names.

    >>> rows = {"emotion": ["anger"] * 8 + ["fear"] * 2, "speaker": ["a", "b"] * 5}
    >>> drawn(pd.DataFrame(rows), 4, seed=0).value_counts(sort=False).to_list()
    [1, 1, 1, 1]
    """
    shuffled = table.iloc[np.random.default_rng(seed).permutation(len(table))]
    speaker = shuffled["speaker"].fillna("")
    of_speaker = shuffled.groupby([shuffled["emotion"], speaker]).cumcount()
    first = shuffled.iloc[np.argsort(of_speaker.to_numpy(), kind="stable")]
    of_emotion = first.groupby("emotion").cumcount()
    even = first.iloc[np.argsort(of_emotion.to_numpy(), kind="stable")]
    return even.iloc[:clips].sort_index()


def clip_source(predictor: Predictor, corpus: Corpus) -> ClipSource:
    """Clips of a corpus that may evaluate a model: its test clips where they are known."""
    found = held_out_clips(predictor, corpus)
    if found.tested:
        badge = BADGES.get(found.grade, BADGES["unknown"])
        shared = bool(badge) and found.grade != UNAUDITED
        return ClipSource(found.clips, f"test clips of {corpus.name}", badge, not shared)
    if found.elsewhere:
        words = f"clips of {corpus.name}, a corpus new to the model"
        return ClipSource(found.clips, words, "", True)
    return ClipSource(found.clips, f"clips of {corpus.name}", UNKNOWN, False)


def enrolled_speakers(
    predictor: Predictor, clips: pd.DataFrame, sounds: Sequence[Waveform]
) -> dict[str, SpeakerStatistics]:
    """Statistics of the speakers of clips, for a model that enrols them."""
    if not predictor.enrols:
        return {}
    own: dict[str, list[Waveform]] = {}
    for speaker, sound in zip(clips["speaker"].fillna(""), sounds, strict=True):
        if speaker:
            own.setdefault(str(speaker), []).append(sound)
    return {speaker: predictor.enrol(several) for speaker, several in own.items()}


def clip_count(subset: EvaluationClips) -> str:
    """How many clips, as words."""
    return count(len(subset), "clip")
