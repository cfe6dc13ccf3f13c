"""`python -m ser_core predict`: answers to sound files as a table."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ser_core.cli import console
from ser_core.cli.options import (
    Include,
    Labels,
    OwnLabels,
    ProgressFile,
    Reader,
    ReaderOptions,
    Seen,
    labels_of,
)
from ser_core.cli.predict_along import Along, EnrolTurns, Rttm, TextGrid, Tier, Turns
from ser_core.core import ParameterError
from ser_core.storage import atomic
from ser_core.storage.rows import kept_rows

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.inference.classify import InferenceModel
    from ser_core.inference.confidence import Confidence
    from ser_core.inference.submission import Submission, UnlabelledPart

Paths = Annotated[list[Path], typer.Argument(help="Sound files, or folders of them.")]
Model = Annotated[
    Path,
    typer.Option(help="Folder of a model: a bundle or an ensemble; or an exported .onnx file."),
]
Csv = Annotated[Path | None, typer.Option(help="File for the table.")]
Enrol = Annotated[
    list[Path] | None,
    typer.Option(
        help="File or folder of clips to enrol the speaker of all files with; can be repeated. "
        "No labels are needed."
    ),
]
Timeline = Annotated[
    bool, typer.Option("--timeline", help="Classify windows that slide over each file.")
]
Window = Annotated[float, typer.Option(help="Length of a window, in seconds.")]
Hop = Annotated[float, typer.Option(help="Step from one window to the next, in seconds.")]
TemplateFile = Annotated[
    Path | None,
    typer.Option(
        "--submission",
        help="Template of a competition's submission (sample_submission.csv) to fill with the "
        "unlabelled clips of one folder; also looked for in that folder.",
    ),
]
Out = Annotated[Path | None, typer.Option(help="File for the filled template.")]
Chances = Annotated[
    bool,
    typer.Option(
        "--probabilities",
        help="With --submission: one column of probabilities a class, not one of labels.",
    ),
]
Fill = Annotated[
    str,
    typer.Option(
        help="With --submission: label for clips that cannot be classified; refused without it."
    ),
]
Unlabelled = Annotated[
    bool,
    typer.Option("--unlabelled", help="Only the unlabelled clips of one folder, as a corpus."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def predict(
    paths: Paths,
    model: Model,
    csv: Csv = None,
    enrol: Enrol = None,
    seen: Seen = False,
    timeline: Timeline = False,
    window: Window = 3.0,
    hop: Hop = 1.0,
    turns: Turns = "",
    tier: Tier = "",
    enrol_turns: EnrolTurns = False,
    textgrid: TextGrid = None,
    rttm: Rttm = None,
    submission: TemplateFile = None,
    out: Out = None,
    probabilities: Chances = False,
    fill: Fill = "",
    unlabelled: Unlabelled = False,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    reader: Reader = None,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Classify sound files: probabilities, predicted emotion and confidence.

    A file that cannot be classified is a row with its problem. Predictions below the model's
    rejection threshold are marked uncertain. With --submission the unlabelled clips of a
    competition are classified and its template is filled. Rows that are done are kept beside the
    table, in a file of its name with .partial, until the table is written.
    """
    import pandas as pd

    from ser_core.inference.classify import (
        classify_waveforms,
        narrow_band,
        open_answering,
        recordings,
    )
    from ser_core.inference.prediction_files import signed
    from ser_core.inference.timeline import Windows

    along = Along(
        Windows(window=window, hop=hop) if timeline else None, turns, tier, enrol_turns,
        textgrid, rttm,
    )  # fmt: skip
    _together(submission, out, probabilities=probabilities, fill=fill, along=along)
    from ser_core.corpora.option_texts import by_name
    from ser_core.inference.provenance import enrolment_doubt

    reading = {"include": include, "own_labels": own_labels, **by_name(option or [])}
    part = _part(paths, reader, labels_of(label), reading) if submission or unlabelled else None
    several = part.recordings if part else recordings(paths)
    along.check(len(several), enrolled=bool(enrol))
    opened = open_answering(model)
    opened = opened.for_seen_speakers() if seen else opened
    asked = _submission(part, opened, submission, out, fill) if part and submission else None
    enrolled = opened.enrol_speaker(recordings(enrol)) if enrol else None
    if enrolled and (doubt := enrolment_doubt(opened.predictor.about)):
        console.errors.print(f"In the training corpus: {doubt}", soft_wrap=True, markup=False)
    with kept_rows(csv or out) as keep:
        tables = []
        with console.progress("Predicting", progress_file) as report:
            found = (
                along.tables(opened, several, enrolled, report)
                if along.asked
                else classify_waveforms(opened, several, enrolled, report)
            )
            for some in found:
                tables.append(some if "model" in some else signed(some, opened, enrolled))
                keep(tables[-1].round(6))
        table = pd.concat(tables, ignore_index=True)
        if csv:
            atomic.write(csv, _csv(table))
        along.write(table, several)
        if part and asked and out:
            written = asked.probabilities if probabilities else asked.filled
            atomic.write(out, written(table, fill=fill))
    if note := narrow_band(opened, several):
        console.errors.print(note, soft_wrap=True, markup=False)
    if part and asked and out:
        _show_submission(part, asked, table, out, as_json=as_json)
        return
    _show(table, opened.reading(enrolled.statistics if enrolled else None), as_json)


