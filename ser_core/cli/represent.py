"""`python -m ser_core represent`: feature maps of clips and of whole corpora."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
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
from ser_core.core import AudioError, ParameterError
from ser_core.storage import atomic

if TYPE_CHECKING:
    from ser_core.corpora import Corpus

Paths = Annotated[
    list[Path], typer.Argument(help="Sound files, or one corpus (folder, table or kept name).")
]
Names = Annotated[
    list[str] | None,
    typer.Option(
        "--representation", "-r", help="Representation; can be repeated. All thirteen when absent."
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option("--set", help="Parameter, as n_mels=64; can be repeated."),
]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for NPZ files of sound files; NPZ file of a mean."),
]
MeanBy = Annotated[
    str | None,
    typer.Option(help="Mean over the clips of each value of this column of the corpus (emotion)."),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Worker processes; all cores when absent.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def represent(
    paths: Paths,
    names: Names = None,
    values: Values = None,
    out: Out = None,
    mean_by: MeanBy = None,
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    workers: Workers = None,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Represent sound files, or fill the store with the representations of a corpus.

    Of sound files it shows shape, range and unit, and writes NPZ files where --out is given. Of a
    corpus it fills the store, or with --mean-by writes the mean over each group of clips.
    """
    from ser_core.features.representations import REPRESENTATIONS, make

    representations = [make(name, **_parameters(values)) for name in names or REPRESENTATIONS]
    result: dict[str, Any] | list[dict[str, Any]]
    if mean_by:
        _only_one(paths, names)
        corpus = opened(paths[0], reader, label, option, include, own_labels=own_labels)
        result = _mean(corpus, representations[0], mean_by, out, workers, progress_file)
    elif all(path.is_file() and path.suffix.lower() not in (".csv", ".tsv") for path in paths):
        result = _files(paths, representations, out)
    else:
        _only_one(paths)
        corpus = opened(paths[0], reader, label, option, include, own_labels=own_labels)
        result = _corpus(corpus, representations, workers, progress_file)
    console.show(result, as_json=as_json)


def _parameters(values: list[str] | None) -> dict[str, float | int]:
    return dict(_parameter(text) for text in values or [])


def _parameter(text: str) -> tuple[str, float | int]:
    name, _, value = text.partition("=")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    raise ParameterError("is not a parameter", subject=text, remedy="Write --set name=number")


def _only_one(paths: list[Path], names: list[str] | None = None) -> None:
    if len(paths) > 1:
        raise ParameterError(f"{len(paths)} paths", remedy="Give one corpus, or sound files alone")
    if names is not None and len(names) != 1:
        raise ParameterError(
            f"{len(names)} representations", remedy="A mean is of one: --representation NAME"
        )


def _files(paths: list[Path], representations: list[Any], out: Path | None) -> list[dict[str, Any]]:
    from ser_core.audio import load
    from ser_core.features.representations import represent

    rows: list[dict[str, Any]] = []
    failures: list[AudioError] = []
    for path in paths:
        try:
            waveform = load(path, sample_rate=representations[0].sample_rate)
        except AudioError as error:
            failures.append(error)
            continue
        feature_maps = represent(waveform, representations)
        for rep, values in zip(representations, feature_maps, strict=True):
            rows.append(_row(path, rep, values, out))
    if failures and len(paths) > 1:
        console.show(rows)
        raise AudioError(
            f"{len(failures)} of {len(paths)} files could not be read: "
            + "; ".join(f"{each.subject} ({each.problem})" for each in failures)
        )
    if failures:
        raise failures[0]
    return rows


def _row(path: Path, rep: Any, values: Any, out: Path | None) -> dict[str, Any]:
    from ser_core.features.representations.files import to_npz

    row: dict[str, Any] = {
        "file": path.name,
        "representation": rep.name,
        "shape": " × ".join(map(str, values.shape)),
        "min": round(float(values.min()), 3),
        "mean": round(float(values.mean()), 3),
        "max": round(float(values.max()), 3),
        "unit": rep.unit,
    }
    if out:
        target = out / f"{path.stem}.{rep.name}.npz"
        atomic.write(target, to_npz(rep, values))
        row["written"] = str(target)
    return row


def _corpus(
    corpus: Corpus, representations: list[Any], workers: int | None, progress_file: Path | None
) -> dict[str, Any]:
    from ser_core.corpora import known_addresses
    from ser_core.features.extraction import extract
    from ser_core.storage.feature_store import FeatureStore

    files = {clip: corpus.path(clip) for clip in corpus.usable.index}
    with console.progress("Representing", progress_file) as report:
        results = extract(
            files,
            representations,
            addresses=known_addresses(corpus),
            workers=workers,
            progress=report,
        )
    return {
        "corpus": corpus.name,
        "clips": len(results),
        "computed": sum(result.computed for result in results),
        "found": sum(result.found for result in results),
        "problems": {result.clip: result.problem for result in results if result.problem},
        "store_bytes": FeatureStore().size().bytes,
    }


def _mean(
    corpus: Corpus,
    representation: Any,
    column: str,
    out: Path | None,
    workers: int | None,
    progress_file: Path | None,
) -> dict[str, Any]:
    from ser_core.corpora import known_addresses
    from ser_core.features.extraction import mean_by, save_means

    clips = corpus.usable
    if column not in clips.columns:
        raise ParameterError(
            f"there is no column {column!r}",
            subject=corpus.name,
            remedy=f"Columns are: {', '.join(clips.columns)}",
        )
    clips = clips[clips[column].notna()]
    files = {clip: corpus.path(clip) for clip in clips.index}
    with console.progress("Averaging", progress_file) as report:
        means = mean_by(
            files,
            clips[column],
            representation,
            addresses=known_addresses(corpus),
            workers=workers,
            progress=report,
        )
    if out:
        save_means(out, representation, means)
    return {
        "corpus": corpus.name,
        "representation": representation.name,
        "hash": representation.hash,
        "clips": means.clips,
        "mean": {group: float(np.mean(values)) for group, values in means.features.items()},
        "unreadable": list(means.unreadable),
        "written": str(out) if out else None,
    }
