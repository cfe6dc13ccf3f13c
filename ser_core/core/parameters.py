"""Frozen values of checked parameters, from which pages build controls."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ser_core.core.errors import ParameterError


def parameter(
    default: Any,
    low: float,
    high: float,
    help: str,  # noqa: A002
    unit: str = "",
    *,
    searched: tuple[float, float] | None = None,
) -> Any:
    """Dataclass field with the bounds, unit and explanation that pages and errors use.

    Args:
        default: Value where none is given.
        low: Least value.
        high: Greatest value.
        help: What it is, in a sentence.
        unit: Of the value.
        searched: Range that a hyperparameter search draws from; None to leave it as it is.
    """
    rule = {"low": low, "high": high, "help": help, "unit": unit}
    return field(
        default=default, metadata=rule if searched is None else {**rule, "searched": searched}
    )


def choice(default: str, options: tuple[str, ...], help: str) -> Any:  # noqa: A002
    """Dataclass field that takes one of a few words; pages offer the words."""
    return field(default=default, metadata={"options": options, "help": help})


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Base of values whose fields are checked when they are made.

    Raises:
        ParameterError: If a parameter breaks its bounds or a rule of the subclass.
    """

    name: ClassVar[str]

    def __post_init__(self) -> None:
        for each in dataclasses.fields(self):
            self._check_field(each.name, each.metadata)
        self.check()

    def _check_field(self, field_name: str, rule: Mapping[str, Any]) -> None:
        value = getattr(self, field_name)
        if "options" in rule:
            words = ", ".join(rule["options"])
            self.require(value in rule["options"], field_name, f"be one of {words}", rule["help"])
        if "low" in rule:
            bounds = f"lie between {rule['low']} and {rule['high']} {rule['unit']}".rstrip()
            inside = isinstance(value, int | float) and rule["low"] <= value <= rule["high"]
            self.require(inside, field_name, bounds, rule["help"])

    def check(self) -> None:
        """Rules between parameters; a subclass calls `require` for each."""

    def require(self, holds: bool, parameter_name: str, rule: str, remedy: str) -> None:
        """Raise a `ParameterError` that names value, rule and remedy unless the rule holds."""
        if not holds:
            value = getattr(self, parameter_name)
            raise ParameterError(
                f"{parameter_name} = {value!r} must {rule}", subject=self.name, remedy=remedy
            )
