"""Cross-validated evaluation: every model of a run scored on the clips of its own fold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ser_core.core import ModelError, ParameterError, Progress
from ser_core.corpora import Corpus, LeakAudit, Split, of_recipe, open_corpus
from ser_core.evaluation import PREFIX, Predictions, report
from ser_core.inference import enrolment as enrolling
from ser_core.inference.confidence import FEWEST
from ser_core.inference.enrolment import Count, Enrolment, OnProgress
from ser_core.inference.model_evaluation import Evaluation, calibrated, counted, readings
from ser_core.inference.provenance import CorpusOverlap, found_fold, recorded_audit, refitted
from ser_core.models.abilities import name_of
from ser_core.models.predictor import Predictor, load
from ser_core.storage import read_json

Tables = dict[Count, Predictions]
Member = tuple[int, int, Path]


def evaluate_runs(
    folders: Sequence[Path],
    corpus: Corpus | None = None,
    enrolment: Enrolment = Enrolment(),  # noqa: B008 - frozen
    *,
    part: str = "test",
    weights: Sequence[float] = (),
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate every model of one or several runs on its own fold's clips, pooled.

    Probabilities of several runs are averaged, those of several seeds of a run before that. The
    same clips of each speaker are enrolled in all of them; a run that does not enrol predicts
    without, if another does use it.

    Args:
        folders: Of runs of one split, each with `split.json` and a bundle a member.
        corpus: Of the runs; opened as the recipe of the first says when None.
        enrolment: How speakers are enrolled.
        part: "test" or "validation".
        weights: Of the runs, where they are not equal; they are brought to sum to 1.
        progress: Called with (predictions made, predictions in all).

    Raises:
        ModelError: If there is no finished training.
        ParameterError: If the runs are of different splits, or the weights do not fit them.
        SerError: If the split does not fit the corpus.
    """
    shares = _shares(weights, len(folders))
    members = [_members(folder) for folder in folders]
    firsts = [load(each[0][2]) for each in members]
    allow_unenrolled = any(each.enrols for each in firsts)
    if part == "validation" and any(refitted(each.about) for each in firsts):
        raise ParameterError(
            "the models were fitted again on their validation clips",
            subject="validation",
            remedy="Evaluate them on their test clips",
        )
    about = firsts[0].about
    corpus = corpus or open_corpus(of_recipe(about["recipe"]))
    split = _split(folders)
    split.require(corpus)
    dealt = {fold: split.fold(fold)[part] for fold, _seed, _home in members[0]}
    sizes = {fold: _prediction_count(corpus, clips, enrolment) for fold, clips in dealt.items()}
    on_progress = counted(progress, sum(sizes[fold] for each in members for fold, _, _ in each))
    read = [
        _of_run(
            each, corpus, split, part, enrolment, on_progress, allow_unenrolled=allow_unenrolled
        )
        for each in members
    ]
    given = [tables for tables, _ in read]
    tables = given[0] if len(given) == 1 else _pooled(given, shares, enrolment)
    audit = recorded_audit(about["split"]["audit"])
    reports = {count: report(each, audit, part=part) for count, each in tables.items()}
    names = " + ".join(name_of(each.about) for each in firsts)
    how = _calibration([fitted for _, each in read for fitted in each])
    shared = _overlap(dealt, part, audit)
    return Evaluation(names, corpus.name, enrolment, tables, reports, shared, {}, how)


def _shares(weights: Sequence[float], runs: int) -> list[float]:
    chosen = list(weights) or [1.0] * runs
    if len(chosen) != runs or min(chosen) < 0 or not sum(chosen) > 0:
        raise ParameterError(
            f"{len(chosen)} weights for {runs} runs",
            subject="weights",
            remedy="Give one a run, none below 0",
        )
    return [weight / sum(chosen) for weight in chosen]


def _split(folders: Sequence[Path]) -> Split:
    splits = [Split.load(folder / "split.json") for folder in folders]
    if len({split.hash for split in splits}) > 1:
        raise ParameterError(
            "the runs are of different splits, so a clip that tests one may have trained another",
            remedy="Give runs of one split",
        )
    return splits[0]


def _prediction_count(corpus: Corpus, clips: list[str], enrolment: Enrolment) -> int:
    speakers = corpus.usable.loc[clips, "speaker"].nunique()
    return enrolling.prediction_count(len(clips), speakers, enrolment)


