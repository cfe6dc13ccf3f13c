"""Which predictions of a model that enrols speakers are shown: without enrolment, or with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components.errors import plain
from pages.results import url_params
from ser_core.runs.catalogue import audit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser_core.runs.catalogue import RunInfo

VOICES = {url_params.UNSEEN: "Not enrolled", url_params.ENROLLED: "Enrolled"}


def choose(found: Sequence[RunInfo]) -> None:
    """The choice, where a result has both."""
    if not any(run.result and run.result.enrolled for run in found):
        return
    chosen = st.segmented_control(
        "Enrolment of the test speakers",
        list(VOICES),
        format_func=lambda voices: VOICES[voices],
        default=url_params.ENROLLED if url_params.enrolled() else url_params.UNSEEN,
        required=True,
        key=f"voices-{'-'.join(run.id for run in found)}",
        help="**Not enrolled**: nothing is known of the speaker; lists show this score. "
        "**Enrolled**: each speaker is normalised by all their test clips, without labels; "
        "none of them was in training. With fewer enrolled clips the score lies between the "
        "two.",
    )
    if (chosen == url_params.ENROLLED) != url_params.enrolled():
        url_params.write(voices=chosen if chosen == url_params.ENROLLED else "")
        st.rerun()
    if url_params.enrolled():
        for doubt in sorted({_doubt(run) for run in found} - {""}):
            st.warning(plain(doubt))


def _doubt(run: RunInfo) -> str:
    audit = audit_of(run)
    return audit.enrolment_doubt if audit else ""


def hint(run: RunInfo) -> str:
    """Link to the better figure with enrolment, of a model that is shown without."""
    if url_params.enrolled() or not run.result or not run.result.enrolled:
        return ""
    value = run.result.enrolled.value
    return (
        "" if value is None else
        f"It normalises by speaker, so see the UAR with enrolment: **Enrolled** has {value:.3f}."
    )  # fmt: skip
