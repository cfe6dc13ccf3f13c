"""Gradient descent: torch networks, step by step, with checkpoints."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ser_core.models.classifier import EmotionClassifier
from ser_core.recipes.recipe import Recipe
from ser_core.training import seeds
from ser_core.training.balance import training_clips
from ser_core.training.callbacks import EachEpoch, EarlyStopping, Report
from ser_core.training.checkpoint import Checkpoint
from ser_core.training.data import moments_of
from ser_core.training.fine_tuning import FineTuner, settle, sounds_of
from ser_core.training.fresh import new_model
from ser_core.training.learner import Fitted, Watch
from ser_core.training.plan import Member, Plan
from ser_core.training.precision import Precision, best_device, choose
from ser_core.training.sources import Prepared
from ser_core.training.trainer import Callback, Trainer

TIMED = 3
"""Steps that are timed for an estimate, after one that is not."""


class GradientDescent:
    """The learner of torch networks."""

    sections: tuple[str, ...] = ("optim", "train", "augment", "fine_tune")

    def fit(self, plan: Plan, member: Member, home: Path, watch: Watch) -> Fitted:
        """Train, and take the weights of the best epoch."""
        # An epoch is reported before it is in the checkpoint: twice rather than never. The start is
        # reported when the checkpoint is resumed.
        first = [EachEpoch(watch.epoch)]
        last = [Report(lambda done, _total: watch.steps(done))]
        trainer = trainer_of(plan, member, home, first=first, last=last)
        best = trainer.run()
        trainer.model.load_state_dict(best.weights)
        model = trainer.model.cpu().eval()
        record = _record(trainer)
        return Fitted(settle(model) if plan.recipe.fine_tune.on else model, record)

    def assist(self, plan: Plan, member: Member, home: Path) -> None:
        """Work on a share of each batch; see `ser_core.training.distributed`."""
        trainer_of(plan, member, home, writes=False).run()

    def epochs(self, recipe: Recipe) -> int:
        """Those of the recipe."""
        return recipe.train.epochs

    def steps(self, recipe: Recipe, clips: int) -> int:
        """Changes of the weights from the first epoch to the last."""
        full, rest = divmod(clips, recipe.train.batch)
        return (full + (rest > 1)) * recipe.train.epochs

    def pace(self, recipe: Recipe, prepared: Prepared) -> tuple[float, float]:
        """Time a few real steps."""
        clips = torch.arange(len(prepared.clips))
        model = new_model(recipe, prepared)
        model.normaliser.fit(moments_of(prepared.data.source, clips))
        precision = choose(recipe.train.precision, torch.device("cpu"))
        batch = min(recipe.train.batch, len(clips))
        trainer = _trainer(
            model,
            recipe,
            prepared,
            clips,
            clips,
            train=recipe.train.model_copy(update={"batch": batch}),
            optim=recipe.optim,
            seed=0,
            precision=precision,
        )
        precision.layout(model)
        step_s = _timed_steps(trainer)
        started = time.perf_counter()
        trainer.probabilities(clips)
        judge_s = (time.perf_counter() - started) / len(clips)
        # A fine-tuning goes over its clips once more in every epoch, for their statistics.
        return step_s / batch + (judge_s if recipe.fine_tune.on else 0.0), judge_s


def trainer_of(
    plan: Plan,
    member: Member,
    home: Path,
    *,
    first: Sequence[Callback] = (),
    last: Sequence[Callback] = (),
    writes: bool = True,
) -> Trainer:
    """Trainer of a member.

    Args:
        plan: Of the run.
        member: Which training.
        home: Folder of its checkpoint.
        first: Called before the checkpoint is written.
        last: Called after it.
        writes: Whether checkpoints are written.
    """
    recipe, prepared = plan.recipe, plan.prepared
    parts = plan.split.fold(member.fold)
    training = prepared.training(training_clips(plan, member))
    device = best_device()
    torch.manual_seed(seeds.number(member.seed, "weights"))
    model = new_model(recipe, prepared)
    model.normaliser.fit(moments_of(prepared.data.source, training))
    identity = f"{recipe.hash}/{plan.split.hash}/{member.name}"
    own: list[Callback] = [Checkpoint(home / "checkpoint", identity, writes)]
    if recipe.train.stop_after:
        own.append(EarlyStopping(recipe.train.stop_after))
    validation = prepared.positions(parts["validation"])
    precision = choose(recipe.train.precision, device)
    if recipe.fine_tune.on:
        _probe(model, plan, training, validation, member.seed, precision)
    return _trainer(
        model.to(device),
        recipe,
        prepared,
        training,
        validation,
        train=recipe.train,
        optim=recipe.optim,
        seed=member.seed,
        precision=precision,
        callbacks=[*first, *own, *last],
    )


def _trainer(
    model: EmotionClassifier,
    recipe: Recipe,
    prepared: Prepared,
    training: Tensor,
    validation: Tensor,
    **rest: Any,
) -> Trainer:
    """Trainer of the network, or of the encoder in front of it as well."""
    if not recipe.fine_tune.on:
        return Trainer(model, prepared.data, training, validation, **rest)
    moments = prepared.data.speaker_moments
    return FineTuner(
        model,
        sounds_of(prepared, recipe),
        training,
        validation,
        speakers=None if moments is None else moments.speakers,
        choice=recipe.fine_tune,
        **rest,
    )


def _probe(
    model: EmotionClassifier,
    plan: Plan,
    training: Tensor,
    validation: Tensor,
    seed: int,
    precision: Precision,
) -> None:
    """Train the network on what the frozen encoder gives, which takes seconds."""
    recipe = plan.recipe
    epochs = recipe.fine_tune.probe_epochs
    if not epochs:
        return
    probe = Trainer(
        model,
        plan.prepared.data,
        training,
        validation,
        train=recipe.train.model_copy(update={"epochs": epochs, "stop_after": None}),
        optim=recipe.optim,
        seed=seed,
        precision=precision,
    )
    model.load_state_dict(probe.run().weights)


def _record(trainer: Trainer) -> dict[str, Any]:
    return {
        "best_epoch": trainer.best.epoch,
        "epochs": trainer.epoch,
        "minutes": sum(each["seconds"] for each in trainer.history) / 60,
        "precision": trainer.precision.name,
        "history": trainer.history,
    }


def _timed_steps(trainer: Trainer) -> float:
    """Median seconds of a step with the loading of its clips, the first one left out."""
    times: list[float] = []
    train, number = trainer.train, 0
    trainer.model.train()
    while len(times) <= TIMED:
        started = time.perf_counter()
        for batch in trainer.data.training(trainer.training, train.batch, train.crop_s, 0, number):
            trainer.step(batch, number)
            times.append(time.perf_counter() - started)
            started = time.perf_counter()
        number += 1
    return sorted(times[1:])[(len(times) - 1) // 2]
