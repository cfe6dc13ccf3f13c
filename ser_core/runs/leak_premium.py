"""Leak premium: what a model seems to gain when training has met the test's speakers or sentences.

The same recipe is trained under four splits. Only the split differs, so what the figures differ by
is the leak premium.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ser_core.corpora import POLICIES
from ser_core.evaluation import Interval

if TYPE_CHECKING:
    from ser_core.recipes.recipe import Recipe
    from ser_core.runs.catalogue import RunInfo

BASELINE = "random"
COMPARED = (BASELINE, "sentence-disjoint", "speaker-disjoint", "leave-one-speaker-out")
"""Policies, from the most that leaks to the least."""

KNOWN = {
    "random": "seen speakers, seen sentences",
    "sentence-disjoint": "seen speakers, unseen sentences",
    "speaker-disjoint": "unseen speakers, a few of them",
    "leave-one-speaker-out": "unseen speakers, each of the corpus in turn",
}
"""Speakers and sentences of the test part, relative to training."""


UNSEEN_POLICIES = COMPARED[2:]


def recipes(base: Recipe) -> dict[str, Recipe]:
    """The recipe under each of the four policies, all else equal.

    Args:
        base: Its own policy does not matter; shares and seed of its split are used.
    """
    return {policy: _under(base, policy) for policy in COMPARED}


def _under(base: Recipe, policy: str) -> Recipe:
    own = {"policy": policy, "folds": None, "only": None, "file": None}
    name = f"{plain_name(base.name)}, {policy}"[:120]
    changes = {"split": base.split.model_copy(update=own), "name": name}
    return base.model_copy(update=changes)


def plain_name(name: str) -> str:
    """Name of a recipe without the policy that `recipes` adds.

    >>> plain_name("log-mel, speaker-disjoint")
    'log-mel'
    """
    for policy in POLICIES:
        name = name.removesuffix(f", {policy}")
    return name


def members(run: RunInfo, runs: Sequence[RunInfo]) -> dict[str, RunInfo]:
    """The finished runs that differ from this one in their split alone, by policy.

    Of several of one policy, the one with the most test clips counts, then the newest.

    Args:
        run: Any of them.
        runs: Where to look.
    """
    found: dict[str, RunInfo] = {}
    for each in runs:
        if each.result and each.family == run.family and each.policy in COMPARED:
            best = found.get(each.policy)
            if best is None or _rank(each) > _rank(best):
                found[each.policy] = each
    return {policy: found[policy] for policy in COMPARED if policy in found}


def _rank(run: RunInfo) -> tuple[int, float]:
    return (run.result.clips, run.result.finished) if run.result else (0, 0.0)


@dataclass(frozen=True)
class Premium:
    """What one split costs against the random one.

    Attributes:
        policy: Name of the split's policy.
        run: The run under it.
        uar: Its UAR.
        cost: UAR under the random split minus this one, with its interval; None for the random
            split itself, and where that has not been trained.
    """

    policy: str
    run: RunInfo
    uar: Interval
    cost: Interval | None

    @property
    def sentence(self) -> str:
        """What was tested, the UAR, and its loss from the random split."""
        asked = f"On {KNOWN[self.policy]}: UAR {self.uar}"
        one = ". All test clips are of one speaker, so the interval does not cover others"
        caution = one if self.policy in UNSEEN_POLICIES and self.uar.over == "clips" else ""
        if self.cost is None or self.cost.value is None:
            return f"{asked}{caution}."
        points = f"{abs(100 * self.cost.value):.0f} points"
        way = "below" if self.cost.value > 0 else "above"
        sure = "" if _is_sure(self.cost) else ", which may be chance"
        ends = ""
        if self.cost.low is not None and self.cost.high is not None:
            sign = 1 if self.cost.value > 0 else -1
            low, high = sorted(sign * 100 * end for end in (self.cost.low, self.cost.high))
            ends = f" (95 %: {low:.0f} to {high:.0f})"
        return f"{asked}, {points}{ends} {way} the random split{sure}{caution}."


def _is_sure(cost: Interval) -> bool:
    known = cost.low is not None and cost.high is not None
    return known and not (cost.low or 0) <= 0 <= (cost.high or 0)


def premium(found: dict[str, RunInfo]) -> list[Premium]:
    """What each split costs, in the order of `COMPARED`.

    Args:
        found: Finished runs by policy, as `members` gives them.
    """
    base = found.get(BASELINE)
    rows = []
    for policy, run in found.items():
        if run.result is None:
            continue
        reference = base.result.uar if base and base.result and policy != BASELINE else None
        cost = difference(reference, run.result.uar) if reference else None
        rows.append(Premium(policy, run, run.result.uar, cost))
    return rows


def difference(one: Interval, two: Interval) -> Interval:
    """One figure minus another of other clips, with the interval that theirs give.

    The square-root combination of Newcombe (1998), as for independent figures. Both are of one
    corpus but the test clips differ, so there is nothing to pair.
    """
    if one.value is None or two.value is None:
        return Interval(one.metric, None, None, None, method="none")
    value = one.value - two.value
    if None in (one.low, one.high, two.low, two.high):
        return Interval(one.metric, value, None, None, method="none")
    down = math.hypot(one.value - float(one.low or 0), float(two.high or 0) - two.value)
    up = math.hypot(float(one.high or 0) - one.value, two.value - float(two.low or 0))
    return Interval(
        one.metric, value, value - down, value + up, one.level, "both intervals", "clips", 0
    )
