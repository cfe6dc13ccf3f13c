"""Several recipes out of one, to be trained one after the other, and how recipes are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ser_core.features.representations import REPRESENTATIONS, model_inputs
from ser_core.models.networks import NETWORKS
from ser_core.recipes import draft
from ser_core.recipes.recipe import Recipe, parse

TIMING = ("sample_rate", "hop_length")
"""Parameters that all representations have, and that a comparison holds equal."""


def name_for(content: Mapping[str, Any]) -> str:
    """Default name of a recipe: representation, network, split.

    >>> name_for({"representation": {"name": "mfcc"}, "split": {"policy": "speaker-disjoint"}})
    'MFCC ResNet18, speaker-disjoint'
    """
    name = str(draft.get(content, "representation")["name"])
    known = model_inputs()
    title = known[name].title if name in known else name
    network = str(draft.get(content, "network.name"))
    called = NETWORKS[network].title if network in NETWORKS else network
    return f"{title} {called}, {draft.get(content, 'split.policy')}"


def named(content: Mapping[str, Any]) -> draft.Content:
    """The content with a name, its own or one that fits."""
    return {"name": name_for(content), **content}


def every_representation(base: Recipe) -> list[Recipe]:
    """The recipe once for each representation, all else equal.

    The base's own keeps its parameters; the others have its sample rate and step in time, else
    their defaults. Augmentation steps that
    were listed for the feature map of the base's give way to the strategy of each.
    """
    return [_with(base, name) for name in REPRESENTATIONS]


def _with(base: Recipe, name: str) -> Recipe:
    if name == base.representation["name"]:
        return base
    content = base.model_dump(mode="json")
    if not isinstance(base.augment.picture, str):
        content["augment"]["picture"] = "default"
    timing = {key: value for key, value in base.representation.items() if key in TIMING}
    changed = {**content, "representation": {"name": name, **timing}}
    by_itself = base.name == name_for(content)
    own = f"{base.name}, {REPRESENTATIONS[name].title}"[:120]
    return parse({**changed, "name": name_for(changed) if by_itself else own})
