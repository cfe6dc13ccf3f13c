"""All runs and evaluations: filters, a chart of their UAR, and a table to choose from."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import buttons, navigation, scores, tables, theme
from pages.components.errors import plain
from pages.components.errors import show as show_error
from pages.results import notes_form, saved_evaluations, url_params
from ser_core import tracking
from ser_core.core import SerError, count
from ser_core.evaluation import NEW_SPEAKERS, interval_text
from ser_core.inference.catalogue import contaminations
from ser_core.inference.saved_evaluations import SavedEvaluation
from ser_core.jobs import State
from ser_core.plots.palette import ACCENT
from ser_core.plots.results import MARK, Row, intervals_figure
from ser_core.runs import catalogue
from ser_core.runs.launch import job_of
from ser_core.runs.run_notes import notes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ser_core.features.encoders.catalogue import Contamination
    from ser_core.runs.catalogue import Result, RunInfo

TABLE = "runs-table"
DAYS = {"Today": 1, "7 days": 7, "30 days": 30}
DRAWN = 16  # more runs than this are compared in the table
MOST = 1000
"""Lines of the table at first: more make each click slow."""

FINISHED = "newest first"
ORDERS: dict[str, Callable[[RunInfo, Result], float | str]] = {
    FINISHED: lambda _run, result: -result.finished,
    "oldest first": lambda _run, result: result.finished,
    "highest UAR first": lambda _run, result: -(result.uar.value or 0.0),
    "lowest UAR first": lambda _run, result: result.uar.value or 0.0,
    "highest WA first": lambda _run, result: -(result.wa.value or 0.0),
    "by name": lambda run, _result: run.name.lower(),
}
"""Orders of all results, where the table does not hold all of them."""


def show(known: Sequence[RunInfo]) -> None:
    """The list; what to do when it is empty."""
    _undo()
    notes_form.fault()
    notes_form.undo_several()
    finished = [run for run in known if run.result]
    if not finished:
        _no_results_yet(len(known))
        return
    chosen = _filters(finished)
    if len(known) > len(finished):
        with st.container(horizontal=True, vertical_alignment="center"):
            waiting = count(len(known) - len(finished), "run")
            st.caption(f"{waiting} not finished.", width="content")
            navigation.link("train", "See them on the page Train →")
    if chosen:
        _table(chosen)
        _chart(chosen)
    else:
        st.info("No result matches. Remove a filter.")


def _no_results_yet(unfinished: int) -> None:
    with st.container(border=True):
        st.subheader("No results yet")
        if unfinished:
            st.markdown(
                f"{count(unfinished, 'run')} not finished yet. The scores appear here when a "
                "training ends; the page Train shows its progress."
            )
        else:
            st.markdown(
                "A training leaves here its scores with intervals, its confusion matrix and its "
                "errors. One on the bundled clips takes about a minute: good "
                "for a first look, far too little for a good model."
            )
        navigation.link("train", "Train a model →")


def _filters(finished: Sequence[RunInfo]) -> list[RunInfo]:
    """The runs that the filters leave, the newest first."""
    with st.container(horizontal=True):
        text = st.text_input(
            "Search",
            key="find-run",
            live=True,
            bind="query-params",
            placeholder="name, tag or hash",
        )
        kinds = _choice("Kind", "of", [saved_evaluations.kind(run) for run in finished])
        policies = _choice("Split", "policies", [run.policy for run in finished])
        names = _choice("Representation", "kinds", [run.representation for run in finished])
        grades = _choice(
            "Leak grade", "grades", [run.result.grade for run in finished if run.result]
        )
        since = st.selectbox(
            "Finished within", ["any time", *DAYS], key="since", bind="query-params", width=150
        )
    oldest = time.time() - 86_400 * DAYS.get(since, 10**6)
    return [
        run
        for run in finished
        if (not kinds or saved_evaluations.kind(run) in kinds)
        and (not policies or run.policy in policies)
        and (not names or run.representation in names)
        and run.result
        and (not grades or run.result.grade in grades)
        and run.result.finished >= oldest
        and (not text or text.lower() in _searched(run))
    ]


def _searched(run: RunInfo) -> str:
    return f"{run.name} {run.id} {notes_of(run.folder).text}".lower()


def _choice(label: str, key: str, values: Sequence[str]) -> list[str]:
    """Several of the values that occur; nothing to choose where there is only one."""
    options = sorted(set(filter(None, values)))
    if len(options) < 2:
        return []
    return st.multiselect(label, options, key=key, bind="query-params", placeholder="all")


def _chart(chosen: Sequence[RunInfo]) -> None:
    """UAR of the newest runs with their intervals, on one scale."""
    names = Counter(run.name for run in chosen)
    rows = [_row(run, names) for run in chosen[:DRAWN] if run.result]
    with st.container(border=True):
        some = f" (the newest {DRAWN})" if len(chosen) > DRAWN else ""
        st.markdown(
            f"**UAR with its 95 % interval{some}** · hollow and orange: :red-badge[speakers "
            "shared], not valid for unseen speakers",
            help="Scores on different splits are not comparable: see the badge first.",
        )
        theme.figure(intervals_figure(rows, title="UAR on test clips"), key="runs-uar")


def _row(run: RunInfo, names: Mapping[str, int]) -> Row:
    result = run.result
    assert result is not None  # noqa: S101  (the list holds finished runs)
    same = names[run.name] > 1
    label = f"{short_name(run.name)} ({run.short_id})" if same else short_name(run.name)
    note = (
        f"{run.policy or saved_evaluations.kind(run)}, corpus {run.corpus.name}, "
        f"{result.clips:,} test predictions"
    )
    return Row(label, result.uar, MARK if result.badge else ACCENT, note, filled=not result.badge)


def short_name(name: str, most: int = 44) -> str:
    """A name that fits beside a figure."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _table(results: Sequence[RunInfo]) -> None:
    chosen = _lines_of_table(results)
    state = st.dataframe(
        _lines(chosen),
        key=TABLE,
        on_select="rerun",
        selection_mode=["multi-row", "single-cell"],
        hide_index=True,
        height=tables.height(len(chosen), 460),
        column_config=_columns(),
        placeholder="",
    )
    found = state["selection"]
    if found["cells"] and not found["rows"]:
        _open_cell(chosen, found["cells"][0][0])
    picked = [chosen[row] for row in found["rows"] if row < len(chosen)]
    _actions(len(results), len(chosen), picked)


