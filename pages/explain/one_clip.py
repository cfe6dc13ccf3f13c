"""One clip: attribution maps of several methods, their sonification and phonetic reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import (
    clip_source,
    enrolment,
    model_loading,
    overlap_badge,
    player,
    theme,
)
from pages.components.errors import plain
from pages.explain import (
    attribution_maps,
    clip_explainer,
    controls,
    enrolment_panel,
    feature_groups,
    loading,
)
from ser_core.core import count
from ser_core.explain import METHODS
from ser_core.explain.audio_baselines import AUDIO_BASELINES, SILENCE, USUAL
from ser_core.explain.masked_audio import is_invertible
from ser_core.explain.model_input import named
from ser_core.explain.sanity_checks import Case, cascade, reasons
from ser_core.explain.speech_relevance import ASPECTS
from ser_core.inference.classify import check
from ser_core.plots.explain import cascade_figure, explained_prediction_figure, reading_figure
from ser_core.plots.palette import emotion_color
from ser_core.plots.representations import Size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.delta_generator import DeltaGenerator

    from pages.components.clip_source import SelectedSound
    from pages.components.selection import Active
    from pages.explain.clip_explainer import CheckedMap, ClipExplainer
    from ser_core.explain import Attribution, ModelInput
    from ser_core.explain.masked_audio import DeletionTest, MaskedAudio
    from ser_core.explain.model_input import Floats
    from ser_core.features.representations import Representation
    from ser_core.inference.catalogue import ModelInfo

ENERGY = (
    "Energy of the new sound relative to the clip. The two need not add up to 100 %: removed "
    "parts are attenuated rather than silent, and frames overlap."
)

BARELY = 0.05
"""Difference of probabilities below which a deletion test of one clip is inconclusive."""

BESIDE = Size(height=310, rows=260, columns=620, font=11, bar=8)
"""One of two or three maps side by side."""

ABREAST, NARROWEST = 3, 420
"""Most maps in a row, and the width in pixels that each has at least."""


def show(info: ModelInfo, active: Active) -> None:
    """The prediction for the sound of the dock; the maps; then sonify and read one of them."""
    model = loading.model(info)
    shown = clip_source.shown()
    if shown is None:
        return
    waveform = shown.waveform(model.predictor.sample_rate)
    check(waveform, shown.name)
    explainer = clip_explainer.explainer_for(
        info, waveform, seen=model_loading.was_in_training(shown.speaker, info, active.corpus)
    )
    if explainer.speaker is not None:
        enrolment.warn_other_speaker(shown.speaker, doubted=clip_explainer.is_doubtful(explainer))
    with st.spinner("Computing the prediction …"):
        view = explainer.view
    with st.container(horizontal=True, vertical_alignment="bottom"):
        emotion = controls.emotion(view, shown.emotion)
        representation = controls.representation(view)
        drawing = controls.drawing()
        enrolment_panel.show(model, active)
    seen = view.representations[representation]
    names = controls.methods(view, representation, loading.ranking(info, seen))
    if not names and not feature_groups.has_groups(view, representation):
        st.info("Choose an attribution method.")
    names = _in_order(controls.applicable(view, names, representation), loading.ranking(info, seen))
    with st.grid(ABREAST, min_column_width=NARROWEST):
        with st.container(border=True):
            _prediction(explainer, shown, representation)
            overlap_badge.show(shown, info, active)
            controls.on_what(view, representation)
            under_way = st.empty()
        feature_groups.show(explainer, emotion, representation, active)
        cells = {name: st.container(border=True, gap="xsmall") for name in names}
    for name, cell in cells.items():
        with cell:
            _head(name, emotion, loading.rank(info, name, seen))
    below = st.container()
    maps = Maps(explainer, shown.stem, emotion, representation, drawing, cells, under_way)
    # What is read most is not kept waiting for a slow map.
    later = [name for name in names if not METHODS[name].quick and not maps.are_there(name)]
    found = maps.show([name for name in names if name not in later])
    with below:
        name = _examined(found, later)
    if name in later:
        found |= maps.show([name])
    if name in found:
        with below:
            _single_map(explainer, found[name], emotion)
    maps.show([each for each in later if each not in found])


def _prediction(explainer: ClipExplainer, shown: SelectedSound, representation: str) -> None:
    """All probabilities; where the maps explain a part of the model, that part's beside them."""
    view = explainer.view
    whole = view.probabilities()
    mapped = view.probabilities_through(representation) if len(view.network_inputs) > 1 else None
    figure = explained_prediction_figure(
        dict(zip(view.classes, map(float, whole), strict=True)),
        None if mapped is None else dict(zip(view.classes, map(float, mapped), strict=True)),
        true=shown.emotion or "",
    )
    theme.figure(figure, key="answer")
    if mapped is not None:
        vote = sum(weight for _, weight in view.through(representation))
        st.caption(
            f"**The maps explain the pale bars**: {named(view, representation)}, with "
            f"{100 * vote:.0f} % of the ensemble weight. Full bars: the whole ensemble."
        )
    _uncertainty_note(explainer)
    enrolment_panel.effect(explainer)
    _whole_prediction(view, mapped)


