"""The unlabelled part of a corpus beside the labelled one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.corpora.corpus import Corpus


def known_sounds(corpus: Corpus, scan: pd.DataFrame) -> dict[str, list[str]]:
    """Unlabelled clips whose sound is that of labelled clips, by the hash of their samples.

    Args:
        corpus: The corpus.
        scan: Its measures, as `ser_core.corpora.scan` gives them.

    Returns:
        The usable clips with the same sound, by unlabelled clip; empty without measures.
    """
    if "sha256" not in scan:
        return {}
    hashes = scan["sha256"].fillna("")
    labelled: dict[str, list[str]] = {}
    for clip in corpus.usable.index:
        labelled.setdefault(str(hashes[clip]), []).append(str(clip))
    by_content = {content: clips for content, clips in labelled.items() if content}
    return {
        str(clip): by_content[str(hashes[clip])]
        for clip in corpus.unlabelled.index
        if str(hashes[clip]) in by_content
    }
