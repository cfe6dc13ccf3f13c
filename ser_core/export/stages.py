"""How far an export is: its stages, each as long as it takes, and which of them is under way."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence

Report = Callable[[int, int, str], None]
StageCallback = Callable[[str], None]

OPENING = "opening the model"
TRACING = {
    "Obtain model graph": "following every step of the model",
    "Run decompositions": "taking the steps apart",
    "Translate the graph": "writing the graph",
    "Optimize the ONNX graph": "simplifying the graph",
}
"""Messages of the exporter as its stages begin, and their names for users."""

_TAKES = {
    OPENING: 2,
    "following every step of the model": 11,
    "taking the steps apart": 5,
    "writing the graph": 4,
    "simplifying the graph": 4,
    "making": 1,
    "measuring int8 out": 14,
    "verifying": 22,
}
"""How long stages take, in seconds of a small machine; only their shares matter."""


def stages_of(precisions: Sequence[str], *, verify: bool) -> list[tuple[str, int]]:
    """Stages of an export in order, and how long each takes.

    >>> [name for name, _ in stages_of(["fp32"], verify=True)][-2:]
    ['making fp32', 'verifying fp32']
    """
    names = [OPENING, *TRACING.values()]
    for precision in precisions:
        names += ["measuring int8 out" if precision == "int8" else f"making {precision}"]
        names += [f"verifying {precision}"] * verify
    return [(name, _TAKES.get(name) or _TAKES[name.split()[0]]) for name in names]


class Steps:
    """Progress over stages.

    Args:
        report: Called with (done, total, where it is); where it is names the stage and its number.
        stages: Names and how long each takes.
    """

    def __init__(self, report: Report | None, stages: Sequence[tuple[str, int]]) -> None:
        self.report = report or (lambda _done, _total, _where: None)
        self.stages = list(stages)
        self.at = 0

    def __call__(self, stage: str) -> None:
        """A stage begins; one that is not among them is passed over."""
        names = [name for name, _ in self.stages]
        if stage in names:
            self.at = names.index(stage)
            self.within(0, 1)

    def within(self, done: int, total: int, _stage: str = "") -> None:
        """So much of the present stage is done."""
        takes = [each for _, each in self.stages]
        part = takes[self.at] * min(done, total) / max(1, total)
        whole = 100 * (sum(takes[: self.at]) + part) / sum(takes)
        where = f"step {self.at + 1} of {len(takes)}, {self.stages[self.at][0]}"
        self.report(round(whole), 100, where)

    def end(self) -> None:
        """All is done."""
        self.report(100, 100, f"step {len(self.stages)} of {len(self.stages)}, done")


class _Lines(io.TextIOBase):
    """Takes what is printed, and passes on what begins as one of `TRACING`."""

    def __init__(self, on_stage: StageCallback) -> None:
        self.on_stage = on_stage

    def write(self, text: str) -> int:
        for words, stage in TRACING.items():
            if words in text and "✅" not in text:
                self.on_stage(stage)
        return len(text)


@contextlib.contextmanager
def captured_output(on_stage: StageCallback) -> Iterator[None]:
    """Turn what torch's exporter prints into stages; it has no other report of progress."""
    with contextlib.redirect_stdout(_Lines(on_stage)):
        yield
