"""Several recipes out of one, to be trained one after the other, and how recipes are called."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_core.core import ParameterError
from ser_core.features.representations import REPRESENTATIONS, model_inputs
from ser_core.models.networks import NETWORKS
from ser_core.recipes import draft
from ser_core.recipes.recipe import SERIES, Recipe, changed, parse, read, read_named

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


def is_series(path: Path) -> bool:
    """Whether a file, or the name of a bundled one, is a series of recipes.

    Raises:
        SerError: If it cannot be read or is not YAML.
    """
    return SERIES in read(path)


def load_series(path: Path, changes: Sequence[str] = ()) -> dict[str, Recipe]:
    """Recipes of a series, each in each of its variants.

    A series is a YAML file: `series` lists recipes, as names of bundled ones or as files beside it;
    `variants` says by name what changes in all of them, as dotted names and values.

    Args:
        path: The file, or the name of a bundled series, such as "zoo".
        changes: Each a dotted name, an equals sign and a value in YAML, for all recipes.

    Returns:
        Recipes by "variant/name", or by name where there are no variants, in the order of the file.

    Raises:
        SerError: If a file cannot be read, or the series lists none.
        ParameterError: If a name or a value is wrong.
    """
    content = read(path)
    names, variants = content.get(SERIES), content.get("variants") or {"": {}}
    odd = sorted(map(str, set(content) - {SERIES, "variants"}))
    if odd or not isinstance(names, list) or not names or not _are_variants(variants):
        raise ParameterError(
            f"has the key {odd[0]!r}, which no series has" if odd else "lists no recipes",
            subject=str(path),
            remedy="Write `series: [NAME, ...]` and `variants: {NAME: {split.policy: VALUE}}`",
        )
    found = {}
    for variant, own in variants.items():
        for name in names:
            one = read_named(str(name), path)
            values = [f"{key}={json.dumps(value)}" for key, value in (own or {}).items()]
            recipe = changed(one, [*values, *changes])
            if own:  # the recipe's own name may say what was changed
                whole = recipe.model_dump(mode="json")
                recipe = parse({**whole, "name": name_for(whole)})
            found[f"{variant}/{Path(str(name)).stem}".lstrip("/")] = recipe
    return found


def _are_variants(variants: object) -> bool:
    """Whether each has a name, and says what changes by dotted names."""
    if not isinstance(variants, dict):
        return False
    each = all(isinstance(own, dict | None) for own in variants.values())
    names = [*variants, *(key for own in variants.values() for key in own or ())] if each else []
    return each and all(isinstance(name, str) for name in names)


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