def _whole_prediction(view: ModelInput, mapped: Floats | None) -> None:
    """Warn where the network that is explained predicts another emotion than the ensemble."""
    if mapped is None:
        return
    own, whole = (view.classes[int(each.argmax())] for each in (mapped, view.probabilities()))
    if own != whole:
        st.warning(
            f"The explained network predicts **{own}**, the whole model **{whole}**: choose "
            f"{own} as class to see why."
        )


def _uncertainty_note(explainer: ClipExplainer) -> None:
    """Say so where the confidence is below the threshold of the model."""
    reading = explainer.model.reading(explainer.speaker)
    if reading.unsure(explainer.view.probabilities()[None])[0]:
        limit = reading.threshold
        st.markdown(
            f":orange-badge[Uncertain] like all predictions of this model. "
            f"{plain(reading.why_unsure)}"
            if limit is None
            else f":orange-badge[Uncertain] Confidence below the rejection threshold of "
            f"{100 * limit:.0f} %."
        )


@dataclass(frozen=True, eq=False)
class Maps:
    """The maps of one clip, each in its cell.

    Attributes:
        explainer: What is explained.
        stem: Name of the sound, for files.
        emotion: Class to explain.
        representation: Hash of the representation that the maps lie on.
        drawing: How they are drawn.
        cells: Place of each, by the name of the method.
        under_way: Place that says how many are computed, and which one is next.
    """

    explainer: ClipExplainer
    stem: str
    emotion: str
    representation: str
    drawing: controls.Drawing
    cells: dict[str, DeltaGenerator]
    under_way: DeltaGenerator

    def are_there(self, name: str) -> bool:
        """Whether a map is computed already."""
        return self.explainer.has_map(controls.chosen(name), self.emotion, self.representation)

    def show(self, names: Sequence[str]) -> dict[str, CheckedMap]:
        """Compute maps and draw them; those that cannot be made show the error."""
        found: dict[str, CheckedMap] = {}
        for name in names:
            if not self.are_there(name):
                self._say(name)
            with self.cells[name]:
                each = attribution_maps.compute(
                    self.explainer, name, self.emotion, self.representation
                )
                if each is not None:
                    attribution_maps.card(each, self.stem, self.drawing, BESIDE, key=name)
                    found[name] = each
        self.under_way.empty()
        return found

    def _say(self, name: str) -> None:
        done, of = sum(map(self.are_there, self.cells)), len(self.cells)
        self.under_way.progress(
            done / of, text=f"{done} of {count(of, 'map')} computed, now {METHODS[name].title} …"
        )


def _in_order(names: list[str], ranking: list[str]) -> list[str]:
    """Quick methods first; among those the best of the benchmark, or as they are usually."""
    order = [*dict.fromkeys([*ranking, *controls.USUAL, *METHODS])]
    return sorted(names, key=lambda each: (not METHODS[each].quick, order.index(each)))


def _head(name: str, emotion: str, rank: loading.RankNote | None) -> None:
    """Title, settings, and what one must know to read the map."""
    method = controls.chosen(name)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        whose = f" for {emotion}" if method.specific else ""
        st.markdown(f"**{method.title}**{whose}", help=method.describe)
        controls.settings(name)
    sign = "red: evidence for it, blue: against" if method.signed else "red: relevant"
    if not method.specific:
        sign = "red: attended to; not why the model decides, and the same for every class"
    if rank is None:
        st.caption(sign)
    else:
        st.caption(f"{sign} · {rank.short}", help=rank.whole)


def _examined(found: dict[str, CheckedMap], later: list[str]) -> str:
    """The method whose map is examined further; empty where there is none.

    Args:
        found: Maps that are there, the best first; those whose checks passed are offered first.
        later: Methods whose maps are still to be computed.
    """
    failed = [name for name, each in found.items() if reasons(each.checks)]
    offered = [*(name for name in found if name not in failed), *failed, *later]
    if not offered:
        return ""
    return controls.one_method(offered, key="further", label="Examine the map of")


def _single_map(explainer: ClipExplainer, chosen: CheckedMap, emotion: str) -> None:
    """One of the maps: sonified, read as speech, and with randomised weights."""
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        _sonification(explainer, chosen, emotion)
    with right, st.container(border=True):
        _speech_reading(explainer, chosen, emotion)
        _without_weights(explainer.view, chosen, emotion)


