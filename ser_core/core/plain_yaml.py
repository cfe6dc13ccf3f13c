"""YAML of values alone: no objects, no references, no depth that a program cannot follow."""

from __future__ import annotations

from typing import Any

import yaml


class _Plain(yaml.SafeLoader):
    """Refuses aliases: ten lines of them, each naming the one before ten times, are a billion."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="references (*name) are not read: write the value again",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)


def load_yaml(text: str) -> Any:
    """Values of a YAML text: mappings, lists, texts, numbers, dates.

    Raises:
        yaml.YAMLError: If it is no YAML, holds objects or references, or is nested too deeply.

    >>> load_yaml("train: {epochs: 3}")
    {'train': {'epochs': 3}}
    """
    try:
        return yaml.load(text, Loader=_Plain)  # noqa: S506 - a SafeLoader that reads less
    except (RecursionError, ValueError) as error:  # also of a date that is none
        raise yaml.YAMLError(str(error)) from error


SHORT = 4_000
"""Characters up to which `load_short` reads by itself: no text so short is nested too deeply."""


def load_short(text: str) -> Any:
    """As `load_yaml`, several times as fast for a short text: by libyaml, where PyYAML has it.

    Its messages differ a little, so it is for files that the workbench wrote itself.

    Raises:
        yaml.YAMLError: As `load_yaml`.

    >>> load_short("train: {epochs: 3}")
    {'train': {'epochs': 3}}
    """
    if len(text) > SHORT or "*" in text or not yaml.__with_libyaml__:
        return load_yaml(text)
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except (RecursionError, ValueError) as error:
        raise yaml.YAMLError(str(error)) from error
