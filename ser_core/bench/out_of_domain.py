"""How well recordings unlike the training are told from clips of new speakers of its corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core.audio import SAMPLE_RATE, Waveform, resampled
from ser_core.core import Progress
from ser_core.inference.training_domain import (
    SHARE,
    fitted,
    gaussian,
    held_out,
    mahalanobis,
    measures,
)

LENGTHS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
"""Seconds of the parts of recordings that are judged: windows and turns."""

PARTS = 120
"""Parts of each length of a speaker, about; fewer than twice as many."""


@dataclass(frozen=True)
class Told:
    """One kind of sound against held-out clips of new speakers.

    Attributes:
        name: Of the kind.
        clips: How many.
        auroc: Area under the ROC curve: chance that one of them is further away than a held-out
            clip of the corpus. 0.5 is chance level.
        alarms: Share of them that is called unlike.
    """

    name: str
    clips: int
    auroc: float
    alarms: float


@dataclass(frozen=True)
class Parts:
    """Parts of one length, cut from the joined clips of a speaker who was left out.

    Attributes:
        seconds: Their length.
        parts: How many.
        alarms: Share of them that is called unlike.
        worst_speaker: The largest share of one speaker.
    """

    seconds: float
    parts: int
    alarms: float
    worst_speaker: float


@dataclass(frozen=True)
class Bench:
    """What was found.

    Attributes:
        clips: Of the corpus.
        speakers: Of them.
        share: Of false alarms that the threshold is set for.
        worst_speaker: Largest share of false alarms of one speaker.
        told: By kind of sound.
        parts: By length.
    """

    clips: int
    speakers: int
    share: float
    worst_speaker: float
    told: tuple[Told, ...]
    parts: tuple[Parts, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def compare(
    clips: Sequence[Waveform],
    speakers: Sequence[str],
    others: Sequence[Waveform],
    progress: Progress | None = None,
    share: float = SHARE,
) -> Bench:
    """Fit on a corpus and test on another one and on changed and made sounds.

    Args:
        clips: Of the corpus.
        speakers: Of each of them.
        others: Clips of another corpus.
        progress: Called with (sounds measured, sounds in all).
        share: Of false alarms.
    """
    kinds: dict[str, list[Waveform]] = {"another corpus": list(others)}
    some = clips[:: max(1, len(clips) // 200)]
    draw = np.random.default_rng(0)
    for name, change in CHANGES.items():
        kinds[name] = [change(resampled(clip, SAMPLE_RATE), draw) for clip in some]
    who = np.asarray(speakers)
    cut = {seconds: _parts(clips, who, seconds) for seconds in LENGTHS}
    of_parts = sum(len(each) for by_speaker in cut.values() for each in by_speaker.values())
    total, done = len(clips) + sum(map(len, kinds.values())) + of_parts, 0

    def measured(sounds: Sequence[Waveform]) -> npt.NDArray[np.float64]:
        nonlocal done
        rows = []
        for sound in sounds:
            rows.append(measures(sound))
            done += 1
            if progress:
                progress(done, total)
        return np.stack(rows)

    own = measured(clips)
    domain, inside = fitted(own, speakers, "corpus", share), held_out(own, speakers)
    alarm = inside > domain.threshold
    told = tuple(
        _told(name, inside, domain.of(measured(sounds)), domain.threshold)
        for name, sounds in kinds.items()
        if sounds
    )
    worst = max(float(alarm[who == speaker].mean()) for speaker in set(speakers))
    others_of = {speaker: gaussian(own[who != speaker]) for speaker in sorted(set(speakers))}
    parts = []
    for seconds, by_speaker in cut.items():
        alarms = {
            speaker: mahalanobis(measured(sounds), others_of[speaker]) > domain.threshold
            for speaker, sounds in by_speaker.items()
            if sounds
        }
        if alarms:
            every = np.concatenate(list(alarms.values()))
            worst_of = max(float(each.mean()) for each in alarms.values())
            parts.append(Parts(seconds, len(every), float(every.mean()), worst_of))
    return Bench(len(clips), len(set(speakers)), float(alarm.mean()), worst, told, tuple(parts))


def _parts(
    clips: Sequence[Waveform], speakers: npt.NDArray[np.str_], seconds: float
) -> dict[str, list[Waveform]]:
    """Parts of the joined clips of each speaker: all, or every so many to have about `PARTS`."""
    found = {}
    for speaker in sorted(set(speakers)):
        own = [
            resampled(clips[int(row)], SAMPLE_RATE) for row in np.flatnonzero(speakers == speaker)
        ]
        joined, step = np.concatenate([each.samples for each in own]), round(seconds * SAMPLE_RATE)
        starts = range(0, len(joined) - step + 1, step)
        found[speaker] = [
            Waveform(joined[at : at + step], SAMPLE_RATE)
            for at in starts[:: max(1, len(starts) // PARTS)]
        ]
    return found


def _told(
    name: str, inside: npt.NDArray[np.float64], outside: npt.NDArray[np.float64], threshold: float
) -> Told:
    from sklearn.metrics import roc_auc_score

    truth = np.r_[np.zeros(len(inside)), np.ones(len(outside))]
    area = float(roc_auc_score(truth, np.r_[inside, outside]))
    return Told(name, len(outside), area, float((outside > threshold).mean()))


def _narrow(sound: Waveform, _draw: np.random.Generator) -> Waveform:
    return resampled(resampled(sound, SAMPLE_RATE // 2), SAMPLE_RATE)


def _noisy(snr_db: float) -> Callable[[Waveform, np.random.Generator], Waveform]:
    def change(sound: Waveform, draw: np.random.Generator) -> Waveform:
        power = float(np.mean(sound.samples.astype(np.float64) ** 2))
        noise = draw.normal(0, np.sqrt(power / 10 ** (snr_db / 10)), len(sound.samples))
        return Waveform((sound.samples + noise).astype(np.float32), sound.sample_rate)

    return change


def _noise(sound: Waveform, draw: np.random.Generator) -> Waveform:
    return Waveform(draw.normal(0, 0.1, len(sound.samples)).astype(np.float32), SAMPLE_RATE)


def _chords(sound: Waveform, draw: np.random.Generator) -> Waveform:
    """Tones with harmonics, another chord every quarter of a second."""
    step = SAMPLE_RATE // 4
    time = np.arange(step) / SAMPLE_RATE
    parts = []
    for _ in range(len(sound.samples) // step + 1):
        notes = 220 * 2 ** (draw.integers(0, 24, 3) / 12)
        tones = [np.sin(2 * np.pi * k * f * time) / k for f in notes for k in range(1, 9)]
        parts.append(np.sum(tones, axis=0) * np.exp(-3 * time))
    samples = np.concatenate(parts)[: len(sound.samples)]
    return Waveform((0.3 * samples / np.abs(samples).max()).astype(np.float32), SAMPLE_RATE)


CHANGES: dict[str, Callable[[Waveform, np.random.Generator], Waveform]] = {
    "the same clips, band-limited to 4 kHz": _narrow,
    "the same clips in white noise, 20 dB SNR": _noisy(20),
    "the same clips in white noise, 5 dB SNR": _noisy(5),
    "white noise": _noise,
    "chords of tones": _chords,
}
"""Sounds made of clips of the corpus; those of no speech have their length."""