def _sonification(explainer: ClipExplainer, found: CheckedMap, emotion: str) -> None:
    st.markdown(
        "**Deletion test on the sound**",
        help="The short-time spectrum is masked and resynthesised with its own phase; the model "
        "then classifies the new sound.",
    )
    rep = found.attribution.representation
    if not is_invertible(rep):
        _no_sonification(rep)
        return
    st.markdown(
        f"**If the map is right, the first sound keeps the evidence for {emotion}, and the "
        "second loses it.** Both are compared with masks of the same shape in random places."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        share = st.slider(
            "Most relevant (% of the feature map)", 1, 90, 20, key="share", bind="query-params"
        )
        rest = st.segmented_control(
            "Removed parts are", list(AUDIO_BASELINES), default=USUAL, required=True, key="rest",
            format_func={USUAL: "turned down", SILENCE: "silent"}.__getitem__,
            bind="query-params", width="content",
            help="Turned down: attenuated to the usual level of each frequency in this clip. "
                 "Silence creates gaps unlike any training sound, which change the prediction "
                 "by themselves.",
        )  # fmt: skip
    for keep, title in ((True, f"Most relevant {share} % alone"), (False, "Without them")):
        with st.spinner("Classifying the masked sound …"):
            masked = explainer.masked_sound(found.attribution, share / 100, keep=keep, rest=rest)
        st.markdown(f"**{title}** ({100 * masked.energy:.0f} % as much energy)", help=ENERGY)
        player.play(masked.waveform, label=title)
        st.caption(_masked_prediction_text(explainer.view, masked, rep.hash, emotion))
    with st.spinner("Masking random places …"):
        several = len(explainer.view.network_inputs) > 1
        whose = f"for {named(explainer.view, rep.hash)}, " if several else ""
        _verdict(explainer.deletion_test(found.attribution, share / 100, rest), emotion, whose)


def _verdict(trial: DeletionTest, emotion: str, whose: str) -> None:
    """The deletion test on the sound, against other parts of the same size."""
    said = (
        f"{whose}the relevant part alone gives {emotion} {100 * trial.kept:.0f} %, {trial.draws} "
        f"random parts of the same size {100 * trial.kept_elsewhere:.0f} % (mean). Without the "
        f"relevant part {emotion} has {100 * trial.removed:.0f} %, without a random part "
        f"{100 * trial.removed_elsewhere:.0f} %."
    )
    if trial.halves == 2 and trial.margin < BARELY:
        st.info(
            f"**Deletion test passed, but barely:** {said} Differences below {100 * BARELY:.0f} "
            "points can have other causes."
        )
    elif trial.halves == 2:
        st.success(f"**Deletion test passed:** {said}")
    elif trial.halves == 1:
        st.info(f"**Deletion test half passed:** {said}")
    else:
        st.warning(
            f"**Deletion test failed:** {said} The sanity checks above hold for the feature map; "
            "do not read this map as what is audible."
        )
    st.caption(
        "Random masks pass both halves in about one clip of four. The tab Faithfulness shows "
        "how often each method passes."
    )


def _no_sonification(rep: Representation) -> None:
    why = (
        "one feature vector describes the whole clip"
        if rep.summary
        else "each bin mixes all of the sound"
    )
    st.info(
        f"No deletion test on the sound: {rep.title}: {why}, so no part can be played alone. It "
        "works for spectrogram, mel spectrogram, HPSS, constant-Q and chroma."
    )


def _masked_prediction_text(
    view: ModelInput, heard: MaskedAudio, representation: str, emotion: str
) -> str:
    """The prediction for the masked sound, and that of the network the map is of."""
    classes, index = view.classes, view.classes.index(emotion)
    answer = classes[int(heard.after.argmax())]
    words = (
        f"The model now predicts **{answer}** ({100 * heard.after.max():.0f} %); {emotion} went "
        f"from {100 * heard.before[index]:.0f} % to {100 * heard.after[index]:.0f} %"
    )
    if len(view.network_inputs) > 1:
        words += (
            f", for {named(view, representation)} alone from {100 * heard.mapped_before[index]:.0f}"
            f" % to {100 * heard.mapped_after[index]:.0f} %"
        )
    return f"{words}."


def _speech_reading(explainer: ClipExplainer, found: CheckedMap, emotion: str) -> None:
    st.markdown(
        "**Relevance by part of speech signal**",
        help="Share of the positive relevance in each part, beside the part's share of the "
        "input: more relevance than area means that it counts.",
    )
    table = explainer.speech_reading(found.attribution)
    aspects = [name for name in ASPECTS if name in set(table["aspect"])]
    if not aspects:
        st.info(_no_speech_reading(found.attribution, emotion))
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


def _no_speech_reading(attribution: Attribution, emotion: str) -> str:
    if attribution.positive.any():
        return f"{attribution.representation.title} has no axis of frequency or time."
    return f"Nothing in this map speaks for {emotion}."


def _without_weights(view: ModelInput, found: CheckedMap, emotion: str) -> None:
    box = st.expander(
        "Parameter randomisation: the map as the network loses its weights",
        key="cascade",
        on_change="rerun",
    )
    if not box.open:
        return
    with box:
        network_input, _ = view.through(found.attribution.representation.hash)[0]
        target, method = network_input.classes.index(emotion), found.attribution.method
        if not method.quick:
            st.caption("Only for fast methods.")
            return
        case = Case(network_input, method, target, method.relevance(network_input, target))
        with st.spinner("Randomising the weights layer by layer …"):
            maps = cascade(case)
        theme.figure(cascade_figure(maps), key="cascade-figure")
        st.caption(
            "Weights are shuffled layer by layer from the output down. A map that does not "
            "change shows the input, not what the network learned (Adebayo et al., 2018)."
        )
