"""What decides, by named groups of features: pitch, loudness, spectrum, voice quality, rhythm.

For models on a summary whose numbers have names (functionals, the librosa vector). Nothing but
predictions is asked for, so trees and neighbours are explained as well as linear models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core.core import ModelError, ParameterError
from ser_core.evaluation import metrics
from ser_core.explain.method import Progress, silently
from ser_core.explain.model_input import Floats, ModelInput, NetworkInput, model_input, shares
from ser_core.features.representations import GROUPS, Representation
from ser_core.inference.evaluation_clips import EvaluationClips
from ser_core.models.predictor import Predictor

DRAWS = 10
"""Permutations of every group."""


@dataclass(frozen=True, eq=False)
class GroupShares:
    """Shapley values of groups of features, for one clip and class.

    Attributes:
        emotion: The class.
        added: Shapley value of each group, in probability. Their sum is `probability` - `average`.
        probability: Of the class, that the model gives to the clip.
        average: The same for the average voice: all features at their means, which are those of
            the training part, or of the enrolled speaker. What networks of the model see in other
            representations stays that of the clip.
        representation: Whose features they are.
    """

    emotion: str
    added: dict[str, float]
    probability: float
    average: float
    representation: Representation


@dataclass(frozen=True)
class GroupImportance:
    """How much a group of features is worth to a model.

    Attributes:
        group: Its name.
        features: How many features it has.
        loss: UAR that is lost when the group is permuted over clips, mean over the draws.
        spread: Standard deviation over the draws.
    """

    group: str
    features: int
    loss: float
    spread: float


@dataclass(frozen=True, eq=False)
class Importance:
    """Permutation importance of all groups.

    Attributes:
        groups: The most important first.
        uar: Of the clips as they are.
        clips: What they are, in words.
        badge: Badge of the figures.
        draws: Permutations of every group.
    """

    groups: tuple[GroupImportance, ...]
    uar: float
    clips: str
    badge: str
    draws: int


def why_no_groups(rep: Representation) -> str:
    """Why what sees a representation is not explained by groups; empty where it is."""
    if rep.feature_groups():
        return ""
    return f"the numbers of {rep.title} have no names that tell pitch from loudness"


def group_shares(view: ModelInput, target: int, representation: str = "") -> GroupShares:
    """Exact Shapley values of the groups over all their coalitions.

    A group that is left out has its average value, which is 0 after normalisation. Each value is
    the mean of what the group adds, over all orders in which groups can come; they sum to the
    difference that all make together (efficiency). Shapley (1953); Štrumbelj & Kononenko (2014),
    "Explaining prediction models and individual predictions with feature contributions".

    Args:
        view: The clip before the model.
        target: Index in `view.classes`.
        representation: Hash or name; that of greatest weight when empty.

    Raises:
        ModelError: If the features of the representation have no groups.
    """
    parts = view.through(representation)
    rep = parts[0][0].representation
    groups = _groups(rep)
    coalitions = _coalitions(len(groups))
    inside = torch.from_numpy(coalitions @ np.stack(list(groups.values())).astype(np.float32))

    through = [id(each) for each, _ in parts]
    outputs = [
        view.ordered(each, each.seen * inside[:, None, :, None])
        if id(each) in through
        else view.ordered(each, each.seen).repeat(len(inside), axis=0)
        for each in view.network_inputs
    ]
    found = view.pool(np.stack(outputs))[:, target]
    values = _shapley(found, coalitions)
    return GroupShares(
        view.classes[target],
        dict(zip(groups, map(float, values), strict=True)),
        float(found[-1]),
        float(found[0]),
        rep,
    )


def permutation_importance(
    predictor: Predictor,
    subset: EvaluationClips,
    *,
    enrolled: bool = False,
    representation: str = "",
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress = silently,
) -> Importance:
    """UAR that is lost when the features of one group are exchanged between clips.

    Breiman (2001), "Random forests", for groups: the features of a group stay together. Groups that
    say the same can stand in for each other, so losses need not add up.

    Args:
        predictor: A bundle, or an ensemble of them.
        subset: Clips with their emotions.
        enrolled: Whether each speaker is enrolled, where the model can.
        representation: Hash or name; that of greatest weight when empty.
        draws: Permutations of every group.
        seed: Of the permutations.
        progress: Called with how much is done and how much there is.

    Raises:
        ModelError: If the features of the representation have no groups.
        ParameterError: If there are fewer than two clips.
    """
    if len(subset) < 2:
        raise ParameterError("one clip has none to exchange with", subject=subset.description)
    views: list[ModelInput] = []
    for sound, speaker in zip(subset.sounds, subset.speakers, strict=True):
        known = subset.enrolled.get(speaker) if enrolled else None
        like = views[0] if views else None
        views.append(model_input(predictor, sound, known, like=like))
        progress(len(views), len(subset) + 1)
    view, parts = views[0], views[0].through(representation)
    rep = parts[0][0].representation
    groups = _groups(rep)
    numbers = [view.network_inputs.index(each) for each, _ in parts]
    seen = {id(view.network_inputs[n]): _stacked(views, n) for n in numbers}
    true = np.array([view.classes.index(name) for name in subset.clips["emotion"]])

    def uar(changed: Callable[[Tensor], Tensor]) -> float:
        found = _probabilities(view, parts, lambda each: changed(seen[id(each)]))
        return metrics.uar(true, found.argmax(axis=1))

    whole = uar(lambda values: values)
    draw = np.random.default_rng(seed)
    orders = [torch.from_numpy(draw.permutation(len(subset))) for _ in range(draws)]
    rows = [
        _importance(name, bins, whole, [uar(_exchanged(bins, order)) for order in orders])
        for name, bins in groups.items()
    ]
    progress(len(subset) + 1, len(subset) + 1)
    best_first = tuple(sorted(rows, key=lambda row: -row.loss))
    return Importance(best_first, whole, subset.description, subset.badge, draws)


def _importance(
    name: str, bins: npt.NDArray[np.bool_], whole: float, changed: Sequence[float]
) -> GroupImportance:
    losses = whole - np.array(changed)
    return GroupImportance(name, int(bins.sum()), float(losses.mean()), float(losses.std()))


def _exchanged(bins: npt.NDArray[np.bool_], order: Tensor) -> Callable[[Tensor], Tensor]:
    """What gives each clip the features of a group of another clip."""
    chosen = torch.from_numpy(bins)[:, None]
    return lambda values: torch.where(chosen, values[order], values)


def _stacked(views: Sequence[ModelInput], number: int) -> Tensor:
    """What one network is given of all clips, (clips, channels, bins, 1)."""
    return torch.cat([each.network_inputs[number].seen for each in views])


def _probabilities(
    view: ModelInput,
    parts: Sequence[tuple[NetworkInput, float]],
    given: Callable[[NetworkInput], Tensor],
) -> Floats:
    """Probabilities by the networks on one representation, their mean by weight."""
    own = shares(weight for _, weight in parts)
    found = [
        share * view.ordered(each, given(each)) for share, (each, _) in zip(own, parts, strict=True)
    ]
    return np.asarray(np.sum(found, axis=0))


def _groups(rep: Representation) -> dict[str, npt.NDArray[np.bool_]]:
    """Which bins are in each group, in the order of `GROUPS`.

    Raises:
        ModelError: If there are no groups.
    """
    why = why_no_groups(rep)
    if why:
        raise ModelError(
            why, subject=rep.title, remedy="Explain a model on functionals or the librosa vector"
        )
    own = np.array(rep.feature_groups())
    return {name: own == name for name in GROUPS if (own == name).any()}


def _coalitions(groups: int) -> npt.NDArray[np.float32]:
    """All subsets, none of the groups first and all last, (2 ** groups, groups)."""
    numbers = np.arange(2**groups)[:, None]
    return (numbers >> np.arange(groups) & 1).astype(np.float32)


def _shapley(values: Floats, coalitions: npt.NDArray[Any]) -> Floats:
    """Shapley values, (groups,), from the worth of every coalition."""
    groups = coalitions.shape[1]
    sizes = coalitions.sum(1).astype(int)
    found = np.zeros(groups)
    for group in range(groups):
        without = np.flatnonzero(coalitions[:, group] == 0)
        weights = np.array(
            [
                factorial(size) * factorial(groups - size - 1) / factorial(groups)
                for size in sizes[without]
            ]
        )
        found[group] = (weights * (values[without + 2**group] - values[without])).sum()
    return found
