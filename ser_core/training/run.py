"""A recipe from beginning to end: every fold, every seed, and what came of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from ser_core import atomic
from ser_core.corpora import Corpus, LeakAudit, Split, audit_split, make_split, open_corpus, scan
from ser_core.errors import ParameterError
from ser_core.evaluation import Predictions, interval
from ser_core.models.bundle import Bundle, architecture, load_bundle
from ser_core.models.emotion import EmotionModel
from ser_core.models.linear import LinearSpec
from ser_core.models.networks import NetworkSpec
from ser_core.models.resnet import ResNetSpec
from ser_core.representations import make
from ser_core.training import seeds
from ser_core.training.callbacks import EachEpoch, EarlyStopping, Report
from ser_core.training.checkpoint import Checkpoint
from ser_core.training.data import moments_of
from ser_core.training.loop import Callback, Metrics, Trainer
from ser_core.training.precision import best_device, choose
from ser_core.training.recipe import Recipe
from ser_core.training.runs import ENROLLED
from ser_core.training.sources import Prepared, prepare

HEADLINES = ("uar", "wa")


@dataclass(frozen=True)
class Member:
    """One training of a run: a fold and a seed."""

    fold: int
    fold_name: str
    seed: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"fold-{self.fold}-seed-{self.seed}"


@dataclass(frozen=True)
class Plan:
    """A recipe with all that it works on."""

    recipe: Recipe
    corpus: Corpus
    split: Split
    audit: LeakAudit
    prepared: Prepared


class Watcher(Protocol):
    """Who is told of a run; tracking is one."""

    def member(self, member: Member) -> AbstractContextManager[Callable[[int, Metrics], None]]:
        """Context of one training, giving what is called with every epoch and its metrics."""
        ...

    def trained(self, member: Member, bundle: Bundle, folder: Path) -> None:
        """After each training."""
        ...


class Nobody:
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
            `summary.json` and a bundle a member; of models that enrol voices also
            `enrolled.parquet`.
        predictions: Of all members, on validation and test clips, nothing known of the speakers.
        split: How clips were dealt.
        audit: What its parts share.
        minutes: Wall-clock time of the trainings, resumed ones included in full.
    """

    folder: Path
    predictions: Predictions
    split: Split
    audit: LeakAudit
    minutes: float


def run(
    recipe: Recipe,
    folder: Path,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    preparing: Callable[[int, int], None] = lambda _done, _total: None,
    watcher: Watcher | None = None,
) -> Outcome:
    """Train every fold and seed of a recipe; what is done already in the folder is not repeated.

    Args:
        recipe: What to do.
        folder: Where files are kept, checkpoints included. A run that was interrupted goes on
            from its last whole epoch when it is started again with the same recipe and folder.
        progress: Called with (steps done, steps in all).
        preparing: Called before that with (clips done, clips in all), while they are decoded and
            represented.
        watcher: Told of every training and epoch.

    Raises:
        SerError: If corpus, split or recipe cannot be used.
    """
    torch.set_num_threads(recipe.train.threads or torch.get_num_threads())
    corpus = open_corpus(recipe.corpus, recipe.reader)
    split = _split(recipe, corpus)
    audit = audit_split(split, corpus, scan(corpus))
    _keep_inputs(folder, recipe, split)
    plan = Plan(recipe, corpus, split, audit, prepare(corpus, recipe, preparing))
    members = list(_members(recipe, split))
    steps = _Steps(progress, [_steps(recipe, split, member) for member in members])
    watcher = watcher or Nobody()
    bundles = []
    for number, member in enumerate(members):
        home = folder / member.name
        if (home / "bundle" / "bundle.json").exists():
            bundles.append(load_bundle(home / "bundle"))
            _answer_enrolled(bundles[-1], plan, member, home)
            continue
        with watcher.member(member) as told:
            bundle = _train(plan, member, home, [steps.of(number), EachEpoch(told)])
            bundle.save(home / "bundle")
            _answer_enrolled(bundle, plan, member, home)
            watcher.trained(member, bundle, home / "bundle")
        bundles.append(bundle)
        _remove_checkpoint(home)
    return _conclude(folder, recipe, bundles, split, audit)


class _Steps:
    """Steps of all members as one count."""

    def __init__(self, progress: Callable[[int, int], None], counts: list[int]) -> None:
        self.progress, self.counts = progress, counts

    def of(self, number: int) -> Report:
        return Report(self.progress, sum(self.counts[:number]), sum(self.counts))


def _split(recipe: Recipe, corpus: Corpus) -> Split:
    choice = recipe.split
    if choice.file:
        split = Split.load(choice.file)
        split.require(corpus)
        return split
    options: dict[str, Any] = {"fractions": choice.fractions}
    if choice.folds:
        options["folds"] = choice.folds
    return make_split(corpus, choice.policy, seed=choice.seed, **options)


def _keep_inputs(folder: Path, recipe: Recipe, split: Split) -> None:
    """Write recipe and split, refusing a folder that holds another run.

    Raises:
        ParameterError: If the folder is of another recipe.
    """
    file = folder / "recipe.yaml"
    text = recipe.to_yaml()
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise ParameterError(
            "the folder holds a run of another recipe",
            subject=str(folder),
            remedy="Choose another folder, or delete it",
        )
    atomic.write(file, text)
    split.save(folder / "split.json")


def _members(recipe: Recipe, split: Split) -> Iterator[Member]:
    only = recipe.split.only
    for number, name in enumerate(split.folds):
        if only is None or number in only:
            for seed in recipe.seeds:
                yield Member(number, name, seed)


