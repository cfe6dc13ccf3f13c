"""The held-out answers of a run beside the clips of the open corpus."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components import errors, scores, session_cache
from pages.components.errors import plain
from ser_core.core import SerError, count
from ser_core.corpora import Split
from ser_core.evaluation import beside, held_out_answers, label_errors, parts_of
from ser_core.runs import catalogue

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.runs.catalogue import RunInfo

NONE = ""
ENROLLED = ":enrolled"
PARAMETER = "answers"
KEY = "answers-of"


@dataclass(frozen=True)
class Answers:
    """Held-out answers of one run to clips of the corpus.

    Attributes:
        name: What the run is called, with the voices where they are enrolled.
        table: Of `held_out_answers`.
        parts: Part of the run's split of each clip; None where the split is not there any more.
        suspects: Suspected label errors, a row a clip, the most suspected first.
        badge: Of the scores of the run.
        columns: `answer`, `confidence`, `wrong`, `self_confidence` and, where it is known, `part`,
            indexed by the clips of the corpus.
    """

    name: str
    table: pd.DataFrame
    parts: pd.Series[str] | None
    suspects: pd.DataFrame
    badge: str
    columns: pd.DataFrame


def choose(active: Active) -> Answers | None:
    """Let the user choose a run on this corpus; its answers, or None."""
    known = _runs(active)
    if not known:
        return None
    asked = st.query_params.get(PARAMETER, NONE)
    st.session_state[KEY] = asked if asked in known else NONE
    chosen = st.selectbox(
        "Answers of",
        [NONE, *known],
        format_func=lambda key: known[key][1] if key else "no model",
        key=KEY,
        on_change=_write,  # a binding would put the name into the address, which others may have
        help="A finished run on this corpus. Only held-out answers are shown: each is of a model "
        "that was not trained on the clip.",
    )
    if not chosen:
        return None
    run, name = known[chosen]
    try:
        return of(active, run, name, enrolled=chosen.endswith(ENROLLED))
    except SerError as error:
        errors.show(error)
        return None


def _write() -> None:
    """Put the chosen run into the address."""
    if st.session_state[KEY]:
        st.query_params[PARAMETER] = st.session_state[KEY]
    else:
        st.query_params.pop(PARAMETER, None)


def _runs(active: Active) -> dict[str, tuple[RunInfo, str]]:
    """Runs on the open corpus with their names, by their values in the address."""
    finished = catalogue.runs_on(active.corpus)
    often = Counter(run.name for run in finished)
    found = {}
    for run in finished:
        name = run.name if often[run.name] == 1 else f"{run.name}, {run.id[:6]}"
        found[run.id] = (run, name)
        if run.result is not None and run.result.enrolled is not None:
            found[run.id + ENROLLED] = (run, f"{name} (speakers enrolled)")
    return found


def of(active: Active, run: RunInfo, name: str, *, enrolled: bool) -> Answers:
    """Answers of a run, made once a session.

    Raises:
        SerError: If its predictions cannot be read.
    """
    stamp = run.result.finished if run.result else 0.0
    opening = active.corpus.opening
    key = (run.id, stamp, enrolled, str(active.corpus.root), opening.hash if opening else "")

    def make() -> Answers:
        return _made(active, run, name, enrolled=enrolled)

    found: Answers = session_cache.cached("_answers", 4, key, make)
    return found


def _made(active: Active, run: RunInfo, name: str, *, enrolled: bool) -> Answers:
    table = held_out_answers(catalogue.predictions_of(run, enrolled=enrolled))
    suspects = label_errors(table).table
    parts = _parts(run)
    clips = active.corpus.clips
    columns = beside(clips, table)[["answer", "confidence", "wrong"]]
    columns = columns.join(table[["self_confidence"]])
    if parts is not None:
        columns = columns.assign(part=parts.reindex(clips.index))
    badge = run.result.badge if run.result else ""
    return Answers(name, table, parts, suspects, badge, columns)


def _parts(run: RunInfo) -> pd.Series[str] | None:
    try:
        return parts_of(Split.load(run.folder / "split.json"))
    except SerError:
        return None


def caption(found: Answers) -> None:
    """How many clips have an answer, how many are wrong, and how the split was."""
    known = found.columns["answer"].notna()
    wrong = found.columns["wrong"].fillna(value=False)
    share = f", {100 * wrong.sum() / known.sum():.0f} % of them wrong" if known.any() else ""
    missing = len(known) - int(known.sum())
    rest = f"; {count(missing, 'clip')} without one" if missing else ""
    badge = scores.badge(found.badge) or scores.NEW_SPEAKERS_BADGE
    st.caption(
        f"Held-out answers to {count(int(known.sum()), 'clip')}{share}{rest} {badge} "
        f"{plain(found.name)}"
    )
