"""The learners there are."""

from __future__ import annotations

from ser_core.models.networks import GRADIENT_DESCENT, NETWORKS
from ser_core.models.networks.estimator import SCIKIT_LEARN
from ser_core.recipes.recipe import Recipe
from ser_core.training.gradient_descent import GradientDescent
from ser_core.training.learner import LEARNERS, Learner
from ser_core.training.scikit_learn import ScikitLearn

LEARNERS.register(GRADIENT_DESCENT)(GradientDescent())
LEARNERS.register(SCIKIT_LEARN)(ScikitLearn())


def learner_for(network: str) -> Learner:
    """What fits the network of a name."""
    return LEARNERS[NETWORKS[network].learner]


def learner_of(recipe: Recipe) -> Learner:
    """What fits the network of a recipe."""
    return learner_for(recipe.network["name"])
