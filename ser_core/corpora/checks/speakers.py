"""Speakers: how many, how evenly, and whether they tell the emotion."""

from __future__ import annotations

import pandas as pd

from ser_core.corpora import people
from ser_core.corpora.confounding import ENROLMENT, confounding
from ser_core.corpora.issues import Evidence, Issue, check, listed, number

FEW_CLIPS = 0.6


@check("speakers", "speakers with few clips")
def speakers(evidence: Evidence) -> Issue | None:
    """Speakers with far fewer clips than the others."""
    speaker = evidence.usable["speaker"]
    counts = speaker.value_counts()
    few = counts[counts < FEW_CLIPS * counts.median()]
    if few.empty:
        return None
    return Issue(
        f"{number(len(few), 'speaker')} with few clips",
        "info",
        list(speaker.index[speaker.isin(few.index)]),
        "Expect wider intervals for them, and read the scores speaker by speaker.",
        f"The median is {counts.median():g} clips; "
        + listed(f"{name} has {count:,}" for name, count in few.items())
        + ".",
    )


@check("lacking", "speakers who lack an emotion")
def lacking(evidence: Evidence) -> Issue | None:
    """Emotions that a speaker does not have."""
    usable = evidence.usable
    table = pd.crosstab(usable["speaker"], usable["emotion"])
    lacks = {who: [str(name) for name in row.index[row == 0]] for who, row in table.iterrows()}
    lacks = {who: names for who, names in lacks.items() if names}
    if not lacks:
        return None
    return Issue(
        f"{number(len(lacks), 'speaker')} {'lacks' if len(lacks) == 1 else 'lack'} an emotion",
        "warning",
        list(usable.index[usable["speaker"].isin(list(lacks))]),
        "A test on such a speaker alone scores fewer emotions; average the recalls with care.",
        listed(f"{who} has no {' or '.join(names)}" for who, names in lacks.items()) + ".",
    )


@check("two-genders", "speakers of two genders")
def two_genders(evidence: Evidence) -> Issue | None:
    """Speakers whose clips name more than one gender."""
    known = evidence.usable.dropna(subset=["speaker", "gender"])
    counts = {str(who): own.value_counts() for who, own in known.groupby("speaker")["gender"]}
    twice = {who: genders for who, genders in counts.items() if len(genders) > 1}
    if not twice:
        return None
    said = (
        f"{who}: " + ", ".join(f"{gender} {many:,}" for gender, many in genders.items())
        for who, genders in twice.items()
    )
    return Issue(
        f"{number(len(twice), 'speaker')} of two genders",
        "warning",
        list(known.index[known["speaker"].isin(list(twice))]),
        "Correct the gender or the speaker: one name for two people makes splits, enrolment and "
        "scores by speaker wrong.",
        listed(said) + ".",
    )


@check("confounded", "speakers that go with an emotion")
def confounded(evidence: Evidence) -> Issue | None:
    """Speakers who say what the emotion is."""
    found = confounding(evidence.usable)
    if found is None or not found.is_notable:
        return None
    each = evidence.usable.groupby("speaker")["emotion"].transform("nunique")
    remedy = f"Read scores as those of voices, too. {ENROLMENT}."
    return Issue(
        "Speaker and emotion go together",
        "error" if found.is_strong else "warning",
        list(each.index[each == 1]),
        remedy,
        f"{found.said}.",
    )


@check("no-speakers", "unnamed speakers or one speaker only")
def no_speakers(evidence: Evidence) -> Issue | None:
    """A corpus that names no speakers, or only one."""
    usable = evidence.usable
    nameless = usable.index[usable["speaker"].isna()]
    speakers = evidence.corpus.speakers
    if usable.empty or (not nameless.size and len(speakers) > 1):
        return None
    return Issue(
        "Speakers are unknown" if nameless.size else "One speaker only",
        "warning",
        list(nameless),
        "Name the speakers if you can, in a column of a table or by a pattern for the paths:"
        " without them no split is speaker-disjoint, and scores may hold for known speakers only."
        if nameless.size
        else "Choose the policy 'random', and read scores as those of this voice: no split of one "
        "voice says how a model does on others.",
        f"{number(len(nameless), 'clip')} of {len(usable):,} name no speaker; NA, none, unknown, "
        "? and - are nobody."
        if nameless.size
        else f"All clips are by {listed(speakers)}.",
    )


@check("alike-speakers", "speakers that differ in how a name is written")
def alike_speakers(evidence: Evidence) -> Issue | None:
    """Speakers who differ in case, leading zeros, blanks or punctuation only: EB0 and eb0."""
    alike = people.alike(evidence.corpus.speakers)
    if not alike:
        return None
    speaker = evidence.usable["speaker"]
    every = [name for names in alike for name in names]
    return Issue(
        f"{number(len(alike), 'speaker')} may be written in several ways",
        "warning",
        list(speaker.index[speaker.isin(every)]),
        "Write each speaker in one way: otherwise the same voice may train and test. Where they "
        "are different people, nothing is wrong.",
        listed(" and ".join(names) for names in alike) + ".",
    )
