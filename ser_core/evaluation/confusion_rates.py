"""Rates out of confusion counts: rows are true classes, columns are predictions.

Every function takes counts of shape (..., classes, classes), so a thousand resamples cost one call.
A class without a clip has no recall (NaN), and no mean counts it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[Any]


def support(counts: Counts) -> Counts:
    """Clips of each class. Shape (..., classes)."""
    return np.asarray(counts.sum(axis=-1))


def hits(counts: Counts) -> Counts:
    """Clips of each class that were predicted correctly. Shape (..., classes)."""
    return np.diagonal(counts, axis1=-2, axis2=-1)


def row_normalised(counts: Counts) -> Floats:
    """Share of each prediction among the clips of a class; NaN in the row of an absent class.

    >>> row_normalised(np.array([[3, 1], [0, 0]]))
    array([[0.75, 0.25],
           [ nan,  nan]])
    """
    return _ratio(counts, counts.sum(axis=-1, keepdims=True))


def accuracy(counts: Counts) -> Floats:
    """Share of clips that were predicted correctly (weighted accuracy, WA). Shape (...,)."""
    return _ratio(hits(counts).sum(axis=-1), counts.sum(axis=(-2, -1)))


def recall(counts: Counts) -> Floats:
    """Share of the clips of a class that were predicted as it. Shape (..., classes)."""
    return _ratio(hits(counts), support(counts))


def precision(counts: Counts) -> Floats:
    """Share of the predictions of a class that were right; NaN if it was never predicted.

    Shape (..., classes).
    """
    return _ratio(hits(counts), counts.sum(axis=-2))


def f1(counts: Counts) -> Floats:
    """Harmonic mean of precision and recall; 0 if a class was never predicted, NaN if absent.

    Shape (..., classes).
    """
    both = support(counts) + counts.sum(axis=-2)
    return np.where(support(counts) > 0, _ratio(2 * hits(counts), both), np.nan)


def uar(counts: Counts) -> Floats:
    """Mean recall of the classes that have clips (unweighted average recall). Shape (...,).

    The headline of the field since the INTERSPEECH 2009 emotion challenge (Schuller et al.,
    2009): the commonest class cannot carry it.

    >>> uar(np.array([[8, 2], [1, 1]]))
    array(0.65)
    """
    return _mean_present(recall(counts), counts)


def macro_f1(counts: Counts) -> Floats:
    """Mean F1 of the classes that have clips. Shape (...,)."""
    return _mean_present(f1(counts), counts)


def weighted_f1(counts: Counts) -> Floats:
    """Mean F1 of the classes, each by its share of the clips. Shape (...,)."""
    weighted = np.nan_to_num(f1(counts)) * support(counts)
    return _ratio(weighted.sum(axis=-1), counts.sum(axis=(-2, -1)))


def _mean_present(values: Floats, counts: Counts) -> Floats:
    present = support(counts) > 0
    return _ratio(np.where(present, values, 0.0).sum(axis=-1), present.sum(axis=-1))


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """The part of the whole; NaN where the whole is nothing."""
    part, whole = np.broadcast_arrays(np.asarray(part, dtype=np.float64), np.asarray(whole))
    nothing = np.full(part.shape, np.nan)
    np.divide(part, whole, out=nothing, where=whole > 0)
    return nothing
