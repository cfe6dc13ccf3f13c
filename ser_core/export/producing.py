"""One model in several precisions, each verified: what a command and a job carry out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ser_core.export import gate as gates
from ser_core.export.package import write_package
from ser_core.export.plan import Plan
from ser_core.export.spec import Spec
from ser_core.export.verification import Verification
from ser_core.export.writing import Exported, converted, file_name, trace, write
from ser_core.models.predictor import load

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Product:
    """A file that was made.

    Attributes:
        exported: The file.
        verification: What the gate found; None where it was not asked.
        archive: The zip beside it; None where none was wanted.
    """

    exported: Exported
    verification: Verification | None
    archive: Path | None

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against it."""
        return self.verification is None or self.verification.passed


def produce(plan: Plan, report: Report | None = None) -> list[Product]:
    """Export a model in every precision of a plan; the graph is traced once.

    Raises:
        SerError: If the model cannot be exported, or the corpus not used.
    """
    tell = _Steps(report, len(plan.precisions), verify=plan.clips > 0)
    predictor = load(plan.model)
    corpus = gates.corpus_of(predictor, plan.corpus, plan.reader)
    calibrating = gates.Calibration((), "")
    if "int8" in plan.precisions:
        calibrating = gates.calibration(predictor, plan.model, corpus, plan.calibrating)
    tell("writing the graph")
    graph, described = trace(predictor, whole=plan.whole, source=plan.model)
    found = []
    for precision in plan.precisions:
        tell(f"making {precision}")
        model, spec = converted(
            graph, described, precision, calibrating.sounds, calibrating.said
        )  # fmt: skip
        exported = _written(plan, model.SerializeToString(), spec)
        verification = None
        if plan.clips:
            verification = gates.gate(
                exported.path,
                plan.model,
                corpus,
                plan.clips,
                seed=plan.seed,
                report=tell.within(f"verifying {precision}"),
            )
        archive = write_package(exported.path) if plan.zipped else None
        found.append(Product(exported, verification, archive))
    return found


def _written(plan: Plan, model: bytes, spec: Spec) -> Exported:
    path = plan.out / file_name(spec.precision, whole=plan.whole)
    return Exported(path, spec, write(path, model, spec))


_ANSWERS = 10
"""Steps that verifying a file counts as."""


class _Steps:
    """Progress over stages of which only verifying can be divided."""

    def __init__(self, report: Report | None, precisions: int, *, verify: bool) -> None:
        self.report = report or (lambda _done, _total, _stage: None)
        self.done, self.total = 0, 1 + precisions * (1 + _ANSWERS * verify)

    def __call__(self, stage: str) -> None:
        self.report(self.done, self.total, stage)
        self.done += 1

    def within(self, stage: str) -> Report:
        """Progress of verifying, as a part of the whole."""
        begun = self.done

        def report(done: int, total: int, _stage: str) -> None:
            self.done = begun + _ANSWERS * done // max(1, total)
            self.report(self.done, self.total, stage)

        return report
