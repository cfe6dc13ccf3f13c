"""Catalogue of the runs: recipe, progress and results of each.

A run is a folder under `home()/runs`, named by the hash of its recipe; those in MLflow only
are fetched into one. Everything here is read from small files; neither torch nor a model is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from ser_core.core import SerError, files, formatting, settings
from ser_core.core.plain_yaml import load_short
from ser_core.corpora import Corpus, LeakAudit, of_recipe, snapshot
from ser_core.evaluation import BADGES, Interval, Predictions, Report, report
from ser_core.recipes.recipe import Recipe, SplitChoice
from ser_core.runs import mlflow_sync
from ser_core.runs.layout import ENROLLED
from ser_core.storage import Trash, read_json
from ser_core.storage.kept_values import KeptValues, state_of

TRASH = Trash(taken="the same recipe has a new run")
"""Of runs, and of evaluations that are kept as runs are."""


@dataclass(frozen=True)
class Result:
    """What a finished run gave.

    Attributes:
        grade: Of the audit of its split.
        uar: Mean recall on the test clips.
        wa: Accuracy on the test clips.
        clips: Test predictions.
        members: Trainings: folds times seeds.
        enrolled: Mean recall with enrolled speakers from all their unlabelled clips; None
            where the model cannot enrol speakers.
        minutes: Of training.
        finished: Seconds since the epoch.
    """

    grade: str
    uar: Interval
    wa: Interval
    clips: int
    members: int
    minutes: float
    finished: float
    enrolled: Interval | None = None

    @property
    def badge(self) -> str:
        """Badge of every figure; empty where the test speakers are new to the model."""
        return BADGES.get(self.grade, BADGES["unknown"])


@dataclass(frozen=True)
class RunInfo:
    """A run, as read from its small files.

    Attributes:
        id: Hash of the recipe, and name of the folder.
        folder: Where its files are.
        name: That the user gave it.
        content: The recipe as written, defaults left out.
        begun: Seconds since the epoch.
        result: What it gave; None while it is not finished.
    """

    id: str
    folder: Path
    name: str
    content: Mapping[str, Any]
    begun: float
    result: Result | None

    @property
    def short_id(self) -> str:
        """End of its id, for where runs of one name stand side by side."""
        return self.id[-6:]

    @property
    def corpus(self) -> Path:
        """Folder or table of its corpus."""
        return Path(str(self.content.get("corpus", "")))

    @property
    def opened_by(self) -> Path:
        """Path that opens the corpus as the run did: its own, or a file that says how it is read.

        Raises:
            SerError: If such a file cannot be written.
        """
        if not self.content.get("opening"):
            return self.corpus
        return snapshot(of_recipe(self.content))

    @property
    def reader(self) -> str:
        """Reader of the corpus; empty where it was found by itself."""
        return str(self.content.get("reader") or "")

    @property
    def policy(self) -> str:
        """Name of the split's policy."""
        return str(self.content.get("split", {}).get("policy", _POLICY))

    @property
    def representation(self) -> str:
        """Name of the representation."""
        return str(self.content.get("representation", _REPRESENTATION)["name"])

    @property
    def family(self) -> str:
        """Equal for runs whose recipes differ in split and name alone.

        The seed and the shares of the split count too: only its policy may differ.
        """
        split = dict(self.content.get("split", {}))
        for own in ("policy", "folds", "only", "file"):
            split.pop(own, None)
        rest = {k: v for k, v in self.content.items() if k not in ("name", "split")}
        return _digest({**rest, "split": split})

    @property
    def recipe_text(self) -> str:
        """The recipe in YAML."""
        return files.read_text(self.folder / "recipe.yaml")


_POLICY = SplitChoice.model_fields["policy"].default
_REPRESENTATION = Recipe.model_fields["representation"].default
"""What a recipe that leaves them out has; asked of every run of a list."""


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def folder_of_runs(home: Path | None = None) -> Path:
    """Where runs are stored."""
    return (home or settings.home()) / "runs"


def runs(home: Path | None = None) -> list[RunInfo]:
    """All runs, the newest first; folders that are none are left out.

    Args:
        home: Runtime folder; `settings.home()` by default.
    """
    root = folder_of_runs(home)
    folders = [each.path for each in os.scandir(root) if each.is_dir()] if root.is_dir() else []
    states = {each: state_of(f"{each}/recipe.yaml", f"{each}/summary.json") for each in folders}
    found = _READ.values(root.parent, states, lambda folder: open_run(Path(folder)))
    return sorted((run for run in found.values() if run is not None), key=_when, reverse=True)


