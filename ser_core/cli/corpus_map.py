"""`python -m ser_core corpus map`: the clips of a corpus as points in a plane."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ser_core.cli import console
from ser_core.cli.options import (
    Include,
    Labels,
    OwnLabels,
    ProgressFile,
    Reader,
    ReaderOptions,
    opened,
)
from ser_core.core import ParameterError


def map_(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="Folder, table, or the name of a kept corpus.")
    ],
    out: Annotated[Path, typer.Option(help="File of the maps: .csv, or .parquet.")],
    representation: Annotated[
        str, typer.Option("--representation", "-r", help="What the clips are compared by.")
    ] = "functionals",
    encoder: Annotated[
        Path | None, typer.Option(help="Folder of a pretrained encoder, instead of the former.")
    ] = None,
    by_speaker: Annotated[
        bool,
        typer.Option("--by-speaker", help="Standardise within each speaker: voices count less."),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of t-SNE.")] = 0,
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; all cores when absent.")
    ] = None,
    progress_file: ProgressFile = None,
) -> None:
    """Map the clips of a corpus: t-SNE and principal components of their features.

    Clips with similar features lie near each other. The page Corpus shows the map.
    """
    from ser_core.corpora import known_addresses
    from ser_core.features.embedding import clip_vectors, embedding, save_embedding
    from ser_core.features.representations import make
    from ser_core.storage import atomic

    if out.suffix not in (".csv", ".parquet"):
        raise ParameterError("is no kind of table", subject=str(out), remedy="Use .csv or .parquet")
    corpus = opened(path, reader, label, option, include, own_labels=own_labels)
    chosen = make("encoder", encoder=str(encoder)) if encoder else make(representation)
    clips = corpus.usable
    files = {str(clip): corpus.path(str(clip)) for clip in clips.index}
    with console.progress("Representing", progress_file) as report:
        vectors = clip_vectors(
            files, chosen, addresses=known_addresses(corpus), workers=workers, progress=report
        )
    points = embedding(vectors, clips["speaker"] if by_speaker else None, seed=seed)
    if out.suffix == ".csv":
        atomic.write(out, points.to_csv())
    else:
        save_embedding(out, points)
    console.show(
        {
            "corpus": corpus.name,
            "representation": chosen.name,
            "clips": len(points),
            "unreadable": len(clips) - len(points),
            "written": str(out),
        }
    )
