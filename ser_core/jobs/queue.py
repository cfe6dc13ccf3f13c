"""Asking for jobs, and whose turn it is.

A job that is started outside the queue runs at once. Those in the queue run one at a time, unless
`set_at_once` says otherwise, in the order they were asked for. Whoever is there launches the next:
the supervisor of a job that has ended, a new order, or `reconcile` when the workbench starts.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ser_core.core import JobError, ParameterError
from ser_core.jobs import folder as files
from ser_core.jobs.job import GONE, Job, State, find, jobs, open_job
from ser_core.jobs.launchers import LOCAL, is_launched, launcher_of
from ser_core.jobs.ray import CPUS, GPUS, UnreachableError, silence
from ser_core.storage import Trash, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PROGRESS_FILE = "{progress}"
"""Stands in a command for the path of the job's progress file."""

RESUME = "--resume"
"""What makes a resumable command go on where it stopped."""

TRASH = Trash(days=30, name=files.REMOVED, stamped=False)
"""Of jobs, whose ids are given once."""

_OF_A_LAUNCH = (
    *(files.EXIT, files.CANCELLED, files.WORK, files.PROGRESS, files.SUPERVISOR),
    *(files.RAY, files.GUARDED),
)
"""What a job that runs again begins without."""

_SETTINGS, _DAMAGED = "settings.json", "settings.damaged.json"

