"""Saved evaluations of models on a corpus, listed among the results beside the trainings.

One is a folder under `home()/saved_evaluations` with the files of a run that its results are read
from, and `saved_evaluations.json`, which says which model was evaluated on which clips. The same
model evaluated again on the same clips replaces it.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import SerError, settings
from ser_core.jobs import PROGRESS_FILE, Job, start
from ser_core.models.predictor import OPENERS
from ser_core.runs.catalogue import RunInfo, result_of
from ser_core.runs.layout import ENROLLED
from ser_core.storage import atomic, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ser_core.evaluation import Predictions, Report
    from ser_core.inference.model_evaluation import Choice, Evaluation

FOLDER, ABOUT = "judged", "judged.json"
PREFIX = "judged-"
KEY = "judge:"
"""Beginning of the keys of jobs that evaluate a model; the name of the folder follows."""

FIGURES = ("uar", "wa", "macro_f1", "ece")


@dataclass(frozen=True)
class SavedEvaluation(RunInfo):
    """A saved evaluation of a model; its results read like those of a run of one training."""

    @property
    def model(self) -> Path:
        """Folder of the model, or the exported file."""
        return Path(str(self.content["model"]))

    @property
    def exported(self) -> bool:
        """Whether it is an exported file."""
        return self.model.suffix == ".onnx"

    @property
    def outdated(self) -> bool:
        """Whether the model is gone, or was made again since it was evaluated."""
        return changed(self.model) != self.content.get("changed")

    @property
    def part(self) -> str:
        """Part of the split that was evaluated; empty for all clips."""
        return str(self.content.get("part", ""))

    @property
    def policy(self) -> str:
        """Of the split whose test part was evaluated; empty where that is not known."""
        return str(self.content.get("policy", ""))

    @property
    def representation(self) -> str:
        """Names of the representations."""
        return str(self.content.get("representation", ""))

    @property
    def said(self) -> str:
        """What the clips have to do with those that trained the model, in plain words."""
        return str(self.content.get("said", ""))


def id_of(
    model: Path, corpus: Path, part: str = "", split: Path | None = None, fold: str = ""
) -> str:
    """Name of an evaluation: that of the same model on the same clips is always the same."""
    places = [str(each.absolute()) if each else "" for each in (model, corpus, split)]
    text = json.dumps([*places, part, fold])
    return PREFIX + hashlib.sha256(text.encode()).hexdigest()[:12]


def folder_of(home: Path | None = None) -> Path:
    """Where they are stored."""
    return (home or settings.home()) / FOLDER


def changed(model: Path) -> float | None:
    """When a model was written; None where it is no more."""
    files = [model] if model.suffix == ".onnx" else [model / name for name in OPENERS]
    return next((file.stat().st_mtime for file in files if file.is_file()), None)


def fits(found: Evaluation) -> bool:
    """Whether an evaluation can be saved: a test with no clips enrolled, or with all too."""
    return set(found.predictions) in ({0}, {0, None}) and found.reports[0].part == "test"


def save_evaluation(
    found: Evaluation,
    model: Path,
    corpus: Path,
    choice: Choice,
    reader: str | None = None,
    home: Path | None = None,
) -> SavedEvaluation:
    """Save an evaluation.

    Args:
        found: Predictions and reports, without enrolment, and with all clips of each speaker
            enrolled where there are some.
        model: Folder of the model, or the exported file.
        corpus: Path of the corpus.
        choice: Which of the clips were evaluated.
        reader: Of the corpus, where it was named.
        home: Runtime folder; `settings.home()` by default.

    Raises:
        SerError: If it cannot be written.
    """
    own = id_of(model, corpus, choice.part, choice.split, choice.fold)
    folder = folder_of(home) / own
    _save_predictions(found.predictions[0], folder / "predictions.parquet")
    _save_predictions(found.predictions.get(None), folder / ENROLLED)
    about = {
        "name": _named(found, model),
        "model": str(model.absolute()),
        "changed": changed(model),
        "corpus": str(corpus.absolute()),
        "corpus_name": found.corpus,
        "reader": reader or "",
        "part": choice.part,
        "policy": found.policy if choice.part else "",
        "representation": ", ".join(representations(found.about)),
        "said": found.overlap.said,
        "left_out": found.left_out,
        "calibration": found.calibration,
    }
    _write(folder / "summary.json", _summary(found))
    _write(folder / ABOUT, about)
    saved = open_evaluation(folder)
    assert saved is not None  # noqa: S101  (it was written just now)
    return saved


def _write(path: Path, content: Mapping[str, Any]) -> None:
    atomic.write(path, json.dumps(content, indent=1, ensure_ascii=False))


def _save_predictions(predictions: Predictions | None, path: Path) -> None:
    """Write predictions; what an earlier evaluation left is taken away where there are none now."""
    if predictions is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    predictions.save(path)


def _summary(found: Evaluation) -> dict[str, Any]:
    """In the form of a run's."""
    audit, known = found.overlap.audit, found.reports.get(None)
    return {
        "split": {"policy": found.policy, "audit": audit.as_dict() if audit else None},
        "members": 1,
        "clips": found.reports[0].n,
        "minutes": 0.0,
        "finished": time.time(),
        "test": _figures(found.reports[0]),
        **({"enrolled": _figures(known)} if known else {}),
    }


