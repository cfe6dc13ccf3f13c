"""Signals with known results, and how to measure them."""

from __future__ import annotations

import math

import torch

RATE = 16_000


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=seeded(seed))


def tone(hz: float, samples: int = 24_000, amplitude: float = 0.5) -> torch.Tensor:
    """Batch of one sine, (1, samples)."""
    return amplitude * torch.sin(2 * math.pi * hz * torch.arange(samples) / RATE)[None]


def vowel(f0: float, formants: tuple[float, ...], samples: int = 24_000) -> torch.Tensor:
    """Batch of one harmonic sound with resonances 100 Hz wide, (1, samples)."""
    wave = torch.zeros(1, samples)
    for hz in torch.arange(f0, 7_000, f0).tolist():
        level = sum(1 / (1 + ((hz - formant) / 100) ** 2) for formant in formants)
        wave += tone(hz, samples, 0.1 * level + 1e-4)
    return wave


def power(x: torch.Tensor) -> torch.Tensor:
    """Power at each frequency, one bin a Hz, of the middle second of a batch of one."""
    middle = x[0, (x.shape[1] - RATE) // 2 :][:RATE]
    return torch.fft.rfft(middle * torch.hann_window(RATE)).abs().square()


def loudest_hz(x: torch.Tensor) -> int:
    """Frequency of the strongest line."""
    return int(power(x).argmax())


def decibels(ratio: torch.Tensor | float) -> float:
    return 10 * math.log10(float(ratio))
