"""One sound: why this answer, by several methods side by side; hear it, and read it as speech."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import navigation, player, theme
from pages.shared.errors import plain
from pages.shared.explain import controls, loading, maps
from pages.shared.representations import source
from ser_core.explain import METHODS
from ser_core.explain.checks import Case, cascade, reasons
from ser_core.explain.listening import can_be_heard, listen
from ser_core.explain.speech import ASPECTS, reading
from ser_core.explain.view import View
from ser_core.plots.explain import cascade_figure, reading_figure
from ser_core.plots.palette import emotion_color
from ser_core.plots.representations import Size
from ser_core.plots.results import answer_figure

if TYPE_CHECKING:
    from pages.shared.explain.loading import Explained
    from pages.shared.representations.source import Shown
    from pages.shared.selection import Active
    from ser_core.audio import Waveform
    from ser_core.predicting.listing import ModelInfo

BESIDE = Size(height=310, rows=260, columns=620, font=11, bar=8)
"""One of two maps side by side."""


def show(info: ModelInfo, active: Active) -> None:
    """Choose a sound; its answer; the maps; then hear and read one of them."""
    shown = source.choose(active, narrow=False)
    if shown is None:
        return
    predictor = loading.predictor(info)
    waveform = shown.waveform(predictor.sample_rate)
    view = loading.looked(info, waveform)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        emotion = controls.emotion(view, shown.emotion)
        representation = controls.representation(view)
        with st.container(horizontal=True):
            drawing = controls.drawing()
    with right:
        _answer(view, shown, info)
    names = controls.methods()
    if not names:
        st.info("Choose a method, and its map appears here.")
        return
    found = _grid(info, shown, waveform, names, emotion, representation, drawing)
    if found:
        _further(info, view, waveform, found, emotion)


def _answer(view: View, shown: Shown, info: ModelInfo) -> None:
    probabilities = dict(zip(view.classes, map(float, view.probabilities()), strict=True))
    theme.figure(answer_figure(probabilities, true=shown.emotion or ""), key="answer")
    with st.container(horizontal=True):
        navigation.link("predict", "Predict with it →", model=info.key)
        navigation.link("robustness", "Attack it →", model=info.key)


def _grid(
    info: ModelInfo,
    shown: Shown,
    waveform: Waveform,
    names: list[str],
    emotion: str,
    representation: str,
    drawing: controls.Drawing,
) -> dict[str, Explained]:
    """Two maps in a row, the slow ones last."""
    found: dict[str, Explained] = {}
    ordered = sorted(names, key=lambda each: not METHODS[each].quick)
    for start in range(0, len(ordered), 2):
        for column, name in zip(st.columns(2, gap="medium"), ordered[start:], strict=False):
            with column, st.container(border=True, gap="xsmall"):
                _head(name, emotion)
                each = maps.compute(info, waveform, name, emotion, representation)
                if each is not None:
                    maps.card(each, shown.stem, drawing, BESIDE, key=name)
                    found[name] = each
    return found


def _head(name: str, emotion: str) -> None:
    """Title, settings, and what one must know to read the map."""
    method = controls.chosen(name)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(f"**{method.title}** for {emotion}", help=method.describe)
        controls.settings(name)
    sign = "red speaks for it, blue against" if method.signed else "red is where it matters"
    st.caption(f"{plain(method.label)} · {sign}")


def _further(
    info: ModelInfo,
    view: View,
    waveform: Waveform,
    found: dict[str, Explained],
    emotion: str,
) -> None:
    """Hear one of the maps, read it, and see what is left of it without the weights."""
    sound = [name for name in found if not reasons(found[name].checks)] or list(found)
    name = controls.one_method(
        [*sound, *(each for each in found if each not in sound)],
        key="further",
        label="Hear and read the map of",
    )
    chosen = found[name]
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        _hear(info, waveform, chosen, emotion)
    with right, st.container(border=True):
        _read(chosen, waveform, emotion)
        _without_weights(view, chosen, emotion)


def _hear(info: ModelInfo, waveform: Waveform, found: Explained, emotion: str) -> None:
    st.markdown(
        "**Hear it**",
        help="The short-time spectrum is masked and put together again with its own phase; the "
        "model then hears the new sound from the beginning.",
    )
    rep = found.attribution.representation
    if not can_be_heard(rep):
        st.info(
            f"The bins of {rep.title} mix all of the sound, so no part of them can be played "
            "alone. Models on a spectrogram, mel spectrogram, HPSS, constant-Q or chroma can be "
            "heard."
        )
        return
    share = st.slider(
        "Most relevant (% of the picture)", 1, 90, 20, key="share", bind="query-params"
    )
    predictor = loading.predictor(info)
    for keep, title in ((True, f"Only the most relevant {share} %"), (False, "All but these")):
        heard = listen(predictor, waveform, found.attribution, share / 100, keep=keep)
        st.markdown(f"{title} ({100 * heard.energy:.0f} % of the energy)")
        player.play(heard.waveform, label=title)
        _says(list(predictor.classes), heard.before, heard.after, emotion)


def _says(classes: list[str], before: object, after: object, emotion: str) -> None:
    import numpy as np

    old, new = np.asarray(before), np.asarray(after)
    answer, place = classes[int(new.argmax())], classes.index(emotion)
    st.caption(
        f"The model now answers **{answer}** ({100 * new.max():.0f} %); {emotion} went from "
        f"{100 * old[place]:.0f} % to {100 * new[place]:.0f} %."
    )


def _read(found: Explained, waveform: Waveform, emotion: str) -> None:
    st.markdown(
        "**Read it as speech**",
        help="Where what speaks for the emotion lies, beside how much of the picture that part is: "
        "more relevance than area means that it counts.",
    )
    table = reading(found.attribution, waveform)
    aspects = [name for name in ASPECTS if name in set(table["aspect"])]
    if not aspects:
        st.info("Nothing in this map speaks for the emotion, or it has no axis to be read along.")
        return
    aspect = st.segmented_control(
        "Aspect",
        aspects,
        default=aspects[0],
        required=True,
        format_func=ASPECTS.__getitem__,
        key="aspect",
        label_visibility="collapsed",
    )
    rows = table[table["aspect"] == aspect]
    theme.figure(reading_figure(rows, emotion_color(emotion)), key="reading")


def _without_weights(view: View, found: Explained, emotion: str) -> None:
    box = st.expander(
        "What is left of the map when the network forgets", key="cascade", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        sight, _ = view.through(found.attribution.representation.hash)[0]
        target, method = sight.classes.index(emotion), found.attribution.method
        if not method.quick:
            st.caption("Only for quick methods.")
            return
        case = Case(sight, method, target, method.relevance(sight, target))
        theme.figure(cascade_figure(cascade(case)), key="cascade-figure")
        st.caption(
            "Weights are shuffled from the answer down, layer by layer. A map that stays alike "
            "shows the input, not what the network learned (Adebayo et al., 2018)."
        )
