"""What a busy core costs a training step, by the way in which threads share it."""

from __future__ import annotations

import multiprocessing
import signal
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import psutil
import torch

from ser_core.bench.training import CPU, batches_of, noise, seconds, step_trainer
from ser_core.core import keep_freed
from ser_core.training.precision import available


@dataclass(frozen=True)
class Way:
    """How a step is shared.

    Attributes:
        name: In words.
        parts: Of the batch; see `ser_core.training.ghost_batches`.
        threads: That it may use; all cores when None.
    """

    name: str
    parts: int
    threads: int | None


WAYS = (
    Way("batch in two parts", 2, None),
    Way("whole batch, all threads", 1, None),
    Way("whole batch, one thread", 1, 1),
)


@dataclass(frozen=True)
class Cost:
    """Medians of a step.

    Attributes:
        idle_ms: With nothing else to do.
        busy_ms: While another process keeps one core busy.
        slowdown: Busy over idle; the median over pairs of steps that followed each other.
    """

    idle_ms: float
    busy_ms: float
    slowdown: float

    def as_dict(self) -> dict[str, float]:
        """Fields as JSON takes them."""
        return asdict(self)


def beside_a_busy_core(pairs: int = 8) -> dict[str, Cost]:
    """Time the default step in each way, idle and beside a process that keeps a core busy.

    Args:
        pairs: Pairs of steps of each way that count, after two that do not.

    Returns:
        Cost by the name of the way.
    """
    keep_freed()
    data, threads = noise(), torch.get_num_threads()
    batches = batches_of(data)
    precision = available(CPU)[-1]
    trainers = {way.name: step_trainer(data, precision, parts=way.parts) for way in WAYS}
    times: dict[str, list[tuple[float, float]]] = {way.name: [] for way in WAYS}
    with _spinner() as spin:
        for number in range(pairs + 2):
            batch = batches[number % len(batches)]
            for way in WAYS:
                torch.set_num_threads(way.threads or threads)
                pair = []
                for busy in (False, True):
                    spin(busy)
                    work = trainers[way.name].step
                    pair.append(seconds(lambda b=batch, n=number, w=work: w(b, n)))  # type: ignore[misc]
                times[way.name].append((pair[0], pair[1]))
    torch.set_num_threads(threads)
    for trainer in trainers.values():
        trainer.parts.close()
    return {name: _cost(pairs[2:]) for name, pairs in times.items()}


def _cost(pairs: list[tuple[float, float]]) -> Cost:
    idle, busy = (statistics.median(each) for each in zip(*pairs, strict=True))
    return Cost(1000 * idle, 1000 * busy, statistics.median(b / i for i, b in pairs))


@contextmanager
def _spinner() -> Iterator[Any]:
    """A process that makes a core busy on command, and sleeps otherwise."""
    process = multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
    process.start()
    handle = psutil.Process(process.pid)

    def spin(busy: bool) -> None:
        handle.resume() if busy else handle.suspend()
        time.sleep(0.05)  # the scheduler needs a moment to see it

    try:
        yield spin
    finally:
        handle.resume()
        process.kill()
        process.join()


def _spin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        pass
