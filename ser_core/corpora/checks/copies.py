"""One sound under several names."""

from __future__ import annotations

import pandas as pd

from ser_core.corpora.issues import Evidence, Issue, check, listed, number
from ser_core.corpora.unlabelled import known_sounds


def _conflict(evidence: Evidence, column: str, title: str, remedy: str) -> Issue | None:
    """Card for identical sound with different values in a column."""
    clips = evidence.by_content.dropna(subset=[column])
    values = clips.groupby("sha256")[column].transform("nunique")
    found = clips[values > 1]
    if found.empty:
        return None
    groups = found.groupby("sha256")[column].unique().map(lambda names: " / ".join(sorted(names)))
    detail = f"Identical sound as {listed(sorted(set(groups)))}."
    return Issue(
        f"{number(len(found), 'clip')} {title}", "error", list(found.index), remedy, detail
    )


@check("two-labels", "one sound with two emotions", by_ear=True)
def two_labels(evidence: Evidence) -> Issue | None:
    """The same recording under two emotions."""
    remedy = "Listen and keep the right label."
    return _conflict(evidence, "emotion", "with one sound and two emotions", remedy)


@check("two-speakers", "one sound with two speakers", by_ear=True)
def two_speakers(evidence: Evidence) -> Issue | None:
    """The same recording under two speakers."""
    remedy = "Correct the speaker: otherwise a speaker-disjoint split has the clip in both parts."
    return _conflict(evidence, "speaker", "with one sound and two speakers", remedy)


@check("duplicates", "identical recordings", by_ear=True)
def duplicates(evidence: Evidence) -> Issue | None:
    """Recordings that occur more than once."""
    found = evidence.by_content
    if found.empty:
        return None
    groups = found.groupby("sha256").size()
    return Issue(
        f"{number(len(found), 'clip')} with identical sound",
        "warning",
        list(found.index),
        "Keep one of each, or split with copies kept together: a copy in training and one in the "
        "test is a leak.",
        f"{number(len(groups), 'recording')} {'occurs' if len(groups) == 1 else 'occur'} "
        f"{groups.max()} times at the most.",
    )


@check("near-duplicates", "recordings that are nearly identical", by_ear=True)
def near_duplicates(evidence: Evidence) -> Issue | None:
    """Recordings that occur again at another level or rate, re-encoded, or cut at the ends."""
    found = evidence.by_recording
    if found.empty:
        return None
    found = found[found.groupby("recording")["sha256"].transform("nunique") > 1]
    if found.empty:
        return None
    groups = found.groupby("recording", sort=False)
    sounds = (group.drop_duplicates("sha256").index[:2] for _, group in groups)
    names = listed((" and ".join(map(str, clips)) for clips in sounds), 3)
    doubtful = sum(_differs(group) for _, group in groups)
    differ = (
        f" In {number(doubtful, 'recording')} the copies differ in emotion or speaker."
        if doubtful
        else ""
    )
    return Issue(
        f"{number(len(found), 'clip')} nearly identical with others",
        "error" if doubtful else "warning",
        list(found.index),
        "Listen, and keep one of each, or split with copies kept together: a copy in training and "
        "one in the test is a leak.",
        f"{number(len(groups), 'recording')} at another level or rate, re-encoded, or cut at the "
        f"ends: {names}.{differ}",
    )


def _differs(group: pd.DataFrame) -> bool:
    return any(len(group[column].dropna().unique()) > 1 for column in ("emotion", "speaker"))


@check("known-sounds", "unlabelled clips that are labelled under another name", by_ear=True)
def known_unlabelled(evidence: Evidence) -> Issue | None:
    """Unlabelled clips whose sound a labelled clip has too."""
    found = known_sounds(evidence.corpus, evidence.scan)
    if not found:
        return None
    remedy = (
        "Take the labelled copy out of the training table: a model that was trained on it knows "
        "the answer, and its score on the unlabelled part says too much."
    )
    pairs = listed(f"{clip} is {' and '.join(same)}" for clip, same in found.items())
    title = f"{number(len(found), 'unlabelled clip')} with the sound of a labelled one"
    clips = [*found, *(same for group in found.values() for same in group)]
    return Issue(title, "error", list(dict.fromkeys(clips)), remedy, f"One recording: {pairs}.")