def _together(
    template: Path | None, out: Path | None, *, probabilities: bool, fill: str, along: Along
) -> None:
    """Refuse options that say nothing together, before anything is opened."""
    if template is None:
        alone = [("--out", out), ("--probabilities", probabilities), ("--fill", fill)]
        for name, value in alone:
            if value:
                raise ParameterError(
                    "belongs to --submission", subject=name,
                    remedy="Name the template by --submission; --csv writes a table of predictions",
                )  # fmt: skip
        return
    if out is None:
        raise ParameterError(
            "no file is named for the filled template", subject="--submission",
            remedy="Give --out submission.csv",
        )  # fmt: skip
    if along.asked:
        raise ParameterError(
            "a submission has one answer a clip", subject=along.asked, remedy="Leave it out"
        )


def _part(
    paths: list[Path], reader: str | None, labels: dict[str, str], reading: dict[str, Any]
) -> UnlabelledPart:
    """The unlabelled clips of the one folder; labels that were given are kept for it."""
    from ser_core.corpora import opening_of, remember_labels
    from ser_core.inference.submission import unlabelled_part

    if len(paths) != 1:
        raise ParameterError(
            f"{len(paths)} folders are named where there must be one",
            subject="--submission",
            remedy="Name the folder that holds the competition's tables or its unlabelled clips",
        )
    wanted = {name: emotion for name, emotion in labels.items() if emotion}
    part = unlabelled_part(paths[0], reader, wanted, **reading)
    if labels and opening_of(paths[0]).is_plain:
        remember_labels(part.root, labels, own=bool(reading["own_labels"]))
    return part


def _submission(
    part: UnlabelledPart, model: InferenceModel, template: Path, out: Path | None, fill: str
) -> Submission:
    """The template as it is understood; refused now rather than after the predictions."""
    from ser_core.inference.submission import submission

    path = template if template.exists() else part.root / template
    if out is not None and out.resolve() == path.resolve():
        raise ParameterError(
            "the template would be overwritten", subject=str(out),
            remedy="Give --out another name, as submission.csv",
        )  # fmt: skip
    asked = submission(part, model.classes, path)
    if fill:
        asked.fill_emotion(fill)
    _warn_of_known_sounds(part)
    return asked


def _warn_of_known_sounds(part: UnlabelledPart) -> None:
    """Say which unlabelled clips are labelled under another name; the measures are kept."""
    if part.corpus is None:
        return
    from ser_core.corpora import known_sounds, scan

    with console.progress("Looking for labelled copies", None) as report:
        found = known_sounds(part.corpus, scan(part.corpus, progress=report))
    if not found:
        return
    clip, same = next(iter(found.items()))
    console.errors.print(
        f"[bold yellow]Same sound[/] under two names: {len(found):,} of {len(part.ids):,} "
        f"unlabelled clips are labelled clips, too ({escape(clip)} is {escape(', '.join(same))}). "
        "A model that was trained on them knows their answers.",
        soft_wrap=True,
    )


def _show_submission(
    part: UnlabelledPart, asked: Submission, table: pd.DataFrame, out: Path, *, as_json: bool
) -> None:
    """What was written, and how its classes compare with those of the labelled clips."""
    from ser_core.inference.submission import class_counts

    counts = class_counts(part, table["answer"])
    filled = int((table["answer"] == "").sum())
    rows = [
        {"class": name, "label": asked.codes.get(str(name), "")} | _plain(row)
        for name, row in zip(counts.index, counts.to_dict("records"), strict=True)
    ]
    facts = {"written": str(out), "rows": len(asked.asked), "filled_in": filled}
    if as_json:
        console.show({**facts, "classes": rows}, as_json=True)
        return
    console.output.print(console.table(rows))
    console.output.print(
        f"{len(asked.asked):,} rows in {out}, in the order of {asked.template.path.name}; "
        f"{filled:,} of {len(table):,} clips could not be classified and have the label of --fill."
        if filled
        else f"{len(asked.asked):,} rows in {out}, in the order of {asked.template.path.name}.",
        soft_wrap=True,
    )


def _csv(table: pd.DataFrame) -> bytes:
    text = io.StringIO()
    table.round(6).to_csv(text, index=False)
    return text.getvalue().encode()


def _show(table: pd.DataFrame, reading: Confidence, as_json: bool) -> None:
    rows = [_plain(row) for row in table.to_dict("records")]
    if as_json:
        console.show(rows, as_json=True)
        return
    enrolled = bool(table["voice_clips"].any())
    hidden = ("p_", "threshold", "voice_clips", "model", *(() if enrolled else ("other_voice",)))
    short = [{k: v for k, v in row.items() if not k.startswith(hidden)} for row in rows]
    console.output.print(console.table(short))
    problems = int((table["problem"] != "").sum())
    console.output.print(
        f"{len(table) - problems:,} classified, {problems:,} not; "
        f"{int(table['uncertain'].sum()):,} uncertain. {_spaced(reading.why_unsure)}"
        f"{reading.source}{_enrolment_note(table)}",
        soft_wrap=True,
    )


def _spaced(text: str) -> str:
    return f"{text} " if text else ""


def _enrolment_note(table: pd.DataFrame) -> str:
    """How the enrolled speaker was used, as sentences; empty where there was none."""
    if not table["voice_clips"].any():
        return ""
    # Of a timeline, a file whose windows are mostly doubted.
    doubted = int((table.groupby("file")["other_voice"].mean() > 0.5).sum())
    return " The speaker is enrolled." + (
        f" {doubted:,} of the files may be of another speaker." if doubted else ""
    )


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Values as JSON has them; what is missing is null."""
    return {
        str(name): None if isinstance(value, float) and value != value else value
        for name, value in row.items()
    }
