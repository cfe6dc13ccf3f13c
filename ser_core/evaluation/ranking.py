"""Ranking of several runs on the clips that all of them classified, with paired tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ser_core.evaluation.compare import compare_all, on_common_clips
from ser_core.evaluation.predictions import Predictions
from ser_core.evaluation.sufficient_statistics import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

PER_CLIP = ["clip", "true"]


@dataclass(frozen=True)
class Ranking:
    """What came of it.

    Attributes:
        clips: That all runs predicted.
        table: A row a pair, as `compare_all` gives it.
        sentences: One a pair, in plain words.
        note: What was done so that the runs could be compared; often empty.
    """

    clips: int
    table: pd.DataFrame
    sentences: tuple[str, ...]
    note: str


def ranking(
    runs: Mapping[str, Predictions], metric: str = "uar", *, by_speaker: bool = False
) -> Ranking:
    """Compare every run with every other on their common clips.

    Runs with different numbers of predictions on a clip (seeds, folds) are compared by the mean
    probabilities that each gives to the clip.

    Args:
        runs: Test predictions by name of the run.
        metric: Name in `METRICS`.
        by_speaker: Whether speakers are the units, as where every run's split keeps them apart.

    Raises:
        EvaluationError: If no clip is common, the runs disagree about an emotion, or there are
            fewer than two.

    >>> from ser_core.evaluation.example import example
    >>> ranking({"one": example(), "same": example()}).sentences
    ('one and same cannot be told apart in UAR: they score the same.',)
    """
    common = on_common_clips(list(runs.values()))
    all_clips = {each.table["clip"].nunique() for each in runs.values()}
    size = int(common[0].table["clip"].nunique())
    notes = []
    if all_clips != {size}:
        notes.append("The runs were tested on different clips: only the common ones count here")
    if len({_times(each) for each in common}) > 1:
        common = [pooled(each) for each in common]
        notes.append("Their numbers of seeds differ: the mean prediction for each clip counts")
    if len(set(common[0].table["speaker"].dropna())) == 1:
        notes.append("All clips are of one speaker: this does not cover other speakers")
    named = dict(zip(runs, common, strict=True))
    table = compare_all(named, metric, by_speaker=by_speaker)
    sentences = tuple(_sentence(row) for row in table.to_dict("records"))
    return Ranking(size, table, sentences, ". ".join(notes) + "." * bool(notes))


def _times(predictions: Predictions) -> tuple[int, ...]:
    counts = predictions.table.groupby("clip").size().sort_index()
    return tuple(counts.to_numpy().tolist())


def pooled(predictions: Predictions) -> Predictions:
    """One prediction a clip: the mean of the probabilities of all seeds and folds."""
    table = predictions.table
    probabilities = [f"p_{name}" for name in predictions.classes]
    first = table.drop_duplicates("clip").set_index("clip").drop(columns=probabilities)
    means = table.groupby("clip")[probabilities].mean()
    return Predictions(first.join(means).reset_index().assign(seed=0))


def _sentence(row: dict[Any, Any]) -> str:
    metric = METRICS[row["metric"]]
    first, second, difference = row["first"], row["second"], row["difference"]
    if abs(difference) < 1e-12:
        return f"{first} and {second} cannot be told apart in {metric.title}: they score the same."
    if (difference > 0) == metric.higher_is_better:
        better, worse, sign = first, second, 1 if difference > 0 else -1
    else:
        better, worse, sign = second, first, 1 if difference > 0 else -1
    size = f"{abs(difference):.3f}"
    if row["low"] is None or pd.isna(row["low"]):
        return f"{better} has a better {metric.title} than {worse}, by {size}; no interval."
    low, high = sorted((sign * row["low"], sign * row["high"]))
    ends = f"(95 %: {_three(low)} to {_three(high)}; p = {row['p_holm']:.3g})"
    if low > 0 and row["p_holm"] < 0.05:
        return f"{better} has a better {metric.title} than {worse}, by {size} {ends}."
    lead = f"{better} and {worse} cannot be told apart in {metric.title}"
    return f"{lead}: the first is ahead by {size} {ends}."


def _three(value: float) -> str:
    """Three decimals, and no sign before a zero.

    >>> _three(-0.0004), _three(-0.001)
    ('0.000', '-0.001')
    """
    return f"{round(value, 3) + 0.0:.3f}"