def _figures(report: Report) -> dict[str, Any]:
    return {
        name: {
            "value": each.value,
            "low": each.low,
            "high": each.high,
            "method": f"{each.method} over {each.units} {each.over}",
        }
        for name, each in report.figures.items()
        if name in FIGURES
    }


def _named(found: Evaluation, model: Path) -> str:
    """The model by its name; what tells a file from it comes first, where lists are not cut."""
    export = found.about.get("export") or {}
    kind = f"ONNX {export['precision']} of " if model.suffix == ".onnx" and export else ""
    return f"{kind}{found.name}"


def representations(about: Mapping[str, Any]) -> list[str]:
    """Names of the representations of a model, by its metadata."""
    own = about.get("representation") or (about.get("recipe") or {}).get("representation") or {}
    several = [each.get("representation") for each in about.get("members") or ()]
    in_file = (about.get("export") or {}).get("representations") or ()
    names = [*in_file, own.get("name") if isinstance(own, dict) else own, *several]
    return list(dict.fromkeys(str(name) for name in names if name))


def open_evaluation(folder: Path) -> SavedEvaluation | None:
    """The evaluation in a folder; None where none can be read."""
    about, summary = read_json(folder / ABOUT), read_json(folder / "summary.json")
    result = result_of(summary) if summary else None
    if folder.name.startswith(".") or not about or "model" not in about or result is None:
        return None
    name = str(about.get("name", "model"))
    return SavedEvaluation(folder.name, folder, name, about, result.finished, result)


def saved_evaluations(home: Path | None = None) -> list[SavedEvaluation]:
    """All saved evaluations, the newest first."""
    root = folder_of(home)
    folders = [each for each in root.iterdir() if each.is_dir()] if root.is_dir() else []
    found = [one for folder in folders if (one := open_evaluation(folder)) is not None]
    return sorted(found, key=lambda each: each.begun, reverse=True)


def one(name: str, home: Path | None = None) -> SavedEvaluation:
    """The one of this name.

    Raises:
        SerError: If there is none.
    """
    known = Path(name).name == name
    found = open_evaluation(folder_of(home) / name) if known else None
    if found is None:
        raise SerError("there is no such result", subject=name, remedy="Choose one from the list")
    return found


def launch(
    model: Path,
    corpus: Path,
    reader: str | None = None,
    part: str = "",
    *,
    enrols: bool = False,
    title: str,
) -> Job:
    """Start a job that evaluates a model and saves the evaluation.

    Args:
        model: Folder of the model, or an exported file.
        corpus: Path of the corpus.
        reader: Of the corpus; found by itself when None.
        part: Of the split of the model's training; all clips when empty.
        enrols: Whether it is also evaluated with every speaker enrolled.
        title: Of the job.
    """
    command = [sys.executable, "-m", "ser_core", "evaluate", "--model", str(model.absolute())]
    command += ["--corpus", str(corpus.absolute())]
    command += ["--reader", reader] if reader else []
    command += ["--part", part] if part else []
    command += ["--enrolment-curve", "0,all"] if enrols else []
    key = KEY + id_of(model, corpus, part)
    return start([*command, "--progress-file", PROGRESS_FILE], title=title, key=key)
