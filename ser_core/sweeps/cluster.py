"""Trials of a sweep as tasks that spread over the nodes of a Ray cluster.

A task only trains. What it has to say and what it is told lie in the folder of its trial, on the
disk that all nodes share, so that one process alone writes into the study: the one that asked for
the trials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core.cluster import on_cluster
from ser_core.jobs import Progress, ProgressFile
from ser_core.jobs.ray import GPUS, amount
from ser_core.recipes.recipe import Recipe
from ser_core.runs.execute import PROGRESS, SilentWatcher
from ser_core.storage import atomic, read_json, write_json
from ser_core.sweeps.trial import Judged, Stopped, Work, judged

if TYPE_CHECKING:
    from ser_core.training.learner import Metrics
    from ser_core.training.plan import Member

EPOCHS, STOP = "epochs.json", "stop"
"""In the folder of a trial: validation UAR of the epochs of its first training, and the order to
stop, which is a file that is there."""

Course = list[tuple[int, float]]
"""Epochs and validation UAR."""


def train_trials(
    recipe: Recipe, trials: Iterable[Work], look: Callable[[], None]
) -> Iterator[tuple[int, Judged | None]]:
    """Train trials side by side, as many as the cluster has room for; the next as one ends.

    Each takes `train.threads` cores of the recipe, one where it leaves them open, and
    `SER_RAY_GPUS` graphics processors. One whose node dies goes on from its last whole epoch on
    another node; the others do not notice.

    Args:
        recipe: Where all trials begin.
        trials: Taken one by one, when there is room for one more.
        look: Called a few times a second.

    Yields:
        Number of a trial and what it gave, None if it was stopped, as each is ready.

    Raises:
        SerError: If there is no cluster, or a trial cannot be trained.
    """
    cpus, gpus = recipe.train.threads or 1, amount(GPUS, 0)
    yield from on_cluster(train_trial, trials, cpus=cpus, gpus=gpus, ahead=1, meanwhile=look)


def train_trial(trial: Work) -> tuple[int, Judged | None]:
    """Train one trial in a process of its own.

    Raises:
        SerError: If the recipe cannot be trained.
    """
    report = ProgressFile(trial.home / PROGRESS, every=1)
    return trial.number, judged(trial, report, _Teller(trial.home))


def seen(home: Path) -> tuple[float, Course]:
    """Share of a trial that is done, and its epochs so far."""
    found = Progress.read(home / PROGRESS)
    return (found.fraction if found else 0.0), _course(home)


def stop(home: Path) -> None:
    """Let a trial end with its next epoch.

    Raises:
        SerError: If the order cannot be written.
    """
    atomic.write(home / STOP, "")


def _course(home: Path) -> Course:
    return [(epoch, uar) for epoch, uar in (read_json(home / EPOCHS) or {}).get("epochs", [])]


class _Teller(SilentWatcher):
    """Writes down the epochs of the first training of a trial, and ends it when it is told to."""

    def __init__(self, home: Path) -> None:
        self.home, self.first = home, ""
        self.course = _course(home)  # of before the node died

    @contextmanager
    def member(self, member: Member) -> Iterator[Callable[[int, Metrics], None]]:
        """Context of one training; of the others nothing is told."""
        self.first = self.first or member.name
        yield self._epoch if member.name == self.first else lambda _epoch, _metrics: None

    def _epoch(self, epoch: int, metrics: Metrics) -> None:
        before = [each for each in self.course if each[0] < epoch]
        self.course = [*before, (epoch, metrics["val_uar"])]
        write_json(self.home / EPOCHS, {"epochs": self.course})
        if (self.home / STOP).exists():
            raise Stopped
