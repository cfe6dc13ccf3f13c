"""A process of its own that runs one ONNX graph of another maker, within limits.

`python onnx_worker.py` speaks over its standard input and output in frames: eight bytes of length,
then the content. First comes what is to be run (a line of JSON with the limits, then the model),
which is answered by the graph's inputs and outputs; then any number of runs (a line of JSON with
the names of the outputs, then the inputs as an npz archive), each answered by an npz archive. An
answer begins with a line of JSON, which has `error` where something went wrong.

It imports numpy and onnxruntime alone, writes no file, and ends when its parent does.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
from typing import Any, BinaryIO


def main() -> None:
    """Serve until standard input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    head, content = parted(receive(source) or b"{}\n")
    limits = json.loads(head)
    limit(limits["bytes"])
    session = answered(sink, lambda: opened(content, limits["threads"]))
    if session is None:
        return
    send(sink, {"graph": described(session)}, b"")
    while (frame := receive(source)) is not None:
        head, content = parted(frame)
        spend(limits["seconds"] * max(1, limits["threads"]))
        outputs = answered(sink, lambda: run(session, json.loads(head)["names"], content))  # noqa: B023 - called at once
        if outputs is not None:
            send(sink, {}, outputs)


def limit(most: int) -> None:
    """Bound the memory of this process, and let it write no file."""
    for which, value in (
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (value, value))


def spend(seconds: float) -> None:
    """Bound the processor time from now on, in case the parent is gone and cannot end this."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    total = used.ru_utime + used.ru_stime + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(total) + 1, hard))


def opened(content: bytes, threads: int) -> Any:
    """A session of the graph on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def described(session: Any) -> dict[str, list[list[Any]]]:
    """Name and shape of all that goes in and comes out."""
    kinds = {
        "inputs": session.get_inputs(),
        "optional": session.get_overridable_initializers(),
        "outputs": session.get_outputs(),
    }
    return {kind: [[each.name, list(each.shape)] for each in own] for kind, own in kinds.items()}


def run(session: Any, names: list[str], content: bytes) -> bytes:
    """Outputs of a run as an npz archive, numbered in the order of their names."""
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as feeds:
        found = session.run(names, dict(feeds))
    packed = io.BytesIO()
    np.savez(packed, **{str(number): each for number, each in enumerate(found)})
    return packed.getvalue()


def answered(sink: BinaryIO, call: Any) -> Any:
    """What a call gives; None after it was said what went wrong."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - onnxruntime's kinds are not public; all are told
        lines = str(error).splitlines() or [""]
        send(sink, {"error": f"{type(error).__name__}: {lines[0]:.300}"}, b"")
        return None


def receive(source: BinaryIO) -> bytes | None:
    """The next frame; None at the end."""
    head = source.read(8)
    if len(head) < 8:
        return None
    (size,) = struct.unpack("<Q", head)
    return source.read(size)


def send(sink: BinaryIO, head: dict[str, Any], content: bytes) -> None:
    """Write a frame."""
    frame = json.dumps(head).encode() + b"\n" + content
    sink.write(struct.pack("<Q", len(frame)) + frame)
    sink.flush()


def parted(frame: bytes) -> tuple[bytes, bytes]:
    """The line of JSON of a frame, and what follows."""
    head, _, content = frame.partition(b"\n")
    return head, content


if __name__ == "__main__":
    main()
