"""An attribution map with its checks and files, as a card."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import errors, theme
from pages.components.errors import plain
from pages.components.model_loading import progress
from pages.explain import controls
from ser_core.core import SerError, count
from ser_core.explain.attribution_files import columns, packed, table
from ser_core.explain.method import silently
from ser_core.explain.sanity_checks import CHECKS
from ser_core.plots.explain import map_figure, print_map

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from pages.explain.clip_explainer import CheckedMap, ClipExplainer
    from pages.explain.controls import Drawing
    from ser_core.explain import Method, ModelInput
    from ser_core.explain.method import Progress
    from ser_core.explain.sanity_checks import Check
    from ser_core.plots.representations import Size


def compute(
    explainer: ClipExplainer, name: str, emotion: str, representation: str
) -> CheckedMap | None:
    """Compute a map, with a progress bar where it is slow; None after an error, which is shown."""
    method = controls.chosen(name)
    quick = is_quick(explainer.view, method, representation)
    try:
        return explainer.attribution_map(
            method, emotion, representation, _unwatched if quick else progress
        )
    except SerError as error:
        errors.show(error)
        return None


def _unwatched(_step: str) -> AbstractContextManager[Progress]:
    return nullcontext(silently)


def is_quick(view: ModelInput, method: Method, representation: str) -> bool:
    """Whether a map takes less than about a second."""
    return method.quick and not any(each.encoder for each, _ in view.through(representation))


def card(
    found: CheckedMap,
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
    checks(found.checks, key=key)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"Computed in {shown.seconds:.2f} s", width="content", help=plain(shown.method.label)
        )
        _files(found, name, key)


def _one_column(found: CheckedMap, key: str) -> None:
    """The most relevant features, where a clip is one column of them."""
    frame = columns(found.attribution)
    st.dataframe(frame.head(30), hide_index=True, key=f"column-{key}", height=260)
    if frame.head(30)["Relevance"].duplicated().any():
        st.caption("The method groups several rows: those have one value, in no order.")


def checks(several: Sequence[Check], *, key: str) -> None:
    """Verdict on the map, and behind a button its checks and figures."""
    failed = sum(not each.passed for each in several)
    passed = f"{len(several) - failed} of {count(len(several), 'sanity check')} passed"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        color = "red" if failed else "green"
        st.markdown(f":{color}-badge[{'✗' if failed else '✓'} {passed}]", width="content")
        with st.popover("Sanity checks", type="tertiary", key=f"checks-{key}"):
            st.markdown(checks_text(several))
    for each in several:
        if not each.passed:
            st.caption(f":red[Not reliable here.] {plain(failure_text(each))}")


def failure_text(check: Check) -> str:
    """Why a check failed, with the value and what would be good."""
    return f"{check.meaning} ({check.term.lower()}: {check.measured}, good is {check.good})."


def checks_text(several: Sequence[Check]) -> str:
    """What was checked, in Markdown: question, result, the value and its bound."""
    return "\n\n".join(
        f":{'green' if each.passed else 'red'}[{'✓' if each.passed else '✗'}] "
        f"**{plain(each.asks)}** {'Yes' if each.passed else 'No'}.  \n"
        f":small[{plain(each.term)} **{each.measured}**, good is {plain(each.good)}. "
        f"{plain(CHECKS[each.name].help)}]"
        for each in several
    )


def _files(found: CheckedMap, name: str, key: str) -> None:
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
