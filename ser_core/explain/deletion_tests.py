"""Deletion tests over many clips: how often the sound confirms a map, and how often chance does.

`masked_audio.deletion_test` compares, for one clip, the probability with the marked part alone, and
without it, to that with the same marks elsewhere. A random map passes each comparison about every
other time, and both about every fourth. So two controls that are independent of the model take the
same test: blobs by chance, and the feature map's own largest values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ser_core.audio import Waveform
from ser_core.evaluation import Interval, wilson
from ser_core.evaluation.intervals import WILSON
from ser_core.explain.attribution import Attribution
from ser_core.explain.faithfulness import CONTIGUOUS, Terms, chance, tiles_of
from ser_core.explain.masked_audio import DeletionTest, InputFunction, deletion_test, is_invertible
from ser_core.explain.summary_statistics import ClipMeans

LOUDEST = "the largest values"
WITHOUT_A_MODEL = (CONTIGUOUS, LOUDEST)
"""Maps that know nothing of the model."""

COLUMNS = ("clip", "method", "kept", "removed", "kept_elsewhere", "removed_elsewhere")

SHARES = {
    "both": "Clips that pass both halves of the deletion test on the sound: the relevant part "
    "alone keeps more of the class probability than random parts of the same size, and "
    "removing it costs more.",
    "one": "Clips that pass one half.",
    "neither": "Clips that pass neither half.",
}
MARGINS = {
    "keeps": "Probability that the relevant part alone keeps, minus that of random parts.",
    "loses": "Probability lost without the relevant part, minus that lost without random parts.",
}


def deletion_tests(
    input_of: InputFunction,
    waveform: Waveform,
    found: Mapping[str, Attribution],
    terms: Terms,
    number: int,
) -> dict[str, DeletionTest]:
    """Deletion tests of the maps of one clip, and of controls that are independent of the model.

    Args:
        input_of: The `ModelInput` of a sound.
        waveform: The sound that was explained.
        found: Its maps, by method.
        terms: Share that is kept or removed, and the seed.
        number: Of the clip, so that chance draws anew for each.

    Returns:
        By method, controls included; empty where the representation allows none.
    """
    apart = {name: each for name, each in found.items() if is_invertible(each.representation)}
    if not apart or not terms.heard:
        return {}
    maps = {**apart, **controls(next(iter(apart.values())), terms, number)}
    share, seed = terms.heard / 100, terms.seed + number
    how: dict[str, Any] = {"rest": terms.rest, "draws": terms.elsewhere, "seed": seed}
    return {
        name: deletion_test(input_of, waveform, each, share, **how) for name, each in maps.items()
    }


def controls(like: Attribution, terms: Terms, number: int) -> dict[str, Attribution]:
    """Maps of the same feature map that know nothing of the model.

    Args:
        like: A map of the clip.
        terms: The tiles that blobs are made of, and the seed.
        number: Of the clip.
    """
    own = replace(terms, controls=1, seed=terms.seed + number)
    shape = like.feature_map.shape
    (order,) = chance(CONTIGUOUS, shape, own)
    height = np.empty(len(order), np.float32)
    height[order] = np.arange(len(order), 0, -1)
    blobs = height[tiles_of(shape, own)]
    return {
        CONTIGUOUS: replace(like, values=blobs),
        LOUDEST: replace(like, values=like.feature_map),
    }


def table_of(trials: Mapping[str, Mapping[str, DeletionTest]]) -> pd.DataFrame:
    """Rows with `COLUMNS` of trials by clip and method."""
    rows = [
        {"clip": clip, "method": method, **asdict(trial)}
        for clip, several in trials.items()
        for method, trial in several.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True, eq=False)
class DeletionTests:
    """Deletion tests of many clips.

    Attributes:
        table: With `COLUMNS`.
        speakers: Of the clips, by name. Clips of one speaker resemble each other, so speakers are
            the units of the intervals, also where they are enrolled; clips are, where not every
            one names its speaker, or all are of one.
    """

    table: pd.DataFrame
    speakers: pd.Series[Any]

    @property
    def names(self) -> list[str]:
        """Methods and controls, in their order."""
        return [str(name) for name in dict.fromkeys(self.table["method"])]

    @cached_property
    def _figures(self) -> dict[str, pd.DataFrame]:
        """A value of every clip, one column a method, by figure."""
        table = self.table
        keeps = table["kept"] - table["kept_elsewhere"]
        loses = table["removed_elsewhere"] - table["removed"]
        halves = (keeps > 0).astype(int) + (loses > 0)
        values = {
            "both": halves == 2,
            "one": halves == 1,
            "neither": halves == 0,
            "keeps": keeps,
            "loses": loses,
        }
        return {name: self._wide(each.astype(float)) for name, each in values.items()}

    def _wide(self, values: pd.Series[Any]) -> pd.DataFrame:
        wide = self.table.assign(value=values).pivot_table(
            index="clip", columns="method", values="value"
        )
        return wide[self.names]

    @cached_property
    def _means(self) -> dict[str, ClipMeans]:
        return {
            name: ClipMeans.of(wide, self.speakers.reindex(wide.index))
            for name, wide in self._figures.items()
        }

    def figure(self, method: str, name: str) -> Interval:
        """Mean of a figure with its interval.

        Args:
            method: One of `names`.
            name: Key of `SHARES` or of `MARGINS`.
        """
        found = self._means[name].mean(method)
        return _as_share(found, len(self._figures[name])) if name in SHARES else found

    def over(self, method: str, control: str, name: str = "both") -> Interval:
        """How much more of a figure a method has than a control, on the same clips."""
        return self._means[name].difference(method, control)

    def summary(self) -> dict[str, dict[str, Interval]]:
        """All figures by method, and how much more often both halves hold than by chance."""
        return {
            name: {
                **{each: self.figure(name, each) for each in (*SHARES, *MARGINS)},
                **{f"over {other}": self.over(name, other) for other in WITHOUT_A_MODEL
                   if other != name},
            }
            for name in self.names
        }  # fmt: skip


def _as_share(found: Interval, clips: int) -> Interval:
    """An interval that stays between 0 and 1; by Wilson over clips where no unit differs."""
    value, low, high = found.value, found.low, found.high
    if value is None or low is None or high is None:
        return found
    if high > low:
        return replace(found, low=max(0.0, low), high=min(1.0, high))
    ends = wilson(value * clips, clips, found.level)
    low, high = (float(end) for end in ends)
    return replace(found, low=low, high=high, method=WILSON, over="clips", units=clips)
