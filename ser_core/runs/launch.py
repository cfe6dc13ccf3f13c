"""Start trainings as jobs, so that they need no page to go on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core import pasted
from ser_core.jobs import PROGRESS_FILE, Job, Order, enqueue, find
from ser_core.runs.catalogue import folder_of_runs

if TYPE_CHECKING:
    from ser_core.recipes.recipe import Recipe

KEY = "train:"
"""Beginning of the key of every training's job; the id of the run follows."""

SCANNING = "measuring clips for the leak audit"
PREPARING, TRAINING = "step 1 of 2, decoding and representing clips", "step 2 of 2, training"
EXTRACTING = "step 1 of 2, extracting encoder features"
"""What a training says of where it is."""
BEFORE = (SCANNING, PREPARING, EXTRACTING)
"""Those before the training itself; the time left is then that of the step, not of the job."""


def launch(*recipes: Recipe) -> list[Job]:
    """Put trainings into the queue, in this order.

    One that was interrupted goes on from its last whole epoch; one that waits or runs already is
    returned. Each job takes its recipe from the folder of its run.

    Raises:
        SerError: If a recipe cannot be written.
    """
    for recipe in recipes:
        file = folder_of_runs() / recipe.hash / "recipe.yaml"
        if not file.exists():
            recipe.save(file)
    return enqueue([order_for(recipe.hash, recipe.name) for recipe in recipes])


def order_for(run_id: str, name: str) -> Order:
    """Job that trains the recipe in the folder of a run."""
    folder = folder_of_runs().absolute() / run_id
    command = [*line(folder / "recipe.yaml"), "--out", str(folder)]
    return Order([*command, "--progress-file", PROGRESS_FILE], title=name, key=f"{KEY}{run_id}")


def run_of(job: Job) -> str | None:
    """Id of the run that a job trains; None for jobs that do something else."""
    return job.key.removeprefix(KEY) if job.key.startswith(KEY) else None


def job_of(run_id: str) -> Job | None:
    """The newest job of a run, whatever became of it."""
    return find(f"{KEY}{run_id}", running=False)


def line(recipe: Path) -> list[str]:
    """Command that trains the recipe in a file."""
    return [sys.executable, "-m", "ser_core", "train", str(recipe)]


def shell(recipe: Recipe) -> str:
    """What to paste in a terminal for this very recipe, which needs no file.

    The run and its figures then appear among the others.
    """
    return f"{pasted(line(Path('/dev/stdin')))} <<'RECIPE'\n{recipe.to_yaml()}RECIPE"
