"""`python -m ser_core results slices`, `label-errors`: what a run's answers say of single clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.runs.catalogue import RunInfo

Run = Annotated[
    str, typer.Argument(help="Folder of a finished run or evaluation, or its hash on Results.")
]
Enrolled = Annotated[bool, typer.Option("--enrolled", help="The answers with enrolled speakers.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write all rows to this CSV file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Most = Annotated[int, typer.Option(min=1, help="Rows to print.")]


def slices(
    run: Run,
    enrolled: Enrolled = False,
    csv: Csv = None,
    most: Most = 20,
    as_json: Json = False,
) -> None:
    """Where a model is worse than on the rest: by speaker, gender, length, level, sentence.

    Recall inside of each slice against the rest, with 95 % intervals, and p-values corrected for
    the number of slices (Holm). Levels need a corpus that was measured (corpus scan).
    """
    from ser_core.evaluation import slices as compared

    result, answers = _answers(run, enrolled=enrolled)
    found = compared(answers, _about(result))
    _write(csv, found.table)
    rows = found.table.astype(object).where(found.table.notna(), None)
    listed = [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]
    if as_json:
        console.show({"slices": listed, "not_tested": found.few}, as_json=True)
        return
    console.show(listed[:most])
    console.output.print(
        f"{len(listed)} slices were tested, {len(found.worse)} are worse than the rest at a "
        f"corrected p below 0.05; {found.few} have too few clips to be tested.",
        soft_wrap=True,
    )


def label_errors(
    run: Run,
    enrolled: Enrolled = False,
    method: Annotated[
        str, typer.Option(help="Confident learning: both, by class or by noise rate.")
    ] = "both",
    csv: Csv = None,
    most: Most = 20,
    as_json: Json = False,
) -> None:
    """Clips whose label the held-out answers speak against, by confident learning.

    They are clips to listen to: the label may be wrong, the emotion mixed, or the model mistaken.
    """
    from ser_core.evaluation import label_errors as suspected

    _, answers = _answers(run, enrolled=enrolled)
    found = suspected(answers, method)
    _write(csv, found.table)
    listed: list[dict[str, Any]] = [
        {str(name): value for name, value in row.items()}
        for row in found.table.reset_index().to_dict("records")
    ]
    if as_json:
        summary = {"clips": found.clips, "share": found.share, "suspects": listed}
        console.show(summary, as_json=True)
        return
    console.show(listed[:most])
    console.output.print(
        f"{len(listed):,} of {found.clips:,} clips are suspects. Listen to them: the label may be "
        "wrong, the emotion mixed, or the model mistaken.",
        soft_wrap=True,
    )


def _answers(run: str, *, enrolled: bool) -> tuple[RunInfo, pd.DataFrame]:
    from ser_core.core import ParameterError
    from ser_core.evaluation import held_out_answers
    from ser_core.reports import find_results
    from ser_core.runs.catalogue import predictions_of

    (result,) = find_results([run])
    if enrolled and (result.result is None or result.result.enrolled is None):
        raise ParameterError("the run enrols no speakers", subject=run)
    return result, held_out_answers(predictions_of(result, enrolled=enrolled))


def _about(run: RunInfo) -> pd.DataFrame:
    """The corpus' table with what is known of its sound."""
    from ser_core.corpora import known_measures, open_corpus

    corpus = open_corpus(run.opened_by, run.reader or None)
    measures, _ = known_measures(corpus)
    return corpus.clips if measures is None else corpus.clips.join(measures[["rms_db"]])


def _write(path: Path | None, table: pd.DataFrame) -> None:
    if path:
        from ser_core.storage import atomic

        atomic.write(path, table.to_csv(index=table.index.name is not None))


def register(app: typer.Typer) -> None:
    """Add the commands to those of `results`."""
    app.command("slices")(slices)
    app.command("label-errors")(label_errors)
