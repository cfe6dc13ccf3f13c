"""Summary statistics: means over clips with their intervals, and ranks that the data support.

The intervals are those of `ser_core.evaluation`: bootstrap over clips, or over speakers where the
figure is for unseen speakers, and the jackknife with Student's t where there are few of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ser_core.evaluation import Interval, Sampling, SufficientStatistics
from ser_core.evaluation.intervals import BOOTSTRAP, FEW, JACKKNIFE, LEVEL, number
from ser_core.explain.model_input import Floats

RESAMPLES = 4000


@dataclass(frozen=True, eq=False)
class ClipMeans:
    """Means of the columns of a table over its rows, and how they scatter together.

    Attributes:
        names: Of the columns.
        sampling: Its sums are those of the columns, and the number of clips.
        note: What the reader should know; often empty.
    """

    names: tuple[str, ...]
    sampling: Sampling
    note: str = ""

    @classmethod
    def of(
        cls, values: pd.DataFrame, speakers: pd.Series[Any] | None = None, *, level: float = LEVEL
    ) -> ClipMeans:
        """Of a row a clip.

        Args:
            values: Numbers, one column a method.
            speakers: Of the clips, where the figure is for unseen speakers; None draws clips.
            level: Confidence, 0 to 1.
        """
        sums = np.column_stack([values.to_numpy(np.float64), np.ones(len(values))])
        tally, over = SufficientStatistics(sums, 0), "clips"
        if speakers is not None and len(set(speakers)) > 1 and not speakers.isna().any():
            tally = tally.grouped(np.asarray(pd.factorize(speakers, sort=True)[0], dtype=np.intp))
            over = "speakers"
        few = 1 < len(tally.sums) < FEW  # one alone does not scatter, and has no interval
        method = JACKKNIFE if few else BOOTSTRAP
        note = f"Rough: it rests on {len(tally.sums)} {over}." if few else ""
        sampling = Sampling(tally, over, method, RESAMPLES, level=level)
        return cls(tuple(values.columns), sampling, note)

    def _means(self, tally: SufficientStatistics) -> Floats:
        return np.asarray(tally.sums[..., :-1] / tally.sums[..., -1:])

    def _interval(self, name: str, value: Floats, replicates: Floats) -> Interval:
        low, high = self.sampling.ends(value, replicates)
        known = self.sampling.units > 1
        return Interval(
            name, number(value), number(low) if known else None, number(high) if known else None,
            self.sampling.level, self.sampling.method, self.sampling.over, self.sampling.units,
            self.note,
        )  # fmt: skip

    def mean(self, name: str) -> Interval:
        """Mean of a column."""
        column = self.names.index(name)
        total, replicates = self.sampling.total, self.sampling.replicates
        return self._interval(name, self._means(total)[column], self._means(replicates)[:, column])

    def difference(self, first: str, second: str) -> Interval:
        """Mean of one column minus that of another, of the same clips."""
        one, two = self.names.index(first), self.names.index(second)
        value, drawn = self._means(self.sampling.total), self._means(self.sampling.replicates)
        return self._interval(
            f"{first} - {second}", value[one] - value[two], drawn[:, one] - drawn[:, two]
        )


@dataclass(frozen=True)
class Rank:
    """Rank of a method, as an interval.

    Attributes:
        best: Highest rank that the data allow, 1 is the best.
        worst: Lowest rank that the data allow.
        of: How many there are.
    """

    best: int
    worst: int
    of: int

    @property
    def is_certain(self) -> bool:
        """Whether the data allow one rank only."""
        return self.best == self.worst

    def __str__(self) -> str:
        """As in `2` or `1 to 3`; a dash where any rank is allowed."""
        if (self.best, self.worst) == (1, self.of):
            return "–"
        return f"{self.best}" if self.is_certain else f"{self.best} to {self.worst}"


def ranks(
    values: pd.DataFrame, speakers: pd.Series[Any] | None = None, *, level: float = LEVEL
) -> dict[str, Rank]:
    """Ranks of the columns by their means, the largest first, with simultaneous coverage.

    From the paired differences of all pairs, each at a level that is corrected for their number
    (Bonferroni): a rank is lost only to those that are significantly better. Mogstad, Romano,
    Shaikh & Wilhelm (2024), "Inference for ranks".
    """
    names = list(values.columns)
    pairs = list(combinations(names, 2))
    strict = 1 - (1 - level) / max(1, len(pairs))
    means = ClipMeans.of(values, speakers, level=strict)
    above, below = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for one, two in pairs:
        found = means.difference(one, two)
        if found.low is not None and found.low > 0:
            above[two], below[one] = above[two] + 1, below[one] + 1
        elif found.high is not None and found.high < 0:
            above[one], below[two] = above[one] + 1, below[two] + 1
    return {name: Rank(1 + above[name], len(names) - below[name], len(names)) for name in names}
