"""Layers of an encoder: UAR by layer on unseen speakers, as a job, with its picture."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, downloads, job_progress, selection, theme
from pages.components.errors import plain
from ser_core.core import SerError
from ser_core.inference.encoder_layers_job import launch, launched, result_of
from ser_core.inference.layer_curve import curves
from ser_core.jobs import State
from ser_core.plots.encoder_layers import layers_figure, print_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser_core.inference.layer_curve import LayerCurve
    from ser_core.runs.catalogue import RunInfo

CHOICE = "layer-curve"
FOLDER = "layers-encoder"
FAULT = "_layers_error"


def show(_known: Sequence[RunInfo]) -> None:
    """What the layers of an encoder give, the job under way, and the form that starts one."""
    st.markdown(
        "**Layers of an encoder**: UAR of a logistic regression on each layer of a pretrained "
        "speech encoder, on speakers that it has not met. Deeper layers are not always better: "
        "the last ones serve what the encoder was pretrained for."
    )
    if FAULT in st.session_state:
        st.error(plain(st.session_state.pop(FAULT)))
    found = curves()
    if found:
        name = _choose(found)
        _show(found[name], name)
    else:
        st.info("No layers have been compared yet. Give the folder of an encoder and start.")
    under_way = [job for job in launched() if not job.state.is_over]
    for job in under_way:
        if job.state is State.RUNNING:
            job_progress.watch(
                str(job.folder),
                on_cancel="Layers that are done are kept; starting again goes on with the rest.",
                unit="step",
            )
        else:
            st.markdown(f"{plain(job.title)}: queued.")
    _failure(found)
    _form()


def _choose(found: dict[str, LayerCurve]) -> str:
    def label(name: str) -> str:
        about = found[name].about
        return f"{about['encoder']} · {about['corpus']} · {name[:4]}"

    return st.selectbox("Result", list(found), format_func=label, key=CHOICE, bind="query-params")


def _show(curve: LayerCurve, name: str) -> None:
    about = curve.about
    with st.container(border=True):
        badge = f" :red-badge[{about['badge']}]" if about["badge"] else ""
        st.markdown(
            f"**UAR by layer, with 95 % intervals**{badge} · {plain(about['encoder'])} on "
            f"{plain(about['corpus'])}, {about['clips']:,} clips, {about['speakers']} speakers"
        )
        theme.figure(layers_figure(curve), key="layers")
        for enrolled, voices in ((False, "not enrolled"), (True, "enrolled")):
            best = curve.best(enrolled=enrolled)
            nested = curve.point("chosen", enrolled=enrolled)
            honest = f"; chosen by the training speakers alone: {nested.uar}" if nested else ""
            st.markdown(f"- {voices}: best here layer {best.layers}, {best.uar}{honest}")
        st.caption(
            "The best layer was chosen on these test speakers, so its UAR is optimistic; the layer "
            "that the training speakers of each fold chose is not (nested). "
            + " ".join(f"{topic.capitalize()}: {what}." for topic, what in curve.protocol.items()
                       if what)
        )  # fmt: skip
        with st.expander("Table", type="compact"):
            st.dataframe(curve.table(), hide_index=True)
        with downloads.row():
            downloads.files(f"layers-{name}", {"CSV": (".csv", lambda: _csv(curve), "The table")})
        downloads.figures(f"layers-{name}", partial(print_layers, curve))


def _failure(found: dict[str, LayerCurve]) -> None:
    """Why the newest job failed, unless its result was made since."""
    newest = next(iter(launched()), None)
    if newest and newest.state is State.FAILED and result_of(newest) not in found:
        st.error(plain(newest.reason))


def _form() -> None:
    active = selection.active()
    with st.container(border=True):
        st.markdown(f"Compare the layers of an encoder on **{plain(active.corpus.name)}**")
        folder = st.text_input(
            "Folder of the encoder",
            key=FOLDER,
            placeholder="with config.json and model.safetensors",
            help="Whisper, wav2vec 2.0, HuBERT, WavLM or data2vec, as `transformers` saves them. "
            "Nothing is downloaded, and weights in pickle files are refused.",
        )
        buttons.button(
            "Start job",
            _start,
            folder.strip(),
            type="primary",
            disabled=not folder.strip(),
            key="start-layers",
            help="Each speaker is left out in turn; it takes minutes to hours, and goes on when "
            "this page is closed.",
        )


def _start(folder: str) -> None:
    from ser_core.inference.encoder_layers import Plan

    active = selection.active()
    try:
        plan = Plan(
            encoder=Path(folder).expanduser().absolute(),
            corpus=active.source,
            reader=active.selection.reader,
        )
        launch(plan)
    except SerError as error:
        st.session_state[FAULT] = str(error)


def _csv(curve: LayerCurve) -> str:
    text: str = curve.table().to_csv(index=False)
    return text
