"""How long a fresh process takes to its first answer: by the ONNX copy of a model, and by torch."""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser_core.bench.browser import AT_REST, STEP_MS, chromium, workbench
from ser_core.core import REPOSITORY, ModelError
from ser_core.inference.onnx_copy import SWITCH, copy_of

ONNX, TORCH = "onnx", "torch"
WAYS = {ONNX: "1", TORCH: "0"}
"""Ways to answer, and the value of `SWITCH` in the environment that chooses each."""

Announce = Callable[[str], None]
Times = dict[str, list[dict[str, float]]]

PROGRAM = """
import json, sys, time
begun = time.perf_counter()
from pathlib import Path
from ser_core.inference.classify import Recording, classify, open_answering
imported = time.perf_counter()
model = open_answering(Path(sys.argv[1]))
opened = time.perf_counter()
table = classify(model, [Recording("clip", Path(sys.argv[2]))])
answered = time.perf_counter()
print(json.dumps({
    "import": imported - begun, "open": opened - imported, "answer": answered - opened,
    "torch": "torch" in sys.modules, "said": table["answer"].iloc[0],
}))
"""

ANSWER = re.compile(r"Confidence \d+ %|The most probable class has")


@dataclass(frozen=True)
class FirstAnswers:
    """Seconds to the first answer of fresh processes, both ways by turns.

    Attributes:
        times: Rounds of each way: seconds of each stage, and `total`.
        ratio: Median over the rounds of torch / ONNX, of `total`.
        ratio_low: Least of a round.
        ratio_high: Greatest of a round.
    """

    times: Times
    ratio: float
    ratio_low: float
    ratio_high: float

    def median(self, way: str, stage: str) -> float:
        """Median over the rounds, in seconds."""
        return statistics.median(each[stage] for each in self.times[way])

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return dict(vars(self))


def compare_processes(
    folder: Path, clip: Path, rounds: int = 5, announce: Announce = lambda _step: None
) -> FirstAnswers:
    """Time fresh Python processes that import, open a model and classify one clip.

    `total` is from the start of the process to its end, the start of Python included.

    Args:
        folder: Of a model with a valid ONNX copy.
        clip: Sound file.
        rounds: Of both, by turns; one more comes first and does not count.
        announce: Called with the name of each step as it begins.

    Raises:
        ModelError: If the model has no valid copy, or a process fails or loads torch nevertheless.
    """
    _require_copy(folder)

    def once(way: str) -> dict[str, float]:
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder.absolute()), str(clip.absolute())],
            cwd=REPOSITORY, env={**os.environ, SWITCH: WAYS[way]}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        total = time.perf_counter() - begun
        if done.returncode:
            raise ModelError("could not answer", subject=str(folder), remedy=done.stderr[-500:])
        found = json.loads(done.stdout.splitlines()[-1])
        if found["torch"] != (way == TORCH):
            raise ModelError(f"loaded torch: {found['torch']}, by {way}", subject=str(folder))
        return {**{name: found[name] for name in ("import", "open", "answer")}, "total": total}

    return _by_turns(once, rounds, announce)


def compare_in_browser(
    clip: Path, rounds: int = 3, announce: Announce = lambda _step: None
) -> FirstAnswers:
    """Time the page Predict of fresh servers in a real Chromium, with the bundled model.

    `page` is from asking a server that has just started for Predict until a file can be dropped,
    `total` from the drop of the file to the answer on the screen.

    Args:
        clip: Sound file.
        rounds: Of both, by turns; one more comes first and does not count.
        announce: Called with the name of each step as it begins.

    Raises:
        ModelError: If the bundled model has no valid copy.
        ParameterError: If there is no Chromium, or playwright is not installed.
    """
    from ser_core.inference.catalogue import bundled_folder

    _require_copy(bundled_folder())
    with chromium() as browser:
        return _by_turns(lambda way: _visit(browser, way, clip), rounds, announce)


def _visit(browser: Any, way: str, clip: Path) -> dict[str, float]:
    with (
        workbench({SWITCH: WAYS[way]}) as server,
        contextlib.closing(browser.new_page()) as page,
    ):
        page.set_default_timeout(STEP_MS)
        begun = time.perf_counter()
        page.goto(f"{server.url}/predict?source=Upload")
        field = page.locator(".st-key-upload input[type=file]")
        field.wait_for(state="attached")
        page.wait_for_selector(AT_REST)
        shown = time.perf_counter()
        field.set_input_files(clip)
        page.get_by_text(ANSWER).first.wait_for()
        return {"page": shown - begun, "total": time.perf_counter() - shown}


def _by_turns(
    once: Callable[[str], dict[str, float]], rounds: int, announce: Announce
) -> FirstAnswers:
    times: Times = {way: [] for way in WAYS}
    for number in range(rounds + 1):
        for way in WAYS:
            announce(f"{way}, round {number} of {rounds}" if number else f"{way}, warm-up")
            found = once(way)
            if number:  # the first reads files that are in no cache yet
                times[way].append(found)
    pairs = zip(times[TORCH], times[ONNX], strict=True)
    ratios = [torch["total"] / onnx["total"] for torch, onnx in pairs]
    return FirstAnswers(times, statistics.median(ratios), min(ratios), max(ratios))


def _require_copy(folder: Path) -> None:
    if copy_of(folder) is None:
        raise ModelError(
            "has no valid ONNX copy",
            subject=str(folder),
            remedy=f"python -m ser_core export --beside --model {folder}",
        )