def _packed(run: RunInfo | None) -> list[Any] | None:
    if run is None:
        return None
    result = run.result and [
        run.result.grade, _packed_figure(run.result.uar), _packed_figure(run.result.wa),
        run.result.clips, run.result.members, run.result.minutes, run.result.finished,
        _packed_figure(run.result.enrolled),
    ]  # fmt: skip
    return [run.id, str(run.folder), run.name, run.content, run.begun, result]


def _unpacked(packed: list[Any] | None) -> RunInfo | None:
    if packed is None:
        return None
    name, folder, title, content, begun, kept = packed
    result = None
    if kept:
        grade, uar, wa, clips, members, minutes, finished, enrolled = kept
        result = Result(
            grade, Interval(*uar), Interval(*wa), clips, members, minutes, finished,
            None if enrolled is None else Interval(*enrolled),
        )  # fmt: skip
    return RunInfo(name, Path(folder), title, content, begun, result)


def _packed_figure(figure: Interval | None) -> list[Any] | None:
    if figure is None:
        return None
    return [figure.metric, figure.value, figure.low, figure.high, figure.level, figure.method,
            figure.over, figure.units, figure.note]  # fmt: skip


_READ = KeptValues[RunInfo | None]("runs", _packed, _unpacked)
"""What `open_run` gave for a folder: a page lists all runs at every click, and reading one takes
a part of a millisecond."""


def runs_on(corpus: Corpus, home: Path | None = None) -> list[RunInfo]:
    """Finished runs on the folder or table of a corpus, however it was read, the newest first."""
    here = corpus.opening.path if corpus.opening else corpus.root
    places = {each.expanduser().resolve() for each in (here, corpus.root)}
    return [
        run for run in runs(home)
        if run.result is not None and run.corpus.expanduser().resolve() in places
    ]  # fmt: skip


def _when(run: RunInfo) -> float:
    return run.result.finished if run.result else run.begun


def open_run(folder: Path) -> RunInfo | None:
    """The run in a folder; None when there is none."""
    file = folder / "recipe.yaml"
    try:
        content = load_short(files.read_text(file))
        begun = file.stat().st_mtime
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    if folder.name.startswith(".") or not isinstance(content, dict):
        return None
    name = str(content.get("name", Recipe.model_fields["name"].default))
    summary = read_json(folder / "summary.json")
    return RunInfo(
        folder.name, folder, name, content, begun, result_of(summary) if summary else None
    )


def one(run_id: str, home: Path | None = None) -> RunInfo:
    """The run of this id.

    Raises:
        SerError: If there is none.
    """
    root = folder_of_runs(home)
    known = Path(run_id).name == run_id
    found = open_run(root / run_id) if known else None
    if found is None:
        raise SerError("there is no such run", subject=run_id, remedy="Choose one from the list")
    return found


