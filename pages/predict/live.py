"""Live: answers every half second while one speaks, computed in the browser.

The page of the exported model (`ser_core.export.web_page`) is shown in a frame. Where the model has
an ONNX copy or an exported file, that is taken; otherwise a job exports it once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import buttons, enrolment, live_pages
from pages.components.errors import plain
from pages.components.job_progress import watch
from ser_core.core import SerError
from ser_core.export.plan import (
    KEY,
    Plan,
    files,
    folder_of,
    launch,
    launched,
    small_precision,
)
from ser_core.export.web_page import obstacle, served_page
from ser_core.inference.timeline import Windows
from ser_core.jobs import State
from ser_core.models.onnx import OnnxModel, read
from ser_core.plots.palette import emotion_color

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.classify import InferenceModel
    from ser_core.models.onnx_metadata import Spec

CLIPS = 50
"""Clips of the acceptance test of a file that is made for this view."""

HEIGHT = 620
"""Of the frame, in pixels: the answer for six emotions and the player, without scrolling."""


def show(info: ModelInfo, model: InferenceModel, _active: Active) -> None:
    """The page of the model, or how to get one; why there can be none."""
    found = list(_exported(info, model))
    usable = [path for path, spec in found if not obstacle(spec)]
    if usable:
        _frame(info, min(usable, key=lambda path: path.stat().st_size))
        return
    last = next((job for job in launched(info.folder) if job.key.startswith(KEY)), None)
    if last is not None and last.state is State.RUNNING:
        watch(str(last.folder), on_cancel="No file is written.", unit="step")
        return
    failed = {spec.precision for _, spec in found if spec.status == "failed"}
    never = [obstacle(spec) for _, spec in found if spec.status != "failed"]
    if isinstance(model.predictor, OnnxModel) or never:
        st.warning(f"There are no live answers of this model: it {plain(never[0])}.")
        return
    if last is not None and last.state is State.FAILED:
        st.error(f"The export failed: {plain(last.reason)}")
    _offer(info, failed)


def _exported(info: ModelInfo, model: InferenceModel) -> Iterator[tuple[Path, Spec]]:
    """Files of the whole model, as it is now, with what they say of themselves."""
    if isinstance(model.predictor, OnnxModel):  # an exported file, or the model's ONNX copy
        yield model.predictor.path, model.predictor.spec
        return
    for path in files(info.folder):
        if path.stat().st_mtime >= info.changed and "network" not in path.stem:
            try:
                yield path, read(path)
            except SerError:  # the page Export says what is wrong with it
                continue


def _offer(info: ModelInfo, failed: set[str]) -> None:
    """A button that exports the model; the exact precision where the small one failed its test."""
    small = small_precision(info)
    precision = "fp32" if small in failed else small
    st.info(
        "Speak, and see an answer every half second: for the last "
        f"{Windows().window:g} s, computed in your browser. That takes the model as an ONNX file, "
        "which is made once."
    )
    buttons.button("Prepare live answers", _prepare, info, precision, type="primary")


def _prepare(info: ModelInfo, precision: str) -> None:
    plan = Plan(info.folder, folder_of(info.folder), precisions=(precision,), clips=CLIPS)
    launch(plan, f"Export for live answers: {info.title}")


def _frame(info: ModelInfo, file: Path) -> None:
    st.caption(
        f"Press Record and speak: an answer every half second, for the last {Windows().window:g} s."
        + (" The enrolled voice is not used here." if enrolment.clips() else "")
    )
    page = _page(file)
    theme = st.context.theme.type or "light"
    address = live_pages.address(page.name, theme)
    st.iframe(address, height=HEIGHT, alt=f"Live answers of {info.title}")


def _page(file: Path) -> Path:
    """Folder of the page of a file; it is made at most once while it is kept."""
    key = (str(file), file.stat().st_mtime_ns)
    found = _made(*key)
    if not found.is_dir():  # others were used after it
        _made.clear(*key)
        found = _made(*key)
    return found


@st.cache_data(max_entries=20, show_spinner="Preparing the live view, a few seconds once …")
def _made(file: str, changed: int) -> Path:  # noqa: ARG001  (part of the key)
    return served_page(Path(file), live_pages.folder(), emotion_color)
