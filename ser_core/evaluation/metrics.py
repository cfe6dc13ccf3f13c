"""The figures of the field, as functions of true and predicted classes.

`true` and `predicted` are class indices (rows,); `probabilities` has shape (rows, classes).
Names: WA is accuracy (weighted by how common a class is), UAR the mean recall of the classes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import ParameterError
from ser_core.evaluation import confusion_rates
from ser_core.evaluation.confusion_rates import Floats

Codes = npt.NDArray[np.integer]

BINS = 15
"""Bins of confidence (Guo et al., 2017)."""

SMALLEST = 1e-12
"""Probabilities below count as this one in a logarithm: one sure mistake must not be infinite."""


def confusion(true: Codes, predicted: Codes, classes: int | None = None) -> npt.NDArray[np.int64]:
    """Clips of each true class (row) by predicted class (column). Shape (classes, classes).

    Args:
        true: True classes.
        predicted: Predicted classes.
        classes: How many there are; by default as many as the highest index needs.

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]))
    array([[1, 1],
           [0, 1]])
    """
    size = classes or int(max(true.max(), predicted.max())) + 1
    return np.bincount(true * size + predicted, minlength=size * size).reshape(size, size)


def wa(true: Codes, predicted: Codes) -> float:
    """Accuracy: the share of correct predictions."""
    return float(confusion_rates.accuracy(confusion(true, predicted)))


def uar(true: Codes, predicted: Codes) -> float:
    """Unweighted average recall: the mean recall of the classes that are present in `true`.

    >>> uar(np.array([0, 0, 0, 0, 1]), np.array([0, 0, 0, 0, 0]))
    0.5
    """
    return float(confusion_rates.uar(confusion(true, predicted)))


def macro_f1(true: Codes, predicted: Codes) -> float:
    """Mean F1 of the classes that are present in `true`."""
    return float(confusion_rates.macro_f1(confusion(true, predicted)))


def weighted_f1(true: Codes, predicted: Codes) -> float:
    """Mean F1 of the classes, each by its share of the clips."""
    return float(confusion_rates.weighted_f1(confusion(true, predicted)))


def confidence(probabilities: Floats) -> Floats:
    """Confidence: probability of the predicted class. Shape (rows,)."""
    return np.asarray(probabilities.max(axis=1))


def entropy(probabilities: Floats) -> Floats:
    """Entropy in bits: 0 for a sure prediction, log2(classes) for none at all. Shape (rows,)."""
    bits = probabilities * np.log2(np.maximum(probabilities, SMALLEST))
    return np.asarray(np.abs(bits.sum(axis=1)))


def nll_rows(true: Codes, probabilities: Floats) -> Floats:
    """Negative logarithm (nats) of the probability of the true class. Shape (rows,)."""
    given = probabilities[np.arange(len(true)), true]
    return np.asarray(-np.log(np.clip(given, SMALLEST, 1.0)) + 0.0)


def nll(true: Codes, probabilities: Floats) -> float:
    """Mean negative log-likelihood of the true class, in nats: log(classes) for a blind guess."""
    return float(nll_rows(true, probabilities).mean())


def brier_rows(true: Codes, probabilities: Floats) -> Floats:
    """Squared distance of the probabilities from the truth, over the classes. Shape (rows,)."""
    truth = np.eye(probabilities.shape[1])[true]
    return np.asarray(np.square(probabilities - truth).sum(axis=1))


def brier(true: Codes, probabilities: Floats) -> float:
    """Mean Brier score, 0 (best) to 2: the sum over all classes (Brier, 1950), not halved."""
    return float(brier_rows(true, probabilities).mean())


def bin_edges(confidences: Floats, bins: int = BINS, *, equal_mass: bool = False) -> Floats:
    """Edges of bins of confidence, from 0 to 1: equally wide, or with equally many rows in each.

    Equal confidences share a bin, so bins of equal mass may be fewer.

    Raises:
        ParameterError: If `bins` is below one.
    """
    if bins < 1:
        raise ParameterError(
            f"{bins} bins cannot hold anything", subject="bins", remedy="Use one or more"
        )
    if not equal_mass:
        return np.linspace(0.0, 1.0, bins + 1)
    inner = np.quantile(confidences, np.linspace(0, 1, bins + 1)[1:-1])
    return np.unique(np.concatenate([[0.0], inner, [1.0]]))


def bin_of(confidences: Floats, edges: Floats) -> npt.NDArray[np.intp]:
    """Bin of each confidence; a bin holds its upper edge, not its lower one. Shape (rows,)."""
    return np.clip(np.searchsorted(edges, confidences, side="left") - 1, 0, len(edges) - 2)


def ece(true: Codes, probabilities: Floats, bins: int = BINS, *, equal_mass: bool = False) -> float:
    """Expected calibration error: how far confidence and accuracy are apart, mean over clips.

    Of the confidence, in equally wide bins (Naeini et al., 2015; Guo et al., 2017) or in
    bins of equal mass (Nguyen & O'Connor, 2015). It is biased upwards: even a calibrated model has
    some, the more the fewer clips.

    Raises:
        ParameterError: If `bins` is below one.
    """
    table = reliability(true, probabilities, bins, equal_mass=equal_mass)
    gaps = (table["accuracy"] - table["confidence"]).abs()
    return float((gaps * table["n"]).sum() / table["n"].sum())


def reliability(
    true: Codes, probabilities: Floats, bins: int = BINS, *, equal_mass: bool = False
) -> pd.DataFrame:
    """The reliability curve: accuracy against confidence, a row a bin.

    Returns:
        Columns `low` and `high` (edges), `n` (clips), `confidence` (mean), `accuracy`, and its
        95 % Wilson interval `accuracy_low` and `accuracy_high`; NaN in empty bins.

    Raises:
        ParameterError: If `bins` is below one.
    """
    sure = confidence(probabilities)
    right = probabilities.argmax(axis=1) == true
    edges = bin_edges(sure, bins, equal_mass=equal_mass)
    table = pd.DataFrame({"bin": bin_of(sure, edges), "confidence": sure, "accuracy": right})
    grouped = table.groupby("bin").mean().reindex(range(len(edges) - 1))
    n = np.bincount(table["bin"], minlength=len(edges) - 1)
    low, high = wilson(grouped["accuracy"].fillna(0).to_numpy() * n, n)
    bounds = {"accuracy_low": low, "accuracy_high": high}
    return grouped.assign(low=edges[:-1], high=edges[1:], n=n, **bounds)[
        ["low", "high", "n", "confidence", "accuracy", "accuracy_low", "accuracy_high"]
    ].reset_index(drop=True)


def wilson(
    successes: npt.ArrayLike, trials: npt.ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Interval of a share by Wilson (1927): sound for few trials and for none or all right.

    Recommended over the usual one by Brown, Cai & DasGupta (2001).

    Args:
        successes: Counts, of any shape.
        trials: Counts of the same shape.
        level: Confidence, 0 to 1.

    Returns:
        Low and high ends, 0 to 1; NaN without a trial.

    >>> low, high = wilson(10, 10)
    >>> round(float(low), 3), float(high)
    (0.722, 1.0)
    """
    from scipy.special import ndtri  # a tenth of a second, so not for those who only look

    n = np.asarray(trials, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    share = np.asarray(successes, dtype=np.float64) / n
    z = ndtri((1 + level) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Rounding must not leave an end a hair beyond a share of exactly none or all.
    return np.minimum(np.clip(centre - half, 0, 1), share), np.maximum(
        np.clip(centre + half, 0, 1), share
    )
