"""A model behind `mlflow models serve` that is sent garbage: it answers each time, and goes on."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ser_core import tracking
from ser_core.bench.servers import ADDRESS, free_port, started
from ser_core.core import ModelError, demo_corpus
from ser_core.serving.mlflow_logging import log_model
from ser_core.serving.responses import AUDIO
from ser_core.soak.machine import family_mb

START_S, ANSWER_S = 180.0, 120.0
JSON = "application/json"
NESTED = "lists in lists"
"""MLflow's server itself answers these with 500, before the model is asked, and goes on."""

Told = tuple[int, Mapping[str, str], bytes]
"""Status, headers and content of an answer; status 0 where none came."""

Announce = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Request:
    """What is sent.

    Attributes:
        kind: What is wrong with it, in words.
        body: Its content.
        content_type: As its header says.
    """

    kind: str
    body: bytes
    content_type: str = JSON


@dataclass(frozen=True)
class GarbageSoak:
    """What a served model answered.

    Attributes:
        requests: How many were garbage.
        answers: Kinds of requests with the status of their answers, and how often.
        sound_requests: Right requests in between.
        server_mb: Memory of the server's processes before and after.
        faults: Answers of status 5xx (but for `NESTED`), requests without an answer, and right ones
            with a wrong one.
    """

    requests: int
    answers: dict[str, int]
    sound_requests: int
    server_mb: tuple[float, float]
    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def rows(values: list[Any]) -> bytes:
    """Sounds, or what stands in their place, as `mlflow models serve` takes them."""
    return json.dumps(_records(AUDIO, values)).encode()


def garbage(
    count: int, seed: int = 0, sent: Callable[[list[Any]], bytes] = rows
) -> Iterator[Request]:
    """Requests that nobody should send, of every kind by turns.

    Args:
        count: How many.
        seed: Of their content.
        sent: Body of a request with these sounds, as the server takes them.
    """
    draw = random.Random(f"{seed} garbage")  # noqa: S311  (no secrets)
    clip = (demo_corpus() / "samples" / "SM0_anger_48.flac").read_bytes()
    makers: tuple[Callable[[], Request], ...] = (
        lambda: Request("random bytes", draw.randbytes(draw.randrange(2000))),
        lambda: Request("random bytes, no JSON", draw.randbytes(500), "application/x-anything"),
        lambda: Request("JSON that is cut", sent([text(clip)])[: draw.randrange(200)]),
        lambda: Request("another form of JSON", json.dumps(_anything(draw, 3)).encode()),
        lambda: Request("another column", json.dumps(_records("path", [_word(draw)])).encode()),
        lambda: Request("no text in the column", sent([_anything(draw, 2)])),
        lambda: Request("no base64", sent([_word(draw)])),
        lambda: Request("no sound", sent([text(draw.randbytes(draw.randrange(3000)))])),
        lambda: Request("a sound that is cut", sent([text(clip[: draw.randrange(len(clip))])])),
        lambda: Request("a sound with damage", sent([text(_damaged(clip, draw))])),
        lambda: Request("no rows", sent([])),
        lambda: Request(NESTED, b"[" * 5000),
        lambda: Request("several, all wrong", sent([_anything(draw, 1) for _ in range(5)])),
        lambda: Request("CSV", f"{AUDIO}\n{_word(draw)}\n".encode(), "text/csv"),
    )
    for number in range(count):
        yield makers[number % len(makers)]()


def _records(column: str, values: list[Any]) -> dict[str, Any]:
    return {"dataframe_records": [{column: value} for value in values]}


def text(content: bytes) -> str:
    """Content of a file in base64."""
    return base64.b64encode(content).decode()


def _word(draw: random.Random) -> str:
    return "".join(chr(draw.choice((draw.randrange(32, 127), draw.randrange(0x20, 0xD7FF))))
                   for _ in range(draw.randrange(40)))  # fmt: skip


def _damaged(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.randrange(1, 30)):
        changed[draw.randrange(min(len(changed), draw.choice((60, len(changed)))))] = (
            draw.randrange(256)
        )
    return bytes(changed)


