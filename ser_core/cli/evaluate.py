"""`python -m ser_core evaluate`: what a model, or a run of several, scores on a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console
from ser_core.cli.options import (
    Include,
    JsonFile,
    Labels,
    OwnLabels,
    ProgressFile,
    Reader,
    ReaderOptions,
    opened_as,
)
from ser_core.core import ParameterError

if TYPE_CHECKING:
    from ser_core.corpora import Corpus
    from ser_core.inference.enrolment import Count, Enrolment
    from ser_core.inference.model_evaluation import Evaluation

Model = Annotated[
    Path | None,
    typer.Option(help="Folder of a model: a bundle or an ensemble; or an exported .onnx file."),
]
Run = Annotated[
    list[Path] | None,
    typer.Option(
        help="Folder of a run instead: each of its models predicts its own fold. Repeated, the "
        "predictions of several runs of one split are averaged."
    ),
]
Weights = Annotated[
    str, typer.Option(help="Weights of several runs, as 0.5,0.3,0.2; equal when absent.")
]
CorpusPath = Annotated[
    Path | None, typer.Option(help="Corpus to evaluate on; that of the run when absent.")
]
Answers = Annotated[
    Path | None,
    typer.Option(
        help="Parquet file for the predictions, of the first number of enrolled clips. Until it is "
        "written, those of a model are kept speaker by speaker in FILE.partial, as CSV."
    ),
]
Part = Annotated[
    str,
    typer.Option(
        help="Only clips of this part (test, validation, train) of the split; all when absent."
    ),
]
SplitFile = Annotated[
    Path | None, typer.Option("--split", help="Split file; the model's own when absent.")
]
Fold = Annotated[str, typer.Option(help="Fold of --split, by name or number.")]
Enrol = Annotated[
    str,
    typer.Option(help="Unlabelled clips of each speaker to enrol, drawn at random; or all."),
]
Curve = Annotated[
    str,
    typer.Option(
        "--enrolment-curve", help="Several numbers of enrolled clips, as 0,1,3,5,10,30 or all."
    ),
]
Among = Annotated[
    str, typer.Option("--enrol-from", help="Enrol only clips of this emotion, as neutral.")
]
Keep = Annotated[
    bool,
    typer.Option(
        help="Save a model's predictions among the results, replacing earlier ones of the same "
        "clips. Not where enrolled clips are drawn."
    ),
]
Draws = Annotated[int, typer.Option(min=1, help="Random draws of the enrolled clips.")]
Seed = Annotated[int, typer.Option(help="Random seed of the draws.")]


def evaluate(
    model: Model = None,
    run: Run = None,
    weights: Weights = "",
    corpus: CorpusPath = None,
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    json_file: JsonFile = None,
    predictions: Answers = None,
    part: Part = "",
    split: SplitFile = None,
    fold: Fold = "",
    enrol: Enrol = "0",
    curve: Curve = "",
    among: Among = "",
    draws: Draws = 5,
    seed: Seed = 0,
    keep: Keep = True,
    progress_file: ProgressFile = None,
) -> None:
    """Evaluate a model on a corpus: UAR, WA, calibration, confusion, by speaker, with intervals.

    Enrolled clips are left out of the test; with a curve, those of its largest number for every
    number, so that all have the same test clips. "all" enrols all clips of a speaker, those
    tested included.
    """
    from ser_core.corpora import open_corpus
    from ser_core.inference import saved_evaluations
    from ser_core.inference.cross_validated import evaluate_runs
    from ser_core.inference.model_evaluation import Choice, evaluate_model
    from ser_core.storage.rows import kept_rows

    _require_one(model, run)
    if corpus:
        corpus = opened_as(corpus, reader, label, option, include, own_labels=own_labels)
    wanted = _enrolment(curve or enrol, draws, seed, among)
    choice = Choice(split, fold, part)
    with kept_rows(predictions) as keep_rows:
        with console.progress("Predicting", progress_file) as report:
            if run:
                opened = open_corpus(corpus, reader) if corpus else None
                shares = [_weight(each) for each in weights.split(",")] if weights else []
                found = evaluate_runs(
                    run, opened, wanted, part=part or "test", weights=shares, progress=report
                )
            elif model and corpus:
                opened = open_corpus(corpus, reader)
                found = evaluate_model(
                    model, opened, choice, wanted, report, lambda done: keep_rows(done.table)
                )
            else:
                raise ParameterError(
                    "a model needs a corpus to be evaluated on", remedy="Give --corpus PATH"
                )
        if predictions:
            next(iter(found.predictions.values())).save(predictions)
    if json_file:
        console.write_json(json_file, found.as_dict())
    _show(found)
    if opened and any(number != 0 for number in wanted.counts):
        _warn_of_enrolment(opened)
    if keep and model and corpus and saved_evaluations.fits(found):
        kept = saved_evaluations.save_evaluation(found, model, corpus, choice, reader)
        console.output.print(f"Saved among the results as {kept.id}", markup=False)


def _warn_of_enrolment(corpus: Corpus | None) -> None:
    """Say where enrolment takes away what the speakers' emotions are."""
    from ser_core.corpora import ENROLMENT, confounding

    found = confounding(corpus.usable) if corpus else None
    if found and found.is_notable:
        console.output.print(
            f"[bold yellow]Speaker and emotion go together.[/] {found.said}. {ENROLMENT}.",
            soft_wrap=True,
        )


