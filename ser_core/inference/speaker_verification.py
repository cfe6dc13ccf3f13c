"""Speaker verification: whether a clip is of the enrolled speaker, or of another one.

What is compared is the mean cepstrum of what is not silent, which is the vocal tract and the
microphone, and not the pitch, which moves with the emotion. How much it varies between speakers and
between the clips of one, was measured on nine speakers (`ser_core.inference.plda`, which also
measures how often the prediction is wrong).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ser_core.audio import SAMPLE_RATE, Waveform, resampled
from ser_core.core import ModelError
from ser_core.features.mel import dct_basis, log_mel
from ser_core.storage import read_json

Floats = npt.NDArray[np.float64]

COEFFICIENTS = 19
"""Of the cepstrum, from the second on: the first is the level, which is not the speaker's."""

N_FFT, HOP, BANDS = 512, 160, 80
"""Of the log-mel spectrogram: the defaults of `melspectrogram`."""

LOUD_DB = 30.0
"""Frames that are further below the loudest are pauses."""

REACH_DB = 80.0
"""Levels that are further below the loudest are held there: what a codec left out is no speaker."""

TINY = 1e-9

COUNTED = 3
"""Clips of an enrolled speaker that count at most. Five calm sentences are not five moods: counted
as five, they would make every frightened clip of the same speaker another one."""

DOUBTFUL = -2.0
"""Log odds below which a clip is said to sound like another speaker.

Measured on the 4,037 clips of nEMO by `ser_core.inference.plda`, the speakers of each trial
left out of the PLDA model. Of other clips of the enrolled speaker, in any emotion, 1.2 to 5.0 % are
doubted (1 to 10 clips enrolled, calm ones or any), of the worst speaker 5 to 14 %:
these are false alarms. Of clips of another speaker 55 % are doubted with one clip enrolled, 69 to
75 % from three on; of one of the same gender 32 to 39 %, and 49 to 58 %: no doubt proves nothing.
A telephone line makes another speaker of the same one, too (83 % doubted), a brighter microphone, a
room of 0.4 s or noise at 20 dB hardly (3, 8 and 12 %)."""

FILE = Path(__file__).with_name("plda.json")


def mean_cepstrum(waveform: Waveform) -> Floats:
    """Mean cepstral coefficients of the loud frames, shape (19,), however loud the recording is.

    From the log-mel spectrogram of `ser_core.features.representations` with its default
    parameters, computed by numpy: a sound can be verified without torch.
    """
    samples = resampled(waveform, SAMPLE_RATE).samples.astype(np.float64)
    scaled = samples / max(float(np.abs(samples).max()), TINY)
    level = log_mel(scaled, SAMPLE_RATE, N_FFT, HOP, BANDS)
    around = level.mean(axis=0)
    loud = level[:, around >= around.max() - LOUD_DB].clip(min=level.max() - REACH_DB)
    cepstrum: Floats = dct_basis(1 + COEFFICIENTS, len(level)) @ loud.mean(axis=1)
    return cepstrum[1:]


@dataclass(frozen=True, eq=False)
class Plda:
    """How timbres vary.

    Attributes:
        centre: Mean of the speakers, shape (19,).
        within: Covariance of the clips of one speaker, shape (19, 19).
        between: Covariance of speakers, alike.
    """

    centre: Floats
    within: Floats
    between: Floats

    def odds(self, enrolled: Floats, tested: Floats) -> Floats:
        """Log odds (log-likelihood ratio) that clips are of the enrolled speaker, not another.

        Args:
            enrolled: Mean cepstra of the speaker's clips, shape (clips, 19).
            tested: Mean cepstra of the clips to verify, shape (tested clips, 19).

        Returns:
            Shape (tested clips,), in nats; the two-covariance model of Brümmer & de Villiers
            (2010), with not more than `COUNTED` clips counted as independent.
        """
        count = min(len(enrolled), COUNTED)
        certain = np.linalg.inv(self.within) * count
        left = np.linalg.inv(np.linalg.inv(self.between) + certain)
        speaker = left @ certain @ (enrolled.mean(axis=0) - self.centre)
        away = tested - self.centre
        own = _log_density(away - speaker, left + self.within)
        return own - _log_density(away, self.between + self.within)


def _log_density(away: Floats, covariance: Floats) -> Floats:
    """Of a normal distribution, without its constant, shape (rows,)."""
    _sign, volume = np.linalg.slogdet(covariance)
    distances = np.einsum("ij,ij->i", away, np.linalg.solve(covariance, away.T).T)
    density: Floats = -0.5 * (volume + distances)
    return density


@cache
def plda() -> Plda:
    """The one that comes with the workbench.

    Raises:
        ModelError: If its file is missing or damaged.
    """
    stored = read_json(FILE) or {}
    try:
        return Plda(*(np.asarray(stored[name]) for name in ("centre", "within", "between")))
    except KeyError as error:
        raise ModelError("is missing or damaged", subject=str(FILE)) from error


def mismatched(enrolled: Floats, tested: Sequence[Waveform]) -> npt.NDArray[np.bool_]:
    """Whether clips are rather of another speaker than the enrolled one.

    Args:
        enrolled: Mean cepstra of the speaker's clips, shape (clips, 19).
        tested: Sounds to verify.

    Returns:
        Shape (tested sounds,).
    """
    if not tested:
        return np.zeros(0, np.bool_)
    return np.asarray(plda().odds(enrolled, mean_cepstra(tested)) < DOUBTFUL)


def mean_cepstra(waveforms: Sequence[Waveform]) -> Floats:
    """Timbre of each clip, shape (clips, 19)."""
    return np.stack([mean_cepstrum(each) for each in waveforms])
