"""Clips that are copies of others, identical or nearly so, and which of them to leave out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.corpora.fingerprints import near_copies

if TYPE_CHECKING:
    from ser_core.corpora.corpus import Corpus

UNKNOWN = -1
"""Recording of a clip whose sound was not measured."""


def recordings(scan: pd.DataFrame) -> pd.Series[int]:
    """Number of the recording that each clip is a copy of, indexed as the scan.

    Clips of one number have identical sound, or nearly so by their fingerprints: at another level
    or sample rate, from a lossy format, or cut at the ends. Copies of copies are of one recording.
    `UNKNOWN` where the sound was not measured.

    Args:
        scan: As `ser_core.corpora.scan` gives it; without fingerprints only identical sound counts.
    """
    if "sha256" not in scan:
        return pd.Series(UNKNOWN, index=scan.index)
    hashes = scan["sha256"].fillna("")
    prints = list(scan["fingerprint"]) if "fingerprint" in scan else [b""] * len(scan)
    digest = hashlib.blake2b()
    for part in (*hashes, *prints):
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\n")
    sounds = _Sounds(digest.hexdigest(), hashes.mask(hashes == ""), prints)
    return pd.Series(_recordings(sounds), index=scan.index)


@dataclass(frozen=True)
class _Sounds:
    """Content hash (None where unknown) and fingerprint of every clip; the digest is of both."""

    digest: str
    hashes: pd.Series[str] = field(compare=False)
    prints: list[bytes] = field(compare=False)


@lru_cache(maxsize=2)
def _recordings(given: _Sounds) -> npt.NDArray[np.intp]:
    """Of every clip; kept, since a page asks again with every change of a widget."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    codes, sounds = given.hashes.factorize()
    _, first = np.unique(codes[codes != UNKNOWN], return_index=True)
    known = np.flatnonzero(codes != UNKNOWN)[first]
    found = near_copies([given.prints[place] for place in known])
    pairs = np.ones(len(found.first)), (found.first, found.second)
    _, of_sound = connected_components(coo_array(pairs, shape=(len(sounds), len(sounds))))
    return np.asarray(np.append(of_sound, UNKNOWN)[codes], np.intp)


def copies(corpus: Corpus, scan: pd.DataFrame) -> dict[str, str]:
    """Clips to leave out so that each recording is there once, with the reason.

    The first of each group in the order of the corpus stays. Where the clips of a group differ in
    emotion or in speaker nobody knows which is right, and none stays.

    Args:
        corpus: The corpus.
        scan: Its measures, as `ser_core.corpora.scan` gives them.
    """
    clips = corpus.usable.assign(recording=recordings(scan).reindex(corpus.usable.index))
    clips = clips[clips["recording"] != UNKNOWN]
    groups = clips[clips.duplicated("recording", keep=False)].groupby("recording", sort=False)
    return {str(clip): why for _, group in groups for clip, why in _of_group(group)}


def _of_group(group: pd.DataFrame) -> list[tuple[str, str]]:
    for column in ("emotion", "speaker"):
        names = sorted(group[column].dropna().unique())
        if len(names) > 1:
            return [
                (clip, f"one sound with {column} {' and '.join(names)}") for clip in group.index
            ]
    first, *others = group.index
    return [(clip, f"a copy of {first}") for clip in others]
