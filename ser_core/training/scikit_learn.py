"""scikit-learn estimators and other networks that are fitted in one go on normalised features."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.estimator import EstimatorNetwork
from ser_core.recipes.recipe import Recipe
from ser_core.training import seeds
from ser_core.training.balance import training_clips
from ser_core.training.data import Batch, Data, class_weights, moments_of
from ser_core.training.estimator_inputs import both_inputs, fitted_network
from ser_core.training.fresh import new_model
from ser_core.training.hyperparameter_search import searched
from ser_core.training.learner import Fitted, Metrics, Watch
from ser_core.training.plan import Member, Plan
from ser_core.training.sources import Prepared
from ser_core.training.trainer import validation_metrics


class ScikitLearn:
    """The learner of networks that are fitted in one go, those of scikit-learn among them."""

    sections: tuple[str, ...] = ("search",)

    def fit(self, plan: Plan, member: Member, home: Path, watch: Watch) -> Fitted:  # noqa: ARG002
        """Fit once.

        A model that normalises by speaker sees every clip twice, normalised without enrolment and
        by all of its speaker's clips, so that it serves both. With `search.trials` the
        settings of the network are chosen within the training part first. With `train.refit` the
        validation part joins the training part at last.
        """
        started = time.perf_counter()
        prepared, parts = plan.prepared, plan.split.fold(member.fold)
        recipe, record = plan.recipe, dict[str, Any]()
        if recipe.search.trials:
            recipe, found = searched(plan, parts["train"], member.seed, watch.steps)
            record["search"] = found
        training = prepared.training(training_clips(plan, member))
        model = _fitted(recipe, prepared, training, member.seed)
        _calibrate(model, prepared.data, prepared.positions(parts["validation"]))
        metrics = {
            "train_loss": _metrics(model, prepared.data, training)["val_loss"],
            **_metrics(model, prepared.data, prepared.positions(parts["validation"])),
        }
        held_out = None
        if recipe.train.refit:
            held_out, record["refit"] = model, True
            every = prepared.training(training_clips(plan, member, ("train", "validation")))
            model = _fitted(recipe, prepared, every, member.seed)
            if isinstance(model.network, EstimatorNetwork):  # no clip is left to fit one on
                model.network.calibrate_as(held_out.network)
        metrics["seconds"] = time.perf_counter() - started
        watch.epoch(1, metrics)
        watch.steps(self.steps(recipe, len(training)))
        record |= {
            "best_epoch": 1,
            "epochs": 1,
            "minutes": metrics["seconds"] / 60,
            "precision": "float32",
            "history": [{"epoch": 1, **metrics}],
        }
        return Fitted(model, record, held_out)

    def assist(self, plan: Plan, member: Member, home: Path) -> None:
        """One process fits alone."""

    def epochs(self, recipe: Recipe) -> int:
        """One pass, another to fit again, and those of a search, on all inner folds but one."""
        fits = 2 if recipe.train.refit else 1
        return fits + recipe.search.trials * (recipe.search.folds - 1)

    def steps(self, recipe: Recipe, clips: int) -> int:  # noqa: ARG002
        """The fit is one step, and so is each trial of a search."""
        return 1 + recipe.search.trials

    def pace(self, recipe: Recipe, prepared: Prepared) -> tuple[float, float]:
        """Fit what there is; larger parts may take more than in proportion."""
        clips = torch.arange(len(prepared.clips))
        started = time.perf_counter()
        model = _fitted(recipe, prepared, clips, seed=0)
        fitted = time.perf_counter()
        _metrics(model, prepared.data, clips)
        return (fitted - started) / len(clips), (time.perf_counter() - fitted) / len(clips)


def _fitted(recipe: Recipe, prepared: Prepared, clips: Tensor, seed: int) -> EmotionClassifier:
    """A model that is fitted on clips."""
    model = new_model(recipe, prepared)
    model.normaliser.fit(moments_of(prepared.data.source, clips))
    _fit(model, prepared.data, clips, recipe, seed)
    return model.eval()


def _fit(model: EmotionClassifier, data: Data, clips: Tensor, recipe: Recipe, seed: int) -> None:
    network = fitted_network(model)
    inputs, classes = both_inputs(model, data, clips)
    weights = None
    if recipe.train.class_weights:
        weights = class_weights(data, clips).numpy()[classes]
    network.fit(inputs, classes, seed=seeds.number(seed, "weights") % 2**32, weights=weights)


def _calibrate(model: EmotionClassifier, data: Data, validation: Tensor) -> None:
    """Let an estimator fit its temperature, one for enrolled speakers and for others."""
    if isinstance(model.network, EstimatorNetwork) and len(validation):
        model.network.calibrate(*both_inputs(model, data, validation))


def _metrics(model: EmotionClassifier, data: Data, clips: Tensor) -> Metrics:
    rows: dict[int, Tensor] = {}
    for batch in data.evaluation(clips):
        rows.update(zip(batch.clips.tolist(), _probabilities(model, batch), strict=True))
    found = torch.stack([rows[int(clip)] for clip in clips])
    return validation_metrics(found, data.targets[clips])


def _probabilities(model: EmotionClassifier, batch: Batch) -> Tensor:
    with torch.inference_mode():
        return model.logits(batch.features, batch.frames, batch.speakers).float().softmax(-1)