def _of_run(
    members: Sequence[Member],
    corpus: Corpus,
    split: Split,
    part: str,
    enrolment: Enrolment,
    on_progress: OnProgress,
    *,
    allow_unenrolled: bool,
) -> tuple[Tables, list[bool]]:
    """Calibrated predictions of a run, and whether a temperature was fitted for each model."""
    several: list[Tables] = []
    fitted: list[bool] = []
    for fold, seed, home in members:
        predictor = load(home)
        _require_own(predictor, split, fold, home)
        clips = split.fold(fold)[part]
        found = enrolling.predict_with_enrolment(
            predictor, corpus, clips, enrolment, fold=fold, part=part, seed=seed,
            allow_unenrolled=allow_unenrolled, on_progress=on_progress,
        )  # fmt: skip
        how = readings(predictor, home)
        several.append(calibrated(how, found))
        fitted.append(all(how[count != 0].is_calibrated for count in found))
    pooled = {count: Predictions.concat([each[count] for each in several]) for count in several[0]}
    return pooled, fitted


def _calibration(fitted: Sequence[bool]) -> str:
    """Where the temperatures come from, as sentences.

    >>> _calibration([True, False])
    'Each model by a temperature fitted on the validation clips of its own fold. Not so 1 of 2 \
models, with fewer than 50 predictions on validation clips: their probabilities are as they come.'
    """
    how = "Each model by a temperature fitted on the validation clips of its own fold."
    without = len(fitted) - sum(fitted)
    if not without:
        return how
    return (
        f"{how} Not so {without} of {len(fitted)} models, with fewer than {FEWEST} predictions on "
        "validation clips: their probabilities are as they come."
    )


def _pooled(given: Sequence[Tables], shares: Sequence[float], enrolment: Enrolment) -> Tables:
    """Weighted mean of the runs' probabilities, clip by clip and draw by draw."""
    return {
        count: _mean([each[count] for each in given], shares, enrolment.times) for count in given[0]
    }


def _mean(several: Sequence[Predictions], shares: Sequence[float], draws: int) -> Predictions:
    key = ["clip", "fold", "part", "seed"]
    columns = [PREFIX + name for name in several[0].classes]
    tables = [each.table.assign(seed=each.table["seed"] % draws) for each in several]
    means = [table.groupby(key, sort=True)[columns].mean() for table in tables]
    if any(not mean.index.equals(means[0].index) for mean in means):
        raise ParameterError(
            "the runs predicted different clips or folds",
            remedy="Give runs that are all finished",
        )
    about = tables[0].drop_duplicates(key).set_index(key).sort_index().drop(columns=columns)
    pooled = np.average([mean.to_numpy() for mean in means], axis=0, weights=list(shares))
    return Predictions(about.assign(**dict(zip(columns, pooled.T, strict=True))).reset_index())


def _overlap(dealt: dict[int, list[str]], part: str, audit: LeakAudit | None) -> CorpusOverlap:
    clips = len({clip for each in dealt.values() for clip in each})
    chosen = clips if part == "validation" else 0
    said = (
        f"Out-of-fold predictions: every model predicted the {part} clips of its own fold, none "
        "of which trained it."
    )
    return CorpusOverlap(clips, 0, chosen, audit, said)


def _require_own(predictor: Predictor, split: Split, fold: int, home: Path) -> None:
    """Refuse a bundle whose fold is not the one that its folder says.

    Raises:
        ModelError: If it was trained on another split or fold.
    """
    own = predictor.about["split"]
    if own["hash"] != split.hash or found_fold(split, own["fold"]) != split.folds[fold]:
        raise ModelError(
            "was trained on another split or fold than its run says",
            subject=str(home),
            remedy="Train it again",
        )


def _members(folder: Path) -> list[Member]:
    """Fold, seed and bundle of every finished training, in order."""
    homes = [each for each in folder.glob("fold-*-seed-*/bundle") if read_json(_about(each))]
    if not homes or not (folder / "split.json").is_file():
        raise ModelError(
            "holds no finished training",
            subject=str(folder),
            remedy="Give the folder of a run, with split.json and fold-*-seed-*/bundle",
        )
    named = [(home.parent.name.split("-"), home) for home in homes]
    return sorted((int(parts[1]), int(parts[3]), home) for parts, home in named)


def _about(home: Path) -> Path:
    return home / "bundle.json"
