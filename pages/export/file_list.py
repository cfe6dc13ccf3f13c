"""The exported files of a model: size, speed, verification, downloads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import buttons, downloads, navigation, player, scores
from pages.components.errors import plain
from pages.export import evaluate_form, source_model
from ser_core.core import SerError
from ser_core.export.package import package, report
from ser_core.export.plan import files, launched, speeds, time_files
from ser_core.export.web_page import obstacle, zipped_page
from ser_core.models.onnx import read
from ser_core.models.onnx_metadata import PRECISIONS, Spec
from ser_core.plots.palette import emotion_color

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo

BADGES = {
    "verified": ":green-badge[verified]",
    "failed": ":red-badge[failed]",
    "not verified": ":gray-badge[not verified]",
}
MEANT = {
    "MB": "Size of the file in megabytes.",
    "Acceptance": (
        "Acceptance test: whether the file stays within the limits of its precision, compared "
        "with the model on real clips."
    ),
    "Agreement (%)": "Clips for which file and model predict the same class.",
    "Largest difference": "Largest difference of a probability between file and model.",
    "Change in UAR": "UAR of the file minus that of the model, with its paired 95 % interval.",
}
MORE_THAN_CLIPS = (
    "There are more predictions than clips: each clip is predicted as it is, some also cut short, "
    "made longer and with gaps of silence, and, where the model can enrol, some with their speaker "
    "enrolled."
)
MAX_PLAYERS = 5
FLIPS = {
    "clip": "Clip",
    "app": "Model",
    "file": "File",
    "confidence": "Confidence of the model",
    "difference": "Largest difference",
}


def show(info: ModelInfo, active: Active) -> dict[Path, Spec]:
    """What was exported; returns the files that may be used."""
    found = {path: spec for path in files(info.folder) if (spec := _spec(path)) is not None}
    if not found:
        st.info(
            "No exported file of this model yet. An export is one ONNX file that needs only "
            "onnxruntime: waveform in, calibrated probabilities out, with its model card inside."
        )
        return {}
    st.subheader("Files")
    _table(found, info)
    for path, spec in found.items():
        with st.container(border=True):
            _file(path, spec, info, active)
    return {path: spec for path, spec in found.items() if spec.status != "failed"}


def _spec(path: Path) -> Spec | None:
    try:
        return _read(str(path), path.stat().st_mtime)
    except SerError as error:
        st.warning(plain(error))
        return None


@st.cache_data(max_entries=50, show_spinner=False)
def _read(path: str, changed: float) -> Spec:  # noqa: ARG001  (part of the key)
    from pathlib import Path

    return read(Path(path))


def _table(found: dict[Path, Spec], info: ModelInfo) -> None:
    """Side by side; speed where it was timed."""
    times = speeds(info.folder)
    rows = [{**_measured(path, spec), **_times(times, path.name)} for path, spec in found.items()]
    torch = _times(times, "torch")
    if torch:
        rows.append({"File": "the model, in PyTorch", **torch})
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        placeholder="",
        column_config={
            name: {"help": meant, **({"width": 100} if name == "Acceptance" else {})}
            for name, meant in MEANT.items()
        },
    )
    busy = any(not job.state.is_over for job in launched(info.folder))
    with st.container(horizontal=True, vertical_alignment="center"):
        buttons.button(
            "Measure latency",
            _time,
            *(info.folder, f"Latency: {info.title}"),
            disabled=busy,
            help="All files and PyTorch in turns, on one clip of 2.4 s, with 1 and 2 threads.",
        )
        if times:
            st.caption("Latency for a clip of 2.4 s in milliseconds: median / 95th percentile.")
    for sentence in _test_set_notes(found):
        st.caption(sentence)


def _test_set_notes(found: Mapping[Path, Spec]) -> list[str]:
    """What the changes in UAR are of, each once, in Markdown."""
    measured = [spec.verification["uar"] for spec in found.values() if spec.verification.get("uar")]
    said = (
        f"Change in UAR: on {plain(uar['clips'])}, paired over {plain(uar['over'])}. "
        + scores.badge(uar["badge"])
        for uar in measured
    )
    return list(dict.fromkeys(said))


def _time(model: Path, title: str) -> None:
    time_files(model, title)


def _measured(path: Path, spec: Spec) -> dict[str, Any]:
    gate = spec.verification
    uar = gate.get("uar") or {}
    change = None
    if uar:
        ends = f" ({uar['low']:+.3f} to {uar['high']:+.3f})" if uar["low"] is not None else ""
        change = f"{uar['difference']:+.3f}{ends}"
    return {
        "File": path.name,
        "MB": round(path.stat().st_size / 1e6, 2),
        "Acceptance": spec.status,
        "Agreement (%)": round(100 * gate["agreement"], 2) if gate else None,
        "Largest difference": f"{gate['max_abs_probability']:.2g}" if gate else None,
        "Change in UAR": change,
    }


def _times(rows: list[dict[str, Any]], name: str) -> dict[str, str]:
    return {
        f"{row['threads']} thread{'s' * (row['threads'] > 1)} (ms)": (
            f"{row['p50_ms']:.1f} / {row['p95_ms']:.1f}"
        )
        for row in rows
        if row.get("file") == name
    }


def _file(path: Path, spec: Spec, info: ModelInfo, active: Active) -> None:
    st.markdown(f"**{plain(path.name)}** {BADGES[spec.status]} {PRECISIONS[spec.precision]}")
    said = spec.verification.get("said", "")
    if spec.status == "failed":
        st.error(plain(f"{said} It cannot be used. Export it again, or in fp32."))
    elif said:
        gate = spec.verification
        st.markdown(plain(f"{said} Tested on {gate['clips']}."), help=MORE_THAN_CLIPS)
    for note in spec.notes:
        st.caption(plain(note))
    _changed_predictions(spec, active)
    stem = "".join(c if c.isalnum() else "-" for c in info.title).strip("-").lower()
    with downloads.row():
        if spec.status != "failed":
            downloads.button(
                "ONNX",
                f"{stem}-{path.name}",
                "application/octet-stream",
                path.read_bytes,
                "The ONNX file",
            )
            downloads.button(
                "ZIP",
                f"{stem}-{path.stem}.zip",
                "application/zip",
                partial(package, path),
                (
                    "File, card, report, and an example program that needs only onnxruntime and "
                    "numpy"
                ),
            )
            if not obstacle(spec):
                downloads.button(
                    "Web page",
                    f"{stem}-{path.stem}-page.zip",
                    "application/zip",
                    partial(zipped_page, path, emotion_color),
                    "A folder with a page that runs the model in the browser alone: microphone or "
                    "file to probabilities and timeline. It needs a local web server, no internet.",
                )
        downloads.button(
            "Report",
            f"{stem}-{path.stem}.md",
            "text/markdown",
            partial(report, spec),
            "Result of the acceptance test, as text",
        )
        if spec.status != "failed":
            key = source_model.key_of(path)
            navigation.link("predict", "Predict with it →", model=key)
            navigation.link("robustness", "Test its robustness →", model=key)
    if spec.status != "failed":
        evaluate_form.show(path, spec, active)


def _changed_predictions(spec: Spec, active: Active) -> None:
    """Clips for which the file predicts another emotion than the model."""
    flipped = spec.verification.get("flipped", [])
    if not flipped:
        return
    with st.expander(f"Clips with a different prediction ({len(flipped)})"):
        table = pd.DataFrame(flipped)[list(FLIPS)].rename(columns=FLIPS).round(3)
        st.dataframe(table, hide_index=True, width="stretch")
        here = [row["clip"] for row in flipped if row["clip"] in active.corpus.usable.index]
        for clip in here[:MAX_PLAYERS]:
            player.play(player.sound(active.corpus.path(clip)), label=clip)
            st.caption(plain(clip))
