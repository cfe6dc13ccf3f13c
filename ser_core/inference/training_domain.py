"""Whether a recording is like the clips that a model was trained on: a distance with a threshold.

A clip is described by 120 numbers of its sound (`measures`). Those of the training clips give a
normal distribution, and a recording its Mahalanobis distance from it, after Lee et al. (2018), "A
simple unified framework for detecting out-of-distribution samples", with one distribution for all
classes and of the sound instead of a layer: so it is the same for networks, encoders, ensembles and
ONNX copies, and needs no torch. The covariance is shrunk by the rule of Ledoit and Wolf (2004).

The threshold is the distance that a stated share of clips exceeds whose speakers were left out of
the distribution: a new speaker is no alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ser_core.audio import SAMPLE_RATE, Waveform, resampled
from ser_core.core import ModelError, ParameterError, files
from ser_core.features.mel import log_mel
from ser_core.storage import atomic

Floats = npt.NDArray[np.float64]

FILE = "training-domain.safetensors"
"""Beside the description of a model. It decides no prediction, so an ONNX copy stays valid."""

SHARE = 0.05
"""Share of held-out clips of new speakers that are called unlike: false alarms."""

FEWEST_CLIPS, FEWEST_SPEAKERS = 50, 3
"""Below these there is no threshold to speak of."""

LEAST_S = 2.0
"""Seconds of a part of a recording below which it is not judged: a second says too little of how
the sound varies, and half of such parts of clips like the training would be called unlike."""

N_FFT, HOP, BANDS = 512, 160, 40
LOUD_DB, REACH_DB = 40.0, 80.0
"""Frames further below the loudest are pauses; lower levels are held there."""

TINY = 1e-9


def measures(waveform: Waveform) -> Floats:
    """What a clip sounds like, whatever its level and length, shape (120,).

    Of each of 40 mel bands, over the frames that are no pause: the mean level against that of all
    bands, its spread, and the spread of its change from frame to frame, all in dB.
    """
    samples = resampled(waveform, SAMPLE_RATE).samples.astype(np.float64)
    level = log_mel(
        samples / max(float(np.abs(samples).max()), TINY), SAMPLE_RATE, N_FFT, HOP, BANDS
    )
    level = level.clip(min=level.max() - REACH_DB)
    around = level.mean(axis=0)
    loud = around >= around.max() - LOUD_DB
    heard = level[:, loud]
    change = np.diff(level, axis=1)[:, loud[1:] & loud[:-1]]
    mean = heard.mean(axis=1)
    moved = change.std(axis=1) if change.shape[1] else np.zeros(BANDS)
    return np.concatenate([mean - mean.mean(), heard.std(axis=1), moved])


@dataclass(frozen=True, eq=False)
class TrainingDomain:
    """The distribution of the training clips, and how far from it is too far.

    Attributes:
        centre: Mean of the measures, shape (measures,).
        whitening: Turns a difference from it into a vector whose length is the Mahalanobis
            distance, shape (measures, measures).
        threshold: Distance above which a recording is unlike.
        share: Of held-out clips of new speakers above the threshold.
        clips: Training clips.
        speakers: Of them.
        corpus: Name of their corpus.
    """

    centre: Floats
    whitening: Floats
    threshold: float
    share: float
    clips: int
    speakers: int
    corpus: str

    def distances(self, waveforms: Sequence[Waveform]) -> Floats:
        """Mahalanobis distance of each sound, shape (sounds,)."""
        if not waveforms:
            return np.zeros(0)
        return self.of(np.stack([measures(each) for each in waveforms]))

    def of(self, measured: Floats) -> Floats:
        """As `distances`, of measures of shape (sounds, measures)."""
        return mahalanobis(measured, (self.centre, self.whitening))

    def unlike(self, waveforms: Sequence[Waveform]) -> npt.NDArray[np.bool_]:
        """Which sounds are further away than the threshold, shape (sounds,)."""
        return np.asarray(self.distances(waveforms) > self.threshold)

    def unlike_parts(self, waveforms: Sequence[Waveform]) -> npt.NDArray[np.bool_]:
        """As `unlike`, for parts of a recording; one shorter than `LEAST_S` is never unlike."""
        found = np.zeros(len(waveforms), np.bool_)
        judged = [n for n, each in enumerate(waveforms) if each.duration >= LEAST_S]
        found[judged] = self.unlike([waveforms[n] for n in judged])
        return found

    @property
    def said(self) -> str:
        """What it means for a recording to be unlike, as sentences."""
        return (
            "This recording is unlike the clips that the model was trained on "
            f"({self.corpus}): another microphone, band, noise, or no speech. Its answers are not "
            f"tested on such sound. (Of clips of new speakers in that corpus, "
            f"{100 * self.share:.0f} % are called unlike, too.)"
        )


def fitted(
    measured: Floats, speakers: Sequence[str], corpus: str, share: float = SHARE
) -> TrainingDomain:
    """The distribution of training clips, with the threshold for new speakers.

    Args:
        measured: Shape (clips, measures).
        speakers: Of each clip.
        corpus: Name of the corpus.
        share: Of held-out clips that may lie above the threshold, more than 0 and less than 1.

    Raises:
        ParameterError: If there are too few clips or speakers, or the share is none.
    """
    known = len(set(speakers))
    if len(measured) < FEWEST_CLIPS or known < FEWEST_SPEAKERS:
        raise ParameterError(
            f"{len(measured):,} clips of {known} speakers do not say how sounds vary",
            subject=corpus,
            remedy=f"Take at least {FEWEST_CLIPS} clips of {FEWEST_SPEAKERS} speakers",
        )
    if not 0 < share < 1:
        raise ParameterError(f"share = {share:g} must lie between 0 and 1")
    threshold = float(np.quantile(held_out(measured, speakers), 1 - share))
    centre, whitening = gaussian(measured)
    return TrainingDomain(centre, whitening, threshold, share, len(measured), known, corpus)


def mahalanobis(measured: Floats, distribution: tuple[Floats, Floats]) -> Floats:
    """Distance of measures, shape (sounds, measures), from a distribution of `gaussian`."""
    centre, whitening = distribution
    found: Floats = np.linalg.norm((measured - centre) @ whitening, axis=1)
    return found


def held_out(measured: Floats, speakers: Sequence[str]) -> Floats:
    """Distance of each clip from the clips of all other speakers, shape (clips,)."""
    who = np.asarray(speakers)
    found = np.zeros(len(measured))
    for speaker in np.unique(who):
        own = who == speaker
        found[own] = mahalanobis(measured[own], gaussian(measured[~own]))
    return found


def gaussian(measured: Floats) -> tuple[Floats, Floats]:
    """Mean, and the whitening of the shrunk covariance."""
    from sklearn.covariance import LedoitWolf

    spread = measured.std(axis=0) + TINY  # shrinkage is towards a ball: all on one scale
    fit = LedoitWolf().fit(measured / spread)
    whitening: Floats = np.linalg.cholesky(fit.precision_) / spread[:, None]
    return measured.mean(axis=0), whitening


def save(domain: TrainingDomain, model: Path) -> Path:
    """Write it into the folder of a model; returns the file."""
    from safetensors.numpy import save as to_bytes

    about = {
        "threshold": repr(domain.threshold),
        "share": repr(domain.share),
        "clips": str(domain.clips),
        "speakers": str(domain.speakers),
        "corpus": domain.corpus,
    }
    arrays = {name: getattr(domain, name).astype(np.float32) for name in ("centre", "whitening")}
    atomic.write(model / FILE, to_bytes(arrays, metadata=about))
    return model / FILE


def domain_of(model: Path) -> TrainingDomain | None:
    """What is written in the folder of a model; None where nothing is.

    Raises:
        ModelError: If the file is damaged.
    """
    file = model / FILE
    if not files.is_file(file):
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(files.regular(file, files.WEIGHTS), framework="np") as held:
            about = held.metadata() or {}
            centre, whitening = (
                held.get_tensor(name).astype(np.float64) for name in ("centre", "whitening")
            )
        found = TrainingDomain(
            centre, whitening, float(about["threshold"]), float(about["share"]),
            int(about["clips"]), int(about["speakers"]), about["corpus"],
        )  # fmt: skip
        _check(found)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(
            f"is damaged ({error})", subject=str(file), remedy="Delete it, or make it again"
        ) from error
    return found


def _check(found: TrainingDomain) -> None:
    wanted = (3 * BANDS,), (3 * BANDS, 3 * BANDS)
    if (found.centre.shape, found.whitening.shape) != wanted:
        raise ValueError("its arrays are of another size")
    if not (np.isfinite(found.centre).all() and np.isfinite(found.whitening).all()):
        raise ValueError("it holds NaN or infinite values")
    if not (np.isfinite(found.threshold) and 0 < found.share < 1):
        raise ValueError("its threshold is none")
