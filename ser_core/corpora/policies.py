"""Ways to split a corpus, in a registry: what may be shared between the parts, and what not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ser_core.core import Registry, SplitError
from ser_core.corpora import stratify
from ser_core.corpora.parts import are_folds, are_parts, part_of
from ser_core.corpora.split import PARTS, UNUSED
from ser_core.corpora.stratify import Codes, Counts, Shares

Outcome = tuple[dict[str, list[str]], tuple[str, ...]]
"""Part of every clip for each named fold, and notes."""

LEAST_FOLDS = 3
"""One group tests, one validates, and there is something to train on."""

GROUPS = {"speaker": "speakers", "sentence": "sentences"}


@dataclass(frozen=True)
class Task:
    """What is to be split, and how.

    Attributes:
        clips: The usable clips, sorted by name so that the order of a table changes nothing.
        seed: Of the random choices.
        fractions: Shares of train, validation and test, adding up to 1.
        folds: Number of folds, where the policy has any number of them.
        group: Column whose groups `grouped-k-fold` does not divide.
    """

    clips: pd.DataFrame
    seed: int
    fractions: tuple[float, float, float]
    folds: int
    group: str

    @cached_property
    def rng(self) -> np.random.Generator:
        """The one source of choices."""
        return np.random.default_rng(self.seed)

    @cached_property
    def classes(self) -> Codes:
        """Class of every clip, as a number."""
        return self.clips["emotion"].factorize(sort=True)[0]

    @cached_property
    def active(self) -> list[str]:
        """The parts that get clips."""
        return [part for part, share in zip(PARTS, self.fractions, strict=True) if share > 0]

    @property
    def shares(self) -> Shares:
        """Shares of the active parts."""
        return np.array([share for share in self.fractions if share > 0])

    def groups(self, column: str, parts: int) -> Codes:
        """Group of every clip, as a number.

        Raises:
            SplitError: If a clip has no group, or there are fewer groups than parts.
        """
        unknown = int(self.clips[column].isna().sum())
        if unknown:
            raise SplitError(
                f"{unknown} of {len(self.clips)} clips have no {column}, so nothing can be kept "
                "apart by it",
                subject=column,
                remedy=f"Add a column {column} to the corpus, or choose the policy 'random'",
            )
        codes, names = self.clips[column].factorize(sort=True)
        if len(names) < parts:
            raise SplitError(
                f"{_plural(len(names), column)} cannot fill {parts} parts that share none",
                subject=column,
                remedy=self._what_works(column, len(names)),
            )
        return codes

    def corpora(self) -> list[str]:
        """Names of the corpora that were joined, sorted.

        Raises:
            SplitError: If it is one corpus, or an emotion is in one of them alone.
        """
        names = sorted(self.clips["corpus"].dropna().unique())
        if len(names) < 2:
            raise SplitError(
                "the clips are of one corpus", subject="corpus",
                remedy="Join several by corpus join, or choose another policy",
            )  # fmt: skip
        table = pd.crosstab(self.clips["corpus"], self.clips["emotion"]) > 0
        alone = [str(emotion) for emotion in table if table[emotion].sum() == 1]
        if alone:
            raise SplitError(
                f"only one of the corpora has {' and '.join(alone)}, so it cannot be both learnt "
                "and tested", subject="corpus", remedy="Join them again with --common",
            )  # fmt: skip
        return [str(name) for name in names]

    def _what_works(self, column: str, groups: int) -> str:
        """Policies that the corpus has enough speakers for, where it has too few groups."""
        speakers = self.clips["speaker"].nunique() if self.clips["speaker"].notna().all() else 0
        if column == "speaker" and speakers == 1:
            return (
                "Choose the policy 'random'; all clips are of one voice, so no split says how a "
                "model does on others"
            )
        works = [f"'grouped-k-fold' with {groups} folds"] if groups >= LEAST_FOLDS else []
        works += ["'speaker-disjoint'"] if speakers >= len(PARTS) and column != "speaker" else []
        works += ["'leave-one-speaker-out'"] if speakers > 1 else []
        return f"Choose {', '.join([*works, ''])}{'or ' if works else ''}'random'"


def _plural(count: int, column: str) -> str:
    return f"{count} {column if count == 1 else GROUPS[column]}"


@dataclass(frozen=True)
class Policy:
    """A way to split.

    Attributes:
        title: Name for people.
        describe: What it answers, in one sentence.
        options: Which of `fractions`, `folds` and `group` it uses.
        run: Does it.
    """

    title: str
    describe: str
    options: tuple[str, ...]
    run: Callable[[Task], Outcome]


POLICIES: Registry[Policy] = Registry("split policy")


def policy(
    name: str, title: str, describe: str, *options: str
) -> Callable[[Callable[[Task], Outcome]], Callable[[Task], Outcome]]:
    """Decorator that registers a function as a policy."""

    def register(run: Callable[[Task], Outcome]) -> Callable[[Task], Outcome]:
        POLICIES.register(name)(Policy(title, describe, options, run))
        return run

    return register


@policy(
    "random",
    "Random, stratified",
    "Stratified by emotion; test and training share speakers and sentences, so the scores say"
    " little about unseen speakers.",
    "fractions",
)
def random(task: Task) -> Outcome:
    """Every class in its share, without regard to speakers and sentences."""
    parts = stratify.stratified(task.classes, task.shares, task.rng)
    return _one_fold(task, parts), ()


@policy(
    "speaker-disjoint",
    "New speakers",
    "Speaker-disjoint: no test speaker is in training, so the scores hold for unseen speakers.",
    "fractions",
)
def speaker_disjoint(task: Task) -> Outcome:
    """Whole speakers to one part."""
    return _disjoint(task, ["speaker"], task.shares)


@policy(
    "sentence-disjoint",
    "New sentences",
    "Sentence-disjoint: no test sentence is in training, but the speakers are: scores for known"
    " speakers saying unseen sentences.",
    "fractions",
)
def sentence_disjoint(task: Task) -> Outcome:
    """Whole sentences to one part."""
    return _disjoint(task, ["sentence"], task.shares)


@policy(
    "speaker-and-sentence-disjoint",
    "New speakers, new sentences",
    "Speaker- and sentence-disjoint, the strictest: neither is shared; clips that"
    " would cross are left unused.",
    "fractions",
)
def speaker_and_sentence_disjoint(task: Task) -> Outcome:
    """Whole speakers and whole sentences to one part; a clip is used where both agree.

    A part gets the share s of the speakers and t of the sentences, so s * t of the clips. With
    both in proportion to the square root of the fraction, the clips that stay are in the
    proportion asked for, and no other choice leaves fewer unused.
    """
    shares = np.sqrt(task.shares) / np.sqrt(task.shares).sum()
    folds, _ = _disjoint(task, ["speaker", "sentence"], shares)
    unused = sum(part == UNUSED for part in next(iter(folds.values())))
    note = (
        f"{unused} of {len(task.clips)} clips ({unused / len(task.clips):.0%}) are unused: their "
        "speaker and their sentence belong to different parts"
    )
    return folds, (note,)


def _disjoint(task: Task, columns: Sequence[str], shares: Shares) -> Outcome:
    groups = [task.groups(column, len(shares)) for column in columns]
    parts = stratify.stratified_groups(
        groups, task.classes, [shares] * len(groups), task.rng, _trainable
    )
    if parts is None:
        raise _vanishing(task, columns)
    return _one_fold(task, parts), ()


def _trainable(counts: Counts) -> bool:
    """Whether every class is in train and no part is empty."""
    return bool((counts[0] > 0).all() and counts.sum(axis=1).all())


def _vanishing(task: Task, columns: Sequence[str]) -> SplitError:
    groups = " and ".join(GROUPS[column] for column in columns)
    clips = task.clips
    rarest = clips.groupby("emotion")[list(columns)].nunique().min(axis=1).idxmin()
    few = _plural(int(clips.loc[clips["emotion"] == rarest, columns[0]].nunique()), columns[0])
    return SplitError(
        f"however the {groups} are assigned, an emotion is missing from train or a part is empty; "
        f"{rarest} has the fewest, {few}",
        subject=", ".join(columns),
        remedy=f"Leave {rarest} out, change the fractions, or choose the policy 'random'",
    )


def _one_fold(task: Task, parts: Codes) -> dict[str, list[str]]:
    names = [*task.active, UNUSED]  # part -1 is the last
    return {"split": [names[part] for part in parts]}


@policy(
    "leave-one-speaker-out",
    "Leave one speaker out",
    "LOSO: one fold per speaker, tested on that speaker and trained on the others; the usual"
    " protocol for small corpora.",
    "fractions",
)
def leave_one_speaker_out(task: Task) -> Outcome:
    """A fold for each speaker; another speaker validates, where that leaves enough to train on."""
    speakers = task.groups("speaker", 2)
    names = list(task.clips["speaker"].factorize(sort=True)[1])
    validators = _validators(task, speakers)
    folds = {
        str(name): _left_out(task, speakers, code, validators[code])
        for code, name in enumerate(names)
    }
    sharing = [str(names[code]) for code, other in validators.items() if other is None]
    note = "Validation is one other speaker in each fold"
    if sharing:
        note = (
            f"Validation shares its speakers with train in {len(sharing)} of {len(names)} folds "
            f"({', '.join(sharing)}): no speaker could be spared. The test speaker is apart in all"
        )
    return folds, (note,) if task.fractions[1] else ()


def _validators(task: Task, speakers: Codes) -> dict[int, int | None]:
    """Speaker who validates for each test speaker, None where nobody can be spared.

    The next in a random round comes first; speakers with every emotion are preferred, since
    scores over classes that the validation part lacks choose a worse model.
    """
    table = stratify.count(speakers, task.classes, int(speakers.max()) + 1)
    order = [int(speaker) for speaker in task.rng.permutation(len(table))]
    return {
        left_out: next(
            (
                other
                for other in sorted(_after(order, left_out), key=lambda s: (table[s] == 0).sum())
                if (np.delete(table, [left_out, other], axis=0).sum(axis=0) > 0).all()
            ),
            None,
        )
        for left_out in order
    }


def _after(order: list[int], speaker: int) -> list[int]:
    index = order.index(speaker)
    return order[index + 1 :] + order[:index]


def _left_out(task: Task, speakers: Codes, test: int, validator: int | None) -> list[str]:
    parts = np.where(speakers == test, PARTS[2], PARTS[0]).astype(object)
    share = task.fractions[1]
    if share and validator is not None:
        parts[speakers == validator] = PARTS[1]
    elif share:
        rest = np.flatnonzero(speakers != test)
        dealt = stratify.stratified(task.classes[rest], np.array([1 - share, share]), task.rng)
        parts[rest[dealt == 1]] = PARTS[1]
    return list(parts)


@policy(
    "grouped-k-fold",
    "Grouped k-fold",
    "Speakers (or sentences) form k groups; each is the test part of one fold and in no"
    " training part of that fold.",
    "folds",
    "group",
)
def grouped_k_fold(task: Task) -> Outcome:
    """Fold i tests group i, validates on the next, and trains on the others."""
    if task.folds < LEAST_FOLDS:
        raise SplitError(
            f"{task.folds} folds leave nothing to train on: one group tests, one validates",
            subject="folds",
            remedy="Ask for 3 or more",
        )
    groups = task.groups(task.group, task.folds)
    shares = np.full(task.folds, 1 / task.folds)
    dealt = stratify.stratified_groups(
        [groups], task.classes, [shares], task.rng, _trainable_in_turn
    )
    if dealt is None:
        raise _vanishing(task, [task.group])
    roles = [PARTS[2], PARTS[1], *[PARTS[0]] * (task.folds - 2)]
    return {
        f"fold {fold + 1}": [roles[(part - fold) % task.folds] for part in dealt]
        for fold in range(task.folds)
    }, ()


def _trainable_in_turn(counts: Counts) -> bool:
    trains = (counts.sum(axis=0) - counts - np.roll(counts, -1, axis=0)) > 0
    return bool(trains.all() and counts.sum(axis=1).all())


@policy(
    "official",
    "The corpus' own",
    "The corpus' own split: a column split or fold of its table, tables or folders of the parts. "
    "Compare figures with those that were published on it.",
    "fractions",
)
def official(task: Task) -> Outcome:
    """The parts that the corpus comes with, or each of its folds in turn as the test part.

    Where it has no validation part, whole speakers of its training part validate, as many as come
    near the share of validation; single clips where it has fewer than three speakers to train on.
    """
    given = task.clips["official"]
    named = given.dropna()
    if are_parts(named):
        return _by_parts(task, given.map(part_of, na_action="ignore").fillna(""), named)
    if are_folds(named):
        return _by_folds(task, given.fillna(""))
    raise SplitError(
        "the corpus has no split of its own"
        if named.empty
        else f"the values of its split are neither parts nor folds: {', '.join(_some(named))}",
        subject="official",
        remedy="Name the column with train, dev and test, or with folds, by --option "
        "columns.official=NAME, or choose another policy",
    )


def _some(named: pd.Series[str]) -> list[str]:
    return sorted(named.unique())[:6]


@policy(
    "leave-one-corpus-out",
    "Leave one corpus out",
    "One fold per corpus of several, tested on that corpus and trained on the others: scores for "
    "recordings of another kind, by unseen speakers.",
    "fractions",
)
def leave_one_corpus_out(task: Task) -> Outcome:
    """A fold for each corpus; speakers of the other corpora validate."""
    found, notes = {}, set()
    for name in task.corpora():
        test = task.clips["corpus"] == name
        parts, note = _with_validation(task, _parts_of(test, PARTS[2], PARTS[0]))
        found[name] = list(parts)
        notes.add(note)
    return found, tuple(sorted(notes - {""}))


EVERY = "all clips"


@policy(
    "cross-corpus",
    "Across corpora",
    "For the matrix of several corpora: each trains a model that is tested on all others, and "
    "models that are tested on its own speakers by grouped k-fold.",
    "fractions",
    "folds",
)
def cross_corpus(task: Task) -> Outcome:
    """For each corpus a fold that tests the others, and `folds` that test its own speakers.

    The folds are called by the corpus that trains, `trained_on` says which. A corpus that does not
    name its speakers, or has fewer than three, has no folds of its own.
    """
    names, found, notes = task.corpora(), {}, set()
    _refuse_other_emotions(task)
    for name in names:
        own = task.clips["corpus"] == name
        parts, note = _with_validation(task, _parts_of(own, PARTS[0], PARTS[2]))
        found[f"{name}, {EVERY}"] = list(parts)
        notes.add(note)
        speakers = task.clips.loc[own, "speaker"]
        if speakers.isna().any() or speakers.nunique() < LEAST_FOLDS:
            notes.add(f"{name} is not tested on itself: it has too few known speakers")
            continue
        inside = replace(
            task, clips=task.clips[own], folds=min(task.folds, speakers.nunique()), group="speaker"
        )
        for fold, dealt in grouped_k_fold(inside)[0].items():
            every = np.full(len(own), UNUSED, dtype=object)
            every[own.to_numpy(bool)] = dealt
            found[f"{name}, {fold}"] = list(every)
    notes.add("The figures of all folds pooled mix corpora: read the matrix")
    return found, tuple(sorted(notes - {""}))


def trained_on(fold: str) -> str:
    """Corpus that trains in a fold of "cross-corpus", by the name of the fold.

    >>> trained_on("nEMO, fold 2"), trained_on("A, B, all clips")
    ('nEMO', 'A, B')
    """
    return fold.rpartition(", ")[0]


def _parts_of(mask: pd.Series[bool], yes: str, no: str) -> pd.Series[str]:
    return pd.Series(np.where(mask, yes, no), index=mask.index, dtype=object)


def _refuse_other_emotions(task: Task) -> None:
    """Refuse corpora of different emotions: rows of the matrix would be of different tasks."""
    table = pd.crosstab(task.clips["corpus"], task.clips["emotion"])
    lacking = sorted(str(emotion) for emotion in table if (table[emotion] == 0).any())
    if lacking:
        raise SplitError(
            f"not all corpora have {', '.join(lacking)}", subject="corpus",
            remedy="Join them again with --common",
        )  # fmt: skip


def _by_parts(task: Task, parts: pd.Series[str], named: pd.Series[str]) -> Outcome:
    notes = []
    strange = sorted(set(named[named.map(part_of) == ""]))
    unused = int((parts == "").sum())
    if unused:
        words = f" (they say {', '.join(strange)})" if strange else ""
        notes.append(f"{unused} clips are unused: the corpus gives them no part{words}")
    dealt = parts.where(parts != "", UNUSED)
    if not (dealt == PARTS[2]).any():
        dealt = dealt.where(dealt != PARTS[1], PARTS[2])
        notes.append("The corpus has no labelled test part; its validation part is the test")
    if not (dealt == PARTS[1]).any():
        dealt, note = _with_validation(task, dealt)
        notes.append(note)
    return {"split": list(dealt)}, tuple(note for note in notes if note)


def _by_folds(task: Task, folds: pd.Series[str]) -> Outcome:
    """Each fold tests once; the next validates where two are left to train on."""
    names = sorted(set(folds) - {""}, key=lambda name: (int(re.findall(r"\d+", name)[0]), name))
    found, notes = {}, set()
    for number, name in enumerate(names):
        parts = pd.Series(PARTS[0], index=folds.index, dtype=object)
        parts[folds == name] = PARTS[2]
        parts[folds == ""] = UNUSED
        if len(names) >= LEAST_FOLDS:
            parts[folds == names[(number + 1) % len(names)]] = PARTS[1]
        else:
            parts, note = _with_validation(task, parts)
            notes.add(note)
        found[name] = list(parts)
    if len(names) >= LEAST_FOLDS:
        notes.add("Validation is the next fold of the corpus in each fold")
    return found, tuple(sorted(notes - {""}))


def _with_validation(task: Task, parts: pd.Series[str]) -> tuple[pd.Series[str], str]:
    """Parts in which some of the training part validate: speakers where there are enough."""
    share = task.fractions[1] / (task.fractions[0] + task.fractions[1])
    train = np.flatnonzero(parts == PARTS[0])
    if not share or not len(train):
        return parts, ""
    shares = np.array([1 - share, share])
    speakers = task.clips["speaker"].iloc[train]
    dealt, note = None, "Validation is dealt out of the training part, with its speakers"
    if speakers.notna().all() and speakers.nunique() >= LEAST_FOLDS:
        groups = speakers.factorize(sort=True)[0]
        dealt = stratify.stratified_groups(
            [groups], task.classes[train], [shares], task.rng, _trainable_classes(task, train)
        )
    if dealt is None:
        dealt = stratify.stratified(task.classes[train], shares, task.rng)
    else:
        note = "Validation is speakers of the training part, who are in no other"
    found = parts.copy()
    found.iloc[train[dealt == 1]] = PARTS[1]
    return found, note


def _trainable_classes(task: Task, train: Codes) -> Callable[[Counts], bool]:
    """As `_trainable`, of the classes that the training part has at all."""
    present = np.bincount(task.classes[train]) > 0
    return lambda counts: bool((counts[0][present] > 0).all() and counts.sum(axis=1).all())
