"""Start the search for an ensemble as a job, so that it needs no page to go on."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

from ser_core.core import pasted, settings
from ser_core.ensemble.catalogue import HISTORY, MODEL, Request, ask
from ser_core.ensemble.options import Options
from ser_core.jobs import PROGRESS_FILE, Job, Order, enqueue, find

KEY = "ensemble:"
"""Beginning of the key of every such job; the id of the ensemble follows."""


def launch(request: Request) -> Job:
    """Put a request into the queue; one that waits or runs already is returned.

    Raises:
        SerError: If its folder cannot be made.
    """
    folder = ask(request).absolute()
    command = [*line(request, folder / MODEL), "--history", str(folder / HISTORY)]
    order = Order(
        [*command, "--progress-file", PROGRESS_FILE], title=request.name, key=KEY + request.id
    )
    (job,) = enqueue([order])
    return job


def ensemble_of(job: Job) -> str | None:
    """Id of the ensemble that a job makes; None for jobs that do something else."""
    return job.key.removeprefix(KEY) if job.key.startswith(KEY) else None


def job_of(ensemble_id: str) -> Job | None:
    """The newest job of an ensemble, whatever became of it."""
    return find(f"{KEY}{ensemble_id}", running=False)


def line(request: Request, out: Path) -> list[str]:
    """Command that carries out the request."""
    defaults = asdict(Options())
    changed = {n: v for n, v in asdict(request.options).items() if v != defaults[n]}
    options = [part for name, value in changed.items() for part in (_flag(name), str(value))]
    deploy = [
        part for run, path in request.deploy.items() for part in ("--deploy", f"{run}={path}")
    ]
    seen = [part for run in request.seen for part in ("--seen", run)]
    return [
        sys.executable, "-m", "ser_core", "ensemble", *request.runs, "--out", str(out),
        "--name", request.name, *options, *deploy, *seen,
    ]  # fmt: skip


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def shell(request: Request) -> str:
    """What to paste in a terminal for this very request."""
    out = settings.home().absolute() / "ensembles" / request.id / MODEL
    return pasted(line(request, out))
