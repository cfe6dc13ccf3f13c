"""All test clips of each speaker classified together, without their labels: transductive."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import buttons, downloads
from pages.components.errors import plain
from ser_core.core import SerError
from ser_core.evaluation import METRICS, Predictions, compare, interval, metrics
from ser_core.inference.transductive import LEAST_CLIPS, classify_together, clip_by_clip
from ser_core.runs.published_results import ENROLLED, TRANSDUCTIVE

if TYPE_CHECKING:
    from ser_core.evaluation import Report
    from ser_core.runs.catalogue import RunInfo

FAULT = "_voices_together_error"
FIGURES = ("uar", "wa", "ece")


def show(run: RunInfo, report: Report) -> None:
    """What it is, the button, and what came of it."""
    st.markdown(
        "**Transductive**: all test clips of a speaker are classified together, without their "
        "labels. Centres and shares of the emotions are estimated from the speaker's own clips, "
        f"with a prior from the other speakers. It needs {LEAST_CLIPS} clips of a speaker or more, "
        "and a speaker who lacks emotions can lose by it. A model on single recordings cannot do "
        "this."
    )
    if report.speakers_shared:
        st.info("It adapts to unseen speakers; here the test speakers are in training.")
        return
    if FAULT in st.session_state:
        st.error(plain(st.session_state.pop(FAULT)))
    made = (run.folder / TRANSDUCTIVE).exists()
    label = "Classify again" if made else "Classify each speaker's clips together"
    buttons.button(label, partial(_make, run), type="secondary" if made else "primary")
    if made:
        _outcome(run, *_both(str(run.folder), (run.folder / TRANSDUCTIVE).stat().st_mtime))


def _make(run: RunInfo) -> None:
    try:
        classify_together(run.folder)
    except SerError as error:
        st.session_state[FAULT] = str(error)


@st.cache_resource(max_entries=8, show_spinner=False)
def _both(folder: str, stamp: float) -> tuple[Predictions, Predictions]:  # noqa: ARG001
    """Predictions of each clip alone, and of all clips of a voice."""
    run = Path(folder)
    return clip_by_clip(run), Predictions.load(run / TRANSDUCTIVE)


def _outcome(run: RunInfo, before: Predictions, after: Predictions) -> None:
    """Figures of both, how far they are apart, and each speaker."""
    enrolled = ", enrolled" if (run.folder / ENROLLED).exists() else ""
    ways = {f"each clip alone{enrolled}": before, "all clips of a speaker": after}
    rows = [
        {
            "Classified": how,
            **{METRICS[n].title: str(interval(p, n, by_speaker=True)) for n in FIGURES},
        }
        for how, p in ways.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, placeholder="")
    pair = compare(after, before, "uar", by_speaker=True)
    ends = "" if pair.low is None else f" (95 %: {pair.low:+.3f} to {pair.high:+.3f})"
    st.markdown(f"UAR {pair.difference:+.3f} by classifying together{ends}.")
    st.dataframe(
        _by_speaker(before, after), hide_index=True, placeholder="", column_config=_formats()
    )
    downloads.button(
        "Predictions (CSV)", f"{run.id}-transductive.csv", "text/csv",
        lambda: str(after.table.to_csv(index=False)), "One row per test clip",
    )  # fmt: skip


def _by_speaker(before: Predictions, after: Predictions) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for name in sorted(before.table["speaker"].unique()):
        own = [p.where((p.table["speaker"] == name).to_numpy()) for p in (before, after)]
        alone, together = (metrics.uar(each.true, each.predicted) for each in own)
        rows.append(
            {"Speaker": name, "Clips": len(own[0]), "Alone": alone, "Together": together,
             "Difference": together - alone}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _formats() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    titles = {
        "Alone": "UAR, each clip alone",
        "Together": "UAR, together",
        "Difference": "Difference",
    }
    return {
        key: number(title, format="%+.3f" if key == "Difference" else "%.3f")
        for key, title in titles.items()
    }
