"""`python -m ser_core corpus save`, `list`, `forget`: how a corpus is opened, kept by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from ser_core.core import ParameterError, count, did_you_mean

if TYPE_CHECKING:
    from ser_core.corpora import Corpus

Name = Annotated[str, typer.Option(help="What it is kept as; commands take it for a path.")]
Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", help="Clip to leave out, by its path in the corpus; can be repeated."),
]
OneOfEach = Annotated[
    bool,
    typer.Option(
        "--one-of-each",
        help="Leave out all copies of a recording but the first, identical or nearly so; all of "
        "them where they differ in emotion or speaker.",
    ),
]


def save(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="Folder, table, or the name of a kept corpus.")
    ],
    name: Name,
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    drop: Drop = None,
    one_of_each: OneOfEach = False,
    progress_file: ProgressFile = None,
) -> None:
    """Keep how a corpus is opened by a name that every command and page takes for its path."""
    from ser_core.corpora import saved_openings
    from ser_core.corpora.duplicates import copies

    corpus = opened(path, reader, label, option, include, own_labels=own_labels, remember=False)
    assert corpus.opening is not None  # noqa: S101  (open_corpus gives it)
    dropped = {**corpus.opening.dropped, **_dropped(corpus, drop or [])}
    if one_of_each:
        from ser_core.corpora import scan

        with console.progress("Measuring", progress_file) as report:
            dropped = {**copies(corpus, scan(corpus, progress=report)), **dropped}
    kept = saved_openings.save(replace(corpus.opening, dropped=dropped), name)
    usable = len(set(corpus.usable.index) - set(dropped))
    console.output.print(
        f"Kept as {kept.name} in {saved_openings.file_of(kept.name)}: {count(usable, 'clip')}. "
        f"Give --corpus {kept.name!r} to any command.",
        soft_wrap=True,
        markup=False,
    )


def join(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH PATH", help="Folders, tables or names of kept corpora."),
    ],
    name: Name,
    common: Annotated[
        bool, typer.Option("--common", help="Leave out emotions that not all of them have.")
    ] = False,
) -> None:
    """Keep several corpora as one by a name that every command and page takes for a path."""
    from ser_core.corpora import join, open_corpus, saved_openings

    together = join(paths, common=common)
    corpus = open_corpus(together)
    kept = saved_openings.save(together, name)
    for note in corpus.notes:
        console.output.print(note, soft_wrap=True, markup=False)
    console.output.print(
        f"Kept as {kept.name} in {saved_openings.file_of(kept.name)}: "
        f"{count(len(corpus.usable), 'clip')}. Give --corpus {kept.name!r} to any command.",
        soft_wrap=True,
        markup=False,
    )


def extract(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="Table, database or annotations (RTTM, TextGrid, ELAN) of segments, or folder of "
            "Parquet tables with sound.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to make: the clips, and a table of them.")],
    reader: Reader = None,
    option: ReaderOptions = None,
    progress_file: ProgressFile = None,
) -> None:
    """Write clips as files of their own: segments of recordings, or sound in Parquet tables."""
    from ser_core.corpora.extracting import extract as extracted
    from ser_core.corpora.option_texts import by_name

    with console.progress("Writing clips", progress_file) as report:
        many = extracted(
            path, out, reader=reader or "", options=by_name(option or []), progress=report
        )
    console.output.print(f"{count(many, 'clip')} in {out}: open this folder as a corpus.")


def _dropped(corpus: Corpus, clips: list[str]) -> dict[str, str]:
    for clip in clips:
        if clip not in corpus.clips.index:
            raise ParameterError(
                "the corpus lists no such clip", subject=clip,
                remedy=did_you_mean(clip, list(corpus.clips.index)[:2000]),
            )  # fmt: skip
    return dict.fromkeys(clips, "")


def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """The corpora that are kept by a name, and how each is opened."""
    from ser_core.corpora import saved_openings

    found = saved_openings.saved()
    if as_json:
        console.show([each.as_dict() for each in found], as_json=True)
        return
    for each in found:
        reader = f", read as {each.reader}" if each.reader else ""
        console.output.print(f"[bold]{each.name}[/]  {each.path}{reader}", soft_wrap=True)
        for sentence in each.said:
            console.output.print(f"        {sentence}", soft_wrap=True, markup=False)
    if not found:
        console.output.print("No corpus is kept. Keep one by corpus save PATH --name NAME.")


def forget(name: Annotated[str, typer.Argument(help="Name of a kept corpus.")]) -> None:
    """Forget how a corpus is opened; its sound files stay as they are."""
    from ser_core.corpora import saved_openings

    saved_openings.delete(name)
    console.output.print(f"{name} is forgotten.", markup=False)


def register(app: typer.Typer) -> None:
    """Add the commands to those of `corpus`."""
    app.command("save")(save)
    app.command("join")(join)
    app.command("extract")(extract)
    app.command("list")(list_)
    app.command("forget")(forget)