def _steps(recipe: Recipe, split: Split, member: Member) -> int:
    clips = len(split.fold(member.fold)["train"]) * (1 + len(recipe.augment.speeds))
    full, rest = divmod(clips, recipe.train.batch)
    return (full + (rest > 1)) * recipe.train.epochs


def _train(plan: Plan, member: Member, home: Path, callbacks: Sequence[Callback]) -> Bundle:
    """Train one member, and answer the test clips once, after the best epoch is chosen."""
    trainer = _trainer(plan, member, home, callbacks)
    best = trainer.run()
    trainer.model.load_state_dict(best.weights)
    bundle = Bundle(trainer.model.cpu().eval(), _about(plan, member, trainer))
    predictions = answered(bundle, plan, member, enrolled=False)
    test = predictions.part("test")
    metrics = _figures(test, plan.audit)
    return Bundle(bundle.model, {**bundle.about, "metrics": metrics}, predictions)


def _trainer(plan: Plan, member: Member, home: Path, callbacks: Sequence[Callback]) -> Trainer:
    recipe, prepared = plan.recipe, plan.prepared
    parts = plan.split.fold(member.fold)
    training = prepared.training(parts["train"])
    device = best_device()
    torch.manual_seed(seeds.number(member.seed, "weights"))
    model = new_model(recipe, prepared)
    model.normaliser.fit(moments_of(prepared.data.source, training))
    identity = f"{recipe.hash}/{plan.split.hash}/{member.name}"
    own: list[Callback] = [Checkpoint(home / "checkpoint", identity)]
    if recipe.train.stop_after:
        own.append(EarlyStopping(recipe.train.stop_after))
    return Trainer(
        model.to(device),
        prepared.data,
        training,
        prepared.positions(parts["validation"]),
        train=recipe.train,
        optim=recipe.optim,
        seed=member.seed,
        precision=choose(recipe.train.precision, device),
        callbacks=[*callbacks, *own],
    )


def new_model(recipe: Recipe, prepared: Prepared) -> EmotionModel:
    """Model of a recipe with fresh weights, drawn from torch's global generator."""
    rep = make(**recipe.representation)
    choice, classes = recipe.network, len(prepared.classes)
    channels, bins, _ = rep.silence.shape
    network: NetworkSpec
    if choice.name == "linear":
        network = LinearSpec(dropout=choice.dropout, channels=channels, bins=bins, classes=classes)
    else:
        network = ResNetSpec(
            depth=choice.name,
            width=choice.width,
            dropout=choice.dropout,
            channels=channels,
            classes=classes,
        )
    return EmotionModel(rep, recipe.normalise, network, prepared.classes)


def answered(bundle: Bundle, plan: Plan, member: Member, *, enrolled: bool) -> Predictions:
    """Answers of a bundle to validation and test clips, from waveforms, as a user gets them.

    Args:
        bundle: The model.
        plan: Whose clips.
        member: Whose fold.
        enrolled: Whether each speaker's voice is known from all clips of that speaker in the same
            part, without their labels; else nothing is known of any.
    """
    prepared, tables = plan.prepared, []
    known = prepared.data.voices if enrolled else None
    for part, clips in plan.split.fold(member.fold).items():
        if part not in ("validation", "test"):
            continue
        positions = prepared.positions(clips)
        voices = known.full(positions, positions) if known else None
        waveforms = [prepared.waveforms[int(position)] for position in positions]
        probabilities = bundle.predict_each(waveforms, voices)
        rows, classes = plan.corpus.usable.loc[clips], bundle.classes
        fold, seed = member.fold, member.seed
        table = Predictions.of(rows, probabilities, classes, fold=fold, part=part, seed=seed)
        tables.append(table)
    return Predictions.concat(tables)


def _answer_enrolled(bundle: Bundle, plan: Plan, member: Member, home: Path) -> None:
    """Keep beside a bundle that enrols voices what it answers when it knows them all."""
    file = home / ENROLLED
    if bundle.enrols and not file.exists():
        answered(bundle, plan, member, enrolled=True).save(file)


def _about(plan: Plan, member: Member, trainer: Trainer) -> dict[str, Any]:
    """What `bundle.json` says of a training."""
    recipe, split, corpus = plan.recipe, plan.split, plan.corpus
    parts = split.fold(member.fold)
    return {
        **architecture(trainer.model),
        "recipe": recipe.model_dump(mode="json"),
        "recipe_hash": recipe.hash,
        "corpus": {
            "name": corpus.name,
            "licence": corpus.licence,
            **{f"{part}_clips": len(clips) for part, clips in parts.items()},
        },
        "split": {
            "policy": split.policy,
            "seed": split.seed,
            "hash": split.hash,
            "fold": member.fold_name,
            "audit": plan.audit.as_dict(),
        },
        "seed": member.seed,
        "training": {
            "best_epoch": trainer.best.epoch,
            "epochs": trainer.epoch,
            "minutes": sum(each["seconds"] for each in trainer.history) / 60,
            "precision": trainer.precision.name,
            "history": trainer.history,
        },
    }


def _figures(predictions: Predictions, audit: LeakAudit) -> dict[str, Any]:
    test = predictions.part("test")
    return {name: _figure(test, audit, name) for name in HEADLINES}


def _figure(predictions: Predictions, audit: LeakAudit, name: str) -> dict[str, Any]:
    figure = interval(predictions, name, by_speaker=not audit.speakers_shared)
    return {
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "method": f"{figure.method} over {figure.units} {figure.over}",
    }


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
        "minutes": minutes,
        "finished": time.time(),
        "test": _figures(predictions, audit),
        **({"enrolled": _figures(enrolled, audit)} if enrolled else {}),
    }
    atomic.write(folder / "summary.json", json.dumps(summary, indent=1, ensure_ascii=False))
    return Outcome(folder, predictions, split, audit, minutes)
