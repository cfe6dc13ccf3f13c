"""Sessions of onnxruntime: of our own files in this process, of others in one with limits."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from ser_core.core import ModelError, settings

SECONDS = 120.0
"""For which a file of another maker may work on one request before it is stopped."""

MEMORY = 6 * 2**30
"""Bytes of memory that such a file may take."""

ANSWER = 256 * 2**20
"""Most bytes of an answer of such a file."""

REMEDY = "Export the model again, or fetch it again"

_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_WORKER = Path(__file__).with_name("onnx_worker.py")
_written: set[str] = set()

Arrays = Sequence[npt.NDArray[Any]]


@dataclass(frozen=True)
class Tensor:
    """Name and shape of an input or output; a shape may hold names for sizes that vary."""

    name: str
    shape: list[Any]


class Session(Protocol):
    """What is used of `onnxruntime.InferenceSession`."""

    def run(self, names: Sequence[str], feeds: Mapping[str, npt.NDArray[Any]]) -> Arrays:
        """Outputs of these names."""
        ...

    def get_inputs(self) -> Sequence[Any]:
        """What has to be given."""
        ...

    def get_overridable_initializers(self) -> Sequence[Any]:
        """What may be given."""
        ...

    def get_outputs(self) -> Sequence[Any]:
        """What comes out."""
        ...


def note_written(content: bytes) -> None:
    """Note that this process has made these bytes."""
    _written.add(hashlib.sha256(content).hexdigest())


def is_own(content: bytes, path: Path) -> bool:
    """Whether a file was made by this workbench: bundled, in its runtime folder, or just written.

    The seal of a file says nothing of that: whoever makes one can seal it.
    """
    place = Path(os.path.realpath(path))
    homes = (settings.REPOSITORY / "artifacts" / "pretrained", settings.home())
    if any(place.is_relative_to(os.path.realpath(home)) for home in homes):
        return True
    return bool(_written) and hashlib.sha256(content).hexdigest() in _written


def session_of(content: bytes, path: Path, threads: int | None) -> Session:
    """A session on the processor.

    Raises:
        ModelError: If onnxruntime cannot run the graph.
    """
    if not is_own(content, path):
        return GuardedSession(content, str(path), threads or 1)
    return DirectSession(content, str(path), threads)


@dataclass(frozen=True, eq=False)
class DirectSession:
    """A session in this process.

    Args:
        content: The model.
        subject: What errors call it.
        threads: That it may use; as many as there are cores when None.

    Raises:
        ModelError: If onnxruntime cannot run the graph.
    """

    content: bytes = field(repr=False)
    subject: str
    threads: int | None = None
    session: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # Threads that wait for the next prediction would keep a core busy for 20 ms after each.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if self.threads:
            options.intra_op_num_threads = self.threads
        try:
            made = onnxruntime.InferenceSession(
                self.content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its kinds are not public
            raise _cannot_run(_line(error), self.subject) from error
        object.__setattr__(self, "session", made)
        object.__setattr__(self, "content", b"")  # the session has its own copy

    def run(self, names: Sequence[str], feeds: Mapping[str, npt.NDArray[Any]]) -> Arrays:
        """Outputs of these names.

        Raises:
            ModelError: If the graph fails.
        """
        try:
            found: Arrays = self.session.run(list(names), dict(feeds))
        except Exception as error:  # its kinds are not public
            raise _cannot_run(_line(error), self.subject) from error
        return found

    def get_inputs(self) -> Sequence[Any]:
        """What has to be given."""
        found: Sequence[Any] = self.session.get_inputs()
        return found

    def get_overridable_initializers(self) -> Sequence[Any]:
        """What may be given."""
        found: Sequence[Any] = self.session.get_overridable_initializers()
        return found

    def get_outputs(self) -> Sequence[Any]:
        """What comes out."""
        found: Sequence[Any] = self.session.get_outputs()
        return found


class GuardedSession:
    """A session in a process of its own, with a bound on its time and memory.

    Args:
        content: The model.
        subject: What errors call it.
        threads: That it may use.
        seconds: For which it may work on one request.
        memory: Bytes that it may take.

    Raises:
        ModelError: If onnxruntime cannot run the graph, or not within the bounds.
    """

    def __init__(
        self,
        content: bytes,
        subject: str,
        threads: int = 1,
        *,
        seconds: float = SECONDS,
        memory: int = MEMORY,
    ) -> None:
        self.subject, self.seconds = subject, seconds
        limits = {"threads": threads, "seconds": seconds, "bytes": memory}
        self._opening = json.dumps(limits).encode() + b"\n" + content
        self._turn = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None
        with self._turn:
            self._graph = self._open()

    def run(self, names: Sequence[str], feeds: Mapping[str, npt.NDArray[Any]]) -> Arrays:
        """Outputs of these names.

        Raises:
            ModelError: If the graph fails, takes too long, or takes too much memory.
        """
        packed = io.BytesIO()
        np.savez(packed, **feeds)  # type: ignore[arg-type]  # names of inputs are no options
        request = json.dumps({"names": list(names)}).encode() + b"\n" + packed.getvalue()
        with self._turn:
            if self._worker is None:
                self._open()
            _, content = self._ask(request)
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            return [found[str(number)] for number in range(len(names))]

    def get_inputs(self) -> Sequence[Tensor]:
        """What has to be given."""
        return self._tensors("inputs")

    def get_overridable_initializers(self) -> Sequence[Tensor]:
        """What may be given."""
        return self._tensors("optional")

    def get_outputs(self) -> Sequence[Tensor]:
        """What comes out."""
        return self._tensors("outputs")

    def _tensors(self, kind: str) -> list[Tensor]:
        return [Tensor(name, shape) for name, shape in self._graph[kind]]

    def _open(self) -> dict[str, Any]:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._worker = subprocess.Popen(
            [sys.executable, "-E", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        weakref.finalize(self, _end, self._worker)
        graph: dict[str, Any] = self._ask(self._opening)[0]["graph"]
        return graph

    def _ask(self, request: bytes) -> tuple[dict[str, Any], bytes]:
        """Send a request and wait for its answer, at most so long."""
        worker = cast("subprocess.Popen[bytes]", self._worker)  # whoever asks has opened it
        late = threading.Event()

        def stop() -> None:
            late.set()
            worker.kill()

        timer = threading.Timer(self.seconds, stop)
        timer.start()
        try:
            answer = _exchange(worker, request)
        finally:
            timer.cancel()
        if answer is None:
            self._worker = None
            _end(worker)
            raise _cannot_run(
                f"it took longer than {self.seconds:g} s and was stopped"
                if late.is_set()
                else "it took more memory or time than a file of another maker may, or gave too "
                "much",
                self.subject,
            )
        head, _, content = answer.partition(b"\n")
        told = json.loads(head)
        if "error" in told:
            raise _cannot_run(str(told["error"]), self.subject)
        return told, content


def _exchange(worker: subprocess.Popen[bytes], request: bytes) -> bytes | None:
    """Answer to a request; None where the worker ends before, or answers too much."""
    source, sink = cast("IO[bytes]", worker.stdin), cast("IO[bytes]", worker.stdout)
    try:
        source.write(struct.pack("<Q", len(request)) + request)
        source.flush()
        head = sink.read(8)
        if len(head) < 8:
            return None
        (size,) = struct.unpack("<Q", head)
        if size > ANSWER:
            return None
        answer = sink.read(size)
    except OSError:  # it has ended
        return None
    return answer if len(answer) == size else None


def _end(worker: subprocess.Popen[bytes]) -> None:
    """End a worker and collect it."""
    worker.kill()
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what was not sent yet has nobody to go to
                continue


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _cannot_run(problem: str, subject: str) -> ModelError:
    return ModelError(f"cannot be run ({problem:.300})", subject=subject, remedy=REMEDY)
