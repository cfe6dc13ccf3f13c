"""One trial of a sweep: its recipe is trained, and only its validation clips are looked at."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ser_core import evaluation
from ser_core.evaluation import Predictions
from ser_core.recipes.recipe import Recipe
from ser_core.runs import execute
from ser_core.runs.layout import ENROLLED


class Stopped(Exception):  # noqa: N818  (no error: the trial was not worth going on)
    """A watcher ends a trial early."""


@dataclass(frozen=True)
class Work:
    """What is to be trained for a trial.

    Attributes:
        number: Of the trial in its study.
        recipe: To train.
        home: Folder of its training; one that was interrupted goes on.
        enrolled: Whether it is judged with every validation speaker enrolled.
    """

    number: int
    recipe: Recipe
    home: Path
    enrolled: bool


@dataclass(frozen=True)
class Judged:
    """What a trial gave on the validation clips of all folds and seeds.

    Attributes:
        value: UAR; None where no emotion was there.
        low: Lower end of its interval; None where nothing can be said.
        high: Upper end.
        minutes: Taken, since the training was begun or taken up the last time.
    """

    value: float | None
    low: float | None
    high: float | None
    minutes: float


def judged(
    work: Work, progress: Callable[[int, int], None], watcher: execute.Watcher
) -> Judged | None:
    """Train a trial, and judge it by its validation clips.

    Args:
        work: The trial.
        progress: Called with (steps done, steps in all).
        watcher: Called for every training and epoch; it may raise `Stopped`.

    Returns:
        None if the watcher stopped it.

    Raises:
        SerError: If the recipe cannot be trained.
    """
    begun = time.monotonic()
    try:
        outcome = execute.run(work.recipe, work.home, progress=progress, watcher=watcher)
    except Stopped:
        return None
    uar = validation_uar(work.home, outcome.predictions, enrolled=work.enrolled)
    return Judged(uar.value, uar.low, uar.high, (time.monotonic() - begun) / 60)


def validation_uar(home: Path, predictions: Predictions, *, enrolled: bool) -> evaluation.Interval:
    """UAR on the validation clips of all folds and seeds, with its interval.

    Args:
        home: Folder of the run.
        predictions: Of its members, not enrolled.
        enrolled: Whether those with every speaker enrolled count instead.
    """
    table = Predictions.load(home / ENROLLED) if enrolled else predictions
    return evaluation.report(table.part("validation"), part="validation").uar