def _anything(draw: random.Random, depth: int) -> Any:
    """A value of JSON."""
    plain: tuple[Any, ...] = (
        None, True, 0, -1, 10**30, 1e308, float("nan"), "", _word(draw), {}, [], "dataframe_split",
    )  # fmt: skip
    if depth == 0 or draw.random() < 0.4:
        return draw.choice(plain)
    inner = [_anything(draw, depth - 1) for _ in range(draw.randrange(3))]
    names = ("dataframe_records", "dataframe_split", "instances", "inputs", AUDIO, "params")
    return inner if draw.random() < 0.5 else {draw.choice(names): each for each in inner}


def try_garbage(
    folder: Path,
    count: int,
    place: Path,
    seed: int = 0,
    announce: Announce = lambda _done, _total, _note: None,
) -> GarbageSoak:
    """Log a model, serve it, and send it garbage with right requests in between.

    Args:
        folder: Of the model.
        count: Requests of garbage.
        place: Folder for the server's log. The model is logged in the runtime folder.
        seed: Of their content.
        announce: Called with the requests done and wanted, and a note.

    Raises:
        ModelError: If there is no model, or the server does not start.
    """
    announce(0, count, "logging the model")
    log = place / "server.log"
    uri = log_model(folder).uri
    announce(0, count, "starting the server")
    with served(uri, log) as server:
        return _sent(server, count, seed, announce)


def _sent(server: tuple[str, int], count: int, seed: int, announce: Announce) -> GarbageSoak:
    url, pid = server
    answers: Counter[str] = Counter()
    faults: list[str] = []
    clip = (demo_corpus() / "samples" / "SM0_anger_48.flac").read_bytes()
    right = Request("right", rows([text(clip)]))
    status, _, first = answered(url, right.body, right.content_type)
    if status != 200:
        raise ModelError(f"answered {status} to a right request", subject=url)
    before, rights = family_mb(pid), 1
    expected = _without_time(first)
    for number, request in enumerate(garbage(count, seed), start=1):
        status, _, told = answered(url, request.body, request.content_type)
        answers[f"{request.kind}: {status or 'no answer'}"] += 1
        if not (200 <= status < 500 or (status == 500 and request.kind == NESTED)):
            words = told.decode(errors="replace")[:300]
            faults.append(f"request {number}, {request.kind}: {status or 'no answer'}: {words}")
        if number % 20 == 0 or number == count:
            rights += 1
            status, _, told = answered(url, right.body, right.content_type)
            if status != 200 or _without_time(told) != expected:
                faults.append(f"after request {number}: a right request is answered otherwise")
            announce(number, count, "garbage")
    return GarbageSoak(
        count, dict(sorted(answers.items())), rights, (before, family_mb(pid)), faults
    )


def _without_time(told: bytes) -> Any:
    rows = json.loads(told)["predictions"]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def answered(url: str, body: bytes | None, content_type: str, method: str = "POST") -> Told:
    """Send a request to a server on this computer, and take whatever comes back.

    Args:
        url: Of the server.
        body: Content of the request; None for none.
        content_type: As its header says.
        method: Of HTTP.
    """
    request = urllib.request.Request(  # noqa: S310  (on this computer)
        url, body, {"Content-Type": content_type}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310
            return int(answer.status), dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return int(error.code), dict(error.headers), error.read()
    except OSError as error:
        return 0, {}, str(error).encode()


@contextlib.contextmanager
def served(uri: str, log: Path, start_s: float = START_S) -> Iterator[tuple[str, int]]:
    """Address and process of a server, which is ended with all its processes.

    Args:
        uri: Of the model in MLflow.
        log: File for what the server prints.
        start_s: Seconds within which it must answer.

    Raises:
        ModelError: If it does not.
    """
    address = f"http://{ADDRESS}:{(port := free_port())}"
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"MLFLOW_TRACKING_URI": tracking.uri(), "OMP_NUM_THREADS": "1", "PATH": programs}
    command = ["mlflow", "models", "serve", "--model-uri", uri, "--env-manager", "local"]
    command += ["--port", str(port)]
    # Not the folder of the sources: what was logged must be enough.
    with started(
        command, f"{address}/ping", log, environment=own, folder=log.parent, start_s=start_s
    ) as pid:
        yield f"{address}/invocations", pid
