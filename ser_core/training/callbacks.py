"""Callbacks of a training: progress, and what ends it early."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ser_core.training.learner import Metrics
from ser_core.training.trainer import Callback, Stop, Trainer


@dataclass
class EarlyStopping(Callback):
    """Ends the training when the best epoch is too long ago.

    Args:
        epochs: How many epochs without a better one are waited for.
    """

    epochs: int

    def on_epoch(self, trainer: Trainer, metrics: Metrics) -> None:  # noqa: ARG002
        """Stop where there has been no better epoch for long enough."""
        if trainer.epoch - trainer.best.epoch >= self.epochs:
            raise Stop


@dataclass
class Report(Callback):
    """Reports how many steps are done, of how many.

    Args:
        report: Called with (steps done, steps in all), a few times a second at most.
        before: Steps of other trainings of the same run, done already.
        total: Steps of all trainings of the run; those of this one when absent.
    """

    report: Callable[[int, int], None]
    before: int = 0
    total: int | None = None
    every: float = 0.2
    _done: int = field(default=0, init=False)
    _reported: float = field(default=0.0, init=False)

    def on_start(self, trainer: Trainer) -> None:
        """Begin where the training stands."""
        self._done = trainer.epoch * trainer.steps_per_epoch
        self._report(trainer)

    def on_step(self, trainer: Trainer) -> None:
        """One more."""
        self._done += 1
        if time.monotonic() - self._reported >= self.every:
            self._report(trainer)

    def on_epoch(self, trainer: Trainer, metrics: Metrics) -> None:  # noqa: ARG002
        """Always reported."""
        self._report(trainer)

    def _report(self, trainer: Trainer) -> None:
        self._reported = time.monotonic()
        own = trainer.steps_per_epoch * trainer.train.epochs
        self.report(self.before + self._done, self.total or own)


@dataclass(frozen=True)
class EachEpoch(Callback):
    """Calls a function with the number and the metrics of every epoch.

    Args:
        report: Called with (epoch, metrics).
    """

    report: Callable[[int, Metrics], None]

    def on_epoch(self, trainer: Trainer, metrics: Metrics) -> None:
        """Report the metrics."""
        self.report(trainer.epoch, metrics)
