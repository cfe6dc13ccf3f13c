"""The recipe of a run, its split, and the leak audit of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import leak_audit, navigation
from pages.components.errors import plain
from pages.components.split_policies import policy_title
from ser_core.runs import catalogue

if TYPE_CHECKING:
    from ser_core.evaluation import Report
    from ser_core.runs.catalogue import RunInfo


def show(run: RunInfo, _report: Report) -> None:
    """Recipe on the left, split and audit on the right."""
    left, right = st.columns([2, 5], gap="medium")
    with left:
        _recipe(run)
    with right:
        _split(run)


def _recipe(run: RunInfo) -> None:
    st.markdown("**Recipe** (other fields have their defaults)")
    st.code(run.recipe_text, language="yaml")
    st.caption(
        f"Hash `{run.id}`: the same recipe with the same seed on the same machine gives the same "
        f"model. Files in `{run.folder}`"
    )
    navigation.link("train", "Change it and train again →", **{"from-run": run.id})


def _split(run: RunInfo) -> None:
    audit = catalogue.audit_of(run)
    st.markdown(f"**Split**: {plain(policy_title(run.policy))}")
    if audit is None:
        return
    leak_audit.grade_card(audit)
    st.markdown("**Shared by test and training** (the worst fold)")
    leak_audit.shared_counts(audit)
