"""Search for the settings of a network that is fitted in one go, within a training part.

Nested: the settings of each fold are chosen by cross-validation over the speakers of its own
training part, by Optuna (Akiba et al., 2019; TPE, Bergstra et al., 2011), so neither its validation
nor its test clips take part.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

import numpy as np
import numpy.typing as npt
import torch

from ser_core.core import EvaluationError
from ser_core.models.networks import NETWORKS, NetworkKind
from ser_core.recipes.recipe import Recipe
from ser_core.training import seeds
from ser_core.training.data import class_weights, moments_of
from ser_core.training.estimator_inputs import Inputs, both_inputs, fitted_network
from ser_core.training.fresh import new_model
from ser_core.training.plan import Plan
from ser_core.training.sources import Prepared
from ser_core.training.trainer import validation_metrics

if TYPE_CHECKING:
    import optuna

Classes = npt.NDArray[np.int64]

HUNDREDFOLD = 100.0
"""Ratio of the ends of a range from which on it is drawn logarithmically."""


@dataclass(frozen=True)
class InnerFold:
    """One fold of the cross-validation within a training part, as numbers.

    Attributes:
        inputs: Of the clips that are fitted on, shape (clips, numbers).
        classes: Of them, shape (clips,).
        weights: Of them, or None where all count alike.
        held_out: Inputs of the others.
        truth: Classes of the others.
    """

    inputs: Inputs
    classes: Classes
    weights: npt.NDArray[np.float64] | None
    held_out: Inputs
    truth: Classes


def searched(
    plan: Plan, clips: Sequence[str], seed: int, done: Callable[[int], None]
) -> tuple[Recipe, dict[str, Any]]:
    """The recipe with the settings that are best within a training part, and a record of it.

    The settings of the recipe are the first trial, so what is found is never worse on the inner
    folds.

    Args:
        plan: The recipe with the clips.
        clips: The training part.
        seed: Of the trials and of what is random in a fit.
        done: Called with the trials done.

    Returns:
        The recipe, and for the record `uar` of the chosen settings, `before` of the recipe's own,
        `folds`, `kept_together` (what clips of one inner fold share), `chosen`, and `trials`.

    Raises:
        EvaluationError: If the part is too small to be divided.
    """
    recipe = plan.recipe
    folds, together = inner_folds(plan, clips, recipe.search.folds, seed)
    inner = [_prepared(recipe, plan.prepared, *names) for names in folds]
    study = _study(seed)
    own = {name: recipe.network_choices[name] for name in _row(recipe).searched}
    study.enqueue_trial({name: _within(recipe, name, value) for name, value in own.items()})
    trials: list[dict[str, Any]] = []

    def objective(trial: optuna.Trial) -> float:
        drawn = {name: _drawn(trial, recipe, name) for name in own}
        chosen = drawn if trials else own  # the recipe's own may lie outside the ranges
        uar = _uar(with_choices(recipe, chosen), plan.prepared, inner, seed)
        trials.append({**chosen, "uar": uar})
        done(len(trials))
        return uar

    study.optimize(objective, n_trials=recipe.search.trials)
    best = max(trials, key=lambda each: each["uar"])
    chosen = {name: best[name] for name in own}
    record = {
        "uar": best["uar"],
        "before": trials[0]["uar"],
        "folds": len(inner),
        "kept_together": together,
        "chosen": chosen,
        "trials": trials,
    }
    return with_choices(recipe, chosen), record


def with_choices(recipe: Recipe, choices: dict[str, Any]) -> Recipe:
    """The recipe with other settings of its network."""
    content = recipe.model_dump()
    return Recipe.model_validate({**content, "network": {**content["network"], **choices}})


def inner_folds(
    plan: Plan, clips: Sequence[str], folds: int, seed: int
) -> tuple[list[tuple[list[str], list[str]]], str]:
    """Names of the clips to fit on and of the others, fold by fold; and what keeps clips together.

    Speakers stay whole where the clips are of two or more; otherwise clips are dealt one by one.
    There are fewer folds where there are fewer speakers.

    Raises:
        EvaluationError: If there are too few clips of an emotion.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    rows = plan.corpus.usable.loc[list(clips)]
    emotions, speakers = rows["emotion"].to_numpy(), rows["speaker"]
    several = bool(speakers.notna().all()) and speakers.nunique() > 1
    units = speakers.nunique() if several else int(rows["emotion"].value_counts().min())
    number = min(folds, units)
    if number < 2:
        raise EvaluationError(
            f"{len(clips)} training clips of one speaker, with an emotion of a single clip, cannot "
            "be divided for a search",
            subject="search.trials",
            remedy="Set search.trials to 0",
        )
    kind = StratifiedGroupKFold if several else StratifiedKFold
    parts = kind(number, shuffle=True, random_state=seed % 2**32)
    groups = speakers.astype(str).to_numpy() if several else None
    names = rows.index.to_numpy()
    pairs = [
        (names[fitted].tolist(), names[others].tolist())
        for fitted, others in parts.split(names, emotions, groups)
    ]
    return pairs, "speaker" if several else "clip"


