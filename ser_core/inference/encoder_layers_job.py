"""Compute layer curves as jobs, so that they need no page to go on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ser_core.inference.layer_curve import GRID
from ser_core.jobs import PROGRESS_FILE, Job, Order, enqueue, jobs

if TYPE_CHECKING:
    from ser_core.inference.encoder_layers import Plan

KEY = "encoder-layers:"
"""Beginning of the key of every such job; the name of the result's folder follows."""


def line(plan: Plan) -> list[str]:
    """Command that carries out a plan."""
    command = [sys.executable, "-m", "ser_core", "encoder", "layers"]
    command += ["--encoder", str(plan.encoder.absolute()), "--corpus", str(plan.corpus.absolute())]
    command += ["--reader", plan.reader] if plan.reader else []
    command += ["--statistics", plan.statistics]
    for c in () if plan.grid == GRID else plan.grid:
        command += ["--c", f"{c:g}"]
    command += [] if plan.together else ["--no-together"]
    return [*command, "--out", str(plan.folder.absolute())]


def launch(plan: Plan) -> Job:
    """Put a plan into the queue; one that waits or runs already is returned.

    One that was cancelled goes on with the layers that are left.

    Raises:
        SerError: If the encoder cannot be used, or the job cannot be kept.
    """
    title = f"Layers of {plan.encoder.name}"
    command = [*line(plan), "--progress-file", PROGRESS_FILE]
    (job,) = enqueue([Order(command, title, f"{KEY}{plan.hash}")])
    return job


def launched() -> list[Job]:
    """All jobs that compute layer curves, the newest first."""
    return [job for job in jobs() if job.key.startswith(KEY)]


def result_of(job: Job) -> str:
    """Name of the folder of the result that a job makes."""
    return job.key.removeprefix(KEY)
