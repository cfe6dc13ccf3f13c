"""Models as they are before they are fitted."""

from __future__ import annotations

from ser_core.features.representations import make
from ser_core.models.classifier import EmotionClassifier
from ser_core.recipes.recipe import Recipe
from ser_core.training.sources import Prepared


def new_model(recipe: Recipe, prepared: Prepared) -> EmotionClassifier:
    """Model of a recipe with fresh weights, drawn from torch's global generator."""
    network = recipe.network_spec(len(prepared.classes))
    return EmotionClassifier(
        make(**recipe.representation), recipe.normalise, network, prepared.classes
    )
