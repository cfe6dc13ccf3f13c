"""Make a split: check the arguments, run the policy, check its result."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from ser_core.core import ParameterError, SplitError, did_you_mean
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.duplicates import UNKNOWN
from ser_core.corpora.emotions import ordered
from ser_core.corpora.issues import number
from ser_core.corpora.policies import GROUPS, POLICIES, Task
from ser_core.corpora.readers import READERS
from ser_core.corpora.split import PARTS, UNUSED, Split
from ser_core.corpora.stratify import allocations

FRACTIONS = (0.8, 0.1, 0.1)
SHOWN = 4
"""Folds that a note names."""


def make_split(
    corpus: Corpus,
    policy: str,
    *,
    seed: int = 0,
    fractions: Sequence[float] = FRACTIONS,
    folds: int = 5,
    group: str = "speaker",
    recordings: pd.Series[int] | None = None,
) -> Split:
    """Split the usable clips of a corpus.

    The same clips and arguments give the same split, in whatever order the corpus lists them.

    Args:
        corpus: What to split.
        policy: Name in `POLICIES`.
        seed: Of the random choices.
        fractions: Shares of train, validation and test; 0 leaves a part empty. Policies that deal
            whole groups come as near as the groups allow.
        folds: Number of folds of "grouped-k-fold".
        group: What "grouped-k-fold" keeps together: "speaker" or "sentence".
        recordings: Recording of each clip (`ser_core.corpora.recordings`), to keep copies together:
            a copy goes where the first of its recording goes. Where copies differ in emotion,
            speaker or sentence, none of them is used. Each clip is dealt by itself when None.

    Raises:
        SplitError: If the policy cannot be met: too few speakers or sentences, clips without one,
            or an emotion that would vanish from train. It says why and what else to choose.
        ParameterError: If the fractions are no shares, or the group is unknown.
        UnknownNameError: If there is no such policy.

    >>> import ser_core as ser
    >>> split = ser.split(ser.open_corpus(ser.demo_corpus()), "leave-one-speaker-out")
    >>> len(split.folds), len(split.fold("SM0")["test"])
    (9, 6)
    """
    chosen = POLICIES[policy]
    every = _clips(corpus)
    leader = _leaders(every, recordings)
    leads = every.index == leader
    task = Task(every[leads], seed, _checked(fractions), folds, _known(group))
    parts, notes = chosen.run(task)
    table = pd.DataFrame(parts, index=task.clips.index, dtype="str").rename_axis("clip")
    if policy != "official":  # which says itself what the corpus lacks
        _refuse_empty(table, task)
    _refuse_vanishing(table, task.clips["emotion"])
    options = {name: _plain(getattr(task, name)) for name in chosen.options}
    if recordings is not None:
        options["copies"] = "together"
        table = table.reindex(leader).fillna(UNUSED).set_axis(every.index).rename_axis("clip")
        notes = (*notes, *_moved(leader))
    alone = _alone(table, every["speaker"], policy)
    whose = _whose(corpus) if policy == "official" else []
    notes = (*notes, *_lacking(table, every["emotion"]), *alone, *whose)
    return Split(corpus.name, policy, seed, options, table, notes)


NOWHERE = ""
"""What leads clips that are not used."""


def _leaders(clips: pd.DataFrame, recordings: pd.Series[int] | None) -> pd.Series[str]:
    """The clip that each clip goes with: itself, or the first of its recording."""
    own = clips.index.to_series()
    if recordings is None:
        return own
    given = clips.assign(own=own, recording=recordings.reindex(clips.index).fillna(UNKNOWN))
    copied = given[given["recording"] != UNKNOWN].groupby("recording", sort=False)
    leader = own.where(given["recording"] == UNKNOWN, copied["own"].transform("first"))
    differ = (copied[["emotion", "speaker", "sentence"]].transform("nunique") > 1).any(axis=1)
    return leader.mask(differ.reindex(clips.index, fill_value=False).astype(bool), NOWHERE)


def _moved(leader: pd.Series[str]) -> list[str]:
    """What was done with copies, as notes."""
    unused = int((leader == NOWHERE).sum())
    moved = int((leader != leader.index).sum()) - unused
    notes = [f"{number(moved, 'copy', 'copies')} went with the first of the recording"] * bool(
        moved
    )
    if unused:
        notes.append(
            f"{number(unused, 'clip')} unused: the copies of a recording differ in "
            "emotion, speaker or sentence"
        )
    return notes


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _clips(corpus: Corpus) -> pd.DataFrame:
    clips = corpus.usable.sort_index()
    emotions = clips["emotion"].nunique()
    if emotions < 2:
        raise SplitError(
            f"{len(clips)} usable clips with {emotions} emotion{'s' * (emotions != 1)} leave "
            "nothing to tell apart",
            subject=corpus.name,
            remedy="Look at the problems of the clips, or map the labels",
        )
    return clips


def _checked(fractions: Sequence[float]) -> tuple[float, float, float]:
    shares = [float(share) for share in fractions]
    proper = len(shares) == 3 and all(share >= 0 for share in shares)
    if not proper or abs(sum(shares) - 1) > 1e-6 or not 0 < shares[0] < 1:
        raise ParameterError(
            f"{shares} are not shares of train, validation and test",
            subject="fractions",
            remedy="Give three numbers that add up to 1, the first above 0 and below 1",
        )
    return shares[0], shares[1], shares[2]


def _known(group: str) -> str:
    if group not in GROUPS:
        raise ParameterError(
            "clips cannot be grouped by it", subject=group, remedy=did_you_mean(group, GROUPS)
        )
    return group


def _missing(table: pd.DataFrame, emotion: pd.Series[str], part: str) -> dict[str, list[str]]:
    """Emotions of the corpus that a part lacks, for each fold where it has clips at all."""
    codes, names = emotion.factorize()
    every = set(names)
    found = {str(fold): names[np.unique(codes[table[fold] == part])] for fold in table}
    return {
        fold: ordered(every.difference(present))
        for fold, present in found.items()
        if 0 < len(present) < len(every)
    }


SHARES_TRIED = ((0.7, 0.15, 0.15), (0.6, 0.2, 0.2), (0.5, 0.25, 0.25), (0.34, 0.33, 0.33))


def _refuse_empty(table: pd.DataFrame, task: Task) -> None:
    """Refuse a part that should have clips and gets none; a share of 0 is a wish."""
    sizes = task.clips["emotion"].value_counts()
    for part, (fold, parts) in product(task.active, table.items()):
        if (parts == part).any():
            continue
        raise SplitError(
            f"the {part} part{f' of fold {fold}' if table.shape[1] > 1 else ''} would be empty: "
            f"with {sizes.max()} clips of an emotion or fewer, its share is less than one clip",
            subject="fractions",
            remedy=_larger_shares(sizes, task.active),
        )


def _larger_shares(sizes: pd.Series[int], active: Sequence[str]) -> str:
    """Shares by which each part gets a clip of every emotion, if there are some."""
    if list(active) == list(PARTS):
        for shares in SHARES_TRIED:
            dealt = [allocations(int(size), np.array(shares)) for size in sizes]
            if all((each > 0).all() for each in dealt):
                return f"Choose larger shares, as {', '.join(map(str, shares))}"
    return "Choose a larger share for it, or take more clips"


def _refuse_vanishing(table: pd.DataFrame, emotion: pd.Series[str]) -> None:
    for fold, emotions in _missing(table, emotion, PARTS[0]).items():
        names = ", ".join(emotions)
        raise SplitError(
            f"{names} would vanish from train in fold {fold}: no other group has it",
            subject="emotion",
            remedy=f"Leave {names} out, or choose the policy 'random'",
        )


def _lacking(table: pd.DataFrame, emotion: pd.Series[str]) -> list[str]:
    """A sentence for each part that lacks emotions, of all folds together."""
    notes = []
    for part in PARTS[1:]:
        missing = _missing(table, emotion, part)
        if len(missing) == 1:
            ((fold, each),) = missing.items()
            where = f" of fold {fold}" if table.shape[1] > 1 else ""
            notes.append(f"The {part} part{where} has no {' and no '.join(each)}")
        elif missing:
            shown = [f"{fold} has no {' and no '.join(each)}" for fold, each in missing.items()]
            more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
            notes.append(
                f"The {part} part lacks an emotion in {len(missing)} of {table.shape[1]} folds: "
                f"{', '.join(shown[:SHOWN])}{more}"
            )
    return notes


def _whose(corpus: Corpus) -> list[str]:
    """What the corpus' own split is, where the reader knows it."""
    known = READERS[corpus.reader].own_split if corpus.reader in READERS else ""
    return [f"The split of {corpus.name}: {known}"] if known else []


ONE_SPEAKER = "The test part is of one speaker"
"""Beginning of the note on a split that tests one voice; pages show it as a warning."""


def _alone(table: pd.DataFrame, speaker: pd.Series[str], policy: str) -> list[str]:
    """A note where one voice is the whole test; leaving one speaker out pools all of them."""
    if policy == "leave-one-speaker-out" or speaker.isna().any():
        return []
    voices = {fold: set(speaker[table[fold] == PARTS[2]]) for fold in table}
    alone = {fold: who.pop() for fold, who in voices.items() if len(who) == 1}
    if not alone:
        return []
    if table.shape[1] > 1:
        return [f"{ONE_SPEAKER} in {len(alone)} of {table.shape[1]} folds"]
    (name,) = alone.values()
    return [f"{ONE_SPEAKER}, {name}: its figures are of that voice alone"]
