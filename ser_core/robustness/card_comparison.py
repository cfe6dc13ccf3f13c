"""Two cards compared: the gain under perturbations, and the cost on clean clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ser_core.core import EvaluationError
from ser_core.evaluation import Comparison, compare
from ser_core.robustness.card import Card, pooled

if TYPE_CHECKING:
    from ser_core.robustness.curve import Curve


@dataclass(frozen=True)
class Gain:
    """How a second card differs from a first, on the same clips.

    Attributes:
        clean: UAR on clean clips, the second minus the first: the cost, where it is below 0.
        troubled: UAR over all levels of what both tried, the second minus the first: the gain.
        table: A row a kind that both tried: `kind`, `title`, `before` and `after` (area under the
            curve of UAR) and `gain`.
    """

    clean: Comparison
    troubled: Comparison
    table: pd.DataFrame

    @property
    def sentence(self) -> str:
        """In plain words."""
        return (
            f"Under perturbation and attack: UAR {self.troubled.b:.3f} before, "
            f"{self.troubled.a:.3f} after, {_gain(self.troubled)}. Clean: {self.clean.b:.3f} "
            f"before, {self.clean.a:.3f} after, {_gain(self.clean)}."
        )


def gain_between(before: Card, after: Card) -> Gain:
    """Compare two cards on the same clips, by paired tests.

    Args:
        before: Card of the model as it was.
        after: Card of the mended one.

    Raises:
        EvaluationError: If they tried other clips, or no kind at the same levels.
    """
    first = {curve.name: curve for curve in before.curves if curve.troubled}
    pairs = [
        (first[curve.name], curve)
        for curve in after.curves
        if curve.name in first and _levels(curve) == _levels(first[curve.name])
    ]
    if not pairs:
        raise EvaluationError(
            "the cards have no perturbation at the same severities", subject="comparison of cards",
            remedy="Run the same tests on both models",
        )  # fmt: skip
    by_speaker = bool(before.about.get("by_speaker"))
    clean = compare(
        after.curves[0].clean.predictions,
        before.curves[0].clean.predictions,
        by_speaker=by_speaker,
    )
    troubled = compare(
        pooled([two for _, two in pairs]),
        pooled([one for one, _ in pairs]),
        by_speaker=by_speaker,
    )
    return Gain(clean, troubled, pd.DataFrame([_row(one, two) for one, two in pairs]))


def _levels(curve: Curve) -> list[str]:
    return [point.label for point in curve.points]


def _row(one: Curve, two: Curve) -> dict[str, object]:
    before, after = one.area(), two.area()
    gain = None if before is None or after is None else after - before
    return {"kind": one.name, "title": one.title, "before": before, "after": after, "gain": gain}


def _gain(found: Comparison) -> str:
    """Difference in points with its interval."""
    points = f"{100 * found.difference:+.1f} points"
    if found.low is None or found.high is None:
        return points
    sure = "" if found.better else ", not significant"
    return f"{points} (95 %: {100 * found.low:+.1f} to {100 * found.high:+.1f}){sure}"
