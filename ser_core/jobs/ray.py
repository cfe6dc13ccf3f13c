"""Jobs on the nodes of a Ray cluster, by the documented REST interface of Ray Jobs.

https://docs.ray.io/en/latest/cluster/running-applications/job-submission/rest.html, used as it is
rather than through Ray's client: it needs no Ray here, and every question has a time limit, since
pages ask several times a second. All nodes have the workbench, its environment of Python and the
runtime folder (`SER_HOME`) under the same paths as this computer.

A job's folder is on the shared disk, so state, log and progress are read from it as those of any
job. The ids of processes in it are of another computer and not believed: Ray is asked instead. A
process on this computer, the guard, asks too while the workbench is closed. It starts a job again
whose node died (a training goes on from its last checkpoint), and launches the next of the queue.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ser_core.core import ELSEWHERE, JobError, Mark, ParameterError, settings
from ser_core.core.cluster import environment
from ser_core.jobs import folder as files
from ser_core.jobs.local import GLANCE, GUARD, spawn, wait_until
from ser_core.storage import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ADDRESS, CPUS, GPUS = "SER_RAY", "SER_RAY_CPUS", "SER_RAY_GPUS"
"""Names in the environment, of a job's order or of who asks for it: where jobs are submitted, as
http://HOST:8265, and how many cores and graphics processors of a node each of them takes."""

RETRIES = 3
"""How often a guard starts a job again whose node died."""

PATIENCE = 3.0
"""Seconds that an answer may take."""

LONGEST = 1_000_000
"""Bytes of an answer that are read."""

FRESH = 1.0
"""Seconds for which an answer holds, also that there was none."""

OVER = ("SUCCEEDED", "FAILED", "STOPPED")
PENDING, UNKNOWN = "PENDING", "UNKNOWN"
"""Status of a job of which the cluster knows nothing, as one that was started anew."""


class UnreachableError(JobError):
    """A cluster that does not answer. Its jobs may go on all the same."""


class LateError(UnreachableError):
    """An answer that did not come in time; what was asked for may be done all the same."""


def asked_for() -> str:
    """Address of the cluster that new jobs go to; empty where they run on this computer.

    Raises:
        ParameterError: If it is not an address of Ray Jobs.
    """
    address = os.environ.get(ADDRESS, "").rstrip("/")
    if address and not address.startswith(("http://", "https://")):
        raise ParameterError(
            f"{address} is not an address of Ray Jobs",
            subject=ADDRESS,
            remedy="Give that of the dashboard, as http://127.0.0.1:8265",
        )
    return address


def place_of_new_jobs() -> str:
    """Where new jobs run, in words; empty for this computer.

    Raises:
        ParameterError: If the address, or what a job asks for, is not to be used.
    """
    address = asked_for()
    if not address:
        return ""
    wanted = {"core": amount(CPUS, 1), "graphics processor": amount(GPUS, 0)}
    said = [f"{n:g} {thing}{'' if n == 1 else 's'}" for thing, n in wanted.items() if n]
    return f"Ray at {address}" + (f", with {' and '.join(said)}" if said else "")


def submitted(folder: Path) -> tuple[str, str] | None:
    """Address and id of the submission of a job; None where it was not given to Ray."""
    found = read_json(folder / files.RAY) or {}
    address, submission = found.get("address"), found.get("submission")
    if isinstance(address, str) and isinstance(submission, str):
        return address, submission
    return None


def trouble(folder: Path) -> str:
    """Why a job does not work now, as a sentence; empty where it does, as far as is known.

    The cluster cannot be reached, or has no node with room for the job yet.
    """
    found = submitted(folder)
    if found is None:
        return ""
    try:
        waits = _status(*found) == PENDING
    except UnreachableError as error:
        return f"{error} The job may go on there."
    return f"It waits for a node with room for it, on Ray at {found[0]}." if waits else ""


def waits(folder: Path) -> bool:
    """Whether a job was given to a cluster that has no node with room for it yet."""
    found = submitted(folder)
    try:
        return found is not None and _status(*found) == PENDING
    except UnreachableError:
        return False


