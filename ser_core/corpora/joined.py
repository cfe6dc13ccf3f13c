"""Several corpora as one: each opened as it is kept, its labels mapped, its name in a column.

Speakers and labels bear the name of their corpus ("nEMO: AB0", "RAVDESS: 03"), since two corpora
may call different things the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.core import CorpusError, count
from ser_core.corpora import saved_openings
from ser_core.corpora.corpus import LEFT_OUT, UNLABELLED, Corpus
from ser_core.corpora.emotions import ordered
from ser_core.corpora.opening import open_corpus, open_exactly
from ser_core.corpora.readers import CorpusSource, Listing, Reader, reader
from ser_core.corpora.saved_openings import Opening

READER = "joined"
_KEPT = ("gender", "age", "sentence", "text", "intensity", "problem")


@reader(READER)
class Joined(Reader):
    """Corpora that `join` put together; the folder is the nearest that holds them all."""

    title = "Several corpora"
    expects = "corpora that corpus join put together"
    searches = False

    def detect(self, source: CorpusSource) -> float:  # noqa: ARG002
        """Never by itself: which corpora are meant is said by the options."""
        return 0.0

    def read(
        self,
        source: CorpusSource,
        *,
        corpora: Sequence[Mapping[str, Any]] = (),
        common: bool = False,
    ) -> Listing:
        """List the clips of all corpora.

        Args:
            source: Folder that holds them all.
            corpora: How each is opened, as `Opening.as_dict` has it, the path below the folder.
            common: Whether clips of emotions that not all corpora have are left out.

        Raises:
            CorpusError: If there are fewer than two, one cannot be opened, or they have fewer than
                two emotions in common and only these are wanted.
        """
        if len(corpora) < 2:
            raise CorpusError(
                "fewer than two corpora are named", subject=str(source.path),
                remedy="Put them together by corpus join PATH PATH --name NAME",
            )  # fmt: skip
        opened = [open_exactly(_placed(each, source.root)) for each in corpora]
        named = dict(zip(_names(opened), opened, strict=True))
        shared = set.intersection(*(set(each.emotions) for each in opened))
        if common and len(shared) < 2:
            raise CorpusError(
                f"the corpora have {count(len(shared), 'emotion')} in common",
                subject=", ".join(named), remedy="Map their labels, or join others",
            )  # fmt: skip
        tables = [_rows(name, each, source.root) for name, each in named.items()]
        rows = pd.concat(tables, ignore_index=True)
        labels = {
            _of(name, label): emotion
            for name, each in named.items()
            for label, emotion in each.label_map.items()
        }
        if common:
            _leave_out(rows, labels, shared)
        return Listing(
            rows,
            source.root,
            labels,
            " + ".join(named),
            tuple(_notes(named, shared, common=common)),
            licence=_licences(named),
        )


def join(corpora: Sequence[str | Path | Opening], *, common: bool = False) -> Opening:
    """How several corpora are opened as one.

    Args:
        corpora: Folders, tables, names of kept openings, or openings.
        common: Whether clips of emotions that not all of them have are left out.

    Raises:
        CorpusError: If one cannot be opened, or one is given twice.
    """
    opened = [open_corpus(each) for each in corpora]
    openings = [each.opening for each in opened if each.opening]
    if len({each.hash for each in openings}) < max(2, len(openings)):
        raise CorpusError(
            "give two or more different corpora", subject=", ".join(map(str, corpora)),
            remedy="Name each once",
        )  # fmt: skip
    places = [each.path.expanduser().absolute() for each in openings]
    roots = [each.root.absolute() for each in opened]
    root = Path(os.path.commonpath([*places, *roots]))
    parts = [
        {**each.as_dict(), "corpus": os.path.relpath(place, root)}
        for each, place in zip(openings, places, strict=True)
    ]
    options: dict[str, Any] = {"corpora": parts} | ({"common": True} if common else {})
    return Opening(root, READER, options)


def _placed(content: Mapping[str, Any], root: Path) -> Opening:
    return saved_openings.of({**content, "corpus": str(root / str(content.get("corpus", "")))})


def _names(opened: Sequence[Corpus]) -> list[str]:
    """A name for each: that of its kept opening, its own, or this with its folder."""
    plain = [(each.opening.name if each.opening else "") or each.name for each in opened]
    longer = [f"{name} {each.root.name}" for name, each in zip(plain, opened, strict=True)]
    names = [
        name if plain.count(name) == 1 else long for name, long in zip(plain, longer, strict=True)
    ]
    if len(set(names)) < len(names):
        names = [f"{name} {number}" for number, name in enumerate(names, start=1)]
    return names


def _of(corpus: str, name: str) -> str:
    return f"{corpus}: {name}"


def _rows(name: str, corpus: Corpus, root: Path) -> pd.DataFrame:
    clips = corpus.clips[corpus.clips["problem"] != UNLABELLED]
    below = os.path.relpath(corpus.root.absolute(), root)
    before = "" if below == "." else f"{below}/"
    rows = clips[list(_KEPT)].assign(corpus=name, path=[f"{before}{clip}" for clip in clips.index])
    for column in ("label", "speaker"):
        rows[column] = name + ": " + clips[column]
    return rows.reset_index(drop=True)


def _leave_out(rows: pd.DataFrame, labels: Mapping[str, str], shared: set[str]) -> None:
    """Mark the clips of emotions that not all corpora have."""
    emotion = rows["label"].map(labels)
    alone = emotion.notna() & ~emotion.isin(shared) & (rows["problem"] == "")
    rows.loc[alone, "problem"] = f"{LEFT_OUT}: not all corpora have " + emotion[alone]


def _licences(named: Mapping[str, Corpus]) -> str:
    return "; ".join(f"{name}: {each.licence}" for name, each in named.items() if each.licence)


def _notes(named: Mapping[str, Corpus], shared: set[str], *, common: bool) -> Iterator[str]:
    for name, each in named.items():
        yield f"{name}: {count(len(each.usable), 'clip')} of {', '.join(each.emotions)}"
        yield from (f"{name}: {note}" for note in each.notes)
        if len(each.unlabelled):
            yield f"{name}: {count(len(each.unlabelled), 'unlabelled clip')} not taken"
    alone = ordered({emotion for each in named.values() for emotion in each.emotions} - shared)
    if alone:
        said = "their clips are left out" if common else "they are kept (--common leaves them out)"
        yield f"Not all corpora have {', '.join(alone)}: {said}"
