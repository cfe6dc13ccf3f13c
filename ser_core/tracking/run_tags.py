"""Tags that identify where a run comes from: process, job, program, version."""

from __future__ import annotations

import functools
import getpass
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core import ELSEWHERE, EXIT, Mark, own_job, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = "ser.kind"
REASON = "ser.reason"
PROCESS = "ser.process"
JOB = "ser.job"
RESUMED = "ser.resumed"
CLUSTER = "ser.cluster"
PARENT = "mlflow.parentRunId"
NOTE = "mlflow.note.content"


def of_this_process() -> dict[str, str]:
    """Tags that change when another process goes on with the run."""
    tags = {PROCESS: json.dumps(Mark.of().to_dict())}
    job = own_job()
    if job is None:
        return tags
    cluster = {CLUSTER: str(job)} if os.environ.get(ELSEWHERE) else {}
    return {**tags, JOB: job.name, **cluster}


def of_origin() -> dict[str, str]:
    """Tags that `mlflow ui` shows as user, source and version."""
    tags = {"mlflow.source.name": _command(), "mlflow.source.type": "LOCAL"}
    facts = {"mlflow.user": _user(), "mlflow.source.git.commit": _commit()}
    return {**tags, **{name: value for name, value in facts.items() if value}}


def process_of(tags: Mapping[str, str]) -> Mark | None:
    """Who wrote the run; None when its tags do not say."""
    try:
        return Mark.read(json.loads(tags.get(PROCESS, "")))
    except ValueError:
        return None


def on_cluster(tags: Mapping[str, str]) -> bool | None:
    """Whether a cluster still works on the run, as the folder of its job says.

    None when it was written by a process that was not a cluster's, whose mark says more.
    """
    folder = tags.get(CLUSTER)
    if not folder:
        return None
    return Path(folder).is_dir() and not (Path(folder) / EXIT).exists()


def _command() -> str:
    """The program as one would type it."""
    program, *arguments = sys.argv or ["python"]
    if Path(program).name == "__main__.py":
        return shlex.join(["python", "-m", Path(program).parent.name, *arguments])
    return shlex.join([Path(program).name, *arguments])


def _user() -> str:
    """Name of the user; empty in a container that has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


@functools.cache
def _commit() -> str:
    """Version of the sources; empty when they are not a git checkout."""
    if not (settings.REPOSITORY / ".git").exists():
        return ""
    command = ["git", "-C", str(settings.REPOSITORY), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
