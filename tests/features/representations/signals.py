"""Signals with known answers."""

from __future__ import annotations

import numpy as np
import torch

RATE = 16_000


def seconds(duration: float) -> np.ndarray:
    return np.arange(round(duration * RATE)) / RATE


def sine(hz: float, duration: float = 1.0, amplitude: float = 1.0) -> torch.Tensor:
    """Batch of one tone, shape (1, samples)."""
    wave = amplitude * np.sin(2 * np.pi * hz * seconds(duration))
    return torch.from_numpy(wave.astype(np.float32))[None]


def clicks(period: float, duration: float = 4.0) -> torch.Tensor:
    """Batch of one impulse train, shape (1, samples)."""
    wave = torch.zeros(1, round(duration * RATE))
    wave[0, :: round(period * RATE)] = 1.0
    return wave
