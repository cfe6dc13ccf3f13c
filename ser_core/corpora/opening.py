"""From a path to a `Corpus`: find the reader, check every row, read every header."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import CorpusError, ParameterError, did_you_mean, files
from ser_core.corpora import saved_openings
from ser_core.corpora.clip_tables import ClipTable
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.label_maps import label_map as checked_labels
from ser_core.corpora.label_maps import remembered_labels
from ser_core.corpora.paths import Fence
from ser_core.corpora.patterns import compiled
from ser_core.corpora.readers import READERS, CorpusSource, Listing
from ser_core.corpora.recognisable import remedy
from ser_core.corpora.rows import checked
from ser_core.corpora.saved_openings import Opening

if TYPE_CHECKING:
    import pandas as pd


MOST_TABLES = 6
"""Tables that are spoken of where no reader fits."""


def open_corpus(
    path: str | Path | Opening,
    reader: str | None = None,
    *,
    name: str = "",
    label_map: Mapping[str, str] | None = None,
    include: str = "",
    own_labels: bool = False,
    **options: Any,
) -> Corpus:
    """Open a corpus: list its clips, map its labels, read the headers. Nothing is decoded.

    Args:
        path: Folder of the corpus, a table that lists its clips, the name or file of a kept
            opening, or an `Opening`; what else is given here goes before what that says.
        reader: Name in `READERS`; found by looking at the files when None.
        name: What to call the corpus; its own name or that of its folder when empty.
        label_map: Emotion of the vocabulary for labels that the reader does not know, or that you
            read differently; before what `remember_labels` has stored for this corpus. With
            `own_labels` any name of a class.
        include: Regular expression; clips whose path it does not match are left out.
        own_labels: Labels that name no emotion are classes of their own.
        **options: Options of the reader.

    Raises:
        CorpusError: If there is nothing at the path, no reader fits, or no clip can be opened.
        ParameterError: If an option or a label map names something unknown.
        UnknownNameError: If there is no such reader.

    >>> import ser_core as ser
    >>> corpus = ser.open_corpus(ser.demo_corpus())
    >>> corpus.name, len(corpus.usable), len(corpus.speakers)
    ('nEMO', 53, 9)
    """
    given = path if isinstance(path, Opening) else opening_of(path)
    wanted = replace(
        given,
        reader=reader or given.reader,
        options={**given.options, **options},
        include=include or given.include,
        labels={**given.labels, **(label_map or {})},
        own_labels=own_labels or given.own_labels,
    )
    return _opened(wanted, name, sealed=bool(given.name) or not given.is_plain)


def open_exactly(opening: Opening) -> Corpus:
    """Open a corpus as an opening says, without labels that were mapped for its folder.

    Raises:
        SerError: As `open_corpus`.
    """
    return _opened(opening, "", sealed=True)


def opening_of(path: str | Path) -> Opening:
    """The kept opening that a name or a file stands for, else the plain one of a path.

    Raises:
        CorpusError: If a JSON file is named that is no opening.
    """
    return saved_openings.found(path) or Opening(Path(path))


def _opened(opening: Opening, name: str, *, sealed: bool) -> Corpus:
    """Open as an opening says.

    Args:
        opening: What to open, and how.
        name: What to call the corpus.
        sealed: Whether the opening says all; labels that were mapped for the path are in force
            otherwise.
    """
    source = source_at(opening.path)
    found = opening.reader or detect(source)
    listing = _read(found, source, opening.options)
    stored = {} if sealed else remembered_labels(listing.root)
    given = checked_labels(opening.labels, own=opening.own_labels)
    rows = _included(listing, opening.include)
    clips = checked(
        rows,
        listing.root,
        {**listing.labels, **stored, **given},
        own_labels=opening.own_labels,
        dropped=opening.dropped,
        relabelled=checked_labels(opening.relabelled, own=opening.own_labels),
    )
    used = clips[~clips.index.isin(list(opening.relabelled))].dropna(subset=["label", "emotion"])
    in_force = {**stored, **given}
    passed_over = source.passed_over() if READERS[found].searches else ()
    return Corpus(
        name=name or listing.name or listing.root.resolve().name,
        root=listing.root,
        clips=clips,
        licence=listing.licence or READERS[found].licence,
        reader=found,
        label_map=dict(zip(used["label"], used["emotion"], strict=True)),
        notes=(*listing.notes, *passed_over, *_note(stored, opening.labels, clips)),
        ids=_ids(rows, clips, listing.root),
        template=listing.template,
        opening=replace(opening, labels=in_force),
    )


def tables_at(path: str | Path) -> tuple[ClipTable, ...]:
    """The tables that may list the clips at a path, each with why it is taken or not.

    Raises:
        CorpusError: If there is nothing, or it is an archive.
    """
    return source_at(path).tables


def is_recognised(path: str | Path) -> bool:
    """Whether some reader fits what is at a path.

    Raises:
        CorpusError: If there is nothing, or it is an archive.
    """
    source = source_at(path)
    return any(reader.detect(source) > 0 for _, reader in READERS.items())


def detect(source: CorpusSource) -> str:
    """Name of the reader that fits best.

    Raises:
        CorpusError: If none does; it says what to do with what lies there.
    """
    confidence = {name: reader.detect(source) for name, reader in READERS.items()}
    best = max(confidence, key=lambda name: confidence[name])
    if confidence[best] > 0:
        return best
    raise CorpusError(
        f"no reader fits: {_contents(source)}", subject=str(source.path), remedy=remedy(source)
    )


def _contents(source: CorpusSource) -> str:
    tables = [f"{each.name}: {each.why_not}" for each in source.tables if each.why_not]
    if source.table:
        return tables[0] if tables else "the file is no .csv or .tsv table"
    found = (
        f"{len(source.files)} sound files, the first {source.files[0]}"
        if source.files
        else "there are no sound files in the folder"
    )
    return ". ".join([found, *tables[:MOST_TABLES], *source.passed_over()])


def source_at(path: str | Path) -> CorpusSource:
    """What lies at a path.

    Raises:
        CorpusError: If there is nothing, or it is an archive.
    """
    path = Path(path).expanduser()
    try:
        if not files.is_folder(path):
            files.regular(path, files.WEIGHTS)
    except (FileNotFoundError, NotADirectoryError) as error:
        kept = [each.name for each in saved_openings.saved()]
        raise CorpusError(
            "there is no such folder",
            subject=str(path),
            remedy="Check the path of the corpus"
            + (f", or name a kept one: {', '.join(kept)}" if kept else ""),
        ) from error
    except OSError as error:
        raise CorpusError(
            f"it cannot be opened ({error.strerror})",
            subject=files.shortened(path),
            remedy="Give the folder of a corpus, or a table of its clips",
        ) from error
    if path.suffix.lower() in (".zip", ".tar", ".gz", ".tgz", ".rar", ".7z"):
        raise CorpusError(
            "the corpus is packed", subject=str(path), remedy="Unpack it and give the folder"
        )
    return CorpusSource(path)


def _read(name: str, source: CorpusSource, options: Mapping[str, Any]) -> Listing:
    read = READERS[name].read
    parameters = inspect.signature(read).parameters
    known = [option for option in parameters if option != "source"]
    for option, value in options.items():
        if option in known:
            _check_kind(option, value, parameters[option].default)
        else:
            raise ParameterError(
                f"the reader {name!r} has no such option",
                subject=option,
                remedy=did_you_mean(option, known) if known else "It has none",
            )
    listing = read(source, **options)
    if listing.rows.empty:
        expected = READERS[name].expects
        raise CorpusError(
            f"the reader {name!r} finds no clips", subject=str(source.path),
            remedy=f"It looks for {expected}",
        )  # fmt: skip
    return listing


def _check_kind(option: str, value: Any, default: Any) -> None:
    """Refuse the value of a reader's option that is of another kind than its default.

    One without a default (None) takes texts by name, as `columns`.
    """
    if default is None:
        texts = [*value, *value.values()] if isinstance(value, Mapping) else [value]
        right = value is None or all(isinstance(each, str) for each in texts)
        right = right and isinstance(value, Mapping | None)
    elif isinstance(default, tuple):  # of corpora that are joined
        right = isinstance(value, list | tuple) and all(isinstance(e, Mapping) for e in value)
    else:
        right = isinstance(value, type(default))
    if not right:
        raise ParameterError(
            f"cannot be {value!r:.60}",
            subject=option,
            remedy=f"Name each: {option}.NAME=VALUE" if default is None else "Correct the value",
        )


def _included(listing: Listing, include: str) -> Any:
    expression = compiled(include)
    if not expression:
        return listing.rows
    rows = listing.rows[[bool(expression.search(path)) for path in listing.rows["path"]]]
    if rows.empty:
        raise CorpusError(
            f"none of {len(listing.rows)} clips has such a path", subject=include,
            remedy=f"The first is {listing.rows['path'].iloc[0]}",
        )  # fmt: skip
    return rows


def _ids(rows: pd.DataFrame, clips: pd.DataFrame, root: Path) -> dict[str, str]:
    """Id of each unlabelled clip that has a file, also of one whose file cannot be read."""
    if "id" not in rows:
        return {}
    fence = Fence(root)
    return {
        str(clip): str(own)
        for clip, own, unlabelled in zip(clips.index, rows["id"], rows["unlabelled"], strict=True)
        if unlabelled and not fence.refusal(str(clip)) and (root / str(clip)).is_file()
    }


def _note(
    stored: Mapping[str, str], given: Mapping[str, str], clips: pd.DataFrame
) -> Iterator[str]:
    """Say which stored labels are in force: nothing else shows where they come from."""
    found = set(clips["label"].dropna())
    used = [f"{name} = {stored[name]}" for name in stored if name in found and name not in given]
    if used:
        yield f"Labels as you mapped them before: {', '.join(used)}"
