"""The leak audit of a split: its grade, and what test and training share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components.errors import plain
from ser_core.corpora import GRADES, LeakAudit
from ser_core.evaluation import BADGES

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    "speakers": ("Speakers", "Speakers of the test part who are in training too."),
    "sentences": ("Sentences", "Sentences of the test part that are in training too."),
    "pairs": (
        "Speaker + sentence",
        "Speaker and sentence pairs of the test part that are in training too.",
    ),
    "audio": (
        "Recordings",
        "Recordings of the test part that are in training too, identical or nearly so.",
    ),
}
KIND_WIDTH = 210  # px, as the longest name needs; two in a row in a narrow window


def grade_card(leaks: LeakAudit) -> None:
    """The leak grade in large print, what it means, and the badge that goes with it."""
    tile = f'<div class="ser-grade ser-grade-{leaks.grade}">{leaks.grade}</div>'
    scale = "\n".join(f"- **{grade}**: {text}" for grade, text in GRADES.items())
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        # Words do not fit into the tile.
        tile = tile.replace("unknown</", "?</").replace("confounded</", "!</")
        st.html(tile, width="content")
        with st.container(gap="xxsmall"):
            st.markdown(f"**Leak grade {leaks.grade}**", help=scale)
            st.markdown(plain(leaks.reading))
            if leaks.speakers_shared:
                words = BADGES.get(leaks.grade, BADGES["unknown"])
                st.markdown(f":red-badge[{words}] goes with every score on this split.")


def shared_counts(leaks: LeakAudit) -> None:
    """How many of the test's speakers, sentences, ... training has too, in the worst fold."""
    worst = leaks.worst()
    rows = worst[(worst["source"] == "train") & (worst["target"] == "test")].set_index("kind")
    with st.grid(len(KINDS), min_column_width=KIND_WIDTH):
        for kind, (title, meaning) in KINDS.items():
            value, detail = _value(rows, kind)
            st.metric(title, value, help=f"{meaning} {detail}", border=True)


def _value(rows: pd.DataFrame, kind: str) -> tuple[str, str]:
    if kind not in rows.index or rows.isna().loc[kind, "shared"]:
        return "not known", "The corpus does not say, or its clips are not measured yet."
    row = rows.loc[kind]
    return f"{row['shared']:.0f} of {row['total']:.0f}", (
        f"They make up {100 * row['clips']:.0f} % of the test clips (in the worst fold, where "
        "there are several)."
    )
