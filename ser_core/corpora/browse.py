"""Find clips in a corpus: by filters, and next to a given one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ser_core.corpora.scanning import scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser_core.corpora.corpus import Corpus


def filter_clips(
    clips: pd.DataFrame,
    *,
    emotions: Sequence[str] = (),
    speakers: Sequence[str] = (),
    genders: Sequence[str] = (),
    text: str = "",
) -> pd.DataFrame:
    """Rows of `Corpus.clips` that meet every condition; an empty condition is met by all.

    Args:
        clips: `Corpus.clips` or a part of it.
        emotions: Emotions of the vocabulary.
        speakers: Names of speakers.
        genders: As the corpus spells them.
        text: Searched for in the clip's path, its sentence and its text, whatever the case.
    """
    chosen = {"emotion": emotions, "speaker": speakers, "gender": genders}
    for column, values in chosen.items():
        if values:
            clips = clips[clips[column].isin(list(values))]
    words = text.casefold().strip()
    if not words:
        return clips
    found = clips.index.to_series().str.casefold().str.contains(words, regex=False)
    for column in ("sentence", "text"):
        texts = clips[column].astype("string").str.casefold()
        found |= texts.str.contains(words, regex=False).fillna(value=False)
    return clips[found.astype(bool)]


def siblings(corpus: Corpus, clip: str) -> pd.DataFrame:
    """One usable clip per emotion by the speaker of `clip` in its sentence, `clip` among them.

    In the order of the vocabulary. Only `clip` itself where the corpus does not name a speaker or
    a sentence, since then two clips may differ in more than emotion.
    """
    clips = corpus.usable
    own = clips.loc[clip]
    rank = {emotion: index for index, emotion in enumerate(corpus.emotions)}
    if own[["speaker", "sentence"]].isna().any():
        return clips.loc[[clip]]
    same = clips[
        (clips["speaker"] == own["speaker"])
        & (clips["sentence"] == own["sentence"])
        & ((clips["emotion"] != own["emotion"]) | (clips.index == clip))
    ]
    return same.drop_duplicates("emotion").sort_values("emotion", key=lambda e: e.map(rank))


def showcase(corpus: Corpus, speaker: str = "") -> str:
    """A clip to start with: its speaker recorded its sentence in the most emotions of all.

    Args:
        corpus: Where to search.
        speaker: Only among this speaker's clips.

    Returns:
        The clip; empty when there is no usable one.
    """
    clips = filter_clips(corpus.usable, speakers=[speaker] if speaker else [])
    if clips.empty:
        return ""
    groups = clips.groupby(["speaker", "sentence"], observed=True)["emotion"].nunique()
    if groups.empty:
        return str(clips.index[0])
    rank = int(groups.to_numpy().argmax())
    who, what = groups.index.to_frame().iloc[rank]
    group = clips[(clips["speaker"] == who) & (clips["sentence"] == what)]
    return str(group.index[0])


def same_emotion(corpus: Corpus, clip: str, speaker: str) -> str:
    """A clip of another speaker in the emotion of `clip`, in its sentence where there is one.

    Otherwise in the sentence that the speaker says in the most emotions, then in any. A speaker
    who lacks the emotion gives `showcase`.
    """
    own = corpus.clips.loc[clip]
    begin = showcase(corpus, speaker)
    alike = corpus.usable[corpus.usable["speaker"] == speaker]
    alike = alike[alike["emotion"] == own["emotion"]]
    if alike.empty:
        return begin
    wanted = [own["sentence"], corpus.clips.loc[begin, "sentence"]]
    rank = {sentence: index for index, sentence in enumerate(wanted[::-1]) if pd.notna(sentence)}
    return str(alike["sentence"].map(rank).fillna(-1).astype(int).idxmax())


def other_sentence(corpus: Corpus, clip: str) -> str:
    """A clip of the same speaker and emotion in the speaker's next sentence; `clip` if none."""
    clips = corpus.usable
    own = clips.loc[clip]
    if own[["speaker", "sentence"]].isna().any():
        return clip
    alike = clips[(clips["speaker"] == own["speaker"]) & (clips["emotion"] == own["emotion"])]
    firsts = alike.dropna(subset=["sentence"]).drop_duplicates("sentence").sort_values("sentence")
    sentences = firsts["sentence"].tolist()
    index = sentences.index(own["sentence"]) + 1
    return str(firsts.index[index % len(sentences)])


class _IncompleteError(Exception):
    """Raised from the first report of a scan to stop it before it measures anything."""


def known_measures(corpus: Corpus) -> tuple[pd.DataFrame | None, int]:
    """What is known of a corpus's sound without decoding anything.

    Returns:
        The result of `scan` if every clip has been measured before, else None; and the number of
        clips that are still to be measured.
    """
    missing = 0

    def stop_at_once(done: int, total: int) -> None:
        nonlocal missing
        missing = total - done
        if missing:
            raise _IncompleteError

    try:
        return scan(corpus, progress=stop_at_once), 0
    except _IncompleteError:
        return None, missing


def known_addresses(corpus: Corpus) -> dict[str, str]:
    """sha256 of the samples of each clip that was measured before; nothing is decoded."""
    known, _ = known_measures(corpus)
    if known is None:
        return {}
    addresses = known.loc[known["sha256"].fillna("") != "", "sha256"]
    return {str(clip): address for clip, address in addresses.items()}
