"""A map as a file to take away."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from ser_core.explain.attribution import Attribution


def packed(found: Attribution) -> bytes:
    """NPZ with the relevance, the feature map, both axes and what they are of."""
    axis = found.representation.bin_axis()
    file = io.BytesIO()
    np.savez_compressed(
        file,
        allow_pickle=False,
        relevance=found.values,
        picture=found.feature_map,
        bins=np.asarray(axis.values),
        bin_unit=axis.unit,
        seconds=found.representation.frame_times(found.feature_map.shape[-1]),
        method=found.method.label,
        emotion=found.emotion,
        representation=found.representation.name,
        unit=found.representation.unit,
    )
    return file.getvalue()


def table(found: Attribution) -> bytes:
    """CSV of the relevance, a row a bin and a column a frame; channels one below the other."""
    times = found.representation.frame_times(found.feature_map.shape[-1])
    axis = found.representation.bin_axis()
    lines = [",".join(["channel", f"bin ({axis.unit})", *(f"{t:.4f}" for t in times)])]
    for channel, rows in zip(found.representation.channel_names, found.values, strict=True):
        for name, row in zip(axis.values, rows, strict=True):
            lines.append(",".join([channel, str(name), *(f"{v:.6g}" for v in row)]))
    return ("\n".join(lines) + "\n").encode()


def columns(found: Attribution) -> pd.DataFrame:
    """Relevance of every bin, the largest first, where a clip is one column of numbers."""
    names = [str(each) for each in found.representation.bin_axis().values]  # noqa: PD011
    relevance = found.values[0, :, 0]  # noqa: PD011  (no pandas)
    order = np.argsort(-np.abs(relevance), kind="stable")
    return pd.DataFrame({"Number": [names[i] for i in order], "Relevance": relevance[order]})
