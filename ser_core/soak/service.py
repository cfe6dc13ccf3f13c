"""A service under mixed load for minutes: right answers only, whatever comes in between."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ser_core.bench.servers import ADDRESS, free_port, started
from ser_core.core import demo_corpus
from ser_core.serving.responses import AUDIO
from ser_core.serving.service import DIGITS
from ser_core.soak.garbage import ANSWER_S, Told, answered, garbage, text
from ser_core.soak.machine import family_mb, growth_kb

READINGS = 20
"""Times that memory is read."""

PAUSE_S = 0.2
"""A caller's pause after it was refused."""

LAST_DIGIT = 1.5 * 10.0**-DIGITS
"""Sounds that are computed together differ in digits after these, which may round otherwise."""

MOST_FAULTS = 50
"""Faults that are kept; a service that is wrong once is often wrong always."""

ANSWER, VOICE, COURSE, GARBAGE = "answer", "answer of an enrolled voice", "timeline", "garbage"
ENROL, FORGET, FORGOTTEN = "enrol", "forget a voice", "answer of a forgotten voice"

SHARES = {ANSWER: 60, VOICE: 15, COURSE: 5, GARBAGE: 15, ENROL: 5}
"""Of the kinds of requests, in percent; a voice is forgotten when its caller enrols the next."""

Announce = Callable[[int, int, str], None]


@dataclass(frozen=True)
class ServiceSoak:
    """What a service answered under load.

    Attributes:
        minutes: For how long.
        callers: That asked at the same time, each one request after the other.
        at_once: Requests that the service takes at the same time.
        answers: Kinds of requests with the status of their answers, and how often.
        compared: Answers that were compared with the first for the same sound.
        p50_s: Median time of the answers with probabilities, in seconds.
        p99_s: 99th percentile of it.
        memory_mb: Of the server's processes, at equal distances of time.
        growth_kb: Slope of it over the second half, a minute.
        faults: Wrong answers, status 5xx, refusals without Retry-After, none at all.
    """

    minutes: float
    callers: int
    at_once: int
    answers: dict[str, int]
    compared: int
    p50_s: float
    p99_s: float
    memory_mb: list[float]
    growth_kb: float
    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def try_service(
    model: Path, minutes: float, place: Path, *, callers: int = 8, at_once: int = 6,
    seed: int = 0, announce: Announce = lambda _done, _total, _note: None,
) -> ServiceSoak:  # fmt: skip
    """Serve a model, and let callers ask it side by side for a time.

    Each sends sounds, sounds with a voice that it has enrolled, sounds for a timeline, and garbage,
    and forgets its voice for another. Every answer must be the first one for the same sound.

    Args:
        model: Folder of it, or an ONNX file.
        minutes: For how long.
        place: Folder for the log of the server.
        callers: That ask at the same time.
        at_once: Requests that the service takes at the same time; fewer than callers, and some are
            refused with 429.
        seed: Of what is asked.
        announce: Called with the readings of memory done and wanted, and a note.

    Raises:
        ModelError: If the service does not start.
    """
    url = f"http://{ADDRESS}:{(port := free_port())}"
    command = [sys.executable, "-m", "ser_core", "serve", "--model", str(model.absolute())]
    command += ["--port", str(port), "--at-once", str(at_once)]
    announce(0, READINGS, "starting the service")
    with started(command, f"{url}/health", place / "service.log") as pid:
        tally = _Tally()
        end = time.monotonic() + 60 * minutes
        with urllib.request.urlopen(f"{url}/health") as told:  # noqa: S310  (on this computer)
            enrols = json.load(told)["enrols"]
        asked = [_Caller(url, f"{seed} {each}", tally, end, enrols) for each in range(callers)]
        threads = [threading.Thread(target=each.run, daemon=True) for each in asked]
        readings = [family_mb(pid)]
        for thread in threads:
            thread.start()
        for number in range(1, READINGS + 1):
            time.sleep(max(0.0, end - 60 * minutes * (1 - number / READINGS) - time.monotonic()))
            readings.append(family_mb(pid))
            announce(number, READINGS, f"{tally.answers.total():,} requests")
        for thread in threads:
            thread.join(ANSWER_S)
        if any(thread.is_alive() for thread in threads):
            tally.fault("a caller still waits for its answer")
    times = np.quantile(tally.seconds, (0.5, 0.99)) if tally.seconds else (np.nan, np.nan)
    return ServiceSoak(
        minutes, callers, at_once, dict(sorted(tally.answers.items())), tally.compared,
        round(float(times[0]), 3), round(float(times[1]), 3), readings,
        growth_kb(readings, 1) * READINGS / minutes,
        tally.faults,
    )  # fmt: skip


