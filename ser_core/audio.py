"""Decode any sound to a mono `Waveform` within bounds, or say why not.

(contract; the decoder is being written)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono sound.

    Attributes:
        samples: float32, shape (samples,), at least one sample, finite, full scale is ±1.
        sample_rate: In Hz.
    """

    samples: npt.NDArray[np.float32]
    sample_rate: int = SAMPLE_RATE

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate
