"""scikit-learn estimators and other networks that are fitted in one go on normalised features."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.estimator import FittedAtOnce
from ser_core.models.normalisation import Normaliser
from ser_core.recipes.recipe import Recipe
from ser_core.training import seeds
from ser_core.training.data import Batch, Data, class_weights, moments_of
from ser_core.training.fresh import new_model
from ser_core.training.learner import Fitted, Metrics, Watch
from ser_core.training.plan import Member, Plan
from ser_core.training.sources import Prepared
from ser_core.training.trainer import validation_metrics

Inputs = npt.NDArray[np.float32]


class ScikitLearn:
    """The learner of networks that are fitted in one go, those of scikit-learn among them."""

    sections: tuple[str, ...] = ()

    def fit(self, plan: Plan, member: Member, home: Path, watch: Watch) -> Fitted:  # noqa: ARG002
        """Fit once.

        A model that normalises by speaker sees every clip twice, normalised without enrolment and
        by all of its speaker's clips, so that it serves both. With `train.own_voice_out` the
        constants for clips of a speaker come from the other training speakers, as for a speaker
        who is new; with `train.refit` the validation part joins the training part at last.
        """
        started = time.perf_counter()
        prepared, parts = plan.prepared, plan.split.fold(member.fold)
        training = prepared.training(parts["train"])
        model = _fitted(plan.recipe, prepared, training, member.seed)
        metrics = {
            "train_loss": _metrics(model, prepared.data, training)["val_loss"],
            **_metrics(model, prepared.data, prepared.positions(parts["validation"])),
        }
        record: dict[str, Any] = {}
        held_out = None
        if plan.recipe.train.refit:
            held_out, record = model, {"refit": True}
            every = prepared.training([*parts["train"], *parts["validation"]])
            model = _fitted(plan.recipe, prepared, every, member.seed)
        metrics["seconds"] = time.perf_counter() - started
        watch.epoch(1, metrics)
        watch.steps(1)
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
        """One pass, and another to fit again."""
        return 2 if recipe.train.refit else 1

    def steps(self, recipe: Recipe, clips: int) -> int:  # noqa: ARG002
        """The fit is one step."""
        return 1

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
    network = _estimator(model)
    known = (True,) if data.speaker_moments is None else (True, False)
    found = [
        _inputs(model, normaliser, data, some, enrolled=each)
        for each in known
        for normaliser, some in _normalised_by(model, data, clips, recipe)
    ]
    inputs, classes = (np.concatenate(each) for each in zip(*found, strict=True))
    weights = None
    if recipe.train.class_weights:
        weights = class_weights(data, clips).numpy()[classes]
    network.fit(inputs, classes, seed=seeds.number(seed, "weights") % 2**32, weights=weights)


def _estimator(model: EmotionClassifier) -> FittedAtOnce:
    network = model.network
    assert isinstance(network, FittedAtOnce)  # noqa: S101  (its row names this learner)
    return network


def _normalised_by(
    model: EmotionClassifier, data: Data, clips: Tensor, recipe: Recipe
) -> Iterator[tuple[Normaliser, Tensor]]:
    """Normalisers with the training clips of each: the model's own, or one a speaker.

    In the model's own constants every training speaker has a share, which an unseen speaker has
    not, and so training clips lie closer to the mean than those that the model is used on.
    """
    moments = data.speaker_moments
    if moments is None or not recipe.train.own_voice_out:
        yield model.normaliser, clips
        return
    voices = moments.voices[clips]
    for voice in voices.unique():
        others, normaliser = clips[voices != voice], model.normaliser
        if len(others):
            normaliser = copy.deepcopy(normaliser)
            normaliser.fit(moments.moments[others])
        yield normaliser, clips[voices == voice]


def _inputs(
    model: EmotionClassifier, normaliser: Normaliser, data: Data, clips: Tensor, *, enrolled: bool
) -> tuple[Inputs, npt.NDArray[np.int64]]:
    """What the estimator is given of clips, (clips, features), and their classes."""
    network, found, order = _estimator(model), [], []
    for batch in data.evaluation(clips):
        speakers = batch.speakers if enrolled else None
        normal = normaliser(batch.features, batch.frames, speakers)
        found.append(network.embed(normal, batch.frames))
        order.append(batch.clips)
    return torch.cat(found).numpy(), data.targets[torch.cat(order)].numpy()


def _metrics(model: EmotionClassifier, data: Data, clips: Tensor) -> Metrics:
    rows: dict[int, Tensor] = {}
    for batch in data.evaluation(clips):
        rows.update(zip(batch.clips.tolist(), _probabilities(model, batch), strict=True))
    found = torch.stack([rows[int(clip)] for clip in clips])
    return validation_metrics(found, data.targets[clips])


def _probabilities(model: EmotionClassifier, batch: Batch) -> Tensor:
    with torch.inference_mode():
        return model.logits(batch.features, batch.frames, batch.speakers).float().softmax(-1)