def result_of(summary: Mapping[str, Any]) -> Result | None:
    """What a summary holds; None where it is of another form: the run then is not finished."""
    try:
        figures = {name: _figure(name, summary["test"][name]) for name in ("uar", "wa")}
        return Result(
            grade=str((summary["split"]["audit"] or {"grade": "not audited"})["grade"]),
            clips=int(_number(summary["clips"])),
            members=int(_number(summary["members"])),
            minutes=_number(summary["minutes"]),
            finished=_number(summary["finished"]),
            enrolled=_figure("uar", known["uar"]) if (known := summary.get("enrolled")) else None,
            **figures,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _number(value: object) -> float:
    """A finite number.

    Raises:
        ValueError: If it is none.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < LARGEST:
        raise ValueError(f"{value!r:.40} is no number of a run")
    return float(value)


LARGEST = 1e15
"""No number of a run comes near it, also not its time in seconds since the epoch."""


def _figure(name: str, written: Mapping[str, Any]) -> Interval:
    method, _, drawn = str(written.get("method", "")).partition(" over ")
    units, _, over = drawn.partition(" ")
    about: dict[str, Any] = {"method": method, "over": over, "units": int(units)} if over else {}
    value, low, high = (
        None if written[end] is None else _number(written[end]) for end in ("value", "low", "high")
    )
    return Interval(name, value, low, high, **about)


def audit_of(run: RunInfo) -> LeakAudit | None:
    """Audit of the run's split, as it was stored; None while it is not finished, or without one.

    That of a published result has the grades and their reading, without what is shared.
    """
    summary = read_json(run.folder / "summary.json")
    split = (summary or {}).get("split")
    kept = split.get("audit") if isinstance(split, dict) else None
    if not isinstance(kept, dict) or not {"grade", "validation_grade", "reading"} <= set(kept):
        return None
    return LeakAudit.recorded(kept)


def predictions_of(run: RunInfo, *, enrolled: bool = False) -> Predictions:
    """Predictions of the models of a finished run on validation and test clips.

    Args:
        run: Which.
        enrolled: With enrolled speakers; only where `run.result.enrolled` is a figure.

    Raises:
        SerError: If the file is missing or damaged.
    """
    return Predictions.load(run.folder / (ENROLLED if enrolled else "predictions.parquet"))


def report_of(run: RunInfo, part: str = "test", *, enrolled: bool = False) -> Report:
    """Everything that can be said of a finished run, with intervals.

    Raises:
        SerError: As `predictions_of`.
    """
    return report(predictions_of(run, enrolled=enrolled), audit_of(run), part=part)


@dataclass(frozen=True)
class LearningCurve:
    """How one training of a run went, or goes.

    Attributes:
        fold: Number of the fold.
        fold_name: Its name; "split" where there is but one.
        seed: Of the training.
        history: One mapping an epoch: epoch, train_loss, lr, val_loss, val_uar, val_wa, seconds.
        best_epoch: The epoch whose weights are used; 0 while there is none.
        minutes: Of training so far.
        finished: Whether it is.
    """

    fold: int
    fold_name: str
    seed: int
    history: tuple[Mapping[str, float], ...]
    best_epoch: int
    minutes: float
    finished: bool

    @property
    def name(self) -> str:
        """Display text: the fold and the seed."""
        fold = "" if self.fold_name == "split" else f"{formatting.fold(self.fold_name)}, "
        return f"{fold}seed {self.seed}"

    def at(self, epoch: int) -> Mapping[str, float]:
        """Metrics of an epoch, counted from 1."""
        return self.history[epoch - 1]


def learning_curves(folder: Path) -> list[LearningCurve]:
    """Courses of all trainings of a run that have done an epoch or more, in order."""
    homes = sorted(folder.glob("fold-*-seed-*"), key=_place)
    return [course for home in homes if (course := _course(home)) is not None]


def _place(home: Path) -> tuple[int, int]:
    _, fold, _, seed = home.name.split("-")
    return int(fold), int(seed)


def _course(home: Path) -> LearningCurve | None:
    fold, seed = _place(home)
    about = read_json(home / "bundle" / "bundle.json")
    if about is not None:
        training, name = about["training"], about["split"]["fold"]
        history, best = training["history"], training["best_epoch"]
    else:
        state = read_json(home / "checkpoint" / "state.json")
        if state is None:
            return None
        history, best = state["history"], state["best"]["epoch"]
        name = _fold_name(home.parent / "split.json", fold)
    minutes = sum(each["seconds"] for each in history) / 60
    return LearningCurve(fold, name, seed, tuple(history), max(best, 0), minutes, about is not None)


def _fold_name(split: Path, fold: int) -> str:
    """Name of a fold in a run's split, or its number where that cannot be read."""
    folds, _ = _folds_and_clips(split)
    return folds[fold] if fold < len(folds) else str(fold)


def clips_of(run: RunInfo) -> int:
    """Clips in the split of a run; 0 before it has one, and where that cannot be read."""
    return _folds_and_clips(run.folder / "split.json")[1]


def _folds_and_clips(split: Path) -> tuple[tuple[str, ...], int]:
    try:
        return _read_split(split, split.stat().st_mtime)
    except OSError:
        return (), 0


@lru_cache(maxsize=64)
def _read_split(split: Path, changed: float) -> tuple[tuple[str, ...], int]:  # noqa: ARG001  (part of the key)
    found = read_json(split) or {}
    return tuple(found.get("folds", ())), len(found.get("parts", ()))


def delete(run: RunInfo) -> Path:
    """Take a run off the list and out of MLflow; `restore` brings it back within a week.

    Returns:
        Where it is kept until then.

    Raises:
        SerError: If it cannot be moved.
    """
    mlflow_sync.forget(run.folder)
    try:
        return TRASH.move(run.folder)
    except SerError:
        mlflow_sync.remember(run.folder)
        raise


def restore(kept: Path) -> Path:
    """Bring a deleted run back, in MLflow too.

    Returns:
        Its folder.

    Raises:
        SerError: If it is gone for good, or the same recipe was run again meanwhile.
    """
    folder = TRASH.restore(kept)
    mlflow_sync.remember(folder)
    return folder
