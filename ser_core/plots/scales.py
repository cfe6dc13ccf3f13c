"""From values to colours: ranges that show what matters, shared by what is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ser_core.features.feature_map import bin_names
from ser_core.plots.palette import DIVERGING, SEQUENTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ser_core.features.feature_map import FeatureMap

DB_SHOWN = 80.0
"""Levels are shown from the loudest down by so many dB; softer ones are masked."""

QUIETEST_TOP = -40.0
"""dB. The top of a level scale is never lower, or silence would be drawn as if it were sound."""

LIMITS = {"chroma": (0.0, 1.0)}
"""Representations whose values fill their natural bounds."""


@dataclass(frozen=True)
class Scale:
    """Range of values that colours or a line's axis cover.

    Attributes:
        low: Value of the lowest colour.
        high: Value of the highest.
        signed: Whether zero is in the middle and has no colour.
        digits: d3 format of a value.
    """

    low: float
    high: float
    signed: bool
    digits: str

    @property
    def colors(self) -> list[list[object]]:
        """Plotly colour scale."""
        return DIVERGING if self.signed else SEQUENTIAL


def scale_for(features: Sequence[FeatureMap], *, signed: bool | None = None) -> Scale:
    """One scale for feature maps of one representation.

    Levels in dB: from the loudest down by 80 dB. Other values: from zero, or symmetric around it,
    and wide enough for nine bins in ten, so that one extreme bin does not bleach all others.

    Args:
        features: At least one; all share the scale.
        signed: Whether values lie around zero; seen from them when not given.
    """
    name, unit = features[0].representation.name, features[0].representation.unit
    values = np.concatenate([feature_map.values.ravel() for feature_map in features])
    low, high = float(values.min()), float(values.max())
    if signed is None:
        signed = unit != "dB" and low < -0.05 * max(high, -low)
    if signed:
        reach = _reach(features) or max(high, -low) or 1.0
        return Scale(-reach, reach, True, ".1f" if unit == "dB" else ".3~g")
    if name in LIMITS:
        return Scale(*LIMITS[name], False, ".2f")
    if features[0].is_line:
        return Scale(0.0, 1.05 * high or 1.0, False, ".3f")
    if unit == "dB" and low < 0:
        top = float(np.ceil(max(high, QUIETEST_TOP)))
        return Scale(top - DB_SHOWN, top, False, ".1f")
    top = _reach(features) or high or 1.0
    return Scale(0.0, top, False, ".1f" if unit == "dB" else ".3~g")


def _reach(features: Sequence[FeatureMap]) -> float:
    """Size that values of most bins stay within; the few bins that are far larger may exceed it."""
    sizes = np.concatenate([np.abs(feature_map.values) for feature_map in features], axis=-1)
    return float(np.percentile(np.percentile(sizes, 98, axis=-1), 90))


def beyond(feature_map: FeatureMap, scale: Scale) -> tuple[bool, bool]:
    """Whether there are values below the scale, and above it."""
    slack = (scale.high - scale.low) / 1000
    low, high = feature_map.values.min(), feature_map.values.max()
    return bool(low < scale.low - slack), bool(high > scale.high + slack)


def beyond_in_words(feature_map: FeatureMap, scale: Scale) -> str:
    """How many bins have values that the colours do not reach, and the farthest; empty if none."""
    if feature_map.is_line:
        return ""
    below, above = beyond(feature_map, scale)
    lows, highs = feature_map.values.min(axis=(0, 2)), feature_map.values.max(axis=(0, 2))
    parts = []
    if below:
        parts.append(_beyond_in_words(feature_map, lows, lows < scale.low, "below"))
    if above:
        parts.append(_beyond_in_words(feature_map, -highs, highs > scale.high, "above"))
    return ". ".join(parts)


def _beyond_in_words(
    feature_map: FeatureMap,
    depths: npt.NDArray[np.float32],
    which: npt.NDArray[np.bool_],
    where: str,
) -> str:
    """Of the bins that lie there, the number and the one with the smallest of the depths."""
    farthest = int(depths.argmin())
    value = depths[farthest] if where == "below" else -depths[farthest]
    number = f"{value:,.4g} {feature_map.representation.unit}".strip().replace(
        "-", "\N{MINUS SIGN}"
    )
    bin_ = bin_names(feature_map.representation)[farthest]
    bin_ = bin_[:1].lower() + bin_[1:]
    many = (
        f"{which.sum()} of {len(which)} bins have values" if len(which) > 1 else "There are values"
    )
    return f"{many} {where} the colour scale, the farthest {number} ({bin_})"
