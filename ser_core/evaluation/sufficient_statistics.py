"""Sufficient statistics: the sums that every metric is a function of, and the metrics themselves.

A figure of a thousand resamples of four thousand clips needs no resampled clip: only how often each
clip (or speaker) was drawn, times what it adds to the sums. One product of matrices does it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import Registry
from ser_core.evaluation import confusion_rates, metrics
from ser_core.evaluation.confusion_rates import Floats
from ser_core.evaluation.predictions import Codes, Predictions

_EDGES = metrics.bin_edges(np.array([]))
_BIN_SUMS = metrics.BINS * 2
_CHANCES = 1000


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """Sums over clips, with any leading shape: one a clip, one a speaker, one a resample.

    Attributes:
        sums: Shape (..., classes² + 2 + 2 x bins): confusion counts, NLL, Brier, and for each
            bin of confidence its sum of correct predictions minus confidence, and the variance that
            sum would have if confidence were the chance of being right.
        classes: How many there are.
    """

    sums: Floats
    classes: int

    @property
    def counts(self) -> Floats:
        """Confusion counts. Shape (..., classes, classes)."""
        square = self.sums[..., : self.classes**2]
        return square.reshape(*square.shape[:-1], self.classes, self.classes)

    @property
    def clips(self) -> Floats:
        """How many rows were summed. Shape (...,)."""
        return np.asarray(self.sums[..., : self.classes**2].sum(axis=-1))

    @property
    def nll(self) -> Floats:
        """Sum of the negative log-likelihoods. Shape (...,)."""
        return self.sums[..., self.classes**2]

    @property
    def brier(self) -> Floats:
        """Sum of the Brier scores. Shape (...,)."""
        return self.sums[..., self.classes**2 + 1]

    @property
    def gaps(self) -> Floats:
        """Sum of correct predictions minus confidence, in each bin. Shape (..., bins)."""
        return self.sums[..., -2 * metrics.BINS : -metrics.BINS]

    @property
    def noise(self) -> Floats:
        """Variance of `gaps` for a calibrated model. Shape (..., bins)."""
        return self.sums[..., -metrics.BINS :]

    def total(self) -> SufficientStatistics:
        """Sums over the first axis."""
        return SufficientStatistics(self.sums.sum(axis=0), self.classes)

    def without_each(self) -> SufficientStatistics:
        """Total without each one of the first axis in turn."""
        return SufficientStatistics(self.sums.sum(axis=0) - self.sums, self.classes)

    def drawn(self, times: npt.NDArray[np.integer]) -> SufficientStatistics:
        """Totals of resamples. `times` has shape (resamples, units): how often each was drawn."""
        return SufficientStatistics(times.astype(np.float64) @ self.sums, self.classes)

    def grouped(self, groups: Codes) -> SufficientStatistics:
        """Sums of the rows of each group. `groups` has shape (rows,), codes from 0 upwards."""
        order = np.argsort(groups, kind="stable")
        starts = np.searchsorted(groups[order], np.arange(groups.max() + 1))
        return SufficientStatistics(np.add.reduceat(self.sums[order], starts, axis=0), self.classes)


def sufficient_statistics(predictions: Predictions) -> SufficientStatistics:
    """What each row adds to the sums. First axis: rows."""
    classes, n = len(predictions.classes), len(predictions)
    rows = np.arange(n)
    sums = np.zeros((n, classes**2 + 2 + _BIN_SUMS))
    sums[rows, predictions.true * classes + predictions.predicted] = 1
    sums[:, classes**2] = metrics.nll_rows(predictions.true, predictions.probabilities)
    sums[:, classes**2 + 1] = metrics.brier_rows(predictions.true, predictions.probabilities)
    sure = metrics.confidence(predictions.probabilities)
    bins = metrics.bin_of(sure, _EDGES)
    right = predictions.true == predictions.predicted
    sums[rows, classes**2 + 2 + bins] = right - sure
    sums[rows, classes**2 + 2 + metrics.BINS + bins] = sure * (1 - sure)
    return SufficientStatistics(sums, classes)


def units(predictions: Predictions, column: str) -> tuple[SufficientStatistics, pd.Index[str]]:
    """What each clip (speaker, ...) adds to the sums, and their names, sorted.

    Rows of one clip under several seeds or folds belong together: they are no new evidence.
    """
    codes, names = pd.factorize(predictions.table[column], sort=True)
    return sufficient_statistics(predictions).grouped(codes), pd.Index(names)


Value = Callable[[SufficientStatistics], Floats]
"""A figure of sums: shape (...,), or (..., classes) for one a class."""

Trials = Callable[[SufficientStatistics], tuple[Floats, Floats]]
"""Successes and trials of the shares whose mean (over the last axis) a figure is."""


@dataclass(frozen=True)
class Metric:
    """A figure and how to read it.

    Attributes:
        name: Short name, as in tables and files.
        title: What a person reads.
        help: One sentence of plain words.
        value: The figure of sums.
        highest: Largest possible value; the smallest is 0.
        higher_is_better: Which way is up.
        trials: For a share or a mean of shares, what it is a share of.
        by_chance: For a figure that chance alone raises: what it is on this many clips when
            the true one is 0. Shape (draws,).
    """

    name: str
    title: str
    help: str
    value: Value
    highest: float = 1.0
    higher_is_better: bool = True
    trials: Trials | None = None
    by_chance: Value | None = None


METRICS: Registry[Metric] = Registry("metric")
"""Every figure that has an interval, by name."""


def _all_clips(sums: SufficientStatistics) -> tuple[Floats, Floats]:
    return confusion_rates.hits(sums.counts).sum(axis=-1)[..., None], sums.clips[..., None]


def _by_class(sums: SufficientStatistics) -> tuple[Floats, Floats]:
    return confusion_rates.hits(sums.counts), confusion_rates.support(sums.counts)


def _each_class(sums: SufficientStatistics) -> tuple[Floats, Floats]:
    return confusion_rates.hits(sums.counts)[..., None], confusion_rates.support(sums.counts)[
        ..., None
    ]


def _per_prediction(sums: SufficientStatistics) -> tuple[Floats, Floats]:
    return confusion_rates.hits(sums.counts)[..., None], sums.counts.sum(axis=-2)[..., None]


def _ece(sums: SufficientStatistics) -> Floats:
    return np.asarray(np.abs(sums.gaps).sum(axis=-1) / sums.clips)


def ece_by_chance(total: SufficientStatistics) -> Floats:
    """ECE that perfectly calibrated models would show on these confidences. Shape (draws,).

    An ECE below most of these is no sign of bad calibration (the consistency bars of Bröcker &
    Smith, 2007, of the whole curve). Drawn from the normal distribution that each bin's sum tends
    to, with a fixed seed.
    """
    noise = np.random.default_rng(0).standard_normal((_CHANCES, metrics.BINS))
    return np.asarray(np.abs(noise * np.sqrt(total.noise)).sum(axis=-1) / total.clips)


for _metric in (
    Metric(
        "uar", "UAR", "Mean of the emotions' recalls, so that rare ones count as much.",
        lambda sums: confusion_rates.uar(sums.counts), trials=_by_class,
    ),
    Metric(
        "wa", "WA (accuracy)", "Share of clips that were classified correctly.",
        lambda sums: confusion_rates.accuracy(sums.counts), trials=_all_clips,
    ),
    Metric(
        "macro_f1", "Macro F1", "Mean F1 of the emotions, all counting the same.",
        lambda sums: confusion_rates.macro_f1(sums.counts),
    ),
    Metric(
        "weighted_f1", "Weighted F1", "Mean F1, each emotion weighted by its share of the clips.",
        lambda sums: confusion_rates.weighted_f1(sums.counts),
    ),
    Metric(
        "ece", "ECE", "Expected calibration error: gap of confidence and accuracy, 0 is best.",
        _ece, higher_is_better=False, by_chance=ece_by_chance,
    ),
    Metric(
        "nll", "NLL (nats)", "Negative log-likelihood: log(emotions) for chance, 0 is best.",
        lambda sums: sums.nll / sums.clips, highest=np.inf, higher_is_better=False,
    ),
    Metric(
        "brier", "Brier score", "Squared error of the probabilities, 0 (best) to 2.",
        lambda sums: sums.brier / sums.clips, highest=2.0, higher_is_better=False,
    ),
):  # fmt: skip
    METRICS.register(_metric.name)(_metric)

PER_CLASS: tuple[Metric, ...] = (
    Metric(
        "precision",
        "Precision",
        "Share of the predictions of this emotion that were right.",
        lambda sums: confusion_rates.precision(sums.counts),
        trials=_per_prediction,
    ),
    Metric(
        "recall",
        "Recall",
        "Share of the clips of this emotion that were recognised.",
        lambda sums: confusion_rates.recall(sums.counts),
        trials=_each_class,
    ),
    Metric(
        "f1",
        "F1",
        "Harmonic mean of precision and recall.",
        lambda sums: confusion_rates.f1(sums.counts),
    ),
)
"""Figures with one value for every class."""
