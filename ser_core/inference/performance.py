"""How often a model is right, by its test, and whether that test is enough to be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser_core.core import count
from ser_core.evaluation import BADGES
from ser_core.runs.catalogue import Result, result_of
from ser_core.storage import read_json

FEWEST_TEST_CLIPS = 30
"""Test clips below which nothing is said of how often a model is right.

A share of 0.5 among 30 clips has a 95 % interval from 0.33 to 0.67.
"""


@dataclass(frozen=True)
class Estimate:
    """A figure of a test, with the ends of its interval where they are known."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def of_ten(self) -> str:
        """Display text: "8 of 10"."""
        return f"{self.value * 10:.0f} of 10"


@dataclass(frozen=True)
class Performance:
    """How often a model is right.

    Attributes:
        wa: Share of correct predictions; None where not measured.
        uar: Mean recall of the emotions.
        grade: Of the audit of the split, "unknown" or "not audited".
        clips: Tested; None where it is not recorded.
        enrolled: Share of right predictions on enrolled speakers, where it was measured.
        speakers: In the test; None where it is not recorded.
        classes: How many emotions the model knows; 0 where it is not recorded.
    """

    wa: Estimate | None = None
    uar: Estimate | None = None
    grade: str = "not audited"
    clips: int | None = None
    enrolled: Estimate | None = None
    speakers: int | None = None
    classes: int = 0

    @property
    def badge(self) -> str:
        """Badge of every figure; empty where the test speakers are new to the model."""
        return BADGES.get(self.grade, BADGES["unknown"])

    @property
    def said(self) -> str:
        """What to expect of it, in plain words."""
        if self.doubt:
            return self.doubt
        assert self.wa is not None  # noqa: S101  (there is no doubt)
        if self.badge:
            return (
                f"Correct in {self.wa.of_ten} clips of speakers who may be in its training data. "
                "Not measured on unseen speakers: expect far fewer."
            )
        known = ""
        if self.enrolled is not None:
            known = f", {self.enrolled.of_ten} after enrolment"
        return f"Correct in {self.wa.of_ten} clips of unseen speakers{known}."

    @property
    def doubt(self) -> str:
        """Why its test does not show that the model works, as sentences; empty where it does.

        A prediction of a model in doubt is always "uncertain", and no headline is made of its test.
        """
        if self.wa is None:
            return "No test scores are recorded for this model."
        if self.clips is not None and self.clips < FEWEST_TEST_CLIPS:
            return (
                f"Tested on {count(self.clips, 'clip')} only: at least {FEWEST_TEST_CLIPS} are "
                "needed to say how often this model is right."
            )
        if self.speakers == 1:
            return (
                "Tested on the voice of a single speaker: that does not say how often this model "
                "is right with others."
            )
        if self.uar and self.classes and _lowest(self.uar) <= 1 / self.classes:
            return (
                "In its test this model was no better than chance, or may have been: the UAR is "
                f"{self.uar.value:.3f}, its interval reaches down to {_lowest(self.uar):.3f}, and "
                f"chance is {1 / self.classes:.3f}."
            )
        return ""


def _lowest(figure: Estimate) -> float:
    return figure.value if figure.low is None else figure.low


def performance_of(folder: Path, about: Mapping[str, Any]) -> Performance:
    """Performance of a model in a folder: of one of a run's models, that of the whole run.

    Args:
        folder: Of the model.
        about: Its metadata.
    """
    if folder.name == "bundle" and folder.parent.name.startswith("fold-"):
        summary = read_json(folder.parent.parent / "summary.json") or {}
        known = result_of(summary)
        if known is not None:
            return _of_result(known, summary, about)
    return performance(about)


def _of_result(known: Result, summary: Mapping[str, Any], about: Mapping[str, Any]) -> Performance:
    seeds = _mapping(about.get("recipe")).get("seeds")
    return Performance(
        Estimate(known.wa.value or 0.0, known.wa.low, known.wa.high),
        Estimate(known.uar.value or 0.0, known.uar.low, known.uar.high),
        known.grade,
        known.clips // max(1, _length(seeds)),
        _figure(_mapping(summary.get("enrolled")).get("wa")),
        _whole(summary.get("speakers")),
        _length(about.get("classes")),
    )


def performance(about: Mapping[str, Any]) -> Performance:
    """Stored performance of a model: on unseen speakers where measured, else as tested.

    `unseen` and `unseen_enrolled` hold the figures on unseen speakers, `metrics` those
    on the test part of its own split.
    """
    unseen, classes = about.get("unseen"), _length(about.get("classes"))
    if isinstance(unseen, Mapping):
        known = _figure(_mapping(about.get("unseen_enrolled")).get("wa"))
        wa, uar = _figure(unseen.get("wa")), _figure(unseen.get("uar"))
        grade, clips = str(unseen.get("grade", "B")), _whole(unseen.get("clips"))
        return Performance(wa, uar, grade, clips, known, _whole(unseen.get("speakers")), classes)
    metrics = _mapping(about.get("metrics"))
    known = _figure(_mapping(_mapping(about.get("enrolled")).get("metrics")).get("wa"))
    corpus = _mapping(about.get("corpus"))
    grade = str(_mapping(_mapping(about.get("split")).get("audit")).get("grade", "not audited"))
    wa, uar = _figure(metrics.get("wa")), _figure(metrics.get("uar"))
    clips, speakers = _whole(corpus.get("test_clips")), _whole(corpus.get("test_speakers"))
    return Performance(wa, uar, grade, clips, known, speakers, classes)


def _mapping(value: object) -> Mapping[str, Any]:
    """A mapping as it is, and an empty one for what is none: descriptions come from files."""
    return value if isinstance(value, Mapping) else {}


def _length(value: object) -> int:
    return len(value) if isinstance(value, list | tuple) else 0


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _figure(written: Any) -> Estimate | None:
    if not isinstance(written, Mapping) or not _is_number(written.get("value")):
        return None
    low, high = (end if _is_number(end) else None for end in map(written.get, ("low", "high")))
    return Estimate(float(written["value"]), low, high)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