MOST_AT_ONCE = 1_000
"""Largest number of jobs at once that is believed."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """A job to be.

    Attributes:
        command: Program and arguments, run in the repository's folder, so paths in it must be
            absolute; `PROGRESS_FILE` in it becomes the job's progress file.
        title: What it does, for people.
        key: What it works on. If a job with the same key runs or waits, that one is returned.
        resumable: Whether the command goes on where it stopped when it is given `--resume`.
        env: Environment variables on top of those of whoever launches it.
    """

    command: Sequence[str]
    title: str
    key: str = ""
    resumable: bool = False
    env: Mapping[str, str] = field(default_factory=dict)


def start(
    command: Sequence[str],
    *,
    title: str,
    key: str = "",
    root: Path | None = None,
    env: Mapping[str, str] | None = None,
    queue: bool = False,
    resumable: bool = False,
) -> Job:
    """Start a command in a process of its own, now or when it is its turn, and return at once.

    The process belongs to no page: it goes on when a tab closes or the workbench stops.

    Args:
        command: See `Order`, as for the next.
        title: What it does, for people.
        key: What it works on.
        root: Folder of the jobs; `home()/jobs` by default.
        env: Environment variables on top of the present ones.
        queue: Wait for the jobs that are before it in the queue.
        resumable: Whether the command understands `--resume`.
    """
    order = Order(command, title, key, resumable, env or {})
    (job,) = enqueue([order], root=root) if queue else _start([order], root, in_queue=False)
    return job


def enqueue(orders: Sequence[Order], *, root: Path | None = None) -> list[Job]:
    """Put jobs at the end of the queue, in this order, in one go."""
    return _start(orders, root, in_queue=True)


def waiting(root: Path | None = None) -> list[Job]:
    """Jobs that wait, the next one first."""
    found = [job for job in jobs(root) if job.state is State.QUEUED]
    return sorted(found, key=lambda job: (_rank(job), job.id))


def at_once(root: Path | None = None) -> int:
    """How many jobs of the queue may run at the same time."""
    return _settings(root or files.root())


def _settings(root: Path) -> int:
    """Jobs at once, as was set; a file of something else is set aside, and the default holds.

    `note` says so as long as that file lies there.
    """
    path = root / _SETTINGS
    if not path.exists():
        return 1
    number = (read_json(path) or {}).get("at_once")
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= MOST_AT_ONCE:
        return number
    with contextlib.suppress(OSError):  # on a disk that cannot be written to it stays
        path.replace(root / _DAMAGED)
    _LOG.warning("the settings of the queue are damaged, and were set aside as %s", _DAMAGED)
    return 1


def note(root: Path | None = None) -> str:
    """What is wrong with the queue, or was and was set right, as a sentence; empty for nothing."""
    root = root or files.root()
    aside, silent = root / _DAMAGED, silence() if waiting(root) else ""
    if silent or not aside.exists():
        return silent
    return (
        f"The settings of the queue were damaged and lie in {aside} now: one job runs at a time. "
        "Set the number again, and delete that file."
    )


def set_at_once(number: int, root: Path | None = None) -> None:
    """Let so many jobs of the queue run at the same time; those that run go on.

    Raises:
        ParameterError: If it is less than one.
    """
    if not 1 <= number <= MOST_AT_ONCE:
        raise ParameterError(
            f"{number} jobs at once is not from 1 to {MOST_AT_ONCE:,}", subject="at_once"
        )
    root = root or files.root()
    with files.locked(root):
        write_json(root / _SETTINGS, {"at_once": number})
        pump(root)


def to_front(job: Job) -> None:
    """Make a waiting job the next one.

    Raises:
        JobError: If it does not wait.
    """
    root = job.folder.parent
    with files.locked(root):
        _require(job, job.state is State.QUEUED, "is not waiting")
        first = min(_rank(each) for each in waiting(root))
        write_json(job.folder / files.WAITING, {"rank": first - 1})


def resume(job: Job) -> Job:
    """Run a job again that failed or was cancelled; a resumable one goes on where it stopped.

    It keeps its id, its log and its place in or outside the queue, where it is the last.

    Raises:
        JobError: If it runs, waits or has finished.
    """
    root = job.folder.parent
    with files.locked(root):
        again = job.state in (State.FAILED, State.CANCELLED)
        _require(job, again, "has not failed or been cancelled")
        alive = launcher_of(job.folder).is_alive(job.folder)
        ended = (job.folder / files.EXIT).exists() or not alive
        _require(job, ended, "is still ending")
        order = read_json(job.folder / files.ORDER) or {}
        if job.resumable and RESUME not in order["command"]:
            order["command"] = [*order["command"], RESUME]
            write_json(job.folder / files.ORDER, order)
        write_json(job.folder / files.WAITING, {"rank": _last_rank(root)})
        for name in _OF_A_LAUNCH:
            (job.folder / name).unlink(missing_ok=True)
        pump(root)
    return open_job(job.folder) or job


def remove(job: Job) -> None:
    """Take an ended job off the list; for some weeks, `restore` brings it back.

    Raises:
        JobError: If it runs or waits.
    """
    root = job.folder.parent
    with files.locked(root):
        _require(job, job.state.is_over, "has not ended", "Cancel it first")
        TRASH.move(job.folder)


def restore(job_id: str, root: Path | None = None) -> Job:
    """Bring a removed job back.

    Raises:
        JobError: If no job of this id was removed of late.
    """
    root = root or files.root()
    with files.locked(root):
        folder = root / files.REMOVED / job_id
        if open_job(folder) is None:
            raise JobError("was not removed, or too long ago", subject=job_id)
        job = open_job(TRASH.restore(folder))
    if job is None:
        raise JobError("is damaged", subject=job_id)
    return job


def reconcile(root: Path | None = None) -> list[Job]:
    """Make the list true again after a crash or a restart; call it when the workbench starts.

    Jobs whose processes are gone are failed, with the reason; commands that lost their supervisor
    get a new one; the queue goes on. Abandoned MLflow runs are closed in the background, since
    that takes MLflow's seconds to import.

    Returns:
        The jobs that were found dead.
    """
    from ser_core import tracking
    from ser_core.jobs.supervise import settle

    root = root or files.root()
    with files.locked(root):
        unsettled = [job for job in jobs(root) if _is_unsettled(job)]
        dead = [job for job in unsettled if not launcher_of(job.folder).is_alive(job.folder)]
        for job in dead:
            settle(job.folder, None, GONE, patience=0)
        for job in unsettled:
            if job not in dead:
                launcher_of(job.folder).launch(job.folder)
        TRASH.purge(root / files.REMOVED)
        pump(root)
    # What was killed a moment ago may still look alive here, and will not when the runs are closed.
    if dead or tracking.abandoned():
        LOCAL.tidy(root)
    return dead


def pump(root: Path) -> None:
    """Launch what may run now; to be called with the lock held."""
    line = waiting(root)
    for job in line:
        if not job.in_queue:
            _launch(job)
    free = at_once(root) - sum(job.in_queue and job.state is State.RUNNING for job in jobs(root))
    for job in [each for each in line if each.in_queue][: max(0, free)]:
        _launch(job)


def _start(orders: Sequence[Order], root: Path | None, *, in_queue: bool) -> list[Job]:
    root = root or files.root()
    with files.locked(root):
        found = [
            (find(order.key, root=root) if order.key else None) or _file(order, root, in_queue)
            for order in orders
        ]
        pump(root)
    return found


def _file(order: Order, root: Path, in_queue: bool) -> Job:
    """Make the folder of a job that waits."""
    now, turn = time.time(), _later_than_all(root)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(turn))
    folder = root / f"{stamp}-{int(turn % 1 * 1e6):06}-{uuid.uuid4().hex[:4]}"
    folder.mkdir(mode=0o700)
    progress = str(folder / files.PROGRESS)
    command = [progress if part == PROGRESS_FILE else part for part in order.command]
    content = {
        "title": order.title,
        "key": order.key,
        "command": command,
        "started": now,
        "turn": turn,
        "resumable": order.resumable,
        "in_queue": in_queue,
        "env": {**_where_runs_go(), **_asked_with(), **order.env},
    }
    write_json(folder / files.WAITING, {"rank": _last_rank(root)})
    write_json(folder / files.ORDER, content)
    return Job(folder, order.title, order.key, tuple(command), now, order.resumable, in_queue)


def _later_than_all(root: Path) -> float:
    """The time, or a little more than the turn of the newest job where the clock was set back.

    Jobs are listed by it, and the newest of a key is the one that counts.
    """
    newest = next(iter(jobs(root)), None)
    if newest is None:
        return time.time()
    order = read_json(newest.folder / files.ORDER) or {}
    return max(time.time(), (files.number(order.get("turn")) or newest.started) + _TICK)


def _last_rank(root: Path) -> float:
    """A rank behind all that wait, whatever the clock says."""
    return max([time.time(), *(_rank(job) + _TICK for job in waiting(root))])


_TICK = 1e-3
"""Seconds between two jobs that the clock cannot tell apart."""


def _where_runs_go() -> dict[str, str]:
    """The MLflow store of who asks, since somebody else may launch it."""
    from ser_core.tracking import environment

    return environment()


KEPT = (CPUS, GPUS, "SER_RAY_TASKS", "SER_OPTUNA_STORAGE")
"""Variables that a job has from who asks for it, not from who launches it."""


def _asked_with() -> dict[str, str]:
    """What the job needs and where its trials go, as whoever asks for it has set it."""
    return {name: os.environ[name] for name in KEPT if os.environ.get(name)}


def _launch(job: Job) -> None:
    from ser_core.jobs.supervise import settle

    try:
        launcher_of(job.folder).launch(job.folder)
    except UnreachableError as error:  # it waits on; whoever looks at the queue next tries again
        _LOG.warning("%s waits: %s", job.title, error)
        return
    except JobError as error:
        settle(job.folder, None, str(error), patience=0)
    (job.folder / files.WAITING).unlink(missing_ok=True)


def _rank(job: Job) -> float:
    return files.number((read_json(job.folder / files.WAITING) or {}).get("rank")) or 0.0


def _is_unsettled(job: Job) -> bool:
    """Whether it was launched, has no end, and nobody is there who would note it."""
    if (job.folder / files.EXIT).exists() or not is_launched(job.folder):
        return False
    return not launcher_of(job.folder).is_watched(job.folder)


def _require(job: Job, condition: bool, problem: str, remedy: str = "") -> None:
    if not condition:
        raise JobError(problem, subject=job.title, remedy=remedy)
