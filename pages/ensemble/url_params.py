"""Query parameters of the page Ensemble, beside those of the selection."""

from __future__ import annotations

import streamlit as st

ENSEMBLE = "ensemble"
MEMBERS = "members"


def ensemble_id() -> str:
    """Id of the ensemble that is open; empty for none."""
    return str(st.query_params.get(ENSEMBLE, ""))


def open_ensemble(ensemble_id: str) -> None:
    """Open an ensemble."""
    st.query_params[ENSEMBLE] = ensemble_id


def close() -> None:
    """Back to the choice of members."""
    st.query_params.pop(ENSEMBLE, None)


def members() -> list[str]:
    """Ids of the runs to pool, as a link may give them."""
    return [each for each in str(st.query_params.get(MEMBERS, "")).split(",") if each]


def write_members(run_ids: list[str]) -> None:
    """Keep the runs to pool in the address."""
    if run_ids:
        st.query_params[MEMBERS] = ",".join(run_ids)
    else:
        st.query_params.pop(MEMBERS, None)