def silence() -> str:
    """That the cluster new jobs go to does not answer, as a sentence; empty where all is well."""
    address = asked_for()
    if not address:
        return ""
    try:
        _status(address, "none")
    except UnreachableError as error:
        return f"{error} Jobs wait until it can, and the next start of a job tries again."
    return ""


@dataclass
class _Answers:
    """What clusters said of late."""

    status: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    silent: dict[str, tuple[float, str]] = field(default_factory=dict)


_ANSWERS = _Answers()


class RayLauncher:
    """Launcher of jobs that Ray runs; see the module."""

    def launch(self, folder: Path) -> None:
        """Submit a job that was not, and see that it is guarded.

        Raises:
            UnreachableError: If the cluster does not answer; the job was not submitted then.
            JobError: If it refuses.
        """
        if submitted(folder) is None:
            submit(folder, asked_for())
        if not self.is_watched(folder):
            pid = spawn(GUARD, str(folder))
            write_json(folder / files.GUARDED, Mark.of(pid).to_dict())

    def is_alive(self, folder: Path) -> bool:
        """Whether it runs there, as far as anybody knows, or a guard is about to start it again."""
        if (folder / files.EXIT).exists():
            return False
        return self.is_watched(folder) or not is_over(folder)

    def is_watched(self, folder: Path) -> bool:
        """Whether a guard on this computer will note the end."""
        mark = Mark.read(read_json(folder / files.GUARDED))
        return mark is not None and mark.alive

    def stop(self, folder: Path, grace: float) -> None:
        """Have Ray end the command: it asks, and kills what is left after some seconds.

        Raises:
            UnreachableError: If the cluster does not answer. The guard tells it when it does.
        """
        from ser_core.jobs.supervise import settle

        found = submitted(folder)
        if found is None:
            return
        address, submission = found
        try:
            if _status(address, submission, fresh=True) not in (*OVER, UNKNOWN):
                _ask(address, f"{submission}/stop", {})
        except UnreachableError as error:
            raise UnreachableError(
                f"the job is cancelled here, but {error.problem}",
                subject=address,
                remedy="What runs there is ended as soon as the cluster answers",
            ) from error
        wait_until(lambda: is_over(folder), grace + 10)
        if not (folder / files.EXIT).exists():
            settle(folder, None, "Cancelled.", patience=0)

    def tidy(self, root: Path) -> None:
        """Have a process of this computer do it."""
        spawn("--tidy", str(root))


def submit(folder: Path, address: str) -> None:
    """Have a cluster run `python -m ser_core.jobs.supervise FOLDER`.

    Raises:
        UnreachableError: If the cluster does not answer.
        JobError: If it refuses.
    """
    submission = f"ser-{folder.name}-{uuid.uuid4().hex[:6]}"
    own = (read_json(folder / files.ORDER) or {}).get("env", {})
    command = [sys.executable, "-m", "ser_core.jobs.supervise", str(folder.absolute())]
    cpus = amount(CPUS, 1, own)
    content = {
        "entrypoint": f"cd {shlex.quote(str(settings.REPOSITORY))} && exec {shlex.join(command)}",
        "submission_id": submission,
        "entrypoint_num_cpus": cpus,
        "entrypoint_num_gpus": amount(GPUS, 0, own),
        "runtime_env": {
            "env_vars": {
                **environment(),
                "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS") or str(max(1, int(cpus))),
                ELSEWHERE: "1",
            }
        },
        "metadata": {"job": folder.name},
    }
    # First, so that a job is found again whose submitter is killed, or was not told of its success.
    write_json(folder / files.RAY, {"address": address, "submission": submission})
    try:
        _ask(address, "", content)
    except LateError:  # the guard finds out whether it was taken
        return
    except JobError:
        (folder / files.RAY).unlink(missing_ok=True)
        raise


