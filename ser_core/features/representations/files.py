"""Feature maps as files that other programs read."""

from __future__ import annotations

import io
import json

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.features.representations.base import Representation

Values = npt.NDArray[np.float32]

_SINE = "0 dB is a full-scale sine; nothing is below -120 dB."
_POWER = "0 dB is the STFT power of a full-scale sine; nothing is below -120 dB."
_LIBROSA = (
    "librosa's default takes power 1, or a clip's loudest value, as 0 dB and cuts 80 dB below the "
    "loudest: its {} differ by that."
)
LEVELS = {
    "spectrogram": _SINE,
    "melspectrogram": f"{_POWER} {_LIBROSA.format('levels')}",
    "cqt": _SINE,
    "hpss": f"{_POWER} {_LIBROSA.format('levels')}",
    "mfcc": f"Of mel levels whose {_POWER} {_LIBROSA.format('coefficients')}",
    "delta_mfcc": f"Of mel levels whose {_POWER} {_LIBROSA.format('slopes')}",
}
"""What 0 dB is in the representations that are levels or are made of them."""


def to_npz(representation: Representation, feature_map: Values) -> bytes:
    """NumPy archive of a feature map with all that is needed to read it.

    Args:
        representation: What it is.
        feature_map: Shape (channels, bins, frames).

    Returns:
        Arrays `picture` (values), `times` (s), `bins` (in the axis's unit, or names) and `about`:
        JSON with name, unit, level (what 0 dB is), axis, channels, parameters and hash.
        Nothing in it is pickled.
    """
    axis = representation.bin_axis()
    about = {
        "name": representation.name,
        "title": representation.title,
        "unit": representation.unit,
        "level": LEVELS.get(representation.name, ""),
        "axis": axis.label,
        "axis_unit": axis.unit,
        "channels": representation.channel_names,
        "parameters": representation.parameters,
        "hash": representation.hash,
    }
    archive = io.BytesIO()
    np.savez_compressed(
        archive,
        picture=feature_map,
        times=representation.frame_times(feature_map.shape[-1]),
        bins=np.asarray(axis.values),
        about=json.dumps(about),
    )
    return archive.getvalue()


def to_csv(representation: Representation, feature_map: Values) -> str:
    """Feature map as CSV: a row a frame, a column a bin (of each channel), units in the header."""
    rows = feature_map.reshape(-1, feature_map.shape[-1]).T
    times = pd.Index(representation.frame_times(len(rows)).round(6), name="time s")
    table = pd.DataFrame(rows, index=times, columns=columns(representation))
    return table.to_csv(float_format="%.6g")


def columns(representation: Representation) -> list[str]:
    """Name of each bin of each channel, with its unit."""
    axis = representation.bin_axis()
    unit = f" {axis.unit}" if axis.unit else ""
    return [
        f"{channel} {value}{unit}".strip() if len(axis.values) > 1 else axis.label
        for channel in representation.channel_names
        for value in _plain(axis.values)
    ]


def _plain(values: npt.NDArray[np.generic]) -> list[str]:
    if np.issubdtype(values.dtype, np.number):
        return [f"{float(value):.6g}" for value in values]
    return [str(value) for value in values]
