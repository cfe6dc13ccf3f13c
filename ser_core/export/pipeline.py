"""The export pipeline: one model in several precisions, each verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ser_core.core import ParameterError
from ser_core.export import acceptance as gates
from ser_core.export.onnx_writer import Exported, converted, file_name, trace, write
from ser_core.export.package import write_package
from ser_core.export.parity import ParityReport
from ser_core.export.plan import Plan
from ser_core.export.stages import OPENING, Report, Steps, stages_of
from ser_core.models.onnx_metadata import Spec
from ser_core.models.predictor import load


@dataclass(frozen=True)
class ExportedFile:
    """A file that was made.

    Attributes:
        exported: The file.
        verification: What the acceptance test found; None without a test.
        archive: The zip beside it; None where none was wanted.
    """

    exported: Exported
    verification: ParityReport | None
    archive: Path | None

    @property
    def passed(self) -> bool:
        """Whether no test failed."""
        return self.verification is None or self.verification.passed


def run_pipeline(plan: Plan, report: Report | None = None) -> list[ExportedFile]:
    """Export a model in every precision of a plan; the graph is traced once.

    Raises:
        SerError: If the model cannot be exported, the corpus not used, or nothing be written.
    """
    _make(plan.out)
    steps = Steps(report, stages_of(plan.precisions, verify=plan.clips > 0))
    steps(OPENING)
    predictor = load(plan.model)
    corpus = gates.corpus_of(predictor, plan.corpus, plan.reader)
    calibrating = gates.Calibration((), "")
    if "int8" in plan.precisions:
        calibrating = gates.calibration(predictor, plan.model, corpus, plan.calibrating)
    graph, described = trace(
        predictor, whole=plan.whole, source=plan.model, corpus=corpus, on_stage=steps
    )
    found = []
    for precision in plan.precisions:
        steps("measuring int8 out" if precision == "int8" else f"making {precision}")
        model, spec = converted(
            graph, described, precision, calibrating.sounds, calibrating.description, steps.within
        )
        exported = _written(plan, model.SerializeToString(), spec)
        verification = None
        if plan.clips:
            steps(f"verifying {precision}")
            verification = gates.accept(
                exported.path,
                plan.model,
                corpus,
                plan.clips,
                seed=plan.seed,
                report=steps.within,
            )
        archive = write_package(exported.path) if plan.zipped else None
        found.append(ExportedFile(exported, verification, archive))
    steps.end()
    return found


def _make(folder: Path) -> None:
    """The folder for the files, before anything takes time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(
            f"cannot be a folder for the files ({error.strerror})",
            subject=str(folder),
            remedy="Choose another one",
        ) from error


def _written(plan: Plan, model: bytes, spec: Spec) -> Exported:
    path = plan.out / file_name(spec.precision, whole=plan.whole)
    return Exported(path, spec, write(path, model, spec))
