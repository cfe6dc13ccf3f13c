"""Table of predictions; a player and all probabilities of the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import navigation, player, tables, theme
from pages.components.errors import plain
from pages.results import loading, saved_evaluations
from ser_core.corpora import EMOTIONS, ordered
from ser_core.evaluation.clip_predictions import ABOUT
from ser_core.inference.saved_evaluations import SavedEvaluation
from ser_core.plots.palette import EMOTION_COLORS
from ser_core.plots.results import prediction_figure

if TYPE_CHECKING:
    from ser_core.runs.catalogue import RunInfo

PREFIX = "p_"
UNSCALED = (
    "As the training predicted the test clips. Predict and Explain apply temperature scaling, "
    "fitted on validation clips, so confidence differs there."
)

ORDER = ["true", "answer", "confidence", "speaker", "sentence", "seed", "clip"]
HEIGHT = 250


def show(run: RunInfo, rows: pd.DataFrame, *, key: str) -> None:
    """A table of predictions, and the chosen one below it.

    Args:
        run: Run of the predictions.
        rows: Some of `clip_predictions`, in the order to show.
        key: Of the widgets.
    """
    show_prediction(run, rows.iloc[choose_row(rows, key=key)], key=key)


def choose_row(rows: pd.DataFrame, *, key: str, height: int = HEIGHT) -> int:
    """A table of predictions; returns the number of the chosen row, the first to begin with."""
    shown = rows.assign(confidence=100 * rows["confidence"])
    for column in ("true", "answer"):
        shown[column] = pd.Series([[each] for each in rows[column]], index=rows.index, dtype=object)
    order = [name for name in ORDER if name in rows and rows[name].notna().any()]
    if rows["seed"].nunique() < 2:
        order.remove("seed")
    state = st.dataframe(
        shown,
        key=key,
        on_select="rerun",
        selection_mode="single-row-required",
        hide_index=True,
        height=tables.height(len(shown), height),
        column_order=order,
        column_config=_columns(),
        placeholder="",
    )
    picked = state["selection"]["rows"]
    return picked[0] if picked and picked[0] < len(rows) else 0


def _columns() -> dict[str, Any]:
    kind = st.column_config

    def emotion(title: str) -> Any:
        return kind.MultiselectColumn(
            title, options=list(EMOTIONS), color=list(EMOTION_COLORS.values()), width=92
        )

    return {
        "true": emotion("True"),
        "answer": emotion("Predicted"),
        "confidence": kind.NumberColumn(
            "Confidence",
            format="%.1f %%",
            width=85,
            help=f"Probability of the predicted class. {UNSCALED}",
        ),
        "speaker": kind.TextColumn("Speaker", width=70),
        "sentence": kind.TextColumn("Sentence", width=75),
        "seed": kind.NumberColumn("Seed", width=50),
        "clip": kind.TextColumn("Clip"),
    }


def show_prediction(run: RunInfo, row: pd.Series, *, key: str) -> None:
    """One prediction: the clip, all probabilities, and links to other pages."""
    with st.container(border=True):
        _player(run, str(row["clip"]), key=key)
        scaled = isinstance(run, SavedEvaluation)
        st.markdown(
            f"**Predicted {row['answer']}**, confidence {100 * row['confidence']:.0f} %",
            help=None if scaled else UNSCALED,
        )
        classes = (name for name in row.index if str(name).startswith(PREFIX) and name not in ABOUT)
        given = {
            name: float(row[PREFIX + name])
            for name in ordered(str(each).removeprefix(PREFIX) for each in classes)
            if pd.notna(row[PREFIX + name])
        }
        theme.figure(prediction_figure(given, true=str(row["true"])), key=f"{key}-answer")
        _links(run, str(row["clip"]), _model(run, row))


def _model(run: RunInfo, row: pd.Series) -> str:
    """Key of the model to explain a prediction with; empty where it is gone."""
    if isinstance(run, SavedEvaluation):
        return saved_evaluations.explainable_model(run)
    return f"{run.id}:fold-{row['fold']}-seed-{row['seed']}"


def _player(run: RunInfo, clip: str, *, key: str) -> None:
    corpus = loading.corpus(run)
    if corpus is None or clip not in corpus.usable.index:
        st.warning(
            f"The clip {plain(clip)} cannot be played: the corpus of this run, "
            f"{plain(run.corpus)}, cannot be opened or no longer has it."
        )
        return
    player.clip_view(corpus, clip, key=key, height=110)


def _links(run: RunInfo, clip: str, model: str) -> None:
    where = {"corpus": str(run.opened_by), "reader": run.reader, "clip": clip}
    link = {name: value for name, value in where.items() if value}
    with st.container(horizontal=True):
        if model:
            navigation.link("explain", "Explain it →", model=model, **link)
        navigation.link("representations", "Show its representations →", **link)
        navigation.link("corpus", "Show it in the corpus →", **link)
