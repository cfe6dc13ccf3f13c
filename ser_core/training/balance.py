"""Training clips of several corpora in equal numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ser_core.core import ParameterError
from ser_core.training import seeds

if TYPE_CHECKING:
    from ser_core.training.plan import Member, Plan


def training_clips(plan: Plan, member: Member, parts: Sequence[str] = ("train",)) -> list[str]:
    """The clips that train a member: those of the split, or as many of each corpus.

    With `train.balance_corpora` there are as many clips as before. Of a corpus with more than its
    share some are drawn; one with fewer gives each clip as often as it fits, and some once more.

    Raises:
        ParameterError: If corpora are to be balanced and the corpus is one.
    """
    fold = plan.split.fold(member.fold)
    clips = [clip for part in parts for clip in fold[part]]
    if not plan.recipe.train.balance_corpora:
        return clips
    if not plan.corpus.corpora:
        raise ParameterError(
            "there is one corpus alone, so there is nothing to balance",
            subject="train.balance_corpora", remedy="Leave it out, or join several by corpus join",
        )  # fmt: skip
    corpus = plan.corpus.clips.loc[clips, "corpus"]
    own = {str(name): list(rows.index) for name, rows in corpus.groupby(corpus)}
    draw = np.random.default_rng(seeds.number(member.seed, "balance", member.fold))
    return equal_parts(own, len(clips), draw)


def equal_parts(own: dict[str, list[str]], total: int, draw: np.random.Generator) -> list[str]:
    """So many clips in all, the numbers of each group differing by one at most.

    >>> drawn = equal_parts({"a": ["1", "2", "3", "4"], "b": ["5"]}, 5, np.random.default_rng(0))
    >>> len(drawn), drawn.count("5"), len(set(drawn) - {"5"})
    (5, 2, 3)
    """
    least, rest = divmod(total, len(own))
    found: list[str] = []
    for number, (_, clips) in enumerate(sorted(own.items())):
        wanted = least + (number < rest)
        whole, more = divmod(wanted, len(clips))
        found += clips * whole
        found += [clips[place] for place in draw.permutation(len(clips))[:more]]
    return found
