"""From a path to a `Corpus`: find the reader, check every row, read every header."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ser_core.core import EMOTIONS, CorpusError, ParameterError, did_you_mean
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.emotions import normalise
from ser_core.corpora.patterns import compiled
from ser_core.corpora.readers import READERS, CorpusSource, Listing, Reader
from ser_core.corpora.rows import checked


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
            read differently.
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
    labels = {**listing.labels, **_vocabulary(label_map or {})}
    clips = checked(_included(listing, include), listing.root, labels)
    used = clips.dropna(subset=["label", "emotion"])
    return Corpus(
        name=name or listing.name or listing.root.resolve().name,
        root=listing.root,
        clips=clips,
        licence=READERS[found].licence,
        reader=found,
        label_map=dict(zip(used["label"], used["emotion"], strict=True)),
        notes=listing.notes,
    )


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
    if not path.exists():
        raise CorpusError(
            "there is no such folder", subject=str(path), remedy="Check the path of the corpus"
        )
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


def _vocabulary(label_map: Mapping[str, str]) -> dict[str, str]:
    return {label: _emotion(emotion) for label, emotion in label_map.items()}


def _emotion(emotion: str) -> str:
    known = normalise(emotion)
    if known is None:
        raise ParameterError(
            "not an emotion of the vocabulary", subject=emotion,
            remedy=did_you_mean(emotion, EMOTIONS),
        )  # fmt: skip
    return known
