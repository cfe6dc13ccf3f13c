"""Ticks of the vertical axis of a representation: real values, at positions counted in bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ser_core.features.representations import Axis

OCTAVES = np.array([31.25, 62.5, 125, 250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000])
_STEPS = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]) / 10


@dataclass(frozen=True)
class Ticks:
    """Positions and texts of the ticks of an axis.

    Attributes:
        title: Title of the axis, with the unit.
        positions: Position of each tick, counted in bins; fractions lie between bins.
        texts: Label of each tick.
    """

    title: str
    positions: list[float]
    texts: list[str]

    def in_cells(self, bins_per_cell: int) -> list[float]:
        """Positions on an axis whose every cell stands for several bins."""
        return [(position - (bins_per_cell - 1) / 2) / bins_per_cell for position in self.positions]


def bin_ticks(axis: Axis, most: int = 6) -> Ticks:
    """Ticks for a vertical axis: round values, or every name.

    Args:
        axis: The axis of a representation.
        most: Number of ticks that fit, where values are numbers.
    """
    title = axis_title(axis.label, axis.unit)
    if axis.values.dtype.kind == "U":
        return Ticks(title, list(map(float, range(len(axis.values)))), axis.values.tolist())
    if len(axis.values) == 1:
        return Ticks(title, [0.0], [_short(float(axis.values[0]))])
    values = axis.values.astype(np.float64)
    marks = _even(values, most) if _is_even(values) else _octaves(values, most)
    positions = np.interp(marks, values, np.arange(len(values)))
    return Ticks(title, positions.tolist(), [_short(mark) for mark in marks])


def axis_title(label: str, unit: str) -> str:
    """Label and unit as a title.

    >>> axis_title("frequency (mel scale)", "Hz"), axis_title("coefficient", "")
    ('Frequency, mel scale (Hz)', 'Coefficient')
    """
    words = label.replace(" (", ", ").replace(")", "")
    return f"{words[:1].upper()}{words[1:]}" + (f" ({unit})" if unit else "")


def _is_even(values: npt.NDArray[np.float64]) -> bool:
    steps = np.diff(values)
    return bool(np.allclose(steps, steps[0], rtol=1e-3))


def _even(values: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.float64]:
    """Multiples of a round step within the values."""
    low, high = values[0], values[-1]
    step = next((s for s in _STEPS if (high - low) / s < most), _STEPS[-1])
    first = np.ceil(low / step - 1e-9)
    marks: npt.NDArray[np.float64] = np.arange(first, np.floor(high / step + 1e-9) + 1) * step + 0.0
    return marks


def _octaves(values: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.float64]:
    """Frequencies one, two or three octaves apart, from the top down to where they crowd."""
    inside = OCTAVES[(values[0] <= OCTAVES) & (values[-1] >= OCTAVES)][::-1]
    positions = np.interp(inside, values, np.arange(len(values)))
    apart = len(values) / (most + 3)
    best = max((_uncrowded(positions, step, apart) for step in (1, 2, 3)), key=len)
    chosen: npt.NDArray[np.float64] = inside[best][::-1] if best else values[[0, -1]]
    return chosen


def _uncrowded(positions: npt.NDArray[np.float64], step: int, apart: float) -> list[int]:
    """Every `step`-th tick, as long as the next one is far enough below."""
    shown: list[int] = []
    for number in range(0, len(positions), step):
        if shown and positions[shown[-1]] - positions[number] < apart:
            break
        shown.append(number)
    return shown


def _short(value: float) -> str:
    """Number in few characters: thousands as k.

    >>> _short(62.5), _short(4000.0), _short(0.5), _short(22050.0)
    ('62', '4k', '0.5', '22.1k')
    """
    if value >= 1000:
        return f"{value / 1000:.3g}k"
    return f"{value:.0f}" if value >= 20 else f"{value:.3g}"
