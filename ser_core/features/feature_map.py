"""A representation of one sound together with its axes: what is drawn and compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ser_core.features.representations import Representation

Values = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """Values of a representation over time.

    Attributes:
        representation: What the values are, with its parameters.
        values: Shape (channels, bins, frames).
        name: Of the clip or group it shows.
        start: Position of the first frame on the horizontal axis.
        step: From one frame to the next, in `time_unit`.
        time_label: Title of the horizontal axis.
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


def feature_map_of(
    representation: Representation, values: Values, name: str, start: float = 0.0
) -> FeatureMap:
    """Feature map of a sound that begins `start` seconds into its file."""
    step = 1 / representation.frame_rate
    return FeatureMap(representation, values, name, start, step)


def feature_map_of_values(representation: Representation, values: Values, name: str) -> FeatureMap:
    """Feature map of values brought to one length, over the course of the clip in percent."""
    step = 100 / values.shape[-1]
    return FeatureMap(representation, values, name, step / 2, step, "Part of the clip", "%")


def difference(first: FeatureMap, second: FeatureMap, frames: int = 200) -> FeatureMap:
    """First minus second, both brought to one length by `stretched`."""
    from ser_core.features.extraction import time_normalised  # here, since it imports torch

    values = time_normalised(first.values, frames) - time_normalised(second.values, frames)
    name = f"{first.name} minus {second.name}"
    return feature_map_of_values(first.representation, values, name)


def centred_on_mean(groups: dict[str, Values]) -> dict[str, Values]:
    """Each group's values minus the mean of all groups, which count the same whatever their size.

    >>> apart = centred_on_mean({"a": np.float32([1, 2]), "b": np.float32([3, 2])})
    >>> {name: values.tolist() for name, values in apart.items()}
    {'a': [-1.0, 0.0], 'b': [1.0, 0.0]}
    """
    middle = np.mean(list(groups.values()), axis=0)
    return {name: values - middle for name, values in groups.items()}


@dataclass(frozen=True, eq=False)
class Raster:
    """A feature map in no more cells than a screen can show.

    Attributes:
        feature_map: Its values are those of the cells; start and step are those of the columns.
        bins_per_cell: How many bins a cell stands for.
        frames_per_cell: How many frames a cell stands for.
    """

    feature_map: FeatureMap
    bins_per_cell: int
    frames_per_cell: int


def raster(feature_map: FeatureMap, rows: int, columns: int) -> Raster:
    """Feature map of at most `rows` by `columns` cells.

    A cell shows the value of its bins and frames that is farthest from zero, or the largest where
    values are levels in dB, so that a thin line or a single click stays visible.
    """
    values = feature_map.values
    tall, wide = -(-values.shape[1] // rows), -(-values.shape[2] // columns)
    if tall == wide == 1:
        return Raster(feature_map, 1, 1)
    cells = _outermost(_outermost(values, tall, 1, feature_map), wide, 2, feature_map)
    start = feature_map.start + feature_map.step * (wide - 1) / 2
    return Raster(
        replace(feature_map, values=cells, start=start, step=feature_map.step * wide), tall, wide
    )


def _outermost(values: Values, factor: int, axis: int, feature_map: FeatureMap) -> Values:
    if factor == 1:
        return values
    starts = np.arange(0, values.shape[axis], factor)
    high = np.maximum.reduceat(values, starts, axis=axis)
    if feature_map.representation.unit == "dB":
        return high
    low = np.minimum.reduceat(values, starts, axis=axis)
    return np.where(-low > high, low, high)


def bin_names(representation: Representation) -> list[str]:
    """What each bin stands for, in words with the unit, each different from all others."""
    axis = representation.bin_axis()
    if axis.values.dtype.kind == "U":
        return [f"{value} {axis.unit}".strip() for value in axis.values]
    numbers = distinct_numbers(axis.values)
    if axis.unit == "Hz":
        return [f"{number} Hz" for number in numbers]
    return [f"{axis.label} {number} {axis.unit}".strip() for number in numbers]


def distinct_numbers(values: npt.NDArray[np.float64]) -> list[str]:
    """Numbers with as few decimals as tell neighbours apart.

    >>> distinct_numbers(np.array([0.0, 31.25, 62.5])), distinct_numbers(np.array([16.0, 16.2]))
    (['0', '31', '62'], ['16.0', '16.2'])
    """
    gap = float(np.diff(values).min()) if len(values) > 1 else 1.0
    decimals = max(0, int(np.ceil(-np.log10(gap)))) if gap > 0 else 3
    return [f"{value:,.{decimals}f}" for value in values]
