"""Slices of a run: where its model is worse than on the rest of the clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import downloads, navigation, scores, session_cache, tables, theme
from pages.components.errors import plain
from pages.results import loading
from ser_core.core import count
from ser_core.corpora import known_measures
from ser_core.evaluation import Interval, Slices, held_out_answers
from ser_core.evaluation import slices as compared
from ser_core.evaluation.intervals import number
from ser_core.evaluation.slices import ALPHA, LEAST
from ser_core.plots.palette import ACCENT
from ser_core.plots.results import Row, intervals_figure

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from ser_core.corpora import Corpus
    from ser_core.evaluation import Report
    from ser_core.runs.catalogue import RunInfo

DRAWN = 12
"""Slices in the figure; the table has all."""
FLAGGED = "#e60037"
HEIGHT = 480
OF_SLICE = {"speaker": "speaker", "gender": "gender"}
"""Slices that the filters of the page Corpus can show, with their parameters."""


def show(run: RunInfo, report: Report) -> None:
    """The verdict in a sentence, the worst slices as a figure, all of them as a table."""
    corpus = loading.corpus(run)
    found = _slices(run, corpus)
    if found.table.empty:
        st.info(f"No slice has {LEAST} clips inside and outside, so none was tested.")
        return
    _verdict(found, report)
    left, right = st.columns([6, 7], gap="medium")
    with left:
        _figure(found.table)
    with right:
        _table(run, found.table)
    _notes(found, corpus)
    _link(run, found.worse)


def _slices(run: RunInfo, corpus: Corpus | None) -> Slices:
    """Of the test answers, by what the corpus says of its clips and what was measured of them."""
    key = (run.id, loading.stamp(run), str(corpus.root) if corpus else "")

    def make() -> Slices:
        answers = held_out_answers(loading.predictions(run))
        return compared(answers, _about(corpus) if corpus else answers)

    result: Slices = session_cache.cached("_slices", 8, key, make)
    return result


def _about(corpus: Corpus) -> pd.DataFrame:
    measures, _ = known_measures(corpus)
    return corpus.clips if measures is None else corpus.clips.join(measures[["rms_db"]])


def _verdict(found: Slices, report: Report) -> None:
    worse = found.worse
    names = ", ".join(f"{row.by} {row.slice}" for row in worse.head(4).itertuples())
    more = f" and {len(worse) - 4} more" if len(worse) > 4 else ""
    said = (
        f"**Surely worse than the rest on {count(len(worse), 'slice')}**: {plain(names)}{more}."
        if len(worse)
        else "**No slice is surely worse than the rest.**"
    )
    tested = len(found.table)
    corrected = "were tested, so p-values are corrected for that" if tested > 1 else "was tested"
    st.markdown(f"{said} {count(tested, 'slice')} {corrected}. {scores.badge(report.badge)}")


def _figure(table: pd.DataFrame) -> None:
    rows = [_row(row) for row in table.head(DRAWN).to_dict("records")]
    ends = [end for row in rows for end in (row.interval.low, row.interval.high, 0.0)]
    known = [end for end in ends if end is not None]
    limits = (max(-1.0, min(known) - 0.05), min(1.0, max(known) + 0.05))
    figure = intervals_figure(
        rows, title="Recall minus that of the rest", chance=0.0, limits=limits, zero="no difference"
    )
    theme.figure(figure, key="slices")


def _row(row: Mapping[Hashable, Any]) -> Row:
    worse = row["p_holm"] < ALPHA and row["difference"] < 0
    return Row(
        f"{row['by']} {row['slice']}",
        Interval("difference", row["difference"], number(row["low"]), number(row["high"])),
        color=FLAGGED if worse else ACCENT,
        note=f"{row['clips']} clips",
        filled=row["over"] == "speakers",
    )


def _table(run: RunInfo, table: pd.DataFrame) -> None:
    figure = st.column_config.NumberColumn
    shown = ["by", "slice", "clips", "difference", "p_holm", "q", "recall", "rest", "speakers"]
    st.dataframe(
        table,
        key="slices-table",
        hide_index=True,
        height=tables.height(len(table), HEIGHT),
        column_order=shown,
        column_config={
            "by": st.column_config.TextColumn("By", width=75),
            "slice": st.column_config.TextColumn("Slice", width=110),
            "clips": figure("Clips", width=55),
            "speakers": figure("Speakers", width=65),
            "recall": figure("Recall", format="%.3f", width=60, help="Mean over its emotions."),
            "rest": figure(
                "Rest", format="%.3f", width=60, help="Of the same emotions outside the slice."
            ),
            "difference": figure("Difference", format="%+.3f", width=75),
            "p_holm": figure(
                "p (Holm)", format="%.3f", width=70,
                help="Corrected so that a false alarm among all slices is rare.",
            ),
            "q": figure(
                "q (BH)", format="%.3f", width=65,
                help="Share of false alarms to expect among the slices up to here "
                "(Benjamini and Hochberg).",
            ),
        },
        placeholder="",
    )  # fmt: skip
    downloads.button(
        "Download as CSV",
        f"{run.id}-slices.csv",
        "text/csv",
        lambda: str(table.to_csv(index=False)),
        "All slices with intervals and p-values",
    )


def _notes(found: Slices, corpus: Corpus | None) -> None:
    few = (
        f" {count(found.few, 'slice')} with fewer than {LEAST} clips "
        f"{'was' if found.few == 1 else 'were'} not tested."
        if found.few
        else ""
    )
    missing = "" if corpus else " The corpus cannot be opened, so lengths are not known."
    if corpus and "level" not in set(found.table["by"]):
        missing = " Levels are known once the clips are measured (page Corpus, Overview)."
    st.caption(
        "Recall is the mean over the emotions that both sides have, so a slice is not worse "
        "because its emotions are hard. A filled point has an interval over speakers (jackknife, "
        "95 %); a hollow one over clips, and says nothing of other speakers. Of two slices that "
        f"are each other's rest the worse is shown.{few}{missing}"
    )


def _link(run: RunInfo, worse: pd.DataFrame) -> None:
    """The clips of the worst slice, in the table of the page Corpus."""
    for row in worse.itertuples():
        parameter = OF_SLICE.get(str(row.by))
        if parameter:
            where = {"corpus": str(run.opened_by), "reader": run.reader, parameter: str(row.slice)}
            link = {name: value for name, value in where.items() if value}
            label = f"Listen to {row.by} {row.slice} →"
            navigation.link("corpus", label, answers=run.id, **link)
            return
