"""The unlabelled part of a corpus beside the labelled one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ser_core.corpora.duplicates import UNKNOWN, recordings

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.corpora.corpus import Corpus


def known_sounds(corpus: Corpus, scan: pd.DataFrame) -> dict[str, list[str]]:
    """Unlabelled clips whose recording is that of labelled clips, identical or nearly so.

    Args:
        corpus: The corpus.
        scan: Its measures, as `ser_core.corpora.scan` gives them.

    Returns:
        The usable clips of the same recording, by unlabelled clip; empty without measures.
    """
    if "sha256" not in scan or corpus.unlabelled.empty:
        return {}
    of = recordings(scan)
    labelled: dict[int, list[str]] = {}
    for clip in corpus.usable.index:
        labelled.setdefault(int(of[clip]), []).append(str(clip))
    labelled.pop(UNKNOWN, None)
    return {
        str(clip): labelled[int(of[clip])]
        for clip in corpus.unlabelled.index
        if int(of[clip]) in labelled
    }
