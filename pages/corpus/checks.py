"""Faults of a corpus: a card for every finding, with the clips it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import player
from pages.components.errors import plain
from pages.corpus import clip_table, corpus_scan
from ser_core.core import count
from ser_core.corpora import Corpus, Findings, Issue, examine

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pages.components.selection import Active

SEVERITIES = {
    "error": ("Error", "red", "These clips cannot or must not be used as they are."),
    "warning": ("Warning", "orange", "Scores on this corpus may mislead."),
    "info": ("Note", "blue", "Good to know."),
}
MEASURED = ["rms_db", "peak", "clipped", "silent_start", "silent_end"]


def show(active: Active) -> None:
    """All findings, the gravest first."""
    found = corpus_scan.measures(active, "faults in the audio and duplicate clips")
    findings = _findings(active.corpus, found)
    _summary(active.corpus, findings.issues, scanned=found is not None)
    for number, issue in enumerate(findings.issues):
        _card(active.corpus, issue, found, key=f"issue-{number}")
    for said, sought in (
        ("Checked and not found", findings.absent),
        ("Not checked until the clips are measured", findings.open),
    ):
        if sought:
            with st.expander(f"{said} ({len(sought)})", type="compact"):
                st.markdown("\n".join(f"- {each}" for each in sought))


def _findings(corpus: Corpus, found: pd.DataFrame | None) -> Findings:
    """What is wrong with a corpus, looked for once: it reads the beginning of every file."""
    cached = st.session_state.get("_findings")
    if cached is None or cached[0] is not corpus or cached[1] is not found:
        cached = (corpus, found, examine(corpus, found))
        st.session_state["_findings"] = cached
    findings: Findings = cached[2]
    return findings


def _summary(corpus: Corpus, issues: Sequence[Issue], *, scanned: bool) -> None:
    looked_at = "files, labels and audio" if scanned else "files and labels"
    checked = f"Checked {looked_at} of {count(len(corpus), 'clip')}: "
    if not issues:
        st.success(checked + "nothing found.")
        return
    kinds = [(SEVERITIES[s][0].lower(), sum(i.severity == s for i in issues)) for s in SEVERITIES]
    st.markdown(checked + ", ".join(count(number, kind) for kind, number in kinds if number) + ".")


def _card(corpus: Corpus, issue: Issue, found: pd.DataFrame | None, *, key: str) -> None:
    label, color, meaning = SEVERITIES[issue.severity]
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":{color}-badge[{label}] **{plain(issue.title)}**", help=meaning)
        st.markdown(plain(issue.detail))
        if issue.remedy:
            st.caption(f"What to do: {plain(issue.remedy)}")
        if not issue.clips:
            return
        rows = st.expander(
            f"Show {count(len(issue.clips), 'clip')}", key=key, on_change="rerun", type="compact"
        )
        if rows.open:
            with rows:
                _clips(corpus, issue, found, key=key)


def _clips(corpus: Corpus, issue: Issue, found: pd.DataFrame | None, *, key: str) -> None:
    """The clips of a finding, with a player."""
    table = corpus.clips.loc[[clip for clip in issue.clips if clip in corpus.clips.index]]
    if found is not None:
        table = table.join(found[MEASURED])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = clip_table.small_table(table, key=f"{key}-clips")
    with right:
        problem = str(corpus.clips.loc[chosen, "problem"])
        if problem:
            st.warning(plain(f"{chosen}: {problem}"))
        else:
            player.clip_view(corpus, chosen, key=key, height=150)
