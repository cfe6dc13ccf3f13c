"""Make the ONNX copy of a model, which answers without torch: see `inference.onnx_copy`."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from ser_core.core import ModelError, ParameterError, files
from ser_core.export import acceptance as gates
from ser_core.export.acceptance import Calibration
from ser_core.export.onnx_writer import Exported, converted, file_name, trace, write
from ser_core.export.parity import ParityReport
from ser_core.export.plan import Plan
from ser_core.export.stages import OPENING, Report, Steps, stages_of
from ser_core.inference.classify import open_model
from ser_core.inference.onnx_copy import COPY, made_from
from ser_core.models.onnx import read
from ser_core.models.onnx_metadata import FEATURES
from ser_core.storage import atomic

SMALLEST_FIRST = ("int8", "w8", "fp16", "fp32")
"""Precisions in the order of their size."""


@dataclass(frozen=True)
class Tried:
    """A precision that was tried.

    Attributes:
        precision: Key of `PRECISIONS`.
        verification: What the acceptance test found; None where the model cannot have it.
        problem: Why it was not taken; empty of the one that was.
        bytes: Size of its file; 0 where there is none.
    """

    precision: str
    verification: ParityReport | None
    problem: str
    bytes: int = 0


@dataclass(frozen=True)
class CopyResult:
    """What came of making a copy.

    Attributes:
        copy: The file in the folder of the model.
        tried: Precisions, the smallest first; the last one is that of the copy.
    """

    copy: Exported
    tried: tuple[Tried, ...]


def copy_beside(plan: Plan, report: Report | None = None) -> CopyResult:
    """Write the ONNX copy into the folder of a model.

    Of the precisions of the plan the smallest is taken whose file passes the acceptance test. A
    file that does not pass never gets into the folder, and an older copy stays.

    Raises:
        ModelError: If no precision passes, the model cannot be exported whole, or the file cannot
            be written.
        ParameterError: If no clips are left for the test.
    """
    if not plan.clips or not plan.whole:
        raise ParameterError(
            "a copy that answers for its model holds all of it and is verified",
            subject="--beside",
            remedy="Leave out --network-only, and verify on 200 clips",
        )
    order = [each for each in SMALLEST_FIRST if each in plan.precisions]
    steps = Steps(report, stages_of(order, verify=True))
    steps(OPENING)
    app = open_model(plan.model)
    corpus = gates.corpus_of(app.predictor, plan.corpus, plan.reader)
    calibrating = Calibration((), "")
    if "int8" in order:
        calibrating = gates.calibration(app.predictor, plan.model, corpus, plan.calibrating)
    graph, spec = trace(app.predictor, source=plan.model, corpus=corpus, on_stage=steps)
    if spec.of(FEATURES):
        raise ModelError(
            "has a representation that no graph can hold, so torch is needed to answer",
            subject=spec.name,
            remedy="Use the model itself",
        )
    coverage = {
        "stranger": app.confidence.coverage,
        "enrolled": (app.enrolled or app.confidence).coverage,
        "seen": (app.seen or app.confidence).coverage,
    }
    spec = replace(spec, about={**spec.about, **made_from(plan.model, coverage)})
    tried: list[Tried] = []
    with tempfile.TemporaryDirectory() as place:
        for precision in order:
            steps("measuring int8 out" if precision == "int8" else f"making {precision}")
            try:
                model, own = converted(
                    graph, spec, precision, calibrating.sounds, calibrating.description,
                    steps.within,
                )  # fmt: skip
            except ModelError as error:  # there is nothing to quantise
                tried.append(Tried(precision, None, error.problem))
                continue
            file = Path(place) / file_name(precision)
            write(file, model.SerializeToString(), own)
            steps(f"verifying {precision}")
            found = gates.accept(
                file, plan.model, corpus, plan.clips, seed=plan.seed, report=steps.within
            )
            size = file.stat().st_size
            tried.append(Tried(precision, found, "" if found.passed else found.said, size))
            if found.passed:
                steps.end()
                return CopyResult(_placed(file, plan.model), tuple(tried))
    raise ModelError(
        "; ".join(f"{each.precision}: {each.problem}" for each in tried),
        subject=str(plan.model),
        remedy="The model goes on answering by itself",
    )


def _placed(file: Path, folder: Path) -> Exported:
    """The verified file in the folder of its model, in one step."""
    content, path = files.read_bytes(file, files.WEIGHTS), folder / COPY
    atomic.write(path, content)
    return Exported(path, read(path), len(content))
