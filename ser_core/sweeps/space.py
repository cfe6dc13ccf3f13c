"""What a sweep varies: fields of a recipe by their dotted names, each in a range or a list."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ser_core.core import ParameterError
from ser_core.core.plain_yaml import load_yaml
from ser_core.recipes import draft
from ser_core.recipes.recipe import Recipe, changed, parse, read, read_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.distributions import BaseDistribution

KEY = "sweep"
"""Key of a YAML file that says what is varied."""

MOST_TRIALS = 10_000
MOST_OPTIONS = 100

FIXED = ("name", "corpus", "reader", "opening", "split", "seeds")
"""What no sweep varies: trials of other clips or another split cannot be compared."""

SHAPE = (
    "Write `optim.lr: {low: 0.0001, high: 0.01, log: true}` for a range, or "
    "`network.width: [16, 32]` for a list"
)


@dataclass(frozen=True)
class Range:
    """Numbers between two ends.

    Attributes:
        low: The least, included.
        high: The greatest, included.
        log: Whether every factor counts alike, not every step; for rates.
        whole: Whether only whole numbers are drawn.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def distribution(self) -> BaseDistribution:
        """As Optuna has it."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)

    def drawn(self, value: Any) -> Any:
        """The value of a field from what Optuna drew."""
        return value

    def given(self, value: Any) -> Any:
        """What Optuna would draw for a value; None where it cannot."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if number and self.low <= value <= self.high else None


@dataclass(frozen=True)
class Options:
    """A list of values, of any kind.

    Attributes:
        values: They.
    """

    values: tuple[Any, ...]

    def distribution(self) -> BaseDistribution:
        """As Optuna has it: by the JSON of each value, since it takes no lists."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution([json.dumps(value) for value in self.values])

    def drawn(self, value: Any) -> Any:
        """The value of a field from what Optuna drew."""
        return json.loads(value)

    def given(self, value: Any) -> Any:
        """What Optuna would draw for a value; None where it cannot."""
        text = json.dumps(value)
        return text if text in [json.dumps(each) for each in self.values] else None


@dataclass(frozen=True)
class Sweep:
    """What is to be tried.

    Attributes:
        recipe: Where all trials begin.
        space: What is varied, by dotted name.
        trials: How many recipes are tried.
        seed: Of what is drawn.
        enrolled: Whether trials are compared with every validation speaker enrolled; only for
            models that normalise by speaker.
    """

    recipe: Recipe
    space: Mapping[str, Range | Options]
    trials: int = 20
    seed: int = 0
    enrolled: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        if not self.space:
            raise ParameterError("varies nothing", subject=KEY, remedy=SHAPE)
        if not 1 <= self.trials <= MOST_TRIALS:
            raise ParameterError(
                f"cannot be {self.trials:,}", subject="trials", remedy=f"Give 1 to {MOST_TRIALS:,}"
            )
        if self.enrolled and self.recipe.normalise != "speaker":
            raise ParameterError(
                "needs a recipe that normalises by speaker",
                subject="enrolled",
                remedy="Set normalise: speaker, or leave it out",
            )
        content = self.recipe.model_dump(mode="json")
        for name, values in self.space.items():
            if not draft.is_known(name) or name.partition(".")[0] in FIXED:
                raise ParameterError("cannot be varied", subject=name, remedy=SHAPE)
            for value in _ends(values):  # each must be a recipe by itself
                if draft.get(content, name) != value:
                    parse(draft.merged(content, {name: value}))

    def recipe_of(self, drawn: Mapping[str, Any]) -> Recipe:
        """The recipe of a trial.

        Args:
            drawn: Values by dotted name, as fields of a recipe.

        Raises:
            ParameterError: If these values do not go together.
        """
        content = draft.merged(self.recipe.model_dump(mode="json"), drawn)
        return parse({**content, "name": self.recipe.name})

    @property
    def title(self) -> str:
        """Its name, or one after the recipe."""
        return self.name or f"Sweep of {self.recipe.name}"

    def as_dict(self) -> dict[str, Any]:
        """For YAML; `load_sweep` reads it back."""
        return {
            "name": self.title,
            "recipe": load_yaml(self.recipe.to_yaml()),
            KEY: {name: _plain(values) for name, values in self.space.items()},
            "trials": self.trials,
            "seed": self.seed,
            "enrolled": self.enrolled,
        }


def load_sweep(path: Path, changes: Sequence[str] = (), trials: int | None = None) -> Sweep:
    """A sweep from a YAML file.

    It has `recipe` (a name, a file beside it, or a recipe), `sweep` (what is varied), and maybe
    `name`, `trials`, `seed` and `enrolled`.

    Args:
        path: The file.
        changes: Of the recipe, as `corpus=PATH`.
        trials: Instead of those of the file.

    Raises:
        SerError: If it cannot be read.
        ParameterError: If a name or a value is wrong.
    """
    content = read(path)
    odd = sorted(map(str, set(content) - {"name", "recipe", KEY, "trials", "seed", "enrolled"}))
    space = content.get(KEY)
    if odd or not isinstance(space, Mapping) or "recipe" not in content:
        raise ParameterError(
            f"has the key {odd[0]!r}, which no sweep has" if odd else "is no sweep",
            subject=str(path),
            remedy=f"Write `recipe: NAME` and `{KEY}:` with fields. {SHAPE}",
        )
    base = content["recipe"]
    if isinstance(base, str):
        base = read_named(base, path)
    if not isinstance(base, Mapping):
        raise ParameterError("is no recipe", subject="recipe", remedy="Name one, or write it out")
    wanted = {name: content[name] for name in ("trials", "seed") if name in content}
    if trials is not None:
        wanted["trials"] = trials
    for name, value in wanted.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise ParameterError(f"cannot be {value!r:.40}", subject=name, remedy="Give a number")
    return Sweep(
        changed(base, changes),
        {str(name): choice_of(str(name), values) for name, values in space.items()},
        enrolled=content.get("enrolled") is True,
        name=str(content.get("name") or path.stem),
        **wanted,
    )


def to_yaml(sweep: Sweep) -> str:
    """Text of a sweep's file."""
    return yaml.safe_dump(sweep.as_dict(), sort_keys=False, allow_unicode=True)


