"""Evaluation of a model on a corpus: of unknown speakers, or with some clips of each enrolled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ser_core.core import CorpusError, ParameterError, Progress
from ser_core.corpora import Corpus, Split
from ser_core.evaluation import (
    BADGES,
    METRICS,
    Comparison,
    Predictions,
    Report,
    Spread,
    compare,
    report,
)
from ser_core.evaluation.spread import spread
from ser_core.inference import enrolment as enrolling
from ser_core.inference.confidence import Confidence, confidence, reads_seen
from ser_core.inference.enrolment import Count, Enrolment
from ser_core.inference.provenance import CorpusOverlap, corpus_overlap, provenance
from ser_core.models.abilities import name_of
from ser_core.models.predictor import Predictor, load

VERSION = 1

MOST_LABELS = 8
"""Labels without an emotion that a refusal names."""


@dataclass(frozen=True)
class Choice:
    """Which clips to test on.

    Attributes:
        split: File of a split; the model's own split when None.
        fold: Of the split, by name or number; the model's own when empty.
        part: "train", "validation" or "test"; all usable clips when empty.
    """

    split: Path | None = None
    fold: str = ""
    part: str = ""


@dataclass(frozen=True)
class Evaluation:
    """What came out.

    Attributes:
        name: Of the model or the run.
        corpus: Its name.
        enrolment: How speakers were enrolled.
        predictions: By number of enrolled clips.
        reports: Everything that can be said of them, likewise.
        overlap: What the clips have to do with those that trained the model.
        left_out: Clips that could not be tested, by reason.
        calibration: Where temperature and threshold come from, as a sentence.
        about: `about` of the model; empty for runs.
        policy: Of the split that it was trained with, where that is known.
    """

    name: str
    corpus: str
    enrolment: Enrolment
    predictions: dict[Count, Predictions]
    reports: dict[Count, Report]
    overlap: CorpusOverlap
    left_out: dict[str, int]
    calibration: str
    about: Mapping[str, Any] = field(default_factory=dict)
    policy: str = ""

    @property
    def badge(self) -> str:
        """Badge of every figure; empty where the speakers are unseen by the model."""
        if self.overlap.trained:
            return "clips trained on"
        if self.overlap.chosen:
            return "clips that chose the model"
        return BADGES[self.overlap.audit.grade if self.overlap.audit else "not audited"]

    def gain(self, count: Count) -> Comparison | None:
        """UAR with so many clips enrolled minus that with none, on the same clips."""
        if count == 0 or 0 not in self.predictions:
            return None
        by_speaker = self.reports[0].speakers_shared is not True
        return compare(self.predictions[count], self.predictions[0], by_speaker=by_speaker)

    def over_draws(self, count: Count) -> Spread | None:
        """How UAR scatters over the draws of enrolled clips; None where nothing is drawn."""
        if not count or self.enrolment.times == 1:
            return None
        table = self.predictions[count].table
        drawn = table.assign(seed=table["seed"] % self.enrolment.times)
        if drawn.duplicated(["clip", "fold", "seed"]).any():  # several seeds of training
            return None
        return spread(Predictions(drawn), over="seed")

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the headline of the first number of clips, then everything of each."""
        first = next(iter(self.reports.values()))
        head = {name: getattr(first, name).value for name in ("wa", "uar", "ece")}
        return {
            "version": VERSION,
            "model": self.name,
            "corpus": self.corpus,
            "n": first.n,
            **head,
            "intervals": {name: _plain(first.figures[name]) for name in METRICS},
            "confusion": {
                "classes": list(first.classes),
                "counts": [list(row) for row in first.confusion],
            },
            "per_speaker": _groups(first, "speaker"),
            "per_gender": _groups(first, "gender"),
            "badge": self.badge,
            "trained_on": self.overlap.as_dict(),
            "left_out": self.left_out,
            "calibration": self.calibration,
            "enrolment": {
                "draws": self.enrolment.times,
                "seed": self.enrolment.seed,
                "among": self.enrolment.among or "any emotion",
                "left_out_of_every_speaker": self.enrolment.most,
            },
            "curve": self.curve(),
            "reports": {said(count): each.as_dict() for count, each in self.reports.items()},
        }

    def curve(self) -> list[dict[str, Any]]:
        """A row a number of enrolled clips: figures with intervals, and the gain over none."""
        return [self._point(count) for count in self.reports]

    def _point(self, count: Count) -> dict[str, Any]:
        found, scatter, gain = self.reports[count], self.over_draws(count), self.gain(count)
        return {
            "enrolled": said(count),
            "n": found.n,
            "answers": found.rows,
            **{name: _plain(found.figures[name]) for name in ("uar", "wa", "ece")},
            "sd_over_draws": scatter.sd if scatter else None,
            "gain": {
                "value": gain.difference,
                "low": gain.low,
                "high": gain.high,
                "p": gain.p,
            }
            if gain
            else None,
        }


def said(count: Count) -> str:
    """Number of enrolled clips as the command line writes it."""
    return "all" if count is None else str(count)


def _plain(figure: Any) -> dict[str, Any]:
    return {
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "method": figure.how,
    }


def _groups(found: Report, column: str) -> dict[str, dict[str, Any]]:
    groups = found.groups.get(column)
    return {
        group.name: {
            "n": group.n,
            "uar": _plain(group.uar),
            "wa": _plain(group.wa),
            "absent": list(group.absent),
        }
        for group in (groups.groups if groups else ())
    }


