"""A map with its checks, as a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, theme
from pages.shared.errors import plain
from pages.shared.explain import controls, loading
from pages.shared.predict.loading import progress
from ser_core.errors import SerError
from ser_core.explain import METHODS
from ser_core.explain.checks import CHECKS, reasons
from ser_core.explain.files import columns, packed, table
from ser_core.plots.explain import map_figure, print_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pages.shared.explain.controls import Drawing
    from pages.shared.explain.loading import Explained
    from ser_core.audio import Waveform
    from ser_core.explain.checks import Check
    from ser_core.plots.representations import Size
    from ser_core.predicting.listing import ModelInfo


def compute(
    info: ModelInfo, waveform: Waveform, name: str, emotion: str, representation: str
) -> Explained | None:
    """A map with a progress bar where it takes a while; what does not apply is told."""
    method = controls.chosen(name)
    if METHODS[name].quick or loading.is_kept(info, waveform, method, emotion, representation):
        return _or_told(info, waveform, name, emotion, representation, lambda _d, _t: None)
    with progress(METHODS[name].title) as report:
        return _or_told(info, waveform, name, emotion, representation, report)


def _or_told(
    info: ModelInfo, waveform: Waveform, name: str, emotion: str, rep: str, report: object
) -> Explained | None:
    try:
        return loading.explained(
            info,
            waveform,
            controls.chosen(name),
            emotion,
            rep,
            report,  # type: ignore[arg-type]
        )
    except SerError as error:
        errors.show(error)
        return None


def card(
    found: Explained,
    name: str,
    drawing: Drawing,
    size: Size,
    *,
    key: str,
    limit: float | None = None,
) -> None:
    """Title, map, checks and files of one map."""
    shown = found.attribution
    if shown.representation.summary:
        _one_column(found, key)
    else:
        figure = map_figure(
            shown,
            name,
            size=size,
            opacity=drawing.opacity,
            threshold=drawing.threshold,
            limit=limit,
        )
        theme.figure(figure, key=f"map-{key}")
    checks(found.checks)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{shown.seconds:.2f} s", width="content", help=plain(shown.method.label))
        _files(found, name, key)


def _one_column(found: Explained, key: str) -> None:
    """The numbers that matter most, where a clip is one column of them."""
    frame = columns(found.attribution)
    st.dataframe(frame.head(30), hide_index=True, key=f"column-{key}", height=260)


def checks(several: Sequence[Check]) -> None:
    """A badge for each check; pointing at it tells number, bound and meaning."""
    said = [
        f":{'green' if each.passed else 'red'}-badge[{each.title} {each.value:.2g}]"
        for each in several
    ]
    lines = [f"- **{each.title}** {each.verdict} {CHECKS[each.name].help}" for each in several]
    st.markdown(" ".join(said), help="\n".join(lines))
    why = reasons(several)
    if why:
        st.caption(f":red[Not to be trusted here], {plain(why)}.")


def _files(found: Explained, name: str, key: str) -> None:
    stem = f"{name}-{found.attribution.method.name}-{found.attribution.emotion}"
    shown = found.attribution
    for label, end, mime, make in (
        ("PNG", "png", "image/png", lambda: print_map(shown, name, "png")),
        ("SVG", "svg", "image/svg+xml", lambda: print_map(shown, name, "svg")),
        ("CSV", "csv", "text/csv", lambda: table(shown)),
        ("NPZ", "npz", "application/octet-stream", lambda: packed(shown)),
    ):
        st.download_button(
            label, make, f"{stem}.{end}", mime, key=f"{key}-{end}", type="tertiary",
            on_click="ignore",
        )  # fmt: skip
