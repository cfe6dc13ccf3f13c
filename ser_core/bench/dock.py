"""What the dock below every page costs: changes of the page with and without it, in turns."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from typing import Any

from ser_core.bench.scripts import run_script

PAGES = ("corpus", "representations", "predict", "results")
"""Pages that are changed between: they are drawn without a long computation."""

VISITS = """
import json, sys, time
from unittest import mock
from streamlit.testing.v1 import AppTest
from pages.components import dock, model_picker
from ser_core.inference.catalogue import models

def without(here):
    # What pages take from the dock, without drawing anything.
    import streamlit as st
    found = models()
    st.session_state[model_picker.CURRENT] = model_picker._chosen(found) if found else None

def changed(page):
    begun = time.perf_counter()
    app.switch_page(f"pages/{page}/page.py").run()
    seconds = time.perf_counter() - begun
    assert not app.exception, app.exception
    return seconds

app = AppTest.from_file("app.py", default_timeout=600).run()
names, rounds = json.loads(sys.argv[1]), int(sys.argv[2])
times = {"with": {name: [] for name in names}, "without": {name: [] for name in names}}
for number in range(rounds + 1):
    for name in names:
        for way in ("with", "without") if number % 2 else ("without", "with"):
            changed("home")
            if way == "with":
                took = changed(name)
            else:
                with mock.patch.object(dock, "show", without), mock.patch.object(
                    dock, "finish", lambda *_: None
                ):
                    took = changed(name)
            if number:  # the first round fills caches
                times[way][name].append(took)
print(json.dumps(times))
"""
"""Runs pages as the server does, in a process of its own."""


@dataclass(frozen=True)
class DockCost:
    """Seconds of changes of the page, and what the dock adds.

    Attributes:
        with_s: Median with the dock, by page.
        without_s: Median without it, by page.
        ratio: Of the medians, with to without, by page.
        median_ratio: Over the pages.
        rounds: Changes that were timed of each page and way.
    """

    with_s: dict[str, float]
    without_s: dict[str, float]
    ratio: dict[str, float]
    median_ratio: float
    rounds: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def measure(rounds: int) -> DockCost:
    """Change pages with and without the dock in turns, in one process.

    Args:
        rounds: Changes of each page by each way.

    Raises:
        ParameterError: If a page fails.
    """
    return compared(run_script(VISITS, json.dumps(PAGES), str(rounds), subject="a page"))


def compared(times: dict[str, dict[str, list[float]]]) -> DockCost:
    """Medians and their ratios of the seconds of each page, "with" and "without"."""
    medians = {
        way: {name: statistics.median(each) for name, each in pages.items()}
        for way, pages in times.items()
    }
    ratio = {name: each / medians["without"][name] for name, each in medians["with"].items()}
    rounded = {
        way: {name: round(each, 4) for name, each in pages.items()}
        for way, pages in medians.items()
    }
    return DockCost(
        rounded["with"],
        rounded["without"],
        {name: round(each, 3) for name, each in ratio.items()},
        round(statistics.median(ratio.values()), 3),
        len(next(iter(times["with"].values()))),
    )
