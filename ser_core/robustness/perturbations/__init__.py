"""Perturbations of a recording: noise, rooms, lines, damage, each at levels with a unit.

The augmentations of training do the work where there is one, at a fixed level instead of a drawn
one. What is random depends on the clip and the kind alone: a clip meets the same noise at every
level and in every subset.
"""

# The order of these imports is the order in which pages list the kinds.
from ser_core.robustness.perturbations.base import (
    PERTURBATIONS,
    Perturbation,
    Surroundings,
    perturbed,
    surroundings,
)

# isort: split
from ser_core.robustness.perturbations import noise

# isort: split
from ser_core.robustness.perturbations import line

# isort: split
from ser_core.robustness.perturbations import damage

__all__ = [
    "PERTURBATIONS",
    "Perturbation",
    "Surroundings",
    "damage",
    "line",
    "noise",
    "perturbed",
    "surroundings",
]
