"""Labels that name no emotion, as the numbers of a competition: say once what each means."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, selection
from pages.components.errors import plain
from ser_core.core import count
from ser_core.corpora import EMOTIONS, remember_labels, saved_openings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ser_core.corpora import Corpus

UNKNOWN = "unknown label "
UNSAID = "not said"
PER_ROW = 6
MOST = 24


def show(corpus: Corpus) -> None:
    """A field for each unknown label, and for each that was mapped before; nothing for most."""
    kept = corpus.opening.labels if corpus.opening else {}
    problem = corpus.clips["problem"]
    unknown = corpus.clips.loc[problem.str.startswith(UNKNOWN), "label"].value_counts()
    labels = sorted({*map(str, unknown.index), *kept}, key=_by_number)[:MOST]
    if not labels:
        return
    title = f"{count(len(unknown), 'label')} without an emotion" if len(unknown) else "Labels"
    with st.expander(title, expanded=corpus.usable.empty):
        st.caption(
            "Say which emotion each label is. It is kept for this corpus and holds in training, "
            "evaluation and submissions, where it is turned back into the label."
        )
        columns = st.columns(PER_ROW)
        chosen = {}
        for place, label in enumerate(labels):
            with columns[place % PER_ROW]:
                chosen[label] = _field(corpus, label, kept, int(unknown.get(label, 0)))
        buttons.button("Save labels", _save, corpus, chosen, type="primary")


def _by_number(label: str) -> tuple[bool, float, str]:
    number = label.lstrip("+-").replace(".", "", 1).isdigit()
    return not number, float(label) if number else 0.0, label


def _field(corpus: Corpus, label: str, kept: Mapping[str, str], clips: int) -> str:
    own = [kept[label]] if kept.get(label, UNSAID) not in (UNSAID, *EMOTIONS) else []
    options = [UNSAID, *EMOTIONS, *own]
    chosen = st.selectbox(
        f"{plain(label)} ({count(clips, 'clip')})" if clips else plain(label),
        options,
        index=options.index(kept.get(label, UNSAID)),
        key=f"label-{corpus.root}-{label}",
    )
    return "" if chosen == UNSAID else str(chosen)


def _save(corpus: Corpus, chosen: dict[str, str]) -> None:
    opening = corpus.opening
    if opening is not None and saved_openings.found(selection.active().selection.corpus or "."):
        given = {label: emotion for label, emotion in chosen.items() if emotion}
        others = {each: to for each, to in opening.labels.items() if each not in chosen}
        selection.open_as(replace(opening, labels={**others, **given}))
        return
    remember_labels(corpus.root, chosen)
    selection.reopen()
