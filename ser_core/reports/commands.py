"""Commands that give a result again, each as one pastes it into a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core import settings
from ser_core.core.shell import pasted_lines
from ser_core.inference.catalogue import models_of
from ser_core.inference.saved_evaluations import SavedEvaluation
from ser_core.runs.launch import line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser_core.runs.catalogue import RunInfo


def commands(run: RunInfo) -> dict[str, str]:
    """Commands by what they do."""
    again = _evaluation(run) if isinstance(run, SavedEvaluation) else _training(run)
    return {**again, "Make this report again": pasted_lines(reporting([run]))}


def _training(run: RunInfo) -> dict[str, str]:
    found = {"Train it (a finished training is not repeated)": pasted_lines(line(_recipe(run)))}
    models = models_of(run)
    if models:
        predict = _core("predict", "--model", models[0].folder.absolute(), "SOUND.wav")
        found["Predict with it (put a file in place of SOUND.wav)"] = pasted_lines(predict)
    return found


def _evaluation(run: SavedEvaluation) -> dict[str, str]:
    words: list[str | Path] = ["evaluate", "--model", run.model, "--corpus", run.opened_by]
    words += ["--reader", run.reader] if run.reader else []
    words += ["--part", run.part] if run.part else []
    if run.result is not None and run.result.enrolled is not None:
        words += ["--enrolment-curve", "0,all"]
    return {"Evaluate it again": pasted_lines(_core(*words))}


def reporting(runs: Sequence[RunInfo]) -> list[str]:
    """The command that makes the report of these results; more than one are compared."""
    out = settings.home().absolute() / "reports" / "-".join(run.id[-8:] for run in runs)
    folders = [run.folder.absolute() for run in runs]
    return _core("results", "report", *folders, "--out", out)


def _recipe(run: RunInfo) -> Path:
    return run.folder.absolute() / "recipe.yaml"


def _core(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "ser_core", *map(str, words)]
