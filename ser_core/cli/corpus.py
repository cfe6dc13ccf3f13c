"""`python -m ser_core corpus`: look at a corpus, measure it, split it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console, corpus_kept, corpus_map
from ser_core.cli.options import (
    Include,
    Labels,
    OwnLabels,
    ProgressFile,
    ReaderOptions,
    opened,
)
from ser_core.core import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.corpora import Corpus, Issue, LeakAudit, Split

app = typer.Typer(no_args_is_help=True, help="Inspect a corpus, measure its audio, split it.")
corpus_kept.register(app)
app.command("map")(corpus_map.map_)

CorpusPath = Annotated[
    Path,
    typer.Argument(
        metavar="PATH",
        help="Folder of the corpus, a table of its clips, or the name of a kept corpus.",
    ),
]
ReaderName = Annotated[
    str | None, typer.Option("--reader", help="nemo, ravdess, folders, ...; detected when absent.")
]
Scan = Annotated[
    bool, typer.Option("--scan/--no-scan", help="Decode every clip once; the measures are stored.")
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes that decode; all cores when absent.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

SEVERITY_STYLE = {"error": "bold red", "warning": "yellow", "info": "cyan"}
CLIPS_SHOWN = 3
MOST_LINES = 20


@app.command("inspect")
def inspect_(
    path: CorpusPath,
    reader: ReaderName = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    scan: Scan = True,
    workers: Workers = None,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Contents of a corpus, and the faults found in it."""
    from ser_core.corpora import audit

    corpus = opened(path, reader, label, option, include, own_labels=own_labels)
    measures = _scan(corpus, workers, progress_file) if scan else None
    issues = audit(corpus, measures)
    summary, speakers = _summary(corpus), _by_speaker(corpus)
    if as_json:
        shown = {**summary, "by_speaker": speakers, "issues": [each.as_dict() for each in issues]}
        console.show(shown, as_json=True)
        return
    console.show({name: _brief(value) for name, value in summary.items()})
    if 0 < len(speakers) <= MOST_LINES:
        _show_tables(speakers)
    for issue in issues:
        _card(issue)
    if not issues:
        typer.echo("\nNo faults found.")


