"""Deletion tests on the sound: how often each method passes, beside maps without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components import theme
from ser_core.explain import METHODS
from ser_core.explain.deletion_tests import SHARES, WITHOUT_A_MODEL
from ser_core.explain.faithfulness import CONTIGUOUS, SCATTERED
from ser_core.plots.palette import ACCENT, NO_EMOTION
from ser_core.plots.results import Row, intervals_figure

if TYPE_CHECKING:
    from ser_core.evaluation import Interval
    from ser_core.explain.benchmark_report import Bench
    from ser_core.explain.deletion_tests import DeletionTests

REST = {
    "usual": "attenuated to the usual level of its frequency in the clip",
    "silence": "silenced",
}


TITLES = {SCATTERED: "Random, scattered", CONTIGUOUS: "Random, contiguous"}


def method_title(name: str) -> str:
    """Title of a method, or of a map that is made without a model."""
    return METHODS[name].title if name in METHODS else TITLES.get(name, name.capitalize())


def show(found: Bench) -> None:
    """Shares of the clips, and margins; a note where there are none."""
    st.markdown("**Deletion test on the sound**")
    terms, tests = found.about["terms"], found.deletion_tests
    if not tests.names:
        st.caption(
            "No deletion test on the sound in this benchmark: it was left out, or no part of "
            "the representation can be played alone."
        )
        return
    st.markdown(
        f"The most relevant {terms['heard']} % of a clip are kept alone, and removed, in the "
        f"sound itself; what is removed is {REST[terms['rest']]}. A clip passes both halves if "
        "**the relevant part alone keeps more of the class probability than random parts of the "
        "same size, and removing it costs more**. Random masks pass in about one clip of four."
    )
    left, right = st.columns([4, 7], gap="medium")
    with left, st.container(border=True):
        _chart(found, tests)
    with right:
        _table(tests)
        how = tests.figure(tests.names[0], "keeps").how
        st.caption(
            f"Clips: both halves passed / one / none. Intervals: {how}; where all clips agree, "
            "Wilson's over clips."
        )


def _chart(found: Bench, tests: DeletionTests) -> None:
    st.markdown("**Clips that pass both halves**, higher is better; hollow: a check failed")
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
    theme.figure(intervals_figure(rows, title="Share of clips", chance=chance), key="bench-heard")


def _table(tests: DeletionTests) -> None:
    rows = [
        {
            "Method": method_title(name),
            "Clips (%)": _shares(tests, name),
            "Gain when kept": _short(tests.figure(name, "keeps")),
            "Loss when removed": _short(tests.figure(name, "loses")),
        }
        for name in tests.names
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "Clips (%)": st.column_config.TextColumn(
                help="Clips that pass both halves of the test / one / none."
            ),
            "Gain when kept": st.column_config.TextColumn(
                help="Probability of the predicted class with the relevant part alone, minus "
                "that with random parts of the same size; mean over clips."
            ),
            "Loss when removed": st.column_config.TextColumn(
                help="Probability of the predicted class without random parts of the same size, "
                "minus that without the relevant part; mean over clips."
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
