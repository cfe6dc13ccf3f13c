"""Run plans as jobs, so that they need no page to go on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ser_core.jobs import PROGRESS_FILE, Job, Order, enqueue, jobs, start

if TYPE_CHECKING:
    from ser_core.robustness.assessment import Plan

KEY = "robustness:"
"""Beginning of the key of every such job; the name of the card's folder follows."""


def line(plan: Plan) -> list[str]:
    """Command that carries out a plan."""
    command = [sys.executable, "-m", "ser_core", "robustness"]
    command += ["--model", str(plan.model.absolute()), "--corpus", str(plan.corpus.absolute())]
    if plan.reader:
        command += ["--reader", plan.reader]
    if plan.clips:
        command += ["--clips", str(plan.clips)]
    for name in plan.kinds or ("none",):
        command += ["--perturbation", name]
    for name in plan.attacks:
        command += ["--attack", name]
    for name in plan.places:
        command += ["--place", name]
    for flag, chosen in (("--few", plan.few), ("--shortcuts", plan.shortcuts)):
        command += [flag] if chosen else []
    if plan.noises:
        command += ["--noises", str(plan.noises.absolute())]
    return [*command, "--seed", str(plan.seed), "--out", str(plan.folder.absolute())]


def launch(plan: Plan, title: str, *, queue: bool) -> Job:
    """Start a plan as a job, at once or when it is its turn; one that is under way is returned."""
    command = [*line(plan), "--progress-file", PROGRESS_FILE]
    key = f"{KEY}{plan.hash}"
    if queue:
        (job,) = enqueue([Order(command, title, key)])
        return job
    return start(command, title=title, key=key)


def card_of(job: Job) -> str:
    """Name of the folder of the card that a job makes."""
    return job.key.removeprefix(KEY)


def launched() -> list[Job]:
    """All jobs that try models, the newest first."""
    return [job for job in jobs() if job.key.startswith(KEY)]
