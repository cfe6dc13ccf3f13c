"""Is one model better than another, on the same clips?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import EvaluationError
from ser_core.evaluation.confusion_rates import Floats
from ser_core.evaluation.intervals import JACKKNIFE, LEVEL, Sampling, jackknife_error, sampling
from ser_core.evaluation.predictions import Predictions
from ser_core.evaluation.sufficient_statistics import METRICS

RESAMPLES = 5000
"""More than for an interval: a small p-value needs them."""

_NOTHING = 1e-12


@dataclass(frozen=True)
class McNemar:
    """The clips on which two models disagree about being right.

    Attributes:
        only_a: Clips that only the first had right.
        only_b: Clips that only the second had right.
        p: Two-sided exact binomial p-value (McNemar, 1947), of clips as if independent.
    """

    only_a: int
    only_b: int
    p: float


@dataclass(frozen=True)
class Comparison:
    """Difference of a figure between two models on the same clips.

    Attributes:
        metric: Name in `METRICS`.
        a: Figure of the first.
        b: Figure of the second.
        difference: a - b.
        low: Lower end of the difference's interval; None where its scatter is unknown.
        high: Upper end; None likewise.
        p: Two-sided p-value of no difference; None likewise.
        level: Confidence, 0 to 1.
        method: "bootstrap" or "jackknife t".
        over: "clips" or "speakers".
        units: How many of them.
        mcnemar: A second view, of accuracy; None where a clip has several predictions.
        note: What the reader should know, as sentences; often empty.
    """

    metric: str
    a: float
    b: float
    difference: float
    low: float | None
    high: float | None
    p: float | None
    level: float
    method: str
    over: str
    units: int
    mcnemar: McNemar | None
    note: str = ""

    @property
    def better(self) -> str | None:
        """Which one is ("a" or "b"), where the interval leaves no doubt; otherwise None."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return None
        return "a" if (self.difference > 0) == METRICS[self.metric].higher_is_better else "b"


def compare(
    a: Predictions,
    b: Predictions,
    metric: str = "uar",
    *,
    by_speaker: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
    method: str | None = None,
) -> Comparison:
    """Paired test: both models are scored on the same draws of clips or speakers.

    Easy and hard clips are so for both, so the difference is surer than the two figures are.

    Args:
        a: First model.
        b: Second model, of the same clips.
        metric: Name in `METRICS`.
        by_speaker: Whether speakers are the units, as where the split keeps them apart.
        resamples: Of the bootstrap.
        seed: Of the draws.
        level: Confidence, 0 to 1.
        method: "bootstrap" or "jackknife t"; by default as in `sampling`.

    Raises:
        EvaluationError: If the clips, their emotions, or how often each clip is there differ.
        UnknownNameError: If there is no such metric.
        ParameterError: As `sampling`.
    """
    _require_same_clips(a, b)
    value = METRICS[metric].value
    options: dict[str, Any] = {
        "by_speaker": by_speaker, "resamples": resamples, "seed": seed, "level": level,
        "method": method,
    }  # fmt: skip
    # Units are sorted by name and drawn by the seed alone, so the draws of both are the same.
    one, two = sampling(a, **options), sampling(b, **options)
    value_a, value_b = float(value(one.total)), float(value(two.total))
    estimate = np.asarray(value_a - value_b)
    differences = value(one.replicates) - value(two.replicates)
    low, high, p, note = _verdict(one, estimate, differences)
    return Comparison(
        metric, value_a, value_b, float(estimate), low, high, p, level, one.method, one.over,
        one.units, mcnemar(a, b), " ".join(filter(None, [one.note, note])),
    )  # fmt: skip


Verdict = tuple[float | None, float | None, float | None, str]


def _verdict(chosen: Sampling, estimate: Floats, differences: Floats) -> Verdict:
    """Ends, p-value and a note: of no difference at all, of one that never varies, or of others."""
    if np.ptp(differences) <= _NOTHING:
        if abs(estimate) <= _NOTHING:
            return 0.0, 0.0, 1.0, ""
        return None, None, None, f"All {chosen.over} agree, so the variance is unknown."
    low, high = chosen.ends(estimate, differences)
    return float(low), float(high), _p_value(chosen, estimate, differences), ""


