"""Memory of one process over very many predictions, and of a server over very many page loads."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ser_core.audio import load
from ser_core.bench.browser import AT_REST, STEP_MS, chromium, workbench
from ser_core.core import demo_corpus
from ser_core.inference.classify import open_answering, open_model
from ser_core.soak.machine import growth_kb, memory_mb

PAGES = (
    "", "corpus", "predict", "representations", "train", "ensemble", "results", "explain",
    "robustness", "export",
)  # fmt: skip

READINGS = 20
"""Times that memory is read."""

Announce = Callable[[int, int, str], None]


@dataclass(frozen=True)
class MemorySoak:
    """Resident memory at equal distances of work.

    Attributes:
        work: What was done.
        times: How often.
        memory_mb: Of the process, before and after each part of it.
        growth_kb: Slope over the second half, a time, by least squares.
        faults: Answers that were not as the first of their clip, or pages without an answer.
    """

    work: str
    times: int
    memory_mb: list[float]
    growth_kb: float
    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def try_predictions(
    folder: Path, times: int, *, torch: bool = False,
    announce: Announce = lambda _done, _total, _note: None,
) -> MemorySoak:  # fmt: skip
    """Classify clips of the demo one after the other in this process.

    Args:
        folder: Of the model.
        times: Predictions.
        torch: Whether by the networks, not by the ONNX copy of the model where it has one.
        announce: Called with the predictions done and wanted, and a note.
    """
    model = open_model(folder) if torch else open_answering(folder)
    clips = sorted((demo_corpus() / "samples").iterdir())
    first: dict[Path, Any] = {}
    faults, readings, every = [], [round(memory_mb(), 1)], _every(times)
    for number in range(1, times + 1):
        clip = clips[number % len(clips)]
        given = model.probabilities([load(clip, sample_rate=model.predictor.sample_rate)])[0]
        if not np.array_equal(first.setdefault(clip, given), given):
            faults.append(f"prediction {number}: {clip.name} was answered otherwise before")
        if number % every == 0:
            readings.append(round(memory_mb(), 1))
            announce(number, times, "predictions")
    way = "torch" if torch else "as Predict answers"
    return MemorySoak(f"predictions, {way}", times, readings, growth_kb(readings, every), faults)


def try_page_loads(
    times: int, announce: Announce = lambda _done, _total, _note: None
) -> MemorySoak:
    """Open the pages of a workbench in Chromium by turns; each load is a new session.

    Streamlit keeps sessions that are gone for two minutes, and at most 128 of these: what they
    hold is part of the memory.

    Args:
        times: Loads.
        announce: Called with the loads done and wanted, and a note.

    Raises:
        ParameterError: If there is no Chromium, or playwright is not installed.
    """
    faults, every = [], _every(times)
    with workbench() as server, chromium() as browser:
        readings = [round(memory_mb(server.pid), 1)]
        with contextlib.closing(browser.new_context()) as context:
            for number in range(1, times + 1):
                page = PAGES[number % len(PAGES)]
                fault = _load(context, f"{server.url}/{page}")
                faults += [f"load {number}, {page or 'home'}: {fault}"] if fault else []
                if number % every == 0:
                    readings.append(round(memory_mb(server.pid), 1))
                    announce(number, times, "page loads")
    return MemorySoak("page loads", times, readings, growth_kb(readings, every), faults)


def _load(context: Any, url: str) -> str:
    """Open a page in a new tab and wait until it has come to rest; what is wrong with it."""
    with contextlib.closing(context.new_page()) as tab:
        tab.set_default_timeout(STEP_MS)
        tab.goto(url)
        tab.wait_for_selector("h1")
        tab.wait_for_selector(AT_REST)
        return "shows an exception" if tab.get_by_test_id("stException").count() else ""


def _every(times: int) -> int:
    return max(1, times // READINGS)
