"""A recipe from beginning to end: every fold, every seed, and what came of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

from ser_core import evaluation
from ser_core.core import ParameterError, files
from ser_core.corpora import LeakAudit, Split
from ser_core.evaluation import Predictions
from ser_core.jobs import ProgressFile
from ser_core.models.bundle import Bundle, load_bundle
from ser_core.recipes.recipe import Recipe
from ser_core.runs.layout import ENROLLED
from ser_core.storage import atomic
from ser_core.training.distributed import current_group
from ser_core.training.learner import Metrics, Watch
from ser_core.training.learners import learner_of
from ser_core.training.plan import Member, Plan, members_of, planned, steps_of
from ser_core.training.results import about, figures, predictions_of, speakers_in

PROGRESS = "progress.json"
"""In the folder of a member that is trained elsewhere: its steps."""

Elsewhere = Callable[[Recipe, Path, Sequence[Member], Callable[[int], None]], Iterator[Member]]
"""Trains members in other processes; see `ser_core.runs.cluster.train_members`."""


class Watcher(Protocol):
    """Watches a run; tracking is one."""

    def member(self, member: Member) -> AbstractContextManager[Callable[[int, Metrics], None]]:
        """Context of one training, giving what is called with every epoch and its metrics."""
        ...

    def trained(self, member: Member, bundle: Bundle, folder: Path) -> None:
        """After each training."""
        ...


class SilentWatcher:
    """Watcher that does nothing."""

    def member(self, member: Member) -> AbstractContextManager[Callable[[int, Metrics], None]]:  # noqa: ARG002
        """Context that does nothing."""
        return nullcontext(lambda _epoch, _metrics: None)

    def trained(self, member: Member, bundle: Bundle, folder: Path) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    Attributes:
        folder: Where its files are: `recipe.yaml`, `split.json`, `predictions.parquet`,
            `summary.json` and a bundle a member; of models that enrol speakers also
            `enrolled.parquet`.
        predictions: Of all members, on validation and test clips, without enrolment.
        split: Split of the clips.
        audit: What its parts share.
        minutes: Wall-clock time of the trainings, resumed ones included in full.
    """

    folder: Path
    predictions: Predictions
    split: Split
    audit: LeakAudit
    minutes: float

    @cached_property
    def report(self) -> evaluation.Report:
        """The test figures with intervals, without enrolment."""
        return evaluation.report(self.predictions, self.audit)


def run(
    recipe: Recipe,
    folder: Path,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    preparing: Callable[[int, int], None] = lambda _done, _total: None,
    scanning: Callable[[int, int], None] = lambda _done, _total: None,
    watcher: Watcher | None = None,
    elsewhere: Elsewhere | None = None,
) -> Outcome:
    """Train every fold and seed of a recipe; what is done already in the folder is not repeated.

    Args:
        recipe: What to do.
        folder: Where files are stored, checkpoints included. A run that was interrupted goes on
            from its last whole epoch when it is started again with the same recipe and folder.
        progress: Called with (steps done, steps in all).
        preparing: Called before that with (clips done, clips in all), while they are decoded and
            represented.
        scanning: Called before that with (clips measured, clips in all), for the leak audit; what
            was measured before is counted at once.
        watcher: Called for every training and epoch.
        elsewhere: Trains the members, if not this process one after another; the watcher then
            learns of the epochs of each when it is done.

    Raises:
        SerError: If corpus, split or recipe cannot be used.
    """
    ranks = current_group()
    keep = partial(_keep_inputs, folder, recipe)
    plan = planned(recipe, ranks, keep, preparing, scanning)
    ranks.agree(True)
    members = list(members_of(recipe, plan.split))
    steps = _Steps(progress, [steps_of(recipe, plan.split, member) for member in members])
    watcher = watcher or SilentWatcher()
    if elsewhere is not None:
        left = [member for member in members if not _is_trained(folder, member)]
        before = sum(steps.counts) - sum(steps_of(recipe, plan.split, member) for member in left)
        for member in elsewhere(recipe, folder, left, steps.after(before)):
            _tell(watcher, member, folder / member.name / "bundle")
    bundles = []
    for number, member in enumerate(members):
        home = folder / member.name
        if not ranks.agree(not _is_trained(folder, member)):
            bundles.append(load_bundle(home / "bundle"))
            _predict_enrolled(bundles[-1], plan, member, home)
            continue
        with watcher.member(member) as member_watcher:
            bundle = _train(plan, member, home, Watch(member_watcher, steps.of(number)))
            bundle.save(home / "bundle")
            watcher.trained(member, bundle, home / "bundle")
        bundles.append(bundle)
        _remove_checkpoint(home)
    return _conclude(folder, recipe, bundles, plan.split, plan.audit)


def train_member(recipe: Recipe, folder: Path, member: Member) -> tuple[Member, int]:
    """Train one member of a run in a process of its own, from its checkpoint where there is one.

    Args:
        recipe: Of the run.
        folder: Of the run.
        member: Which; it is not trained again if its bundle is there.

    Returns:
        The member, and its steps.

    Raises:
        SerError: If corpus, split or recipe cannot be used.
    """
    plan = planned(recipe, current_group())
    total, home = steps_of(recipe, plan.split, member), folder / member.name
    if not _is_trained(folder, member):
        report = ProgressFile(home / PROGRESS, every=1)
        bundle = _train(plan, member, home, Watch(steps=lambda done: report(done, total)))
        bundle.save(home / "bundle")
    _remove_checkpoint(home)
    (home / PROGRESS).unlink(missing_ok=True)
    return member, total