def choice_of(name: str, values: Any) -> Range | Options:
    """What a file says of one field.

    Args:
        name: Of the field.
        values: A list, or a mapping of `low`, `high` and `log`.

    Raises:
        ParameterError: If it is neither.
    """
    if isinstance(values, list) and 1 <= len(values) <= MOST_OPTIONS:
        return Options(tuple(values))
    if not isinstance(values, Mapping) or not {"low", "high"} <= set(values) <= {
        "low", "high", "log",
    }:  # fmt: skip
        raise ParameterError(f"cannot be {values!r:.60}", subject=name, remedy=SHAPE)
    low, high, log = _number(values["low"]), _number(values["high"]), values.get("log", False)
    ordered = low is not None and high is not None and low < high
    if not ordered or not isinstance(log, bool) or (log and low <= 0):
        raise ParameterError(
            f"cannot go from {values['low']!r:.20} to {values['high']!r:.20}",
            subject=name,
            remedy="Give two numbers, the lower one first; above zero where log is true",
        )
    return Range(low, high, log, isinstance(low, int) and isinstance(high, int))


def _number(value: Any) -> Any:
    """A finite number; also one such as 1e-4, which YAML takes for text. None where it is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and math.isfinite(value) else None


def _ends(values: Range | Options) -> tuple[Any, ...]:
    return values.values if isinstance(values, Options) else (values.low, values.high)


def _plain(values: Range | Options) -> Any:
    if isinstance(values, Options):
        return list(values.values)
    return {"low": values.low, "high": values.high, **({"log": True} if values.log else {})}
