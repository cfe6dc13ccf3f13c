"""Folds and seeds of a run as tasks that spread over the nodes of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from ser_core.core.cluster import on_cluster
from ser_core.jobs import Progress
from ser_core.jobs.ray import GPUS, amount
from ser_core.recipes.recipe import Recipe
from ser_core.runs.execute import PROGRESS, train_member
from ser_core.training.plan import Member


def train_members(
    recipe: Recipe, folder: Path, members: Sequence[Member], progress: Callable[[int], None]
) -> Iterator[Member]:
    """Train members side by side, and give each as soon as its bundle is in its folder.

    Each takes `train.threads` cores, one where the recipe leaves them open, and `SER_RAY_GPUS`
    graphics processors. One whose node dies goes on from its last whole epoch on another.

    Args:
        recipe: What to train.
        folder: Of the run, on a disk that all nodes share.
        members: Those without a bundle.
        progress: Called with the steps done by all of them.

    Raises:
        SerError: If there is no cluster, or a member cannot be trained.
    """
    folder, done = folder.absolute(), 0
    steps: dict[str, int] = {}

    def look() -> None:
        nonlocal done
        for member in members:
            found = Progress.read(folder / member.name / PROGRESS)
            # It is gone once the member is trained; what was seen last then stays.
            steps[member.name] = found.done if found else steps.get(member.name, 0)
        done = max(done, sum(steps.values()))  # a member that starts again has fewer for a while
        progress(done)

    task = partial(train_member, recipe, folder)
    cpus, gpus = recipe.train.threads or 1, amount(GPUS, 0)
    trained = on_cluster(task, members, cpus=cpus, gpus=gpus, meanwhile=look)
    for member, total in trained:
        steps[member.name] = total
        look()
        yield member