def evaluate_model(
    folder: Path,
    corpus: Corpus,
    choice: Choice = Choice(),
    enrolment: Enrolment = Enrolment(),  # noqa: B008 - frozen
    progress: Progress | None = None,
    keep: Callable[[Predictions], None] = lambda _rows: None,
) -> Evaluation:
    """Evaluate one model on clips of a corpus.

    Args:
        folder: Of the model.
        corpus: To evaluate it on.
        choice: Which of the clips.
        enrolment: How speakers are enrolled.
        progress: Called with (predictions made, predictions in all).
        keep: Called with the predictions of each speaker as soon as they are made, of the first
            number of enrolled clips.

    Raises:
        SerError: If model, corpus or split cannot be used together.

    A clip that cannot be read, or that the model fails on, is left out and counted as such.
    """
    _require_usable(corpus)
    predictor = load(folder)
    made_of = provenance(predictor.about, folder, corpus)
    clips, left_out = _testable(corpus, predictor, _chosen(choice, corpus, predictor, folder))
    speakers = corpus.usable.loc[clips, "speaker"].nunique()
    on_progress = counted(progress, enrolling.prediction_count(len(clips), speakers, enrolment))
    part = choice.part if choice.part == "validation" else "test"
    refused: dict[str, str] = {}
    how = readings(predictor, folder)

    def keep_first(tables: dict[Count, Predictions]) -> None:
        (first, *_) = calibrated(how, tables).values()
        keep(first)

    tables = calibrated(
        how,
        enrolling.predict_with_enrolment(
            predictor,
            corpus,
            clips,
            enrolment,
            part=part,
            on_progress=on_progress,
            seen=made_of.speakers(corpus),
            on_refused=refused.__setitem__,
            on_tables=keep_first,
        ),
    )
    clips = [clip for clip in clips if clip not in refused]
    left_out |= Counter(f"no answer ({problem})" for problem in refused.values())
    shared = corpus_overlap(made_of, corpus, clips)
    reports = {count: report(each, shared.audit, part=part) for count, each in tables.items()}
    source = confidence(predictor).source
    heard = set(corpus.usable.loc[clips, "speaker"]) & made_of.speakers(corpus)
    if heard and reads_seen(predictor):
        source += (
            f" Weights and temperature for speakers who were in training were used for "
            f"{len(heard)} of the {speakers} speakers."
        )
    return Evaluation(
        name_of(predictor.about), corpus.name, enrolment, tables, reports, shared, left_out, source,
        predictor.about, made_of.policy,
    )  # fmt: skip


def _chosen(choice: Choice, corpus: Corpus, predictor: Predictor, folder: Path) -> list[str]:
    """Clips to test on.

    Raises:
        ParameterError: If the split does not have them, or is not known.
    """
    if choice.split:
        split = Split.load(choice.split)
        fold: int | str = int(choice.fold) if choice.fold.isdigit() else choice.fold or 0
        clips = split.fold(fold).get(choice.part or "test", [])
    elif choice.part:
        made_of = provenance(predictor.about, folder, corpus)
        if made_of.parts is None:
            raise ParameterError(
                made_of.how.rstrip("."), subject="--part", remedy="Give a split by --split"
            )
        clips = made_of.of(list(corpus.usable.index), choice.part)
    else:
        clips = list(corpus.usable.index)
    here = set(corpus.usable.index)
    if not clips or not here.issuperset(clips):
        raise ParameterError(
            f"{len(set(clips) - here):,} of its {len(clips):,} clips are not in {corpus.name}",
            subject=f"part {choice.part or 'test'}",
            remedy="Give the split of this corpus",
        )
    return sorted(clips)


def _require_usable(corpus: Corpus) -> None:
    if len(corpus.usable):
        return
    problems = corpus.clips["problem"]
    unmapped = sorted(set(corpus.clips.loc[corpus.clips["emotion"].isna(), "label"].dropna()))
    raise CorpusError(
        f"it has no usable clips: {problems.value_counts().index[0]}",
        subject=corpus.name,
        remedy=f"Say which emotion each label is, by --label: {', '.join(unmapped[:MOST_LABELS])}"
        if unmapped
        else "See what is wrong with its clips by corpus inspect",
    )


def _testable(
    corpus: Corpus, predictor: Predictor, clips: Sequence[str]
) -> tuple[list[str], dict[str, int]]:
    """Clips whose emotion the model can predict, and how many are left out, by reason."""
    rows = corpus.usable.loc[list(clips)]
    known = rows["emotion"].isin(list(predictor.classes))
    left = rows.loc[~known, "emotion"].value_counts()
    reasons = {f"the model does not know {name}": int(count) for name, count in left.items()}
    if corpus.faulty:
        reasons["unusable in the corpus"] = corpus.faulty
    if len(corpus.unlabelled):
        reasons["unlabelled"] = len(corpus.unlabelled)
    if not known.any():
        raise ParameterError(
            f"no clip is of a class of the model ({', '.join(predictor.classes)})",
            subject=corpus.name,
            remedy="Choose another corpus",
        )
    return [str(clip) for clip in rows.index[known]], reasons


def readings(predictor: Predictor, folder: Path) -> dict[bool, Confidence]:
    """How a model's probabilities are read, without and with an enrolled speaker."""
    return {known: confidence(predictor, folder, enrolled=known) for known in (False, True)}


def calibrated(
    how: Mapping[bool, Confidence], tables: dict[Count, Predictions]
) -> dict[Count, Predictions]:
    """As the model is used: with its temperatures, as `readings` gives them."""
    return {
        count: each.with_probabilities(how[count != 0].applied(each.probabilities))
        for count, each in tables.items()
    }


def counted(progress: Progress | None, total: int) -> Callable[[int], None]:
    """Progress callback that adds up the predictions made."""
    done = 0

    def on_progress(predicted: int) -> None:
        nonlocal done
        done += predicted
        if progress:
            progress(done, total)

    return on_progress
