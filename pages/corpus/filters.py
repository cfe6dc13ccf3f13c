"""Filters of the corpus, the same in the table, the charts and on the map.

What the fields say is in the address; clips that were chosen in a chart or on the map are many, and
held by the session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.errors import plain
from pages.corpus import annotate
from pages.corpus import answers as held_out
from ser_core.core import count
from ser_core.corpora import UNLABELLED, filter_clips, ordered
from ser_core.corpora.clip_notes import notes_of

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.selection import Active
    from pages.corpus.answers import Answers

CHOSEN = "_chosen_clips"
ALL, MISTAKES, SUSPECTS = "All", "Most confident mistakes", "Suspected label errors"
ORDER = {
    ALL: "in the order of the corpus",
    MISTAKES: "the most confident first",
    SUSPECTS: "the least probable label first",
}
VIEW, TABLE = "view", "Clips"
MOST_PARTS = 12


@dataclass(frozen=True)
class Filtered:
    """The clips that meet the filters.

    Attributes:
        clips: Rows of `Corpus.clips`, with the columns of `answers` where a run is chosen.
        all: The same before the choice of clips in a chart.
        answers: Of the chosen run.
        order: How they are sorted, in words.
    """

    clips: pd.DataFrame
    all: pd.DataFrame
    answers: Answers | None
    order: str = ORDER[ALL]


def show(active: Active) -> Filtered:
    """The fields, and the clips that meet them."""
    clips = active.corpus.clips
    with st.container(horizontal=True, vertical_alignment="bottom"):
        emotions = _choice("Emotion", "emotion", ordered(clips["emotion"].dropna()))
        speakers = _choice("Speaker", "speaker", sorted(clips["speaker"].dropna().unique()))
        genders = _choice("Gender", "gender", sorted(clips["gender"].dropna().unique()))
        text = st.text_input(
            "Search",
            key="find",
            live=True,
            bind="query-params",
            placeholder="text or file name",
            help="Clips whose text, sentence or path contains this.",
        )
        answers = held_out.choose(active)
    found = filter_clips(
        clips, emotions=emotions, speakers=speakers, genders=genders, text=text or ""
    )
    found, order = _of_tags(active, found), ALL
    if answers is not None:
        found, order = _of_answers(found, answers)
    return Filtered(_of_chart(active, found), found, answers, ORDER[order])


def _choice(label: str, key: str, options: list[str]) -> list[str]:
    """Several of the values a column takes; nothing to choose where there is only one."""
    if len(options) < 2:
        return []
    return st.multiselect(label, options, key=key, bind="query-params", placeholder="all")


def _of_tags(active: Active, found: pd.DataFrame) -> pd.DataFrame:
    """The clips with what the user says of them, filtered by the tags."""
    said = notes_of(active.corpus.root)
    found = annotate.columns(found, said)
    tags = sorted({tag for given in said.tags.values() for tag in given})
    if not tags:
        return found
    wanted = st.multiselect("Tag", tags, key="tag", bind="query-params", placeholder="all")
    if not wanted:
        return found
    return found[[not set(wanted).isdisjoint(given) for given in found["tags"]]]


def _of_answers(found: pd.DataFrame, answers: Answers) -> tuple[pd.DataFrame, str]:
    """The clips with the answers beside them, filtered and sorted by these."""
    columns = answers.columns.reindex(found.index)
    found = found.assign(**{str(name): columns[name] for name in columns})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.segmented_control(
            "Show",
            list(ORDER),
            default=ALL,
            required=True,
            key="quick",
            bind="query-params",
            help="Suspected label errors are found by confident learning: the label may be wrong, "
            "the emotion mixed, or the model mistaken. Listen to them.",
        )
        given = _choice("Answer", "answer", ordered(columns["answer"].dropna()))
        parts = list(columns["part"].dropna().unique()) if "part" in columns else []
        wanted = _choice("Part", "part", sorted(parts)) if len(parts) <= MOST_PARTS else []
    held_out.caption(answers)
    if given:
        found = found[found["answer"].isin(given)]
    if wanted:
        found = found[found["part"].isin(wanted)]
    if shown == MISTAKES:
        wrong = found[found["wrong"].fillna(value=False).astype(bool)]
        return wrong.sort_values("confidence", ascending=False, kind="stable"), MISTAKES
    if shown == SUSPECTS:
        doubted = found[found.index.isin(answers.suspects.index)]
        st.caption(held_out.suspected(answers))
        return doubted.sort_values("self_confidence", kind="stable"), SUSPECTS
    return found.drop(columns="self_confidence"), ALL


def choose(active: Active, clips: Sequence[str], words: str) -> None:
    """Show these clips alone, as after a lasso; none at all shows every clip again.

    Args:
        active: What the page works on.
        clips: Names of clips.
        words: What was chosen, to follow the number of clips.
    """
    if clips:
        st.session_state[CHOSEN] = (str(active.corpus.root), frozenset(clips), words)
    else:
        st.session_state.pop(CHOSEN, None)


def chosen(active: Active) -> frozenset[str]:
    """The clips that were chosen in a chart; empty where none were."""
    root, clips, _ = st.session_state.get(CHOSEN, ("", frozenset(), ""))
    return clips if root == str(active.corpus.root) else frozenset()


def _of_chart(active: Active, found: pd.DataFrame) -> pd.DataFrame:
    """The clips that were also chosen in a chart, with the way back to all of them."""
    clips = chosen(active)
    if not clips:
        return found
    words = st.session_state[CHOSEN][2]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":primary-badge[{count(len(clips), 'clip')} {plain(words)}]", width="content")
        st.button("Show all clips", key="unchoose", type="tertiary", on_click=choose,
                  args=(active, (), ""))  # fmt: skip
    return found[found.index.isin(clips)]


def show_table(**values: list[str]) -> None:
    """Set fields of the filters, and go to the table."""
    st.session_state.update(values)
    st.session_state[VIEW] = TABLE


def usable(found: Filtered) -> pd.DataFrame:
    """The clips that charts are of: labelled and without a problem."""
    return found.clips[found.clips["problem"] == ""]


def part_of(clips: pd.DataFrame) -> pd.Series[str]:
    """The column Part of the table: of the split, and that a clip is there to be predicted."""
    waiting = clips["problem"] == UNLABELLED
    part = clips["part"].fillna("") if "part" in clips else waiting.map({True: "", False: ""})
    return part.mask(waiting, UNLABELLED)
