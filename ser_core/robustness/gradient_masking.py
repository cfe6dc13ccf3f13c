"""Gradient masking: a model that withstands FGSM and fails under stronger attacks."""

from __future__ import annotations

from dataclasses import dataclass

from ser_core.evaluation import compare
from ser_core.robustness.attack_sweep import FLAT, NOT_FINITE
from ser_core.robustness.curve import Curve, Point

RESISTED = 0.5
"""FGSM counts as resisted at a level where it turns no more than this share of what PGD turns."""

MANY = 0.1
"""Share of clips without a usable gradient above which attacks by gradient prove little."""


@dataclass(frozen=True)
class Masking:
    """Verdict from FGSM, PGD and random signs.

    Attributes:
        masked: Whether the gradient is masked; None where the attacks cannot decide.
        sentence: In plain words.
    """

    masked: bool | None
    sentence: str


def masking(fgsm: Curve, pgd: Curve, random: Curve | None = None) -> Masking:
    """Compare attacks on the same clips at the same levels, in the same domain.

    A model masks its gradient where PGD turns at least twice as many clips as FGSM at a level,
    beyond what chance explains in a paired test; where many clips have no gradient that could be
    followed; or where random signs do more harm than signs of the gradient. Athalye, Carlini &
    Wagner (2018).

    Args:
        fgsm: Predictions under FGSM.
        pgd: Predictions under PGD.
        random: Predictions under random signs, where they were tried.
    """
    lost = _without_gradient(fgsm)
    if lost > MANY:
        return Masking(
            True,
            f"{100 * lost:.0f} % of the clips have no usable gradient (zero or not a number). "
            "Gradient attacks prove nothing there: the model masks its gradient.",
        )
    if fgsm.success(fgsm.clean).value is None:
        return Masking(None, "No clip is classified correctly, so attacks say nothing.")
    level = next((each for each in _levels(fgsm, pgd) if _resisted(fgsm, pgd, *each)), None)
    if level is not None:
        one, two = (_percent(curve, point) for curve, point in zip((fgsm, pgd), level, strict=True))
        return Masking(
            True,
            f"At {level[0].label} FGSM changes {one} of the correct predictions and PGD {two}: "
            "the model resists the one-step attack only by masking its gradient. It is not "
            "robust.",
        )
    if random is not None:
        better = next((p for p in _levels(fgsm, random) if _resisted(fgsm, random, *p)), None)
        if better is not None:
            return Masking(
                True,
                f"At {better[0].label} random signs do more harm than FGSM: the gradient is "
                "uninformative, so FGSM says little about this model.",
            )
    return Masking(False, "FGSM and PGD are consistent: no sign of gradient masking.")


def _without_gradient(curve: Curve) -> float:
    status = curve.status or ()
    return sum(each in (FLAT, NOT_FINITE) for each in status) / max(1, len(status))


def _levels(one: Curve, two: Curve) -> list[tuple[Point, Point]]:
    other = {point.level: point for point in two.troubled}
    return [(point, other[point.level]) for point in one.troubled if point.level in other]


def _resisted(fgsm: Curve, stronger: Curve, one: Point, two: Point) -> bool:
    weak, strong = fgsm.success(one).value or 0.0, stronger.success(two).value or 0.0
    if not weak <= RESISTED * strong:
        return False
    found = compare(one.predictions, two.predictions, "wa", by_speaker=fgsm.by_speaker)
    every_clip_differs = found.low is None and found.difference > 0
    return found.better == "a" or every_clip_differs


def _percent(curve: Curve, point: Point) -> str:
    return f"{100 * (curve.success(point).value or 0.0):.0f} %"
