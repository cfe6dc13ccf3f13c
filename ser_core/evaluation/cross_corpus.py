"""Scores by the corpus that trained a model and the corpus it is tested on, as one matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from ser_core.core import EvaluationError
from ser_core.evaluation.intervals import Interval, sampling
from ser_core.evaluation.predictions import Predictions

TRAINED_ON = "trained_on"
"""Column of predictions on several corpora: those that the model was trained on."""

TESTED_ON = "corpus"


@dataclass(frozen=True)
class Cell:
    """Scores of the models of one row on one corpus.

    Attributes:
        trained_on: The corpus that trained, or several with " + " between them.
        tested_on: The corpus that was tested.
        clips: How many were tested.
        figure: The score with its interval, over speakers where all are known.
    """

    trained_on: str
    tested_on: str
    clips: int
    figure: Interval

    @property
    def is_within(self) -> bool:
        """Whether the models were trained on other speakers of the same corpus."""
        return self.tested_on in self.trained_on.split(" + ")


@dataclass(frozen=True)
class CorpusMatrix:
    """Every cell that was tested, rows by the corpus that trained.

    Attributes:
        metric: Name in `METRICS`.
        classes: How many the models tell apart; guessing scores a UAR of 1 over it.
        cells: In the order of their names.
    """

    metric: str
    classes: int
    cells: tuple[Cell, ...]

    @cached_property
    def rows(self) -> list[str]:
        """The corpora that trained."""
        return sorted({cell.trained_on for cell in self.cells})

    @cached_property
    def columns(self) -> list[str]:
        """The corpora that were tested."""
        return sorted({cell.tested_on for cell in self.cells})

    def cell(self, trained_on: str, tested_on: str) -> Cell | None:
        """A cell; None where nothing was tested."""
        key = (trained_on, tested_on)
        return next((each for each in self.cells if (each.trained_on, each.tested_on) == key), None)

    def table(self) -> pd.DataFrame:
        """The scores, corpora that trained down, tested ones across; NaN where there is none."""
        values = {(each.trained_on, each.tested_on): each.figure.value for each in self.cells}
        return pd.DataFrame(
            [[values.get((row, column)) for column in self.columns] for row in self.rows],
            index=pd.Index(self.rows, name="trained on"),
            columns=pd.Index(self.columns, name="tested on"),
            dtype=float,
        )


def corpus_matrix(
    predictions: Predictions, metric: str = "uar", *, part: str = "test", **options: Any
) -> CorpusMatrix:
    """Scores of every pair of corpora with 95 % intervals.

    Folds and seeds of one pair are pooled. The units of the intervals are speakers, since the
    policies for several corpora keep those of the test apart; clips where some are unknown.

    Args:
        predictions: Of a run on several corpora, with the columns `corpus` and `trained_on`.
        metric: Name in `METRICS`.
        part: "test" or "validation".
        options: `method`, `resamples`, `seed` and `level` of `sampling`.

    Raises:
        EvaluationError: If the predictions are of one corpus.
        UnknownNameError: If there is no such metric.
    """
    if not is_across(predictions):
        raise EvaluationError(
            "the predictions do not say which corpora trained and which were tested",
            subject="predictions table",
            remedy="Train on several corpora: corpus join, then the policy cross-corpus",
        )
    rows = predictions.part(part)
    pairs = rows.table[[TRAINED_ON, TESTED_ON]]
    cells = []
    for (trained, tested), found in pairs.groupby([TRAINED_ON, TESTED_ON]):
        own = rows.where(pairs.index.isin(found.index))
        known = bool(own.table["speaker"].notna().all())
        figure = sampling(own, by_speaker=known, **options).interval(metric)
        cells.append(Cell(str(trained), str(tested), int(own.table["clip"].nunique()), figure))
    return CorpusMatrix(metric, len(rows.classes), tuple(cells))


def is_across(predictions: Predictions) -> bool:
    """Whether the predictions say which corpora trained and which were tested."""
    table = predictions.table
    named = TRAINED_ON in table and TESTED_ON in table
    return named and bool(table[[TRAINED_ON, TESTED_ON]].notna().all(axis=None))