class _Tally:
    """What all callers have seen."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.first: dict[tuple[str, ...], Any] = {}
        self.seconds: list[float] = []
        self.faults: list[str] = []
        self.compared = 0
        self._lock = threading.Lock()

    def count(self, kind: str, status: int, seconds: float) -> None:
        """Take note of an answer."""
        with self._lock:
            self.answers[f"{kind}: {status or 'no answer'}"] += 1
            if status == 200:
                self.seconds.append(seconds)

    def compare(self, key: tuple[str, ...], found: Any) -> None:
        """Hold an answer against the first of its sound."""
        with self._lock:
            if not _same(self.first.setdefault(key, found), found):
                self.fault(f"{', '.join(key)}: another answer than before")
            self.compared += 1

    def fault(self, what: str) -> None:
        """Take note of what is wrong."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(what)


class _Caller:
    """One that asks, request after request."""

    def __init__(self, url: str, seed: str, tally: _Tally, end: float, enrols: bool) -> None:
        self.url, self.tally, self.end, self.enrols = url, tally, end, enrols
        self.draw = random.Random(seed)  # noqa: S311  (no secrets)
        self.garbage = _endless_garbage(self.draw)
        clips = sorted((demo_corpus() / "samples").iterdir())
        self.clips = {path.name: text(path.read_bytes()) for path in clips}
        self.voice, self.of = "", ""

    def run(self) -> None:
        """Ask until the time is over."""
        kinds, shares = list(SHARES), list(SHARES.values())
        try:
            self._enrol()
            while time.monotonic() < self.end:
                (kind,) = self.draw.choices(kinds, shares)
                self._once(kind)
        except Exception as error:  # noqa: BLE001  (what a thread raises would be lost)
            self.tally.fault(f"a caller ended: {type(error).__name__}: {error}")

    def _once(self, kind: str) -> None:
        if kind == ENROL:
            self._forget()
            self._enrol()
        elif kind == GARBAGE:
            body, form = next(self.garbage)
            self._asked(kind, "predict", body, form)
        elif kind != VOICE or self.voice:
            self._sound(kind)

    def _sound(self, kind: str) -> None:
        """Have a clip answered, and compare."""
        name = self.draw.choice(list(self.clips))
        more = {"voice": self.voice} if kind == VOICE else {}
        path = "timeline?window=1&hop=0.5" if kind == COURSE else "predict"
        status, _, told = self._asked(kind, path, _body(self.clips[name], **more))
        if status == 200:
            found = json.loads(told)
            found.pop("seconds", None)
            self.tally.compare((kind, name, self.of if kind == VOICE else ""), found)

    def _enrol(self) -> None:
        """Enrol three clips of one speaker of the demo as a voice, where the model uses it."""
        if not self.enrols:
            return
        self.of = self.draw.choice(sorted({name.partition("_")[0] for name in self.clips}))
        own = [clip for name, clip in self.clips.items() if name.startswith(self.of)][:3]
        status, _, told = self._asked(ENROL, "voices", _body(own))
        self.voice = json.loads(told)["voice"] if status == 201 else ""

    def _forget(self) -> None:
        if not self.voice:
            return
        status, _, _ = self._asked(FORGET, f"voices/{self.voice}", None, method="DELETE")
        if status == 204:
            clip = next(iter(self.clips.values()))
            status, _, _ = self._asked(FORGOTTEN, "predict", _body(clip, voice=self.voice))
            if status not in (404, 429):
                self.tally.fault(f"a voice that was forgotten: {status}")

    def _asked(
        self, kind: str, path: str, body: bytes | None, form: str = "application/json",
        method: str = "POST",
    ) -> Told:  # fmt: skip
        begun = time.perf_counter()
        told = answered(f"{self.url}/{path}", body, form, method)
        status, headers, content = told
        self.tally.count(kind, status, time.perf_counter() - begun)
        if status == 0 or status >= 500:
            words = content.decode(errors="replace")[:300]
            self.tally.fault(f"{kind}: {status or 'no answer'}: {words}")
        elif status == 429:
            if "retry-after" not in {name.lower() for name in headers}:
                self.tally.fault(f"{kind}: refused without Retry-After")
            time.sleep(PAUSE_S)
        return told


def _same(one: Any, other: Any) -> bool:
    """Whether two answers are equal, numbers to the last digit that the service gives."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[each], other[each]) for each in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < LAST_DIGIT
    return bool(one == other)


def _endless_garbage(draw: random.Random) -> Iterator[tuple[bytes, str]]:
    while True:
        for each in garbage(140, draw.randrange(2**32), _body):
            yield each.body, each.content_type


def _body(sounds: Any, **more: str) -> bytes:
    return json.dumps({AUDIO: sounds, **more}).encode()
