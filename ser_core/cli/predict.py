"""`python -m ser_core predict`: answers to sound files as a table."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console
from ser_core.cli.options import ProgressFile
from ser_core.storage import atomic

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.inference.classify import EnrolledSpeaker, InferenceModel, Recording
    from ser_core.inference.confidence import Confidence
    from ser_core.inference.timeline import Windows

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
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def predict(
    paths: Paths,
    model: Model,
    csv: Csv = None,
    enrol: Enrol = None,
    timeline: Timeline = False,
    window: Window = 3.0,
    hop: Hop = 1.0,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Classify sound files: probabilities, predicted emotion and confidence.

    A file that cannot be classified is a row with its problem. Predictions below the model's
    rejection threshold are marked uncertain.
    """
    from ser_core.inference.classify import classify, open_answering, recordings
    from ser_core.inference.prediction_files import signed
    from ser_core.inference.timeline import Windows

    windows = Windows(window=window, hop=hop)
    several = recordings(paths)
    opened = open_answering(model)
    enrolled = opened.enrol_speaker(recordings(enrol)) if enrol else None
    with console.progress("Predicting", progress_file) as report:
        if timeline:
            table = _timelines(opened, several, windows, enrolled, report)
        else:
            table = classify(opened, several, enrolled, report)
    table = signed(table, opened, enrolled)
    if csv:
        atomic.write(csv, _csv(table))
    _show(table, opened.reading(enrolled.statistics if enrolled else None), as_json)


def _timelines(
    model: InferenceModel,
    several: list[Recording],
    windows: Windows,
    enrolled: EnrolledSpeaker | None,
    report: Callable[[int, int], None],
) -> pd.DataFrame:
    import pandas as pd

    tables = []
    for done, each in enumerate(several, start=1):
        tables.append(_timeline(model, each, windows, enrolled))
        report(done, len(several))
    table = pd.concat(tables, ignore_index=True)
    return table[["file", "start", "end", *table.columns.drop(["file", "start", "end"])]]


def _timeline(
    model: InferenceModel, recording: Recording, windows: Windows, enrolled: EnrolledSpeaker | None
) -> pd.DataFrame:
    """Windows of one file, or the one row that says why there are none."""
    import numpy as np

    from ser_core.core import AudioError
    from ser_core.inference.classify import rows_of
    from ser_core.inference.timeline import timeline

    other = False
    try:
        waveform = model.waveform(recording)
        found = timeline(model, waveform, windows, enrolled.statistics if enrolled else None)
        other = enrolled is not None and bool(enrolled.doubts([waveform])[0])
    except AudioError as error:
        about = {"start": np.nan, "end": np.nan, "problem": error.problem}
        found = rows_of([about], np.full((1, len(model.classes)), np.nan), model)
    return found.assign(file=recording.name, **({"other_voice": other} if enrolled else {}))


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
        f"{int(table['uncertain'].sum()):,} uncertain. {reading.source}{_enrolment_note(table)}",
        soft_wrap=True,
    )


def _enrolment_note(table: pd.DataFrame) -> str:
    """How the enrolled speaker was used, as sentences; empty where there was none."""
    if not table["voice_clips"].any():
        return ""
    doubted = int(table.drop_duplicates("file")["other_voice"].sum())
    return " The speaker is enrolled." + (
        f" {doubted:,} of the files may be of another speaker." if doubted else ""
    )


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Values as JSON has them; what is missing is null."""
    return {
        str(name): None if isinstance(value, float) and value != value else value
        for name, value in row.items()
    }
