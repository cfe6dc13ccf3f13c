"""Several corpora beside each other: how they differ without any emotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import theme
from pages.components.errors import plain
from pages.corpus import corpus_scan
from ser_core.evaluation import MEASURED, corpus_shift
from ser_core.plots.results import Row, intervals_figure

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.selection import Active
    from ser_core.corpora import Corpus
    from ser_core.evaluation import CorpusShift


def show(active: Active) -> None:
    """What tells the corpora apart, and the quantiles of each."""
    measures = corpus_scan.measures(active, "how the corpora differ")
    if measures is None:
        return
    opening = active.corpus.opening
    found = _shift(opening.hash if opening else "", active.corpus, measures)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        st.markdown("**Recognising the corpus of a clip**: UAR")
        rows = [Row("all three", found.told_apart)]
        rows += [Row(MEASURED[name].partition(",")[0], one) for name, one in found.alone.items()]
        chance = 1 / found.corpora
        figure = intervals_figure(rows, title="UAR", chance=chance, zero="guessing")
        theme.figure(figure, key="shift")
        st.caption(
            f"By a forest on other speakers' clips, which is told nothing of emotions. Guessing "
            f"scores {chance:.2f}. Where it scores far above that, a model can learn the corpus "
            f"instead of the emotion. {plain(found.told_apart.how)}."
        )
    with right, st.container(border=True):
        st.markdown("**Level, bandwidth and length**")
        st.dataframe(
            found.table.assign(measure=found.table["measure"].map(MEASURED)).rename(
                columns={"corpus": "Corpus", "measure": "Measure", "low": "5 %",
                         "median": "Median", "high": "95 %", "clips": "Clips"}
            ),
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(name, format="%.1f")
                for name in ("5 %", "Median", "95 %")
            },
        )  # fmt: skip


@st.cache_resource(max_entries=8, show_spinner="Comparing the corpora …")
def _shift(opening: str, _corpus: Corpus, _measures: pd.DataFrame) -> CorpusShift:  # noqa: ARG001
    return corpus_shift(_corpus, _measures)
