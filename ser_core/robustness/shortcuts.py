"""Shortcut tests: scores of a model that is given one cue only, which should not suffice.

A clip is replaced by sound of which one thing alone is left: its length, its level, the silence
around the speech. What still scores above chance leans on that. The other way round proves less: a
model may lean on a cue and yet be at a loss when everything else is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ser_core.audio import Waveform
from ser_core.core import Registry
from ser_core.evaluation import Interval, interval
from ser_core.robustness.clip_predictions import predict_clips

if TYPE_CHECKING:
    import numpy.typing as npt

    from ser_core.inference.evaluation_clips import EvaluationClips
    from ser_core.models.predictor import Predictor

    Samples = npt.NDArray[np.float32]

NOISE_DB = -30.0
"""Level of the noise that stands for a clip, dBFS: about that of speech."""

SPEECH_DB = -40.0
"""Speech begins and ends where the level, in steps of 10 ms, is this far below the loudest."""

EDGE = 0.1
"""Seconds that are left of the beginning or the end."""


@dataclass(frozen=True)
class Clip:
    """A clip of which one thing is to be left.

    Attributes:
        samples: Shape (samples,).
        rate: In Hz.
        usual: Samples that clips of the subset have on average.
    """

    samples: Samples
    rate: int
    usual: int

    def noise(self, samples: int, level: float) -> Samples:
        """White noise, the same for every clip, at a level as an amplitude."""
        drawn = np.random.default_rng(0).standard_normal(samples)
        return (level * drawn).astype(np.float32)


Reduction = Callable[[Clip], "Samples"]


@dataclass(frozen=True)
class Shortcut:
    """One thing that is left of a clip.

    Attributes:
        name: In files.
        title: For people: "only ...".
        describe: One plain sentence.
        reduce: What makes it.
    """

    name: str
    title: str
    describe: str
    reduce: Reduction


SHORTCUTS: Registry[Shortcut] = Registry("shortcut")


def shortcut(name: str, title: str) -> Callable[[Reduction], Reduction]:
    """Decorator that registers one; the docstring's first line describes it."""

    def register(reduce: Reduction) -> Reduction:
        describe = (reduce.__doc__ or "").strip().splitlines()[0]
        SHORTCUTS.register(name)(Shortcut(name, title, describe, reduce))
        return reduce

    return register


@shortcut("duration", "Only duration")
def duration(clip: Clip) -> Samples:
    """The same noise for all, as long as the clip."""
    return clip.noise(len(clip.samples), 10 ** (NOISE_DB / 20))


@shortcut("loudness", "Only loudness")
def loudness(clip: Clip) -> Samples:
    """The same noise for all, of the same length, as loud as the clip."""
    level = float(np.sqrt(np.mean(np.square(clip.samples, dtype=np.float64))))
    return clip.noise(clip.usual, level)


@shortcut("padding", "Only padding")
def padding(clip: Clip) -> Samples:
    """Digital silence, as long as the clip: what a padded batch shows of it."""
    return np.zeros_like(clip.samples)


@shortcut("pauses", "Only what is around the speech")
def pauses(clip: Clip) -> Samples:
    """The recording before and behind the speech, which is replaced by digital silence."""
    start, end = speech(clip.samples, clip.rate)
    left = clip.samples.copy()
    left[start:end] = 0
    return left


@shortcut("beginning", "Only the first 100 ms")
def beginning(clip: Clip) -> Samples:
    """The first tenth of a second."""
    return clip.samples[: max(1, round(EDGE * clip.rate))]


@shortcut("end", "Only the last 100 ms")
def end(clip: Clip) -> Samples:
    """The last tenth of a second."""
    return clip.samples[-max(1, round(EDGE * clip.rate)) :]


def speech(samples: Samples, rate: int) -> tuple[int, int]:
    """First sample of speech and the one behind its last.

    >>> rise = np.concatenate([np.zeros(480), np.ones(320), np.zeros(160)]).astype(np.float32)
    >>> speech(rise, 16_000)
    (480, 800)
    """
    step = max(1, rate // 100)
    frames = np.pad(samples, (0, -len(samples) % step)).reshape(-1, step)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (SPEECH_DB / 10))
    if not len(loud):
        return 0, len(samples)
    return int(loud[0] * step), min(len(samples), int((loud[-1] + 1) * step))


@dataclass(frozen=True)
class ShortcutScore:
    """What a model scores on one shortcut.

    Attributes:
        name: In `SHORTCUTS`.
        title: For people.
        describe: One plain sentence.
        uar: Mean recall with its interval.
        wa: Accuracy with its interval.
        chance: UAR of guessing.
    """

    name: str
    title: str
    describe: str
    uar: Interval
    wa: Interval
    chance: float

    @property
    def leans(self) -> bool:
        """Whether it is better than chance beyond doubt."""
        return self.uar.low is not None and self.uar.low > self.chance

    @property
    def sentence(self) -> str:
        """In plain words."""
        verdict = (
            "above chance: the model relies on it"
            if self.leans
            else "not above chance, as it should be"
        )
        return f"{self.title}: UAR {self.uar}, {verdict} (chance is {self.chance:.3f})."

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"leans": self.leans}


def reduced_to(subset: EvaluationClips, name: str) -> list[Waveform]:
    """Clips of which one thing is left."""
    usual = round(float(np.mean([len(sound.samples) for sound in subset.sounds])))
    reduce = SHORTCUTS[name].reduce
    return [
        Waveform(reduce(Clip(sound.samples, sound.sample_rate, usual)), sound.sample_rate)
        for sound in subset.sounds
    ]


def shortcut_scores(
    predictor: Predictor,
    subset: EvaluationClips,
    names: Sequence[str] | None = None,
    *,
    progress: Callable[[int], None] = lambda _clips: None,
) -> list[ShortcutScore]:
    """What a model scores on every shortcut.

    Args:
        predictor: Any model.
        subset: Clips.
        names: Of `SHORTCUTS`; all when absent.
        progress: Called with the number of further clips done.

    Raises:
        UnknownNameError: If there is no such shortcut.
    """
    chance = 1 / int(subset.clips["emotion"].nunique())
    found = []
    for name in names or list(SHORTCUTS):
        chosen = SHORTCUTS[name]
        predictions = predict_clips(predictor, subset, reduced_to(subset, name))
        uar, wa = (interval(predictions, m, by_speaker=subset.by_speaker) for m in ("uar", "wa"))
        found.append(ShortcutScore(name, chosen.title, chosen.describe, uar, wa, chance))
        progress(len(subset))
    return found