def assist(recipe: Recipe, folder: Path) -> None:
    """Take part in a run that another process carries out; see `ser_core.training.distributed`.

    Args:
        recipe: The same.
        folder: The same, in which this process writes nothing.

    Raises:
        SerError: If corpus, split or recipe cannot be used.
    """
    ranks = current_group()
    ranks.agree(True)  # the first has prepared the clips, which are fetched from the store now
    plan = planned(recipe, ranks)
    for member in members_of(recipe, plan.split):
        if ranks.agree(False):
            learner_of(recipe).assist(plan, member, folder / member.name)


class _Steps:
    """Steps of all members as one count."""

    def __init__(self, progress: Callable[[int, int], None], counts: list[int]) -> None:
        self.progress, self.counts = progress, counts

    def of(self, number: int) -> Callable[[int], None]:
        return self.after(sum(self.counts[:number]))

    def after(self, before: int) -> Callable[[int], None]:
        total = sum(self.counts)
        return lambda done: self.progress(before + done, total)


def _is_trained(folder: Path, member: Member) -> bool:
    return (folder / member.name / "bundle" / "bundle.json").exists()


def _tell(watcher: Watcher, member: Member, folder: Path) -> None:
    """Tell of a training that another process has done, epoch by epoch."""
    bundle = load_bundle(folder)
    with watcher.member(member) as told:
        for metrics in bundle.about["training"]["history"]:
            told(metrics["epoch"], {n: v for n, v in metrics.items() if n != "epoch"})
        watcher.trained(member, bundle, folder)


def _keep_inputs(folder: Path, recipe: Recipe, split: Split) -> None:
    """Write recipe and split, refusing a folder that holds another run.

    Raises:
        ParameterError: If the folder is of another recipe.
    """
    file = folder / "recipe.yaml"
    text = recipe.to_yaml()
    if file.exists() and files.read_text(file) != text:
        raise ParameterError(
            "the folder holds a run of another recipe",
            subject=str(folder),
            remedy="Choose another folder, or delete it",
        )
    atomic.write(file, text)
    split.save(folder / "split.json")


def _train(plan: Plan, member: Member, home: Path, watch: Watch) -> Bundle:
    """Train one member, and predict the test clips once, after the best epoch is chosen."""
    fitted = learner_of(plan.recipe).fit(plan, member, home, watch)
    bundle = Bundle(fitted.model, about(plan, member, fitted))
    held_out = Bundle(fitted.held_out, bundle.about) if fitted.held_out is not None else None
    predictions = predictions_of(bundle, plan, member, enrolled=False, held_out=held_out)
    if bundle.enrols:
        known = predictions_of(bundle, plan, member, enrolled=True, held_out=held_out)
        known.save(home / ENROLLED)
    test = predictions.part("test")
    metrics = figures(test, plan.audit)
    return Bundle(bundle.model, {**bundle.about, "metrics": metrics}, predictions)


def _predict_enrolled(bundle: Bundle, plan: Plan, member: Member, home: Path) -> None:
    """Keep beside a bundle that enrols speakers its predictions with every speaker enrolled.

    Raises:
        ParameterError: If its validation clips trained it, so that it cannot predict them again.
    """
    file = home / ENROLLED
    if not bundle.enrols or file.exists():
        return
    if bundle.about["training"].get("refit"):
        raise ParameterError(
            f"{ENROLLED} is gone, and the model was fitted again on its validation clips",
            subject=str(home),
            remedy="Delete the folder, so that the model is trained again",
        )
    predictions_of(bundle, plan, member, enrolled=True).save(file)


def _remove_checkpoint(home: Path) -> None:
    folder = home / "checkpoint"
    for file in folder.glob("*"):
        file.unlink()
    if folder.exists():
        folder.rmdir()


def _conclude(
    folder: Path, recipe: Recipe, bundles: list[Bundle], split: Split, audit: LeakAudit
) -> Outcome:
    predictions = Predictions.concat([b.predictions for b in bundles if b.predictions is not None])
    predictions.save(folder / "predictions.parquet")
    files = sorted(folder.glob(f"fold-*/{ENROLLED}"))
    enrolled = Predictions.concat([Predictions.load(file) for file in files]) if files else None
    if enrolled:
        enrolled.save(folder / ENROLLED)
    minutes = sum(bundle.about["training"]["minutes"] for bundle in bundles)
    summary = {
        "name": recipe.name,
        "recipe_hash": recipe.hash,
        "split": {"policy": split.policy, "hash": split.hash, "audit": audit.as_dict()},
        "members": len(bundles),
        "clips": len(predictions.part("test").table),
        "speakers": speakers_in(predictions.part("test").table),
        "minutes": minutes,
        "finished": time.time(),
        "test": figures(predictions, audit),
        **({"enrolled": figures(enrolled, audit)} if enrolled else {}),
    }
    atomic.write(folder / "summary.json", json.dumps(summary, indent=1, ensure_ascii=False))
    return Outcome(folder, predictions, split, audit, minutes)
