"""EmoBox: JSONL manifests of 32 corpora with their folds, beside the corpora themselves."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from ser_core.core import CorpusError, count, did_you_mean, files
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
        rows = [entry for each in manifests for entry in _entries(each)]
        if not rows:
            raise CorpusError("the manifests are empty", subject=str(source.path))
        table = pd.DataFrame(rows)
        clips = table.drop_duplicates("wav").set_index("wav")
        own = _official(table)
        root, index = sound_folder(source, sound)
        paths = index.find(pd.Series(clips.index, index=clips.index))
        listed = pd.DataFrame({"path": paths, "label": clips["emo"]})
        listed = listed.join(fields_by_name(paths)).assign(official=own.reindex(clips.index))
        name = f"{self.title} {manifests[0].dataset}"
        labels = _labels(manifests[0].path.parent.parent)
        notes = tuple(_notes(own.reindex(clips.index), manifests))
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


def _entries(manifest: _Manifest) -> Iterable[dict[str, Any]]:
    try:
        text = files.read_text(manifest.path)
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        entries = [{"wav": str(line["wav"]), "emo": str(line["emo"])} for line in lines]
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(manifest.path, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            "a line of the manifest is no JSON object with wav and emo",
            subject=str(manifest.path),
            remedy="Take the file of EmoBox again",
        ) from error
    if any(line.get("start_time") for line in lines):
        raise CorpusError(
            "the manifest labels segments of its files, which are not cut",
            subject=str(manifest.path),
            remedy="Cut the segments into files of their own first",
        )
    return [entry | {"fold": manifest.fold, "part": manifest.part} for entry in entries]


def _official(table: pd.DataFrame) -> pd.Series[str]:
    """The fold that tests each clip; its part where there is one fold alone."""
    if len(set(table["fold"])) == 1:
        part = table["part"].map(part_of)
        return part.groupby(table["wav"]).first()
    tested = table[table["part"] == "test"]
    folds = tested.groupby("wav")["fold"]
    several = folds.agg(lambda numbers: len(set(numbers))) > 1
    if several.any():
        raise CorpusError(
            f"{count(int(several.sum()), 'clip')} are tested in several folds",
            subject=str(several.idxmax()),
            remedy="The folds of a corpus must test each clip once",
        )
    return "fold " + folds.first().astype(str)


def _labels(folder: Path) -> dict[str, str]:
    """Emotion by label of `label_map.json`, for the labels it can name."""
    try:
        given: Mapping[str, Any] = files.read_json(folder / "label_map.json")
    except (OSError, ValueError):  # a manifest may stand without one
        return {}
    return {label: known for label, name in given.items() if (known := normalise(str(name)))}


def _notes(own: pd.Series[str], manifests: Iterable[_Manifest]) -> Iterable[str]:
    parts: dict[int, set[str]] = defaultdict(set)
    for each in manifests:
        parts[each.fold].add(each.part)
    yield f"{count(len(parts), 'fold')} of EmoBox, kept as the official split"
    if own.isna().any():
        yield f"{count(int(own.isna().sum()), 'clip')} are tested in no fold"
