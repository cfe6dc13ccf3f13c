"""The list of ensembles, finished or under way."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import tables
from pages.components.errors import plain
from pages.ensemble import loading, url_params
from ser_core.core import SerError
from ser_core.ensemble import catalogue as ensembles
from ser_core.ensemble.launch import job_of

if TYPE_CHECKING:
    from ser_core.ensemble.catalogue import Saved

TABLE = "ensembles-table"


def show() -> None:
    """The list; a click opens one."""
    _undo()
    known = loading.known()
    if not known:
        st.info("No ensemble yet. Choose members on the tab New.")
        return
    state = st.dataframe(
        pd.DataFrame([_line(saved) for saved in known]),
        key=TABLE,
        on_select="rerun",
        selection_mode=["single-cell"],
        hide_index=True,
        height=tables.height(len(known), 460),
        column_config=_columns(),
        placeholder="",
    )
    cells = state["selection"]["cells"]
    if cells and cells[0][0] < len(known):
        del st.session_state[TABLE]
        url_params.open_ensemble(known[cells[0][0]].id)
        st.rerun()
    st.caption("Select a row to open it.")


def _line(saved: Saved) -> dict[str, Any]:
    about = saved.about
    job = None if about else job_of(saved.id)
    metrics = about["metrics"] if about else {}
    return {
        "Ensemble": saved.name,
        "UAR": metrics.get("uar", {}).get("value"),
        "WA": metrics.get("wa", {}).get("value"),
        "ECE": metrics.get("ece", {}).get("value"),
        "Badge": [saved.badge] if about and saved.badge else [],
        "Members": len(about["members"]) if about else len(saved.request.get("runs", [])),
        "Split": about["split"]["policy"] if about else "",
        "Made": datetime.fromtimestamp(saved.made) if about else None,
        "State": "ready" if about else (str(job.state) if job else "not made"),
    }


def _columns() -> dict[str, Any]:
    kind = st.column_config
    badges = ["speakers shared", "speakers unknown", "same recordings in training and test"]
    figures = {
        name: kind.NumberColumn(name, format="%.3f", help="On test clips.")
        for name in ("UAR", "WA", "ECE")
    }
    return {
        **figures,
        "Ensemble": kind.TextColumn("Ensemble", width=250, pinned=True),
        "Badge": kind.MultiselectColumn(
            "Badge", options=badges, color=["#b3261e", "#a9660a", "#b3261e"], width=138
        ),
        "Made": kind.DatetimeColumn("Made", format="distance"),
    }


def _undo() -> None:
    deleted = st.session_state.get("_deleted_ensemble")
    if deleted is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Ensemble deleted.", width="content")
        st.button("Undo", on_click=_restore)


def _restore() -> None:
    deleted = st.session_state.pop("_deleted_ensemble", None)
    try:
        ensembles.restore(deleted)
    except SerError as error:
        st.toast(plain(error))
