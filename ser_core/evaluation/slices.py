"""Slices: where a model is worse than on the rest of the clips, and how sure that is.

A slice is the clips that share a value: a speaker, a sentence, a quarter of the lengths. Many are
looked at, so chance alone makes some look bad: p-values are corrected for how many were tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import EvaluationError
from ser_core.evaluation.compare import holm
from ser_core.evaluation.confusion_rates import Floats
from ser_core.evaluation.intervals import LEVEL, jackknife_error, mean_of_shares, number, student_t

LEAST = 20
"""Clips that a slice, and the rest, must have to be tested."""

ALPHA = 0.05
"""Corrected p-value below which a slice is called worse."""

NAMED = {
    "speaker": "speaker",
    "gender": "gender",
    "age": "age",
    "sentence": "sentence",
    "intensity": "intensity",
    "corpus": "corpus",
}
"""Columns of `Corpus.clips` whose values are slices, in words."""

QUARTERED = {"duration": ("length", "s"), "rms_db": ("level", "dBFS")}
"""Columns of numbers that are cut in quarters, in words and with their unit."""

SPEAKERS, CLIPS = "speakers", "clips"


@dataclass(frozen=True)
class Slices:
    """What was found of every slice.

    Attributes:
        table: A row a slice that was tested, the worst difference first: `by` (what was cut by),
            `slice` (its value; of two that are each other's rest the worse), `clips`, `speakers`,
            `recall` (mean recall of its emotions), `rest` (that of the same emotions outside it),
            `difference`, `low`, `high`, `p`, `p_holm` (Holm, 1979: hardly any false alarm among
            all), `q` (Benjamini & Hochberg, 1995: about this share of false alarms among those up
            to here), `over` ("speakers" or "clips").
        few: Slices with fewer than `LEAST` clips, which were not tested.
        level: Confidence of the intervals, 0 to 1.
    """

    table: pd.DataFrame
    few: int
    level: float = LEVEL

    @property
    def worse(self) -> pd.DataFrame:
        """The slices where the model is surely worse, by Holm's correction."""
        found = self.table
        return found[(found["difference"] < 0) & (found["p_holm"] < ALPHA)]


def slices(answers: pd.DataFrame, about: pd.DataFrame, *, least: int = LEAST) -> Slices:
    """Compare the recall inside of every slice with that of the rest.

    Recall is the mean over the emotions that both sides have, so a slice is not called worse
    because it has more clips of a hard emotion. Where two or more speakers are on both sides the
    interval is the jackknife over speakers with Student's t, of one degree of freedom less than the
    smaller side has speakers (Welch's, at its safest). Otherwise, as for a single speaker, it is
    over clips (Wilson, 1927; Zou & Donner, 2008) and says nothing of other speakers; its p-value is
    that of the stratified score test.

    Args:
        answers: Of `held_out_answers`: `true`, `wrong` and `speaker` are read.
        about: What to cut by, indexed by clip: columns in `NAMED` and `QUARTERED`; others are
            passed over.
        least: Clips that a slice and its rest must have.

    Raises:
        EvaluationError: If there are no answers.
    """
    if answers.empty:
        raise EvaluationError("no clip has a held-out answer", remedy="Choose a finished run")
    tally = _Tally.of(answers)
    rows, few = [], 0
    for by, values in cuts(about.reindex(answers.index)).items():
        found = []
        for value in sorted(values.dropna().unique(), key=str):
            inside = (values == value).fillna(value=False).to_numpy(bool)
            if min(inside.sum(), (~inside).sum()) < least:
                few += 1
            elif row := tally.compared(inside):
                found.append({"by": by, "slice": str(value), **row})
        rows += _without_mirror(found, values)
    return Slices(_corrected(pd.DataFrame(rows, columns=_COLUMNS)), few)


def _without_mirror(rows: list[dict[str, Any]], values: pd.Series[Any]) -> list[dict[str, Any]]:
    """The rows; of two slices that are each the other's rest, which are one test, the worse."""
    if len(rows) == 2 and values.notna().all() and len(values.unique()) == 2:
        return [min(rows, key=lambda row: row["difference"])]
    return rows


_COLUMNS = [
    "by", "slice", "clips", "speakers", "recall", "rest", "difference", "low", "high", "p", "over",
]  # fmt: skip


def cuts(about: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """What clips are cut by, in words, with the slice of each clip; missing for a clip in none.

    >>> about = pd.DataFrame({"duration": [1.0, 2.0, 3.0, 4.0]})
    >>> cuts(about)["length"].to_list()
    ['1 to 1.75 s', '1.75 to 2.5 s', '2.5 to 3.25 s', '3.25 to 4 s']
    """
    named = {words: about[column] for column, words in NAMED.items() if column in about}
    quartered = {
        words: _quarters(about[column], unit)
        for column, (words, unit) in QUARTERED.items()
        if column in about
    }
    return {
        words: values.astype("string")
        for words, values in {**named, **quartered}.items()
        if len(values.dropna().unique()) > 1
    }


def _quarters(values: pd.Series[Any], unit: str) -> pd.Series[Any]:
    numbers = values.astype("float64")
    codes, edges = pd.qcut(numbers, 4, labels=False, retbins=True, duplicates="drop")
    names = {n: f"{edges[n]:.3g} to {edges[n + 1]:.3g} {unit}" for n in range(len(edges) - 1)}
    return codes.map(names).astype("string")


def _corrected(table: pd.DataFrame) -> pd.DataFrame:
    """The table with corrected p-values, the worst slice first."""
    from scipy.stats import false_discovery_control

    p = table["p"].to_numpy(np.float64)
    known = np.isfinite(p)
    p_holm, q = np.full_like(p, np.nan), np.full_like(p, np.nan)
    if known.any():
        p_holm[known], q[known] = holm(p[known]), false_discovery_control(p[known])
    table = table.assign(p_holm=p_holm, q=q)
    return table.sort_values("difference", kind="stable").reset_index(drop=True)


@dataclass(frozen=True)
class _Tally:
    """Right answers and clips of every speaker and emotion.

    Attributes:
        speaker: Number of each clip's speaker; all 0 where speakers are not known. Shape (clips,).
        emotion: Number of each clip's emotion. Shape (clips,).
        right: Whether each was answered rightly. Shape (clips,).
        known: Whether every clip names its speaker.
    """

    speaker: npt.NDArray[np.intp]
    emotion: npt.NDArray[np.intp]
    right: npt.NDArray[np.bool_]
    known: bool

    @classmethod
    def of(cls, answers: pd.DataFrame) -> _Tally:
        known = bool(answers["speaker"].notna().all())
        speaker, _ = pd.factorize(answers["speaker"].fillna(""), sort=True)
        emotion, _ = pd.factorize(answers["true"], sort=True)
        return cls(speaker, emotion, ~answers["wrong"].to_numpy(bool), known)

    def counts(self, rows: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Right answers and clips of some rows, both of shape (speakers, emotions)."""
        shape = (int(self.speaker.max()) + 1, int(self.emotion.max()) + 1)
        cells = self.speaker[rows] * shape[1] + self.emotion[rows]
        size = shape[0] * shape[1]
        right = np.bincount(cells, weights=self.right[rows], minlength=size).astype(np.float64)
        clips = np.bincount(cells, minlength=size).astype(np.float64)
        return right.reshape(shape), clips.reshape(shape)

    def compared(self, inside: npt.NDArray[np.bool_]) -> dict[str, Any] | None:
        """A slice against the rest; None where they have no emotion in common."""
        own, rest = self.counts(inside), self.counts(~inside)
        common = (own[1].sum(axis=0) > 0) & (rest[1].sum(axis=0) > 0)
        if not common.any():
            return None
        own, rest = ((r[:, common], n[:, common]) for r, n in (own, rest))
        speakers = [int((n.sum(axis=1) > 0).sum()) for _, n in (own, rest)]
        recall, outside = (_mean(_recalls(r.sum(axis=0), n.sum(axis=0))) for r, n in (own, rest))
        over = SPEAKERS if self.known and min(speakers) > 1 else CLIPS
        judge = _over_speakers if over == SPEAKERS else _over_clips
        low, high, p = judge(own, rest, min(speakers) - 1)
        return {
            "clips": int(inside.sum()), "speakers": speakers[0] if self.known else None,
            "recall": float(recall), "rest": float(outside), "difference": float(recall - outside),
            "low": number(low), "high": number(high), "p": number(p), "over": over,
        }  # fmt: skip


Side = tuple[Floats, Floats]
"""Right answers and clips, both of shape (speakers, emotions)."""


def _recalls(right: Floats, clips: Floats) -> Floats:
    """Recall of each emotion; NaN where it has no clips."""
    return np.asarray(right / np.where(clips > 0, clips, np.nan))


def _mean(values: Floats) -> Floats:
    """Mean over the last axis without NaN; NaN where there is nothing else."""
    present = ~np.isnan(values)
    count = present.sum(axis=-1)
    return np.asarray(
        np.where(present, values, 0).sum(axis=-1) / np.where(count > 0, count, np.nan)
    )


def _over_speakers(own: Side, rest: Side, freedom: int) -> tuple[float, float, float]:
    """Ends of the difference and its p-value, by leaving out one speaker at a time."""
    from scipy.special import stdtr

    def difference(without: Floats) -> Floats:
        """By the emotions that both sides have without these speakers, (replicates, speakers)."""
        right, clips = ([side[n].sum(axis=0) - without @ side[n] for side in (own, rest)]
                        for n in (0, 1))  # fmt: skip
        return _mean(_recalls(right[0], clips[0]) - _recalls(right[1], clips[1]))

    people = len(own[0])
    value = float(difference(np.zeros((1, people)))[0])
    heard = (own[1] + rest[1]).sum(axis=1) > 0
    error = float(jackknife_error(np.asarray(value), difference(np.eye(people)[heard])))
    if not error > 0:  # also where a replicate has no figure
        return np.nan, np.nan, np.nan
    margin = student_t(freedom, LEVEL) * error
    ends = max(-1.0, value - margin), min(1.0, value + margin)
    return *ends, float(2 * stdtr(freedom, -abs(value / error)))


def _over_clips(own: Side, rest: Side, _freedom: int) -> tuple[float, float, float]:
    """Ends of the difference from the ends of both sides, and the stratified score test."""
    from scipy.special import ndtr

    (r1, n1), (r0, n0) = ([part.sum(axis=0) for part in side] for side in (own, rest))
    one, two = float(_mean(_recalls(r1, n1))), float(_mean(_recalls(r0, n0)))
    low1, high1 = mean_of_shares(r1, n1, LEVEL)
    low0, high0 = mean_of_shares(r0, n0, LEVEL)
    value = one - two
    low = value - float(np.hypot(one - low1, high0 - two))
    high = value + float(np.hypot(high1 - one, two - low0))
    pooled = (r1 + r0) / (n1 + n0)
    variance = float((pooled * (1 - pooled) * (1 / n1 + 1 / n0)).sum()) / len(n1) ** 2
    p = float(2 * ndtr(-abs(value) / np.sqrt(variance))) if variance > 0 else np.nan
    return low, high, p