def _p_value(chosen: Sampling, estimate: Floats, differences: Floats) -> float:
    """Two-sided: twice the smaller share of draws on one side of zero, or by Student's t."""
    from scipy.special import stdtr

    if chosen.method == JACKKNIFE:
        error = jackknife_error(estimate, differences)
        return float(2 * stdtr(chosen.units - 1, -abs(estimate / error)))
    beyond = min((differences <= 0).sum(), (differences >= 0).sum())
    return min(1.0, 2 * float(beyond + 1) / (len(differences) + 1))


def mcnemar(a: Predictions, b: Predictions) -> McNemar | None:
    """Exact McNemar test of two models with one prediction a clip.

    Raises:
        EvaluationError: As `compare`.
    """
    from scipy.stats import binomtest

    _require_same_clips(a, b)
    if a.table["clip"].duplicated().any():
        return None
    right_a, right_b = (
        pd.Series(one.predicted == one.true, index=one.table["clip"]).sort_index().to_numpy()
        for one in (a, b)
    )
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    p = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    return McNemar(only_a, only_b, float(p))


def _require_same_clips(a: Predictions, b: Predictions) -> None:
    one, two = (_clips(each) for each in (a, b))
    if set(one.index) != set(two.index):
        only_one, only_two = set(one.index) - set(two.index), set(two.index) - set(one.index)
        raise EvaluationError(
            f"the runs predicted different clips: {len(only_one)} are only in the first, "
            f"{len(only_two)} only in the second",
            subject="comparison",
            remedy="Compare runs of one split, or only the clips that both have",
        )
    differ = (one != two.loc[one.index]).any(axis=1)
    if differ.any():
        raise EvaluationError(
            "the runs disagree about its emotion, or predicted it a different number of times",
            subject=f"clip {differ.idxmax()}",
            remedy="Compare runs of one corpus, with equally many seeds",
        )


def _clips(predictions: Predictions) -> pd.DataFrame:
    return predictions.table.groupby("clip")["true"].agg(["first", "size"])


def on_common_clips(several: Sequence[Predictions]) -> list[Predictions]:
    """The rows of the clips that all of them predicted, for runs of different splits.

    Raises:
        EvaluationError: If there is no such clip.
    """
    common = set.intersection(*(set(one.table["clip"]) for one in several))
    return [
        one.where(one.table["clip"].isin(common), name="clips that all runs predicted")
        for one in several
    ]


def holm(p_values: npt.ArrayLike) -> Floats:
    """p-values of several tests, corrected so that one false alarm in all of them is rare.

    The step-down method of Holm (1979). Shape of the input; NaN stays and counts as a test.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def compare_all(
    runs: Mapping[str, Predictions],
    metric: str = "uar",
    *,
    baseline: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Compare several runs: each with the baseline, or each with each.

    Args:
        runs: Predictions by name of the run.
        metric: Name in `METRICS`.
        baseline: Run that the others are compared with; without one, every pair is.
        options: Of `compare`.

    Returns:
        A row a pair: `first`, `second`, and the fields of `Comparison` but `mcnemar`, with
        `p_holm` (corrected for the number of pairs) and `p_mcnemar`.

    Raises:
        EvaluationError: If there are fewer than two runs, the baseline is none of them, or as
            `compare`.
    """
    if len(runs) < 2 or (baseline is not None and baseline not in runs):
        raise EvaluationError(
            f"nothing to compare among {len(runs)} runs", subject=baseline or "comparison",
            remedy="Choose two or more runs, the baseline one of them",
        )  # fmt: skip
    pairs = list(combinations(runs, 2))
    if baseline is not None:
        pairs = [(name, baseline) for name in runs if name != baseline]
    rows = []
    for first, second in pairs:
        found = compare(runs[first], runs[second], metric, **options)
        second_view = found.mcnemar.p if found.mcnemar else None
        rows.append({"first": first, "second": second, **vars(found), "p_mcnemar": second_view})
    table = pd.DataFrame(rows).drop(columns="mcnemar")
    return table.assign(p_holm=holm(table["p"]))
