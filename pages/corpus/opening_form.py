"""How the open corpus is read: options, labels, clips left out, kept by a name for every page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, selection
from pages.components.errors import plain
from ser_core.core import SerError
from ser_core.corpora import known_measures, open_corpus, option_texts, saved_openings
from ser_core.corpora.duplicates import copies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ser_core.corpora import Corpus, Opening

SAVED, FAULT = "_opening_saved", "_opening_fault"
OPTIONS_HELP = (
    "One a line, as name=value. A folder an emotion: `pattern=(?P<speaker>spk\\d+)/` reads the "
    "speaker from the path. A table: `table=train.csv`, `columns.label=Emotions`."
)


def show(corpus: Corpus) -> None:
    """What is said of how the corpus is read, and a form that keeps it by a name."""
    opening = corpus.opening
    if opening is None:
        return
    with st.expander("How the corpus is read", expanded=FAULT in st.session_state):
        st.caption(
            "What is kept here by a name opens the corpus on every page and for every command "
            "(`--corpus NAME`), and is written into recipes. The sound files stay as they are."
        )
        for sentence in opening.said:
            st.caption(plain(sentence))
        if FAULT in st.session_state:
            st.error(st.session_state.pop(FAULT))
        if SAVED in st.session_state:
            st.success(f"Kept as {plain(st.session_state.pop(SAVED))}.")
        _fields(corpus, opening)


def _fields(corpus: Corpus, opening: Opening) -> None:
    key = f"opening-{opening.hash}-{opening.name}"  # the fields of another corpus are others
    name = st.text_input(
        "Name", opening.name, key=f"name-{key}", placeholder="RAVDESS, calm as neutral"
    )
    left, right = st.columns(2)
    with left:
        options = st.text_area(
            "Options of the reader", "\n".join(option_texts.texts(opening.options)),
            key=f"options-{key}", height=100, help=OPTIONS_HELP,
        )  # fmt: skip
        include = st.text_input(
            "Only paths that match", opening.include, key=f"include-{key}",
            help="A regular expression; clips whose path it does not match are left out.",
        )  # fmt: skip
    with right:
        labels = st.text_area(
            "Labels", "\n".join(f"{name}={to}" for name, to in opening.labels.items()),
            key=f"labels-{key}", height=100,
            help="One a line, as label=emotion: `calm=neutral`, `0=anger`.",
        )  # fmt: skip
        dropped = st.text_area(
            "Clips left out", "\n".join(opening.dropped), key=f"dropped-{key}", height=68,
            help="One a line, by its path in the corpus.",
        )  # fmt: skip
    own = st.toggle(
        "Labels that name no emotion are classes of their own", opening.own_labels,
        key=f"own-{key}",
    )  # fmt: skip
    once = _one_of_each(corpus, key)
    texts = {"options": options, "include": include, "labels": labels, "dropped": dropped}
    buttons.button(
        "Save how it is read", _save, corpus, opening, name, texts, own, once, type="primary"
    )


def _one_of_each(corpus: Corpus, key: str) -> bool:
    """Whether copies shall be left out; asked where some are known."""
    measures, _ = known_measures(corpus)
    found = copies(corpus, measures) if measures is not None else {}
    if not found:
        return False
    many = "1 copy" if len(found) == 1 else f"{len(found):,} copies"
    return st.checkbox(
        f"Keep one of each recording, leave out {many}",
        key=f"once-{key}",
        help="All of them where copies differ in emotion or speaker.",
    )


def _save(
    corpus: Corpus, opening: Opening, name: str, texts: Mapping[str, str], own: bool, once: bool
) -> None:
    try:
        wanted = replace(
            opening,
            name=name.strip(),
            reader=selection.active().selection.reader or opening.reader,
            options=option_texts.by_name(_lines(texts["options"])),
            include=texts["include"].strip(),
            labels=option_texts.labels(_lines(texts["labels"])),
            own_labels=own,
            dropped=_dropped(corpus, opening, _lines(texts["dropped"]), once=once),
        )
        open_corpus(wanted)
        saved_openings.save(wanted, wanted.name)
        selection.open_as(wanted)
    except SerError as error:
        st.session_state[FAULT] = plain(error)
        return
    st.session_state[SAVED] = wanted.name


def _dropped(corpus: Corpus, opening: Opening, clips: list[str], *, once: bool) -> dict[str, str]:
    given = {clip: opening.dropped.get(clip, "") for clip in clips}
    measures, _ = known_measures(corpus) if once else (None, 0)
    return given if measures is None else {**copies(corpus, measures), **given}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