def _lines_of_table(results: Sequence[RunInfo]) -> Sequence[RunInfo]:
    """All results; where they are very many, the first of them in an order that is asked for.

    The heads of the table order the lines that it has, so the order of all is a field above it.
    """
    if len(results) <= MOST:
        return results
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order", list(ORDERS), key="order", bind="query-params", width=190)
        every = st.toggle(
            f"All {len(results):,} lines",
            key="all-lines",
            bind="query-params",
            help=f"Otherwise the first {MOST:,} in this order, which is quicker. Search, filters "
            "and order always look at all results.",
        )
    key = ORDERS[order or FINISHED]
    ordered = sorted(results, key=lambda run: key(run, run.result) if run.result else 0.0)
    return ordered if every else ordered[:MOST]


def _open_cell(chosen: Sequence[RunInfo], row: int) -> None:
    """A click on a line opens its run; the click is then forgotten, or Back would not lead back."""
    del st.session_state[TABLE]
    url_params.show_run(chosen[row].id)
    st.rerun()


def _lines(chosen: Sequence[RunInfo]) -> pd.DataFrame:
    """A row a result; without columns of one value, and the chosen columns where some are."""
    heard = contaminations(chosen)
    table = pd.DataFrame(list(map(_line, chosen, heard)))
    dull = ["Corpus"] if len(set(table["Corpus"])) == 1 else []
    dull += [name for name in ("Enrolled", "Encoder") if table[name].isna().all()]
    dull += [name for name in ("Tags", "Note") if not table[name].map(len).any()]
    known = [str(name) for name in table]
    wanted = _wanted(known, [name for name in known if name not in dull])
    # Tags beside the name: a user's own words, which the other columns would push out of sight.
    first = ["Run", *(["Tags"] if "Tags" in wanted else [])]
    return table[[*first, *(name for name in known if name in wanted and name not in first)]]


def _wanted(known: list[str], shown: list[str]) -> list[str]:
    """Columns that the user wants to see, also in the address; those with content at first."""
    with st.popover("Columns", type="tertiary"):
        chosen = st.multiselect(
            "Columns of the table",
            [name for name in known if name != "Run"],
            key="columns",
            bind="query-params",
            placeholder="those that tell the results apart",
            help="Empty: all but those that are the same, or empty, for every result.",
        )
    return chosen or shown


def _line(run: RunInfo, heard: Contamination | None) -> dict[str, Any]:
    result = run.result
    assert result is not None  # noqa: S101
    trained = not isinstance(run, SavedEvaluation)
    said = notes_of(run.folder)
    return {
        "Run": run.name,
        "Corpus": run.corpus.name,
        "Clips": result.clips,
        "UAR": result.uar.value,
        "95 %": interval_text(result.uar),
        "Enrolled": result.enrolled.value if result.enrolled else None,
        "WA": result.wa.value,
        "Badge": [scores.short_badge(result.badge) or NEW_SPEAKERS],
        "Grade": result.grade,
        "Encoder": heard.answer if heard else None,
        "Kind": saved_evaluations.kind(run),
        "Split": run.policy,
        "Representation": run.representation,
        "Trainings": result.members if trained else None,
        "Minutes": result.minutes if trained else None,
        "Finished": datetime.fromtimestamp(result.finished),
        "Tags": list(said.tags),
        "Note": said.note.partition("\n")[0],
        "Hash": run.id,
    }


