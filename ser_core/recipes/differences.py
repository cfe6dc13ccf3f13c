"""What differs between recipes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ser_core.recipes.recipe import Recipe

APART = ("name",)
"""Settings that say nothing of a training."""


def differences(recipes: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Settings in which recipes differ, one row each.

    Args:
        recipes: Content of each as it was written, with or without its defaults, by the name of
            the result.

    Returns:
        Rows with `setting`, as in `--set train.epochs=8`, and a text by the name of each result:
        what was written, the recipe's default where nothing was, or "–" for a setting that such a
        recipe does not have or whose default depends on others.

    >>> one, two = {"corpus": "a"}, {"corpus": "a", "train": {"epochs": 3}}
    >>> differences({"one": one, "two": two})
    [{'setting': 'train.epochs', 'one': '20', 'two': '3'}]
    """
    usual = dict(_flat(Recipe(corpus=Path()).as_dict()))
    written = {name: dict(_flat(content)) for name, content in recipes.items()}
    settings = dict.fromkeys(key for values in written.values() for key in values)
    rows = []
    for setting in settings:
        values = {
            name: own.get(setting, _default(setting, own, usual)) for name, own in written.items()
        }
        if setting not in APART and len(set(values.values())) > 1:
            rows.append({"setting": setting, **values})
    return rows


def _default(setting: str, own: Mapping[str, str], usual: Mapping[str, str]) -> str:
    """Default of a setting; of another network or representation than the usual it is not known."""
    name = f"{setting.partition('.')[0]}.name"
    if own.get(name, usual.get(name)) != usual.get(name):
        return "–"
    return usual.get(setting, "–")


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            plain = str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"{prefix}{name}", plain
