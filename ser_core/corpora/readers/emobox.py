"""EmoBox: JSONL manifests of 32 corpora with their folds, beside the corpora themselves."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from ser_core.core import CorpusError, count, did_you_mean, files
from ser_core.corpora.clip_tables import (
    has_segments,
    is_time,
    times_in,
)
from ser_core.corpora.emotions import normalise
from ser_core.corpora.parts import part_of
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader
from ser_core.corpora.readers.iemocap import turn_fields
from ser_core.corpora.readers.manifest import sound_folder
from ser_core.corpora.readers.schemes import SCHEMES
from ser_core.corpora.tables import unreadable

MANIFEST = r"fold_\d+/\w+_(?:train|valid|test)_fold_\d+\.jsonl"
_NAME = re.compile(r"fold_(\d+)/(\w+)_(train|valid|test)_fold_\d+\.jsonl$")


@dataclass(frozen=True)
class _Manifest:
    """One JSONL file of one part of one fold."""

    path: Path
    dataset: str
    fold: int
    part: str


@reader("emobox")
class EmoBox(Reader):
    """A folder `data/NAME` of EmoBox: `fold_1/NAME_train_fold_1.jsonl`, `label_map.json`.

    Ma et al. (2024), EmoBox: multilingual multi-corpus speech emotion recognition toolkit and
    benchmark. Each line names a file (`wav`) and its label (`emo`). Speakers and sentences are not
    in it; they are taken from the file names where these are of a known corpus.
    """

    title = "EmoBox"
    expects = "JSONL files named like fold_1/iemocap_train_fold_1.jsonl"
    source = "Ma et al. (2024)"
    own_split = (
        "the folds of EmoBox (figures: Ma et al. 2024). Of corpora with few or unbalanced speakers "
        "it deals out clips, so test speakers are known there"
    )

    def detect(self, source: CorpusSource) -> float:
        """Fits when there are such files, whatever corpus lies beside them."""
        return 0.97 if not source.table and source.named(MANIFEST) else 0.0

    def read(self, source: CorpusSource, *, dataset: str = "", sound: str = "") -> Listing:
        """List the clips of all folds, each with the fold that tests it, or its part.

        Args:
            source: Folder with the manifests of one corpus, or of several.
            dataset: Which corpus, where there are several.
            sound: Folder of the sound, when it is not in the folder of the manifests.

        Raises:
            CorpusError: If there are several corpora and none is named, a file cannot be read, or
                a clip is tested in several folds.
            ParameterError: If the folder of the sound is none.
        """
        manifests = _chosen(source, dataset)
        table = _table(source, manifests)
        if has_segments(table):
            raise CorpusError(
                "the manifest labels segments of its files, which are not cut",
                subject=str(manifests[0].path),
                remedy="Write the segments as files of their own by corpus extract",
            )
        whole = table[["wav", "emo", "fold", "part"]].assign(clip=table["wav"])
        return self._listed(source, manifests, whole, sound)

    def segments(self, source: CorpusSource, *, dataset: str = "", sound: str = "") -> Listing:
        """List the segments of all folds: lines with start and end, or offset and duration.

        The labels are the names that `label_map.json` gives them, since it is not copied.

        Raises:
            CorpusError: As `read`, or if no line has times.
            ParameterError: If the folder of the sound is none.
        """
        manifests = _chosen(source, dataset)
        table = _table(source, manifests)
        table[["start", "end"]] = times_in(table, manifests[0].path)
        names = {label: str(name) for label, name in _label_map(manifests[0]).items()}
        clips = table["wav"] + " " + table["start"].astype(str) + " " + table["end"].astype(str)
        table = table.assign(clip=clips, emo=table["emo"].replace(names))
        return self._listed(source, manifests, table, sound)

    def _listed(
        self, source: CorpusSource, manifests: Sequence[_Manifest], table: pd.DataFrame, sound: str
    ) -> Listing:
        """Every clip of a table once, with the fold that tests it, or its part."""
        clips = table.drop_duplicates("clip").set_index("clip")
        own = _official(table).reindex(clips.index)
        root, index = sound_folder(source, sound)
        paths = index.find(clips["wav"])
        listed = pd.DataFrame({"path": paths, "label": clips["emo"]})
        listed = listed.join(clips[[name for name in ("start", "end") if name in clips]])
        listed = listed.join(fields_by_name(paths)).assign(official=own)
        name = f"{self.title} {manifests[0].dataset}"
        given = _label_map(manifests[0]).items()
        labels = {label: known for label, name in given if (known := normalise(str(name)))}
        notes = tuple(_notes(own, manifests))
        return Listing(listed.reset_index(drop=True), root, labels, name, notes)


def fields_by_name(paths: pd.Series[str]) -> pd.DataFrame:
    """Speaker, gender, sentence and so on of files that are named as those of a known corpus.

    The labels are not taken: a manifest says its own.
    """
    ways: list[Callable[[str], dict[str, str]]] = [scheme.fields for scheme in SCHEMES.values()]
    ways.append(lambda path: turn_fields(PurePosixPath(path).stem))
    best = max(ways, key=lambda way: sum(bool(way(path)) for path in paths))
    rows = [best(path) for path in paths]
    found = pd.DataFrame(rows, index=paths.index)
    return found.drop(columns=["label", "official"], errors="ignore")


def _chosen(source: CorpusSource, dataset: str) -> list[_Manifest]:
    every = [
        _Manifest(source.root / name, match[2], int(match[1]), match[3])
        for name in source.named(MANIFEST)
        if (match := _NAME.search(name))
    ]
    names = sorted({each.dataset for each in every})
    chosen = dataset or (names[0] if len(names) == 1 else "")
    if chosen not in names:
        raise CorpusError(
            f"there are manifests of {len(names)} corpora"
            if not dataset
            else "there is no manifest of this corpus",
            subject=dataset or str(source.path),
            remedy=did_you_mean(dataset, names)
            if dataset
            else f"Name one by --option dataset=, one of {', '.join(names) or 'none'}",
        )
    return [each for each in every if each.dataset == chosen]


def _table(source: CorpusSource, manifests: Iterable[_Manifest]) -> pd.DataFrame:
    """A row for every line of every manifest."""
    rows = [entry for each in manifests for entry in _entries(each)]
    if not rows:
        raise CorpusError("the manifests are empty", subject=str(source.path))
    return pd.DataFrame(rows)


def _entries(manifest: _Manifest) -> Iterable[dict[str, Any]]:
    try:
        text = files.read_text(manifest.path)
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        entries = [
            {"wav": str(line["wav"]), "emo": str(line["emo"])}
            | {key: str(line[key]) for key in line if _is_time(key)}
            for line in lines
        ]
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(manifest.path, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            "a line of the manifest is no JSON object with wav and emo",
            subject=str(manifest.path),
            remedy="Take the file of EmoBox again",
        ) from error
    return [entry | {"fold": manifest.fold, "part": manifest.part} for entry in entries]


@cache
def _is_time(key: str) -> bool:
    """Whether a key of a line says which part of its file is meant; asked for every line."""
    return is_time(key)


def _official(table: pd.DataFrame) -> pd.Series[str]:
    """The fold that tests each clip; its part where there is one fold alone."""
    if len(set(table["fold"])) == 1:
        part = table["part"].map(part_of)
        return part.groupby(table["clip"]).first()
    tested = table[table["part"] == "test"]
    folds = tested.groupby("clip")["fold"]
    several = folds.agg(lambda numbers: len(set(numbers))) > 1
    if several.any():
        raise CorpusError(
            f"{count(int(several.sum()), 'clip')} are tested in several folds",
            subject=str(several.idxmax()),
            remedy="The folds of a corpus must test each clip once",
        )
    return "fold " + folds.first().astype(str)


def _label_map(manifest: _Manifest) -> Mapping[str, Any]:
    """Name of each label in `label_map.json`; empty where there is none."""
    try:
        given: Mapping[str, Any] = files.read_json(manifest.path.parent.parent / "label_map.json")
    except (OSError, ValueError):  # a manifest may stand without one
        return {}
    return given


def _notes(own: pd.Series[str], manifests: Iterable[_Manifest]) -> Iterable[str]:
    parts: dict[int, set[str]] = defaultdict(set)
    for each in manifests:
        parts[each.fold].add(each.part)
    yield f"{count(len(parts), 'fold')} of EmoBox, kept as the official split"
    if own.isna().any():
        yield f"{count(int(own.isna().sum()), 'clip')} are tested in no fold"