def _columns() -> dict[str, Any]:
    colors = {
        "speakers shared": "#b3261e",
        scores.short_badge(scores.SAME_RECORDINGS): "#b3261e",
        "speakers unknown": "#a9660a",
        "split not audited": "#a9660a",
        NEW_SPEAKERS: "#1b7f4d",
    }
    kind = st.column_config
    return {
        "Run": kind.TextColumn("Result", width=250, pinned=True),
        "Kind": kind.TextColumn(
            "Kind",
            width=105,
            help="A training with its own test, or a model or exported file evaluated on a "
            "corpus later.",
        ),
        "Corpus": kind.TextColumn("Corpus", width=75),
        "Clips": kind.NumberColumn(
            "Predictions", width=85, help="Predictions on test clips, of all folds and seeds."
        ),
        "UAR": kind.NumberColumn("UAR", format="%.3f", width=60, help="Mean recall, test clips."),
        "95 %": kind.TextColumn("95 % interval", width=112),
        "Enrolled": kind.NumberColumn(
            "Enrolled",
            format="%.3f",
            width=75,
            help="UAR with speakers enrolled from their unlabelled clips.",
        ),
        "WA": kind.NumberColumn("WA", format="%.3f", width=60, help="Accuracy, test clips."),
        "Badge": kind.MultiselectColumn(
            "Badge", options=list(colors), color=list(colors.values()), width=138
        ),
        "Grade": kind.TextColumn("Grade", width=55, help="Leak grade of the split, A is best."),
        "Encoder": kind.TextColumn(
            "Encoder heard it",
            width=125,
            help="Whether the pretrained encoder may have been trained on this corpus.",
        ),
        "Minutes": kind.NumberColumn("Minutes", format="%.1f", width=70),
        "Finished": kind.DatetimeColumn("Finished", format="distance", width=110),
        "Trainings": kind.NumberColumn("Trainings", width=75, help="Folds times seeds."),
        "Tags": kind.ListColumn("Tags", width=130),
        "Note": kind.TextColumn("Note", width=200),
    }


def _actions(found: int, shown: int, picked: Sequence[RunInfo]) -> None:
    """What can be done with the runs that are ticked, and how many there are."""
    ids = [run.id for run in picked]
    with st.container(horizontal=True, vertical_alignment="center"):
        buttons.button(
            "Open",
            url_params.show_run,
            ids[0] if ids else "",
            type="primary",
            disabled=len(ids) != 1,
        )
        buttons.button(
            f"Compare {len(ids)}" if len(ids) > 1 else "Compare",
            url_params.show_several,
            ids,
            disabled=len(ids) < 2,
            help="Paired test on the clips that they have in common. Tick two lines or more.",
        )
        if len(ids) > 1 and not any(isinstance(run, SavedEvaluation) for run in picked):
            navigation.link("ensemble", f"Pool {len(ids)} runs →", members=",".join(ids))
        buttons.button("Delete", delete, picked, disabled=not ids)
        notes_form.of_several(picked)
        some = f", {shown:,} shown" if shown < found else ""
        st.caption(
            f"{count(found, 'result')}{some}. Click a line to open it; tick lines at their left to "
            f"compare or delete.",
            width="content",
        )


def delete(picked: Sequence[RunInfo]) -> None:
    """Delete runs, and offer to bring them back."""
    deleted = []
    for run in picked:
        job = job_of(run.id)
        if job is not None and job.state is State.RUNNING:
            st.session_state["_run_error"] = f"{run.name} is being trained. Cancel that first."
            continue
        try:
            deleted.append(catalogue.delete(run))
        except SerError as error:
            st.session_state["_run_error"] = str(error)
    st.session_state["_deleted"] = [*_deleted(), *deleted]
    st.session_state.pop(TABLE, None)  # or the tick would pass to the run that takes its row
    url_params.show_all()


def _undo() -> None:
    """Note on what was deleted, with a button to restore it."""
    if "_run_error" in st.session_state:
        st.error(plain(st.session_state.pop("_run_error")))
    if deleted := _deleted():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            days = catalogue.TRASH.days
            st.markdown(f"{count(len(deleted), 'result')} deleted; restorable for {days} days.")
            st.button("Undo", on_click=_restore)
            if not tracking.is_local():
                st.caption(
                    "Runs that this workbench trained are deleted for all who use the same "
                    "database; those of others are hidden here alone."
                )


def _deleted() -> list[Path]:
    """What this visit deleted and can bring back."""
    return [path for path in st.session_state.get("_deleted", []) if path.exists()]


def _restore() -> None:
    for path in _deleted():
        try:
            catalogue.restore(path)
        except SerError as error:
            show_error(error)
    st.session_state.pop("_deleted", None)
