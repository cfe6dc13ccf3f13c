"""The clip nearest to wanted labels, such as the same sentence by another speaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ser_core.corpora.corpus import Corpus

WEIGHTS = {"sentence": 4, "emotion": 2, "speaker": 1}
"""What to match first: the sentence, since it shape a feature map more than anything else does."""


def nearest(corpus: Corpus, clip: str, **wish: str) -> str:
    """The usable clip that meets the wish and otherwise resembles `clip` most.

    Args:
        corpus: Where to search.
        clip: The clip to resemble.
        **wish: Values that columns of `Corpus.clips` must have ("speaker", "emotion", "sentence").

    Returns:
        The first of the best ones in the order of the corpus; `clip` when none meets the wish.
    """
    clips = corpus.usable
    for column, value in wish.items():
        clips = clips[(clips[column] == value).fillna(value=False)]
    if clips.empty or clip in clips.index:
        return clip
    own = corpus.clips.loc[clip]
    alike = sum(
        weight * (clips[column] == own[column]).fillna(value=False).astype(int)
        for column, weight in WEIGHTS.items()
    )
    return str(alike.idxmax())  # type: ignore[union-attr]
