"""From a path to a `Corpus`: find the reader, check every row, read every header."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import CorpusError, ParameterError, did_you_mean, files
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.label_maps import label_map as checked_labels
from ser_core.corpora.label_maps import remembered_labels
from ser_core.corpora.paths import Fence
from ser_core.corpora.patterns import compiled
from ser_core.corpora.readers import READERS, CorpusSource, Listing, Reader
from ser_core.corpora.rows import checked

if TYPE_CHECKING:
    import pandas as pd


def open_corpus(
    path: str | Path,
    reader: str | None = None,
    *,
    name: str = "",
    label_map: Mapping[str, str] | None = None,
    include: str = "",
    **options: Any,
) -> Corpus:
    """Open a corpus: list its clips, map its labels, read the headers. Nothing is decoded.

    Args:
        path: Folder of the corpus, or a table that lists its clips.
        reader: Name in `READERS`; found by looking at the files when None.
        name: What to call the corpus; its own name or that of its folder when empty.
        label_map: Emotion of the vocabulary for labels that the reader does not know, or that you
            read differently; before what `remember_labels` has stored for this corpus.
        include: Regular expression; clips whose path it does not match are left out.
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
    source = _source(path)
    found = reader or detect(source)
    listing = _read(found, source, options)
    stored = remembered_labels(listing.root)
    labels = {**listing.labels, **stored, **checked_labels(label_map or {})}
    rows = _included(listing, include)
    clips = checked(rows, listing.root, labels)
    used = clips.dropna(subset=["label", "emotion"])
    return Corpus(
        name=name or listing.name or listing.root.resolve().name,
        root=listing.root,
        clips=clips,
        licence=READERS[found].licence,
        reader=found,
        label_map=dict(zip(used["label"], used["emotion"], strict=True)),
        notes=(*listing.notes, *_note(stored, label_map or {}, clips)),
        ids=_ids(rows, clips, listing.root),
        template=listing.template,
    )


def is_recognised(path: str | Path) -> bool:
    """Whether some reader fits what is at a path.

    Raises:
        CorpusError: If there is nothing, or it is an archive.
    """
    source = _source(path)
    return any(reader.detect(source) > 0 for _, reader in READERS.items())


def detect(source: CorpusSource) -> str:
    """Name of the reader that fits best.

    Raises:
        CorpusError: If none does; it lists what each recognises.
    """
    confidence = {name: reader.detect(source) for name, reader in READERS.items()}
    best = max(confidence, key=lambda name: confidence[name])
    if confidence[best] > 0:
        return best
    raise CorpusError(
        f"no reader fits: {_contents(source)}",
        subject=str(source.path),
        remedy=f"Readers look for: {'; '.join(map(_expectation, READERS.items()))}. "
        "Name the reader if the corpus is one of these",
    )


def _expectation(entry: tuple[str, Reader]) -> str:
    name, reader = entry
    return f"{name}, {reader.expects}"


def _contents(source: CorpusSource) -> str:
    if source.table:
        return "the table has no columns that look like files and emotions"
    if not source.files:
        return "there are no sound files in the folder"
    return f"{len(source.files)} sound files, the first {source.files[0]}"


def _source(path: str | Path) -> CorpusSource:
    path = Path(path).expanduser()
    try:
        if not files.is_folder(path):
            files.regular(path, files.WEIGHTS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CorpusError(
            "there is no such folder", subject=str(path), remedy="Check the path of the corpus"
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
    known = [option for option in inspect.signature(read).parameters if option != "source"]
    for option in options:
        if option not in known:
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
