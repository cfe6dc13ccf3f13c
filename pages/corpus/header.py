"""Title, path and size of the open corpus."""

from __future__ import annotations

import streamlit as st

from pages.components import corpus_picker
from pages.components.errors import plain
from pages.corpus import label_form, opening_form
from ser_core.corpora import Corpus


def show(corpus: Corpus) -> None:
    """Name, path and size of the corpus, with the button that opens another."""
    title, button = st.columns([4, 1], vertical_alignment="bottom")
    title.title("Corpus")
    with button, st.container(horizontal=True, horizontal_alignment="right"):
        corpus_picker.show()
    licence = f" · licence {plain(corpus.licence)}" if corpus.licence else ""
    st.markdown(
        f"**{plain(corpus.name)}** in `{corpus.root}`, read as {plain(corpus.reader)}{licence}"
    )
    for note in corpus.notes:
        st.caption(plain(note))
    _sizes(corpus)
    label_form.show(corpus)
    opening_form.show(corpus)


def _sizes(corpus: Corpus) -> None:
    """The size of the corpus in five figures."""
    usable = corpus.usable
    faulty = corpus.faulty
    figures = {
        "Clips": (f"{len(usable):,}", "Clips that can be used."),
        "Speakers": (f"{len(corpus.speakers):,}", "Speakers the corpus names."),
        "Sentences": (f"{usable['sentence'].nunique():,}", "Different sentences spoken."),
        "Emotions": (f"{len(corpus.emotions)}", ", ".join(corpus.emotions)),
        "Duration": (
            f"{usable['duration'].sum() / 60:,.0f} min",
            "Total duration of the usable clips.",
        ),
    }
    if len(corpus.unlabelled):
        figures["Unlabelled"] = (
            f"{len(corpus.unlabelled):,}",
            "Clips to be predicted. They are left out of training and of every test.",
        )
    if len(corpus.left_out):
        figures["Left out"] = (f"{len(corpus.left_out):,}", "Clips that you leave out.")
    if faulty:
        figures["Unusable"] = (f"{faulty:,}", "Listed in the table with the reason.")
    for column, (label, (value, help_)) in zip(
        st.columns(len(figures)), figures.items(), strict=True
    ):
        column.metric(label, value, help=help_, border=True)