@app.command("scan")
def scan_(
    path: CorpusPath,
    reader: ReaderName = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    workers: Workers = None,
    out: Annotated[Path | None, typer.Option(help="Write the measures to this CSV file.")] = None,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Measure every clip: level, clipping, silence, pitch, content hash."""
    corpus = opened(path, reader, label, option, include, own_labels=own_labels)
    measures = _scan(corpus, workers, progress_file)
    if out:
        from ser_core.storage import atomic

        atomic.write(out, measures.drop(columns="fingerprint").to_csv())
    console.show(_measures(corpus, measures) | {"written": _text(out)}, as_json=as_json)


@app.command("shift")
def shift_(
    path: CorpusPath,
    workers: Workers = None,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """How joined corpora differ without any emotion, and how well that tells them apart."""
    from ser_core.evaluation import MEASURED, corpus_shift

    corpus = opened(path)
    found = corpus_shift(corpus, _scan(corpus, workers, progress_file))
    table = found.table.assign(measure=found.table["measure"].map(MEASURED))
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    by = {"all three": found.told_apart}
    by |= {MEASURED[name]: figure for name, figure in found.alone.items()}
    told = {name: str(figure) for name, figure in by.items()}
    if as_json:
        console.show({"corpora": rows, "told_apart": told, "guessing": 1 / found.corpora},
                     as_json=True)  # fmt: skip
        return
    _show_tables(rows, [{"corpus told by": name, "UAR": figure} for name, figure in told.items()])
    console.output.print(
        f"Guessing scores {1 / found.corpora:.2f}; {found.told_apart.how}.", soft_wrap=True
    )


@app.command("split")
def split_(
    path: CorpusPath,
    policy: Annotated[
        str,
        typer.Option(
            help="Split policy: random, speaker-disjoint, sentence-disjoint, "
            "speaker-and-sentence-disjoint, leave-one-speaker-out, grouped-k-fold, official; of "
            "several corpora leave-one-corpus-out or cross-corpus."
        ),
    ] = "speaker-disjoint",
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    fractions: Annotated[
        str, typer.Option(help="Shares of the training, validation and test part.")
    ] = "0.8,0.1,0.1",
    folds: Annotated[int, typer.Option(help="Folds of grouped-k-fold.")] = 5,
    group: Annotated[
        str, typer.Option(help="Groups of grouped-k-fold: speaker or sentence.")
    ] = "speaker",
    group_copies: Annotated[
        bool,
        typer.Option(
            "--group-copies",
            help="Keep copies of a recording, identical or nearly so, in one part.",
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the split to this JSON file.")] = None,
    reader: ReaderName = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    scan: Scan = True,
    workers: Workers = None,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Split a corpus, with a leak audit of what the parts share."""
    from ser_core.corpora import audit_split, make_split, recordings

    if group_copies and not scan:
        raise ParameterError(
            "copies are found by measuring the clips", subject="--group-copies",
            remedy="Leave out --no-scan",
        )  # fmt: skip
    corpus = opened(path, reader, label, option, include, own_labels=own_labels)
    measures = _scan(corpus, workers, progress_file) if scan else None
    copies = recordings(measures) if measures is not None and group_copies else None
    split = make_split(
        corpus,
        policy,
        seed=seed,
        fractions=_shares(fractions),
        folds=folds,
        group=group,
        recordings=copies,
    )
    leaks = audit_split(split, corpus, measures)
    if out:
        split.save(out)
    facts = _split_facts(split) | {"written": _text(out)}
    if as_json:
        parts = {str(row.pop("fold")): row for row in _fold_rows(split)}
        console.show({**facts, "parts": parts, "audit": leaks.as_dict()}, as_json=True)
        return
    console.show(facts)
    _show_tables(_fold_rows(split), _leak_rows(leaks))
    style = "yellow" if leaks.speakers_shared else "green"
    console.output.print(f"\n[bold {style}]Grade {leaks.grade}[/]  {leaks.reading}", soft_wrap=True)


def _shares(text: str) -> list[float]:
    try:
        return [float(share) for share in text.split(",")]
    except ValueError as error:
        raise ParameterError(
            "is not a list of numbers", subject=text, remedy="Write --fractions 0.8,0.1,0.1"
        ) from error


def _scan(corpus: Corpus, workers: int | None, progress_file: Path | None) -> pd.DataFrame:
    from ser_core.corpora import scan

    with console.progress("Measuring", progress_file) as report:
        return scan(corpus, workers=workers, progress=report)


def _text(path: Path | None) -> str | None:
    return str(path) if path else None


def _counts(column: pd.Series[Any], order: Sequence[str] | None = None) -> dict[str, int]:
    counts = column.value_counts()
    names = order if order is not None else sorted(counts.index)
    return {str(name): int(counts[name]) for name in names}


def _summary(corpus: Corpus) -> dict[str, Any]:
    clips = corpus.usable
    return {
        "corpus": corpus.name,
        "reader": corpus.reader,
        "root": str(corpus.root),
        "licence": corpus.licence or None,
        "clips": len(corpus),
        "usable": len(clips),
        **({"unlabelled": len(corpus.unlabelled)} if len(corpus.unlabelled) else {}),
        "hours": round(float(clips["duration"].sum()) / 3600, 2),
        "clip_seconds": _spread(clips["duration"]),
        "sentences": int(clips["sentence"].nunique()),
        "emotions": _counts(clips["emotion"], corpus.emotions),
        "speakers": _counts(clips["speaker"]),
        "clips_a_speaker": _spread(clips["speaker"].value_counts()),
        "genders": _counts(clips["gender"]),
        "sample_rates": _counts(clips["sample_rate"]),
    }


def _spread(values: pd.Series[Any]) -> dict[str, float]:
    """Least, median and greatest; nothing of no values."""
    known = values.dropna().astype(float)
    if known.empty:
        return {}
    found = {"least": known.min(), "median": known.median(), "greatest": known.max()}
    return {name: round(float(value), 2) for name, value in found.items()}


def _by_speaker(corpus: Corpus) -> list[dict[str, Any]]:
    """A row for every named speaker: gender, clips, minutes, and clips of each emotion."""
    clips = corpus.usable
    emotions = corpus.emotions
    return [
        {
            "speaker": str(speaker),
            "gender": " / ".join(sorted(map(str, own["gender"].dropna().unique()))) or None,
            "clips": len(own),
            "minutes": round(float(own["duration"].sum()) / 60, 1),
            **{name: int((own["emotion"] == name).sum()) for name in emotions},
        }
        for speaker, own in clips.groupby("speaker")
    ]


def _brief(value: Any) -> Any:
    """A long table of counts as its length, for people; JSON has it whole."""
    return len(value) if isinstance(value, dict) and len(value) > MOST_LINES else value


def _measures(corpus: Corpus, measures: pd.DataFrame) -> dict[str, Any]:
    problems = measures["problem"][measures["problem"] != ""]
    medians = measures[["duration", "peak", "rms_db", "silent_start", "silent_end", "f0"]].median()
    return {
        "corpus": corpus.name,
        "clips": len(measures),
        "measured": len(measures) - len(problems),
        "median": {str(name): round(float(value), 3) for name, value in medians.dropna().items()},
        "problems": problems.to_dict(),
    }


def _split_facts(split: Split) -> dict[str, Any]:
    return {
        "corpus": split.corpus,
        "policy": split.policy,
        "seed": split.seed,
        **split.options,
        "hash": split.hash,
        "notes": list(split.notes),
    }


def _card(issue: Issue) -> None:
    style = SEVERITY_STYLE[issue.severity]
    console.output.print(f"\n[{style}]{issue.severity:7}[/] [bold]{issue.title}[/]", soft_wrap=True)
    for text in (issue.detail, issue.remedy, _first(issue.clips)):
        if text:
            console.output.print(f"        {text}", soft_wrap=True, markup=False)


def _first(clips: list[str]) -> str:
    more = len(clips) - CLIPS_SHOWN
    shown = ", ".join(clips[:CLIPS_SHOWN])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _fold_rows(split: Split) -> list[dict[str, Any]]:
    """Clips in every part of every fold."""
    return [
        {"fold": fold} | {part: len(clips) for part, clips in split.fold(fold).items()}
        for fold in split.folds
    ]


def _leak_rows(leaks: LeakAudit) -> list[dict[str, Any]]:
    return [
        {
            "part": row["target"],
            "is also in": row["source"],
            "what": row["kind"],
            "shared": row["shared"],
            "of": row["total"],
            "clips": None if row["clips"] is None else f"{row['clips']:.1%}",
            "worst fold": row["fold"],
        }
        for row in leaks.as_dict()["worst"]
    ]


def _show_tables(*tables: Sequence[Mapping[str, Any]]) -> None:
    for rows in tables:
        console.output.print()
        console.output.print(console.table(rows))