def _require_one(model: Path | None, run: list[Path] | None) -> None:
    if (model is None) == (not run):
        raise ParameterError(
            "either a model or runs are evaluated", remedy="Give --model PATH or --run FOLDER"
        )


def _enrolment(text: str, draws: int, seed: int, among: str) -> Enrolment:
    from ser_core.inference.enrolment import Enrolment

    return Enrolment(tuple(_count(each) for each in text.split(",")), draws, seed, among)


def _count(text: str) -> Count:
    text = text.strip()
    if text == "all":
        return None
    if not text.isdigit():
        raise ParameterError(
            "is not a number of clips", subject=text, remedy="Write 5, or 0,1,3,5,10,30, or all"
        )
    return int(text)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ParameterError("is not a weight", subject=text, remedy="Write 0.5,0.3,0.2") from None


def _show(found: Evaluation) -> None:
    out = console.output
    out.print(f"[bold]{found.name}[/] on {found.corpus}", soft_wrap=True)
    if found.badge:
        out.print(f"[bold yellow]{found.badge.capitalize()}[/]")
    out.print(found.overlap.said, soft_wrap=True)
    first = next(iter(found.reports.values()))
    if first.reading and found.overlap.audit:
        out.print(first.reading, soft_wrap=True)
    for reason, clips in found.left_out.items():
        out.print(f"Left out: {clips:,} clips, {reason}")
    out.print(f"Intervals of {first.figures['uar'].how}. {first.note}".strip(), soft_wrap=True)
    if found.enrolment.most:
        out.print(
            f"{found.enrolment.most} clips of every speaker are left out of the test, "
            f"{found.enrolment.times} draws",
            soft_wrap=True,
        )
    out.print(console.table([_row(point) for point in found.curve()]))
    if len(found.reports) == 1:
        out.print(console.table(_speakers(found)))


def _row(point: dict[str, Any]) -> dict[str, Any]:
    gain = point["gain"]
    return {
        "enrolled": point["enrolled"],
        **{name.upper(): _with_ends(point[name]) for name in ("uar", "wa", "ece")},
        "gain": _with_ends(gain) if gain else "–",
        "clips": point["n"],
    }


def _speakers(found: Evaluation) -> list[dict[str, Any]]:
    report = next(iter(found.reports.values()))
    groups = report.groups.get("speaker")
    return [
        {"speaker": each.name, "clips": each.n, "UAR": str(each.uar), "WA": str(each.wa)}
        for each in (groups.groups if groups else ())
    ]


def _with_ends(figure: dict[str, Any]) -> str:
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    if value is None:
        return "–"
    return f"{value:.3f}" if low is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
