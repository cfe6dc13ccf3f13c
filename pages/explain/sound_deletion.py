"""Deletion tests on the sound: how often each method passes, beside maps without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components import theme
from ser_core.explain import METHODS
from ser_core.explain.deletion_tests import SHARES, WITHOUT_A_MODEL
from ser_core.explain.faithfulness import CONTIGUOUS
from ser_core.plots.palette import ACCENT, NO_EMOTION
from ser_core.plots.results import Row, intervals_figure

if TYPE_CHECKING:
    from ser_core.evaluation import Interval
    from ser_core.explain.benchmark_report import Bench
    from ser_core.explain.deletion_tests import DeletionTests

REST = {
    "usual": "turned down to how loud its frequency usually is in the clip",
    "silence": "silenced",
}


def method_title(name: str) -> str:
    """Title of a method, or of a map that is made without a model."""
    return METHODS[name].title if name in METHODS else name.capitalize()


def show(found: Bench) -> None:
    """Shares of the clips, and margins; a note where there are none."""
    st.markdown("**Does the sound bear it out?**")
    terms, tests = found.about["terms"], found.deletion_tests
    if not tests.names:
        st.caption(
            "The maps of this bench were not held against the sound: it was left out, or no part "
            "of what the model sees can be played alone."
        )
        return
    st.markdown(
        f"The most relevant {terms['heard']} % of a clip are kept alone, and taken away, in the "
        f"sound itself; what goes is {REST[terms['rest']]}. Both halves hold if **the marked part "
        "keeps more of the answer than the same marks elsewhere, and the answer loses more "
        "without it**. By chance that is about one clip in four."
    )
    left, right = st.columns([4, 7], gap="medium")
    with left, st.container(border=True):
        _chart(found, tests)
    with right:
        _table(tests)
        how = tests.figure(tests.names[0], "keeps").how
        st.caption(
            f"Clips: both halves hold / one / none. Intervals: {how}; of a share that all clips "
            "agree on, Wilson's over clips."
        )


def _chart(found: Bench, tests: DeletionTests) -> None:
    st.markdown("**Clips where both halves hold**, higher is better; hollow: a check failed")
    rows = [
        Row(
            method_title(name),
            tests.figure(name, "both"),
            NO_EMOTION if name in WITHOUT_A_MODEL else ACCENT,
            found.left_out.get(name, ""),
            name not in found.left_out,
        )
        for name in tests.names
    ]
    chance = tests.figure(CONTIGUOUS, "both").value
    theme.figure(
        intervals_figure(rows, title="Share of the clips", chance=chance), key="bench-heard"
    )


def _table(tests: DeletionTests) -> None:
    rows = [
        {
            "Method": method_title(name),
            "Clips (%)": _shares(tests, name),
            "Keeps more by": _short(tests.figure(name, "keeps")),
            "Loses more by": _short(tests.figure(name, "loses")),
        }
        for name in tests.names
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "Clips (%)": st.column_config.TextColumn(
                help="Where the sound bears out both halves of the map / one half / neither."
            ),
            "Keeps more by": st.column_config.TextColumn(
                help="Probability of the answer with the marked part alone, minus that with the "
                "same marks elsewhere; the mean over the clips."
            ),
            "Loses more by": st.column_config.TextColumn(
                help="Probability of the answer without the same marks elsewhere, minus that "
                "without the marked part; the mean over the clips."
            ),
        },
    )


def _shares(tests: DeletionTests, name: str) -> str:
    return " / ".join(f"{100 * (tests.figure(name, each).value or 0):.0f}" for each in SHARES)


def _short(found: Interval) -> str:
    """With two decimals, for a narrow column."""
    if found.value is None or found.low is None or found.high is None:
        return str(found)
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
