"""One run: its figures, and views of everything behind them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, navigation
from pages.shared.errors import plain
from pages.shared.results import (
    address,
    calibration,
    classes,
    confusion,
    files,
    listing,
    loading,
    mistakes,
    origin,
    saying,
)
from pages.shared.results import courses as courses_view
from ser_core.errors import SerError
from ser_core.training import runs

if TYPE_CHECKING:
    from ser_core.evaluation import Report
    from ser_core.training.runs import RunInfo

VIEWS = {
    "Confusion": confusion.show,
    "Emotions and voices": classes.show,
    "Mistakes": mistakes.show,
    "Calibration": calibration.show,
    "Courses": courses_view.show,
    "Recipe and split": origin.show,
}


def show(run_id: str) -> None:
    """Header, figures, and a tab for each view; a bad address is told."""
    try:
        run = runs.one(run_id)
    except SerError as error:
        _back()
        errors.show(error)
        return
    if run.result is None:
        _unfinished(run)
        return
    report = loading.report(run)
    _header(run, report)
    _voices(run)
    saying.headline(report)
    st.caption(plain(saying.rests_on(report)))
    _views(run, report)


def _views(run: RunInfo, report: Report) -> None:
    tabs = st.tabs(list(VIEWS), key="tab", on_change="rerun", bind="query-params")
    for tab, view in zip(tabs, VIEWS.values(), strict=True):
        if tab.open:
            with tab, errors.told():
                view(run, report)


def _back() -> None:
    st.button("← All runs", type="tertiary", on_click=address.show_all)


def _unfinished(run: RunInfo) -> None:
    _back()
    st.title(plain(run.name))
    st.info("This run is not finished, so there are no figures yet.")
    navigation.link("train", "See how far it is →")


def _header(run: RunInfo, report: Report) -> None:
    _back()
    left, right = st.columns([4, 5], vertical_alignment="bottom")
    left.title(plain(run.name))
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        _downloads(run, report)
        st.button("Delete", on_click=listing.delete, args=([run],), help="Can be undone.")
    result = run.result
    assert result is not None  # noqa: S101  (seen by the caller)
    when = datetime.fromtimestamp(result.finished).strftime("%d %b %Y, %H:%M")
    st.markdown(
        f"{saying.badge(report.badge)} Leak grade **{report.grade}**: {plain(report.reading)}"
    )
    st.caption(
        f"{plain(run.representation)} · {plain(run.policy)} · "
        f"{result.minutes:.1f} min of training · {when} · hash `{run.id}`"
    )


VOICES = {address.STRANGERS: "Strangers", address.ENROLLED: "Known voices"}


def _voices(run: RunInfo) -> None:
    """Choice between the two sets of answers of a model that enrols voices."""
    result = run.result
    if result is None or result.enrolled is None:
        return
    chosen = st.segmented_control(
        "Voices of the test",
        list(VOICES),
        format_func=lambda voices: VOICES[voices],
        default=address.ENROLLED if address.enrolled() else address.STRANGERS,
        required=True,
        key=f"voices-{run.id}",
        help="**Strangers**: nothing is known of the speaker; this is the figure in all lists. "
        "**Known voices**: each speaker is normalised by all their clips of the test, without "
        "labels. With fewer clips of a voice the truth lies between the two.",
    )
    if (chosen == address.ENROLLED) != address.enrolled():
        address.write(voices=chosen if chosen == address.ENROLLED else "")
        st.rerun()


def _downloads(run: RunInfo, report: Report) -> None:
    files.texts(
        run.id,
        {
            "Predictions (CSV)": (
                "-predictions.csv",
                lambda: str(loading.predictions(run).table.to_csv(index=False)),
                "Every answer with all probabilities",
            ),
            "Report (JSON)": ("-report.json", report.to_json, "Every figure with its interval"),
            "Recipe (YAML)": ("-recipe.yaml", lambda: run.recipe_text, "To train it again"),
        },
    )
