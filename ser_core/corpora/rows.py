"""From the rows a reader lists to the checked table of `Corpus.clips`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import pandas as pd

from ser_core import audio
from ser_core.core import AudioError, CorpusError, is_class_name
from ser_core.corpora import people
from ser_core.corpora.corpus import COLUMNS, LEFT_OUT, TEXT_FIELDS, UNLABELLED
from ser_core.corpora.emotions import composed, normalise
from ser_core.corpora.paths import Fence, locate

# What makes one file a different clip in another row; other columns may differ without harm.
_IDENTITY = ["label", "speaker", "sentence"]
_TYPES = {"duration": "float64", "sample_rate": "Int64", "channels": "Int64"}
_NO_HEADER = (float("nan"), None, None, "")


def checked(
    rows: pd.DataFrame,
    root: Path,
    labels: Mapping[str, str],
    *,
    own_labels: bool = False,
    dropped: Mapping[str, str] = MappingProxyType({}),
    relabelled: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """Table of clips as `Corpus.clips` describes it; every row stays, with its problem.

    Args:
        rows: What the reader listed: `path` and any text field, as strings; `unlabelled` where a
            clip has no label on purpose.
        root: Folder the paths are relative to.
        labels: Emotion for labels, in any case where none is spelled so; before the synonyms that
            hold for every corpus.
        own_labels: Whether a label that names no emotion is a class of its own.
        dropped: Clips that the user leaves out, each with the reason.
        relabelled: Emotion by clip, where the user says another than the corpus.

    Raises:
        CorpusError: If every path leaves the folder, or no file exists.
    """
    clips = _text(rows)
    clips["problem"] = _strings(rows.get("problem", ""), rows.index).fillna("")
    _number_the_nameless(clips)
    _refuse_escapes(clips, root)
    _find(clips, root)
    _mark_repeated(clips)
    _read_headers(clips, root)
    if "unlabelled" in rows:
        _add(clips, rows["unlabelled"].astype(bool), UNLABELLED)
    _drop(clips, dropped)
    _map_labels(clips, labels, relabelled, own_labels=own_labels)
    _refuse_hopeless(clips, root)
    return clips.set_index("clip")[list(COLUMNS)]


def _text(rows: pd.DataFrame) -> pd.DataFrame:
    clips = pd.DataFrame({"clip": _strings(rows["path"], rows.index).fillna("")})
    for field in TEXT_FIELDS:
        clips[field] = _strings(rows.get(field, pd.NA), rows.index).str.normalize("NFC")
    for field in ("label", "speaker", "gender", "sentence", "official"):
        clips[field] = clips[field].mask(clips[field].str.casefold().isin(people.UNSAID), pd.NA)
    clips["speaker"] = people.speakers(clips["speaker"])
    clips["sentence"] = people.whole(clips["sentence"])
    clips["gender"] = people.genders(clips["gender"])
    # An age is a number of years; a group such as "twenties" is none.
    clips["age"] = pd.to_numeric(clips["age"], errors="coerce").round().astype("Int64")
    return clips


def _strings(values: object, index: pd.Index[int]) -> pd.Series[str]:
    column = pd.Series(values, index=index, dtype="string").str.strip()
    return column.mask(column == "", pd.NA)


def _add(clips: pd.DataFrame, rows: pd.Series[bool], problem: str | pd.Series[str]) -> None:
    """Give rows a problem; the first one found stays."""
    free = rows & (clips["problem"] == "")
    clips.loc[free, "problem"] = problem if isinstance(problem, str) else problem[free]


def _number_the_nameless(clips: pd.DataFrame) -> None:
    nameless = clips["clip"] == ""
    _add(clips, nameless, "the row names no file")
    clips.loc[nameless, "clip"] = [f"(row {number + 1})" for number in clips.index[nameless]]


def _refuse_escapes(clips: pd.DataFrame, root: Path) -> None:
    reasons = clips["clip"].map(Fence(root).refusal)
    _add(clips, reasons != "", reasons)


def _find(clips: pd.DataFrame, root: Path) -> None:
    free = clips["problem"] == ""
    found = clips.loc[free, "clip"].map(lambda path: _spelled(root, path)).astype("string")
    clips.loc[found.index[found != ""], "clip"] = found[found != ""]
    missing = found.reindex(clips.index) == ""
    _add(clips, missing.fillna(value=False).astype(bool), "the file is missing")


def _spelled(root: Path, path: str) -> str:
    """Path as the disk spells it, without `./`; empty when there is no such file."""
    return locate(root, PurePosixPath(path).as_posix()) or ""


def _mark_repeated(clips: pd.DataFrame) -> None:
    """Give every row its own name; rows that contradict each other are all unusable."""
    repeated = clips[clips.duplicated("clip", keep=False)]
    if repeated.empty:
        return
    identities = repeated.groupby("clip")[_IDENTITY].nunique(dropna=False).max(axis=1)
    contradicted = clips["clip"].isin(identities.index[identities > 1])
    _add(clips, contradicted, "listed more than once, with different labels, speakers or sentences")
    again = clips.duplicated("clip")
    _add(clips, again, "listed more than once")
    taken = set(clips["clip"])
    for row in clips.index[again]:
        clips.loc[row, "clip"] = _free_name(str(clips.loc[row, "clip"]), taken)


def _free_name(clip: str, taken: set[str]) -> str:
    name = next(name for n in count(2) if (name := f"{clip}#{n}") not in taken)
    taken.add(name)
    return name


def _read_headers(clips: pd.DataFrame, root: Path) -> None:
    headers = [
        _NO_HEADER if problem else _header(root, clip)
        for clip, problem in zip(clips["clip"], clips["problem"], strict=True)
    ]
    found = pd.DataFrame(headers, index=clips.index, columns=[*_TYPES, "problem"])
    clips[list(_TYPES)] = found[list(_TYPES)].astype(_TYPES)
    _add(clips, found["problem"] != "", found["problem"])


def _header(root: Path, clip: str) -> tuple[float, int | None, int | None, str]:
    try:
        header = audio.info(root / clip)
    except AudioError as error:
        return (*_NO_HEADER[:3], error.problem)
    return header.duration, header.sample_rate, header.channels, ""


def _map_labels(
    clips: pd.DataFrame,
    labels: Mapping[str, str],
    relabelled: Mapping[str, str],
    *,
    own_labels: bool,
) -> None:
    each = clips["label"].dropna().unique()
    own = {label: label for label in each if own_labels and is_class_name(label)}
    composed_labels = {composed(label): emotion for label, emotion in labels.items()}
    any_case = {label.casefold(): emotion for label, emotion in composed_labels.items()}
    known = {
        label: composed_labels.get(label)
        or any_case.get(label.casefold())
        or normalise(label)
        or own.get(label)
        for label in each
    }
    by_label = clips["label"].map(known).astype("string")
    clips["emotion"] = clips["clip"].map(relabelled).astype("string").fillna(by_label)
    _add(clips, clips["label"].isna() & clips["emotion"].isna(), "it has no label")
    unknown = "unknown label " + clips["label"].fillna("")
    _add(clips, clips["emotion"].isna(), unknown)


def _drop(clips: pd.DataFrame, dropped: Mapping[str, str]) -> None:
    reasons = clips["clip"].map(dropped).astype("string")
    problem = f"{LEFT_OUT}" + (": " + reasons).where(reasons != "", "")
    _add(clips, reasons.notna(), problem)


def _refuse_hopeless(clips: pd.DataFrame, root: Path) -> None:
    """Refuse a corpus without a single readable file; labels can still be mapped."""
    if clips["sample_rate"].notna().any():
        return
    first = clips.iloc[0]
    raise CorpusError(
        f"none of its {len(clips)} clips can be read; the first, {first['clip']}: "
        f"{first['problem']}",
        subject=str(root),
        remedy="Check that the sound files are where the corpus says",
    )
