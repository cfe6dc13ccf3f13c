"""Course of the learning rate, as a share of its highest value."""

from __future__ import annotations

import math
from collections.abc import Callable

Course = Callable[[float, float], float]
"""Share of the highest rate at a point of the training (0 to 1), given the share of warm-up."""


def onecycle(point: float, warmup: float) -> float:
    """Cosine from 1/25 up to 1 and down to almost nothing; Smith & Topin (2018)."""
    if point < warmup:
        return _cosine(1 / 25, 1.0, point / warmup)
    return _cosine(1.0, 1e-4, (point - warmup) / (1 - warmup))


def cosine(point: float, warmup: float) -> float:
    """Straight line up, then half a cosine down to zero; Loshchilov & Hutter (2017)."""
    if point < warmup:
        return point / warmup
    return _cosine(1.0, 0.0, (point - warmup) / (1 - warmup))


def constant(point: float, warmup: float) -> float:
    """Straight line up, then no change; `plateau` halves it from outside."""
    return min(1.0, point / warmup) if warmup else 1.0


COURSES: dict[str, Course] = {
    "onecycle": onecycle,
    "cosine": cosine,
    "plateau": lambda _point, _warmup: 1.0,
    "constant": constant,
}


def _cosine(start: float, end: float, point: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, point))) / 2