def _prepared(
    recipe: Recipe, prepared: Prepared, fitted: Sequence[str], others: Sequence[str]
) -> InnerFold:
    """Inputs of a fold, normalised by what the clips of its fit say."""
    own = prepared.training(fitted)
    model = new_model(recipe, prepared)
    model.normaliser.fit(moments_of(prepared.data.source, own))
    model.eval()
    inputs, classes = both_inputs(model, prepared.data, own)
    weights = None
    if recipe.train.class_weights:
        weights = class_weights(prepared.data, own).numpy()[classes]
    held_out, truth = both_inputs(model, prepared.data, prepared.positions(others))
    return InnerFold(inputs, classes, weights, held_out, truth)


def _uar(recipe: Recipe, prepared: Prepared, inner: Sequence[InnerFold], seed: int) -> float:
    """Mean UAR of settings over the inner folds."""
    return float(np.mean(list(_uars(recipe, prepared, inner, seed))))


def _uars(
    recipe: Recipe, prepared: Prepared, inner: Sequence[InnerFold], seed: int
) -> Iterator[float]:
    for fold in inner:
        model = new_model(recipe, prepared)
        network = fitted_network(model)
        draw = seeds.number(seed, "weights") % 2**32
        network.fit(fold.inputs, fold.classes, seed=draw, weights=fold.weights)
        # An input is the mean of each bin; as the one frame of a clip it is its own mean.
        channels, bins, _ = prepared.data.source.representation.silence.shape
        frames = torch.from_numpy(fold.held_out).reshape(-1, channels, bins, 1)
        with torch.inference_mode():
            probabilities = model.network(frames, None).float().softmax(-1)
        yield validation_metrics(probabilities, torch.from_numpy(fold.truth))["val_uar"]


def _row(recipe: Recipe) -> NetworkKind:
    return NETWORKS[recipe.network["name"]]


def _whole(recipe: Recipe, name: str) -> bool:
    return get_type_hints(_row(recipe).spec)[name] is int


def _within(recipe: Recipe, name: str, value: float) -> float:
    """A value brought into the range that is searched."""
    low, high = _row(recipe).searched[name]
    return min(max(value, low), high)


def _drawn(trial: optuna.Trial, recipe: Recipe, name: str) -> float:
    low, high = _row(recipe).searched[name]
    log = high / low >= HUNDREDFOLD or (_whole(recipe, name) and high / low > 10)
    if _whole(recipe, name):
        return trial.suggest_int(name, int(low), int(high), log=log)
    return trial.suggest_float(name, low, high, log=log)


def _study(seed: int) -> optuna.Study:
    import optuna

    logging.getLogger("optuna").setLevel(logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed % 2**32)
    return optuna.create_study(direction="maximize", sampler=sampler)
