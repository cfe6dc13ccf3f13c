"""The scan of a corpus: measures of every clip, and the job for a large corpus.

Measuring decodes every clip. A small corpus is measured while the page waits; a large one by a job,
which goes on when the tab is closed and shows the same progress in every tab.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons
from pages.components.errors import plain
from pages.components.job_progress import watch
from ser_core.core import count, seconds
from ser_core.corpora import known_measures, scan
from ser_core.jobs import PROGRESS_FILE, State, find, start

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.selection import Active

MOST_AT_ONCE = 120  # clips that are measured in a second or two
CLIPS_PER_SECOND = 60  # a cautious guess, for the estimate before the job has a pace of its own


def measures(active: Active, purpose: str) -> pd.DataFrame | None:
    """Measures of every clip; None, after offering to make them, while they are not complete.

    Args:
        active: What the page works on.
        purpose: What they are for, to go on "Measure the clips to see ...".
    """
    found = measures_if_quick(active)
    if found is None:
        _offer(active, known(active)[1], purpose)
    return found


def measures_if_quick(active: Active) -> pd.DataFrame | None:
    """Measures of every clip if they are complete, or made in a second or two."""
    found, missing = known(active)
    if found is None and missing <= MOST_AT_ONCE:
        with st.spinner(f"Measuring {count(missing, 'clip')} …"):
            scan(active.corpus)
        found, _ = known(active)
    return found


def known(active: Active) -> tuple[pd.DataFrame | None, int]:
    """Measures of every clip if they are complete, and how many clips are still to be measured."""
    cached = st.session_state.get("_measures")
    if cached is not None and cached[0] is active.corpus:
        return cached[1], 0
    found, missing = known_measures(active.corpus)
    if found is not None:
        st.session_state["_measures"] = (active.corpus, found)
    return found, missing


def _key(active: Active) -> str:
    return f"scan:{active.corpus.root}"


def _offer(active: Active, missing: int, purpose: str) -> None:
    """Show the job at work, or what became of the last one and a button to start."""
    last = find(_key(active), running=False)
    with st.container(border=True):
        if last is not None and last.state is State.RUNNING:
            watch(str(last.folder), on_cancel="What is measured so far is saved.")
            return
        if last is not None and last.state is State.FAILED:
            st.error(f"Measuring stopped: {plain(last.reason)}")
        st.markdown(
            f"Measure the clips to see {purpose}. {count(missing, 'clip')} to go, about "
            f"{seconds(missing / CLIPS_PER_SECOND)}; the measurements are saved."
        )
        again = last is not None and last.state in (State.FAILED, State.CANCELLED)
        buttons.button(
            "Resume measuring" if again else "Measure the clips",
            _start,
            active,
            type="primary",
            help="Every clip is decoded once for its level, pitch, clipping, silence and content. "
            "You can close this page meanwhile.",
        )


def _start(active: Active) -> None:
    chosen = active.selection.reader
    reader = ["--reader", chosen] if chosen else []
    command = [sys.executable, "-m", "ser_core", "corpus", "scan", str(active.source)]
    start(
        [*command, *reader, "--progress-file", PROGRESS_FILE],
        title=f"Measure the clips of {active.corpus.name}",
        key=_key(active),
    )
