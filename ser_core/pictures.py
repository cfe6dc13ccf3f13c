"""A representation of one sound together with its axes: what is drawn and compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ser_core.representations import Representation

Values = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Picture:
    """Values of a representation over time.

    Attributes:
        representation: What the values are, with its parameters.
        values: Shape (channels, bins, frames).
        name: Of the clip or group it shows.
        start: Place of the first frame on the horizontal axis.
        step: From one frame to the next, in `time_unit`.
        time_label: What goes to the right.
        time_unit: Its unit.
    """

    representation: Representation
    values: Values
    name: str
    start: float
    step: float
    time_label: str = "Time"
    time_unit: str = "s"

    @property
    def times(self) -> npt.NDArray[np.floating[Any]]:
        """Centre of each frame, shape (frames,)."""
        return self.start + self.step * np.arange(self.values.shape[-1])

    @property
    def is_line(self) -> bool:
        """Whether it is one number a frame."""
        return self.values.shape[:2] == (1, 1)


def picture_of_sound(
    representation: Representation, values: Values, name: str, start: float = 0.0
) -> Picture:
    """Picture of a sound that begins `start` seconds into its file."""
    step = 1 / representation.frame_rate
    return Picture(representation, values, name, start, step)


def picture_of_parts(representation: Representation, values: Values, name: str) -> Picture:
    """Picture of values that were brought to one length, over the course of the clip in percent."""
    step = 100 / values.shape[-1]
    return Picture(representation, values, name, step / 2, step, "Part of the clip", "%")


def difference(first: Picture, second: Picture, frames: int = 200) -> Picture:
    """First minus second, both brought to one length by `stretched`."""
    from ser_core.extraction import stretched  # here, since it imports torch

    values = stretched(first.values, frames) - stretched(second.values, frames)
    name = f"{first.name} minus {second.name}"
    return picture_of_parts(first.representation, values, name)


def from_their_mean(groups: dict[str, Values]) -> dict[str, Values]:
    """Each group's values minus the mean of all groups, which count the same whatever their size.

    >>> apart = from_their_mean({"a": np.float32([1, 2]), "b": np.float32([3, 2])})
    >>> {name: values.tolist() for name, values in apart.items()}
    {'a': [-1.0, 0.0], 'b': [1.0, 0.0]}
    """
    middle = np.mean(list(groups.values()), axis=0)
    return {name: values - middle for name, values in groups.items()}


@dataclass(frozen=True, eq=False)
class Raster:
    """A picture in no more cells than a screen can show.

    Attributes:
        picture: Its values are those of the cells; start and step are those of the columns.
        bins_per_cell: How many bins a cell stands for.
        frames_per_cell: How many frames a cell stands for.
    """

    picture: Picture
    bins_per_cell: int
    frames_per_cell: int


def raster(picture: Picture, rows: int, columns: int) -> Raster:
    """Picture of at most `rows` by `columns` cells.

    A cell shows the value of its bins and frames that is farthest from zero, or the largest where
    values are levels in dB, so that a thin line or a single click stays visible.
    """
    values = picture.values
    tall, wide = -(-values.shape[1] // rows), -(-values.shape[2] // columns)
    if tall == wide == 1:
        return Raster(picture, 1, 1)
    cells = _outermost(_outermost(values, tall, 1, picture), wide, 2, picture)
    start = picture.start + picture.step * (wide - 1) / 2
    return Raster(replace(picture, values=cells, start=start, step=picture.step * wide), tall, wide)


def _outermost(values: Values, factor: int, axis: int, picture: Picture) -> Values:
    if factor == 1:
        return values
    starts = np.arange(0, values.shape[axis], factor)
    high = np.maximum.reduceat(values, starts, axis=axis)
    if picture.representation.unit == "dB":
        return high
    low = np.minimum.reduceat(values, starts, axis=axis)
    return np.where(-low > high, low, high)


def bin_names(representation: Representation) -> list[str]:
    """What each bin stands for, in words with the unit, each different from all others."""
    axis = representation.bin_axis()
    if axis.values.dtype.kind == "U":
        return [f"{value} {axis.unit}".strip() for value in axis.values]
    numbers = numbers_apart(axis.values)
    if axis.unit == "Hz":
        return [f"{number} Hz" for number in numbers]
    return [f"{axis.label} {number} {axis.unit}".strip() for number in numbers]


def numbers_apart(values: npt.NDArray[np.float64]) -> list[str]:
    """Numbers with as few decimals as keep neighbours apart.

    >>> numbers_apart(np.array([0.0, 31.25, 62.5])), numbers_apart(np.array([16.0, 16.2]))
    (['0', '31', '62'], ['16.0', '16.2'])
    """
    gap = float(np.diff(values).min()) if len(values) > 1 else 1.0
    decimals = max(0, int(np.ceil(-np.log10(gap)))) if gap > 0 else 3
    return [f"{value:,.{decimals}f}" for value in values]
