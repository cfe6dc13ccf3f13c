"""How long each network takes for a clip, and how many weights it has."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

from ser_core.core import Progress
from ser_core.features.representations import make
from ser_core.models.classifier import EmotionClassifier
from ser_core.recipes.recipe import Recipe

SECONDS, WARM = 2.4, 3

CLASSES = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")


@dataclass(frozen=True)
class NetworkSpeed:
    """What was measured of a network.

    Attributes:
        name: Of the recipe.
        parameters: Weights that are trained.
        ms: Median CPU milliseconds for a clip, from the sound to the logits, on one thread.
        network_ms: Of these, after the representation.
    """

    name: str
    parameters: int
    ms: float
    network_ms: float

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def time_networks(
    recipes: Mapping[str, Recipe], rounds: int = 20, report: Progress = lambda _done, _total: None
) -> list[NetworkSpeed]:
    """Time the models of recipes by turns on one clip; their weights are as they begin.

    Args:
        recipes: By name.
        rounds: That count; each runs every model once.
        report: Called with (rounds done, rounds in all).
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _timed({name: _model(recipe) for name, recipe in recipes.items()}, rounds, report)
    finally:
        torch.set_num_threads(before)


def _model(recipe: Recipe) -> EmotionClassifier:
    rep = make(**recipe.representation)
    by = "corpus" if recipe.normalise == "speaker" else recipe.normalise
    return EmotionClassifier(rep, by, recipe.network_spec(len(CLASSES)), CLASSES).eval()


def _timed(
    models: Mapping[str, EmotionClassifier], rounds: int, report: Progress
) -> list[NetworkSpeed]:
    generator = torch.Generator().manual_seed(0)
    whole: dict[str, list[float]] = {name: [] for name in models}
    after: dict[str, list[float]] = {name: [] for name in models}
    with torch.inference_mode():
        for number in range(WARM + rounds):
            for name, model in models.items():
                samples = round(SECONDS * model.representation.sample_rate)
                sound = 0.1 * torch.randn(1, samples, generator=generator)
                started = time.process_time()
                features = model.front_end(sound)
                between = time.process_time()
                model.logits(features)
                ended = time.process_time()
                if number >= WARM:
                    whole[name].append(1000 * (ended - started))
                    after[name].append(1000 * (ended - between))
            report(number + 1, WARM + rounds)
    return [
        NetworkSpeed(
            name,
            sum(each.numel() for each in model.network.parameters()),
            statistics.median(whole[name]),
            statistics.median(after[name]),
        )
        for name, model in models.items()
    ]
