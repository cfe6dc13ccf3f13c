"""Counts and times of the service, in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the buckets of answer times, in seconds."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What the service has done since it started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._times: Counter[float] = Counter()
        self._seconds = 0.0
        self._batches = self._sounds = 0
        self.in_flight = 0

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request. Times count where it was answered with 200."""
        with self._lock:
            self._requests[path, status] += 1
            if status == 200:
                self._seconds += seconds
                self._times[next((end for end in BOUNDS if seconds <= end), float("inf"))] += 1

    def batch(self, sounds: int) -> None:
        """Count a call of the model."""
        with self._lock:
            self._batches += 1
            self._sounds += sounds

    def text(self, voices: int) -> str:
        """All of it.

        Args:
            voices: That are enrolled now.
        """
        with self._lock:
            return "\n".join([*self._lines(voices), ""])

    def _lines(self, voices: int) -> Iterator[str]:
        yield from _head("ser_requests_total", "counter", "Requests by path and status.")
        for (path, status), count in sorted(self._requests.items()):
            yield f'ser_requests_total{{path="{path}",status="{status}"}} {count}'
        yield from _head("ser_request_seconds", "histogram", "Time of requests answered with 200.")
        below = 0
        for end in (*BOUNDS, float("inf")):
            below += self._times[end]
            bound = "+Inf" if end == float("inf") else f"{end:g}"
            yield f'ser_request_seconds_bucket{{le="{bound}"}} {below}'
        yield f"ser_request_seconds_sum {self._seconds:.6f}"
        yield f"ser_request_seconds_count {below}"
        yield from _head("ser_batches_total", "counter", "Calls of the model.")
        yield f"ser_batches_total {self._batches}"
        yield from _head("ser_batched_sounds_total", "counter", "Sounds in these calls.")
        yield f"ser_batched_sounds_total {self._sounds}"
        yield from _head("ser_requests_in_flight", "gauge", "Requests that are being answered.")
        yield f"ser_requests_in_flight {self.in_flight}"
        yield from _head("ser_voices", "gauge", "Enrolled voices.")
        yield f"ser_voices {voices}"


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
