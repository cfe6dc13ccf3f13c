"""What fits a model to the training part: the seam between kinds of learning.

A network says by which learner it is fitted (`NetworkKind.learner`). Runs, jobs, estimates and
commands call the learner and know no more of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ser_core.core import Registry

if TYPE_CHECKING:
    from ser_core.models.classifier import EmotionClassifier
    from ser_core.recipes.recipe import Recipe
    from ser_core.training.plan import Member, Plan
    from ser_core.training.sources import Prepared

Metrics = dict[str, float]


def _nothing(*_given: object) -> None:
    """The default callback."""


@dataclass(frozen=True)
class Watch:
    """Progress callbacks of a fit.

    Attributes:
        epoch: Called with (epoch, metrics): `train_loss`, `val_loss`, `val_uar`, `val_wa`,
            `seconds`, and what else the learner has.
        steps: Called with how many of `Learner.steps` are done.
    """

    epoch: Callable[[int, Metrics], None] = _nothing
    steps: Callable[[int], None] = _nothing


@dataclass(frozen=True)
class Fitted:
    """A fitted model and the record of its training.

    Attributes:
        model: On the processor, in evaluation mode.
        record: Of the training, for `bundle.json`: `best_epoch`, `epochs`, `minutes`, `precision`
            and `history`, one mapping of metrics an epoch; `refit` where the validation part
            trained the model too; `search` where settings were searched for.
        held_out: After a refit, the model of before it: validation clips are predicted by this
            one, which has not met them. None without a refit.
    """

    model: EmotionClassifier
    record: Mapping[str, Any]
    held_out: EmotionClassifier | None = None


class Learner(Protocol):
    """A way to fit a model.

    Attributes:
        sections: Sections of the recipe that it reads beyond what all do; forms show these.
    """

    sections: tuple[str, ...]

    def fit(self, plan: Plan, member: Member, home: Path, watch: Watch) -> Fitted:
        """Fit one member of a run: on its training part, chosen by its validation part.

        Args:
            plan: The recipe with the clips and the split.
            member: Which fold and seed.
            home: Folder of the member, for checkpoints: fitting again goes on from there.
            watch: Progress callbacks.
        """
        ...

    def assist(self, plan: Plan, member: Member, home: Path) -> None:
        """Take part in a fit that another process carries out; nothing where it needs no help."""
        ...

    def epochs(self, recipe: Recipe) -> int:
        """How often a fit goes over the training part, for the estimate of its time."""
        ...

    def steps(self, recipe: Recipe, clips: int) -> int:
        """Steps of a fit on so many training clips, for its progress."""
        ...

    def pace(self, recipe: Recipe, prepared: Prepared) -> tuple[float, float]:
        """Seconds a training clip and epoch, and seconds a clip that is scored, as measured now."""
        ...


LEARNERS: Registry[Learner] = Registry("learner")
"""Learners by the name that networks give; filled by `ser_core.training.learners`."""
