"""A prediction: the emotion, its confidence, and all probabilities as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import theme
from pages.components.errors import plain
from ser_core.inference.classify import PREFIX
from ser_core.plots.predict import probabilities_figure

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.inference.classify import InferenceModel
    from ser_core.inference.confidence import Confidence


HELP = """\
**Calibrated**: the probabilities are rescaled on clips that were not trained on (temperature
scaling), so that of predictions with 80 % about 80 % are right.

**Rejection threshold**: below this confidence the model was wrong too often, and a prediction is
called uncertain. It is measured apart for speakers of whom the model knows nothing, for enrolled
speakers, and for speakers who were in its training, so it moves when one enrols.

**Ensemble's weights**: several networks are asked, and each counts by a weight that was fitted.

**ONNX copy**: the same model in one file that answers without PyTorch being loaded. w8 and int8:
its numbers are stored in 8 bits instead of 32, int8 computes with them too.
"""
"""Of the words below every prediction."""


def probabilities_of(row: pd.Series[Any], model: InferenceModel) -> dict[str, float]:
    """Probabilities of a row of predictions, by emotion."""
    return {name: float(row[PREFIX + name]) for name in model.classes}


def show(
    row: pd.Series[Any],
    model: InferenceModel,
    reading: Confidence,
    before: pd.Series[Any] | None = None,
    *,
    key: str,
) -> None:
    """The predicted emotion, its confidence, and all probabilities.

    Args:
        row: Of a table of predictions, with a prediction.
        model: That predicted it.
        reading: How its confidence is to be read.
        before: The same without enrolment.
        key: Of the figure.
    """
    sure, predicted = 100 * float(row["confidence"]), str(row["answer"])
    chip = theme.chip(predicted)
    if row["uncertain"]:
        st.html(f'<div style="font-size:1.3rem">Uncertain · perhaps {chip}</div>')
        st.markdown(f"The most probable class has {sure:.0f} %{_why_uncertain(reading)}")
    else:
        st.html(f'<div style="font-size:1.3rem">{chip}</div>')
        st.markdown(f"**Confidence {sure:.0f} %**")
    if before is not None:
        _enrolment_effect(row, before)
    chart = probabilities_figure(
        probabilities_of(row, model),
        None if before is None else probabilities_of(before, model),
        threshold=reading.threshold,
    )
    theme.figure(chart, key=f"{key}-answer")
    st.caption(
        f"{reading.source} A voice does not prove a feeling: do not base decisions about "
        "people on it.",
        help=HELP,
    )


def _why_uncertain(reading: Confidence) -> str:
    """End of a sentence, and what else to know."""
    if reading.threshold is None:
        return f", but every prediction of this model is uncertain. {plain(reading.why_unsure)}"
    return (
        f", below the rejection threshold of {100 * reading.threshold:.0f} %, under which this "
        f"model is wrong too often.{_coverage_text(reading)}"
    )


def _coverage_text(reading: Confidence) -> str:
    """Coverage of the threshold on the test, where it was measured."""
    if reading.coverage is None:
        return ""
    return f" In its test, {100 * reading.coverage:.0f} % of the predictions reached it."


def _enrolment_effect(row: pd.Series[Any], before: pd.Series[Any]) -> None:
    """What enrolment changed of the prediction."""
    sure = f"{100 * float(before['confidence']):.0f} %"
    was = f"{before['answer']}, {sure}"
    if before["uncertain"]:
        was = f"uncertain, perhaps {before['answer']} ({sure})"
    if row["answer"] != before["answer"]:
        st.markdown(f"**Enrolment changes the prediction**; without it: {was}.")
    elif bool(row["uncertain"]) != bool(before["uncertain"]):
        became = "uncertain" if row["uncertain"] else "confident"
        st.markdown(f"**Enrolment makes the prediction {became}**; without it: {was}.")
    else:
        st.markdown(f"Enrolment does not change the predicted class; without it: {was}.")
