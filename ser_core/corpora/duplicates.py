"""Clips that are copies of others, and which of them to leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from ser_core.corpora.corpus import Corpus


def copies(corpus: Corpus, scan: pd.DataFrame) -> dict[str, str]:
    """Clips to leave out so that each recording is there once, with the reason.

    The first of each group in the order of the corpus stays. Where the clips of a group differ in
    emotion or in speaker nobody knows which is right, and none stays.

    Args:
        corpus: The corpus.
        scan: Its measures, as `ser_core.corpora.scan` gives them.
    """
    clips = corpus.usable.assign(sound=scan["sha256"].reindex(corpus.usable.index).fillna(""))
    clips = clips[clips["sound"] != ""]
    groups = clips[clips.duplicated("sound", keep=False)].groupby("sound", sort=False)
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
