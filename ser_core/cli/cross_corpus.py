"""`python -m ser_core cross-corpus`: train on each of several corpora, test on every other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console
from ser_core.cli.options import ProgressFile
from ser_core.cli.train import carried_out
from ser_core.core import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ser_core.evaluation import CorpusMatrix

POLICY = "cross-corpus"
VOICES = {"predictions.parquet": "not enrolled", "enrolled.parquet": "enrolled"}
"""What is known of the test speakers, by table of predictions."""

PICTURES = {"not enrolled": "cross-corpus.png", "enrolled": "cross-corpus-enrolled.png"}


def cross_corpus(
    recipe: Annotated[
        Path, typer.Argument(help="Recipe that each corpus trains: a YAML file or a bundled one.")
    ],
    corpora: Annotated[
        list[Path],
        typer.Option("--corpus", help="Folder, table or kept corpus; repeat for each of them."),
    ],
    folds: Annotated[
        int, typer.Option(min=3, help="Folds of speakers by which a corpus is tested on itself.")
    ] = 5,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change of the recipe; can be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run.")] = None,
    progress_file: ProgressFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Matrix of several corpora: train on each, test on all others and on its own new speakers.

    Only emotions that all corpora have are taken. The same command resumes an interrupted run.
    """
    from ser_core.corpora import join, opening_of
    from ser_core.recipes.recipe import load, opened_as

    together = opening_of(corpora[0]) if len(corpora) == 1 else join(corpora, common=True)
    given = [f"split.policy={POLICY}", f"split.folds={folds}", *(changes or [])]
    wanted = opened_as(load(recipe, [f"corpus={together.path}", "opening={}", *given]), together)
    folder = out or settings.home() / "runs" / wanted.hash
    outcome = carried_out(wanted, folder, progress_file)
    found = matrices(outcome.folder)
    for voices, matrix in found.items():
        draw(matrix, voices, outcome.folder / PICTURES[voices])
    console.show(rows_of(found), as_json=as_json)


def matrices(folder: Path) -> dict[str, CorpusMatrix]:
    """The matrix of a run or of a published result, without enrolment and with it.

    Raises:
        EvaluationError: If it has no predictions, or they are of one corpus.
    """
    from ser_core.evaluation import Predictions, corpus_matrix

    tables = {name: voices for name, voices in VOICES.items() if (folder / name).exists()}
    tables = tables or dict(list(VOICES.items())[:1])  # loading it says that it is missing
    return {said: corpus_matrix(Predictions.load(folder / name)) for name, said in tables.items()}


def draw(matrix: CorpusMatrix, voices: str, picture: Path) -> None:
    """Draw a matrix as a PNG file."""
    from ser_core.plots.cross_corpus import print_matrix
    from ser_core.storage import atomic

    atomic.write(picture, print_matrix(matrix, f"UAR, speakers {voices}", "", "png"))


def rows_of(found: Mapping[str, CorpusMatrix]) -> list[dict[str, Any]]:
    """A row for every cell of the matrices."""
    return [row for voices, matrix in found.items() for row in _rows(voices, matrix)]


def _rows(voices: str, matrix: CorpusMatrix) -> list[dict[str, Any]]:
    return [
        {
            "voices": voices,
            "trained on": cell.trained_on,
            "tested on": cell.tested_on,
            matrix.metric.upper(): cell.figure.value,
            "low": cell.figure.low,
            "high": cell.figure.high,
            "clips": cell.clips,
            "interval": cell.figure.how,
        }
        for cell in matrix.cells
    ]
