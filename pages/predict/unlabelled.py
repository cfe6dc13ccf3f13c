"""The unlabelled part of the open corpus: predict it, and fill the template of its competition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, downloads
from pages.components.errors import plain
from ser_core.core import ParameterError, SerError, count
from ser_core.corpora import known_measures, known_sounds
from ser_core.inference.submission import class_counts, part_of, submission

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.selection import Active
    from ser_core.inference.classify import InferenceModel
    from ser_core.inference.submission import Submission, UnlabelledPart

_CHOSEN = "_unlabelled"
_BEGIN = "_begin_unlabelled"
REFUSED = "none: refuse"


def offer(active: Active) -> UnlabelledPart | None:
    """A button for the unlabelled part; the part once it was pressed, for the open corpus."""
    corpus = active.corpus
    clips = len(corpus.unlabelled)
    if not clips:
        return None
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{plain(corpus.name)}** has {count(clips, 'unlabelled clip')} beside "
            f"{count(len(corpus.usable), 'labelled clip')}."
        )
        buttons.button(
            "Predict the unlabelled part",
            _choose,
            str(corpus.root),
            type="primary",
            help="The chosen model predicts every unlabelled clip of the open corpus; then the "
            "template of the submission can be downloaded, filled.",
        )
        if st.session_state.get(_CHOSEN) == str(corpus.root):
            st.button("Close", on_click=_close, type="tertiary", help="Back to files and folders.")
    return part_of(corpus) if st.session_state.get(_CHOSEN) == str(corpus.root) else None


def _choose(root: str) -> None:
    st.session_state[_CHOSEN] = root
    st.session_state[_BEGIN] = True


def _close() -> None:
    st.session_state.pop(_CHOSEN, None)


def just_pressed() -> bool:
    """Whether the button was pressed for this run: a large part then starts at once."""
    return bool(st.session_state.pop(_BEGIN, False))


def shares(part: UnlabelledPart, table: pd.DataFrame) -> dict[str, float]:
    """Share of each emotion among the labelled clips, 0 to 1."""
    found = class_counts(part, table["answer"])["training_share"].dropna()
    return {str(name): float(share) for name, share in found.items()}


def result(part: UnlabelledPart, model: InferenceModel, table: pd.DataFrame) -> None:
    """Copies of labelled clips, if any, and the filled template to download."""
    _other_corpus(part, model)
    _known_sounds(part)
    try:
        asked = submission(part, model.classes)
    except SerError as error:
        st.error(f"No submission: {plain(error)}")
        return
    fill = _fill(asked, table)
    try:
        filled, chances = asked.filled(table, fill=fill), asked.probabilities(table, fill=fill)
    except ParameterError as error:
        st.error(f"No submission: {plain(error.problem)}. Repair them, or choose a label for them.")
        return
    with downloads.row():
        st.caption(
            f"{count(len(asked.asked), 'row')} as in {plain(asked.template.path.name)}.",
            width="content",
        )
        downloads.button(
            "Download submission.csv", "submission.csv", "text/csv", lambda: filled,
            "The template with the predictions in it: same ids, order, columns and labels",
        )  # fmt: skip
        downloads.button(
            "Download output.txt", "output.txt", "text/plain", lambda: chances,
            "The probability of each class, one column a label",
        )  # fmt: skip


def _fill(asked: Submission, table: pd.DataFrame) -> str:
    """The label for clips without a prediction; empty while none is chosen."""
    lacking = int((table["answer"] == "").sum())
    if not lacking:
        return ""
    chosen = st.selectbox(
        f"Label for {count(lacking, 'clip')} that cannot be classified",
        [REFUSED, *asked.codes.values()],
        key="fill",
        help="It stands in the submission like a prediction, but is none.",
    )
    return "" if chosen == REFUSED else str(chosen)


def _other_corpus(part: UnlabelledPart, model: InferenceModel) -> None:
    """Warn where the model was trained on another corpus than the labelled part of this one."""
    trained_on = (model.predictor.about.get("corpus") or {}).get("name")
    if part.corpus is not None and trained_on and trained_on != part.corpus.name:
        st.warning(
            f"This model was trained on {plain(trained_on)}, not on the labelled clips of "
            f"{plain(part.corpus.name)}. Train one on these (page Train), and choose it above."
        )


def _known_sounds(part: UnlabelledPart) -> None:
    """Say which unlabelled clips are labelled under another name, if the clips were measured."""
    corpus = part.corpus
    if corpus is None:
        return
    measured, _ = known_measures(corpus)
    if measured is None:
        st.caption(
            "Not checked: labelled copies among the unlabelled clips. Measure the clips on the "
            "page Corpus to have it checked."
        )
        return
    found = known_sounds(corpus, measured)
    if found:
        clip, same = next(iter(found.items()))
        st.warning(
            f"Same sound under two names: {len(found):,} of these {count(len(part.ids), 'clip')} "
            f"are labelled clips, too ({plain(clip)} is {plain(', '.join(same))}). A model that "
            "was trained on them knows their answers."
        )
