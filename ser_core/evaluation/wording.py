"""What the figures of a report say, in words: for pages and for reports alike."""

from __future__ import annotations

from collections.abc import Mapping

from ser_core.core import count
from ser_core.evaluation.groups import Groups
from ser_core.evaluation.intervals import Interval
from ser_core.evaluation.report import Report

NEW_SPEAKERS = "unseen speakers"
"""Badge of scores on speakers who are not in training."""


def interval_text(interval: Interval) -> str:
    """The interval as text, or that there is none."""
    if interval.low is None or interval.high is None:
        return "no interval"
    return f"{interval.low:.3f} to {interval.high:.3f}"


def value_text(interval: Interval) -> str:
    """The score without its interval."""
    return "–" if interval.value is None else f"{interval.value:.3f}"


def chance_warning(report: Report) -> str:
    """A warning where the UAR is not significantly above chance; else empty."""
    uar, chance = report.figures["uar"], 1 / max(1, len(report.classes) - len(report.absent))
    lowest = uar.value if uar.low is None else uar.low
    if lowest is None or lowest > chance:
        return ""
    return (
        "This may be no better than chance: chance is a UAR of "
        f"{chance:.3f}, and the interval reaches down to {max(0.0, lowest):.3f}."
    )


def basis(report: Report) -> str:
    """Basis of the scores, as one line: clips, speakers, folds, intervals."""
    speakers = f", {count(report.speakers, 'speaker')}" if report.speakers else ""
    trained = f" · {len(report.folds)} folds" if len(report.folds) > 1 else ""
    trained += f" · {len(report.seeds)} seeds" if len(report.seeds) > 1 else ""
    note = f" {report.note}" if report.note else ""
    return f"{report.n:,} test clips{speakers}{trained} · intervals: {report.how}.{note}"


def calibration_verdict(report: Report) -> str:
    """What the reliability diagram and the ECE say of the confidences."""
    floor = (
        f"On so many clips even a perfectly calibrated model has an ECE of about "
        f"{report.ece_by_chance:.3f}."
    )
    ece = report.ece.value or 0.0
    if not (report.ece.low or 0) > 0:
        return f"{floor} This one does not differ from it: no sign of miscalibration."
    gap = sum(_excess(row) for row in report.reliability)
    way = "overconfident" if gap > 0 else "underconfident"
    return f"{floor} This one has {ece:.3f}: on the whole it is {way}."


def _excess(row: Mapping[str, float | None]) -> float:
    """Confidence beyond what was right, summed over the clips of a bin."""
    return float(row["n"] or 0) * ((row["confidence"] or 0.0) - (row["accuracy"] or 0.0))


def gap_text(groups: Groups) -> str:
    """How far the best and the worst group are apart."""
    gap, best, worst = groups.gap, groups.best, groups.worst
    if gap is None or best is None or worst is None:
        return f"Only one {groups.column}, so there is no gap."
    ends = (
        f" ({gap.low:.3f} to {gap.high:.3f})"
        if gap.low is not None and gap.high is not None
        else ""
    )
    return (
        f"Best {best.name}, worst {worst.name}: {gap.value or 0:.3f}{ends} apart. {gap.note}"
    ).rstrip()


def groups_basis(groups: Groups) -> str:
    """Units of the interval of each group; within one speaker they are always clips."""
    first = groups.groups[0].uar
    return f"Intervals: {first.method} over the {first.over} of each."