def attend(folder: Path) -> None:
    """Return when a job has ended for good, for its guard; start it again where its node died."""
    tries = 0
    write_json(folder / files.GUARDED, Mark.of().to_dict())
    while not (folder / files.EXIT).exists() and folder.exists():
        if not is_over(folder):
            if (folder / files.CANCELLED).exists():
                _stop_if_it_answers(folder)
            time.sleep(GLANCE)
            continue
        # A shared disk may show a file some seconds after it was written.
        wait_until((folder / files.EXIT).exists, 2 * GLANCE)
        try:
            if tries == RETRIES or not _start_again(folder):
                break
            tries += 1
        except UnreachableError:
            time.sleep(GLANCE)
    (folder / files.GUARDED).unlink(missing_ok=True)


def _start_again(folder: Path) -> bool:
    """Submit a job again that ended without a word, unless it was cancelled; whether it was.

    Raises:
        UnreachableError: If the cluster does not answer now.
    """
    with files.locked(folder.parent):
        before = read_json(folder / files.RAY)
        ended = (folder / files.EXIT).exists() or (folder / files.CANCELLED).exists()
        if ended or before is None:
            return False
        if not is_over(folder):  # another guard was quicker
            return True
        (folder / files.WORK).unlink(missing_ok=True)
        try:
            submit(folder, str(before["address"]))
        except JobError as error:
            write_json(folder / files.RAY, before)  # it is no job that never began
            if isinstance(error, UnreachableError):
                raise
            return False
    return True


def _stop_if_it_answers(folder: Path) -> None:
    with contextlib.suppress(JobError):
        RayLauncher().stop(folder, 0)


def is_over(folder: Path) -> bool:
    """Whether Ray says that a job has ended; not where it does not answer."""
    found = submitted(folder)
    if found is None:
        return True
    try:
        return _status(*found) in (*OVER, UNKNOWN)
    except UnreachableError:
        return False


def _status(address: str, submission: str, *, fresh: bool = False) -> str:
    """Status of a submission, at most a second old."""
    at, said = _ANSWERS.status.get((address, submission), (0.0, ""))
    if not fresh and said and (said in OVER or time.monotonic() - at < FRESH):
        return said
    at, silence = _ANSWERS.silent.get(address, (0.0, ""))
    if not fresh and silence and time.monotonic() - at < FRESH:
        raise _unreachable(address, silence)
    said = str(_ask(address, submission).get("status", UNKNOWN))
    _ANSWERS.status[address, submission] = (time.monotonic(), said)
    return said


def _ask(address: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a cluster answers to a question (GET), or to an order with content (POST).

    Raises:
        UnreachableError: If nobody answers there.
        LateError: If the answer does not come in time.
        JobError: If the cluster refuses an order.
    """
    import urllib.error  # here, since who has no cluster need not wait for them
    import urllib.request

    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(  # noqa: S310  (the address was checked)
        f"{address}/api/jobs/{path}", data=data, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            found = json.loads(answer.read(LONGEST))
    except urllib.error.HTTPError as error:
        said = error.read(LONGEST).decode(errors="replace").strip()
        if content is not None:
            last = said.splitlines()[-1] if said else error.reason
            raise JobError(f"Ray refused: {last}", subject=address) from error
        if error.code == 404 and "does not exist" in said:
            return {}
        raise _unreachable(address, f"it answers {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:  # ValueError: what answers there is not Ray
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        _ANSWERS.silent[address] = (time.monotonic(), str(cause))
        late = isinstance(cause, TimeoutError)
        raise _unreachable(address, str(cause), LateError if late else UnreachableError) from error
    return found if isinstance(found, dict) else {}


def _unreachable(
    address: str, reason: str, kind: type[UnreachableError] = UnreachableError
) -> UnreachableError:
    return kind(
        f"the Ray cluster cannot be reached ({reason})",
        subject=address,
        remedy=f"Start it, or see that {ADDRESS} is its address",
    )


def amount(name: str, default: float, own: Mapping[str, str] | None = None) -> float:
    """A number of cores or graphics processors, by its name in the environment.

    Args:
        name: `CPUS` or `GPUS`.
        default: Where nothing is said.
        own: Variables that go before those of this process, as those of a job's order.

    Raises:
        ParameterError: If it is none.
    """
    text = (own or {}).get(name) or os.environ.get(name) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < files.BEYOND:
        raise ParameterError(f"{text} is not a number from 0", subject=name)
    return number
