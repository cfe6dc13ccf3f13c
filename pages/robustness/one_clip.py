"""One clip under attack: the clean and the attacked sound, and their difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import clip_source as sounds
from pages.components import model_loading, player, scores, theme
from pages.components.errors import plain
from pages.robustness import loading
from pages.robustness.run_form import explain_no_gradient, has_gradient
from ser_core import audio
from ser_core.features.feature_map import feature_map_of
from ser_core.inference.catalogue import networks_of
from ser_core.inference.evaluation_clips import EvaluationClips
from ser_core.models.abilities import encoder_of
from ser_core.plots.representations import SMALL, feature_map_figure
from ser_core.plots.results import prediction_figure
from ser_core.plots.scales import scale_for
from ser_core.robustness.attack_domains import ATTACK_DOMAINS, attackable, mean_sigma
from ser_core.robustness.attack_sweep import smallest_epsilon
from ser_core.robustness.attacks import ATTACKS
from ser_core.robustness.curve import written
from ser_core.robustness.single_clip import CLEAN, RESYNTHESISED, SEEN, Attacked, attacked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pages.components.selection import Active
    from ser_core.audio import Waveform
    from ser_core.inference.catalogue import ModelInfo

TITLES = {
    CLEAN: "Clean",
    SEEN: "Attacked representation",
    RESYNTHESISED: "Attacked sound",
}

QUIET, LOUD = 0.1, 0.3
"""A difference whose peak is below the first is also played with the second as peak."""


@dataclass(frozen=True)
class Choice:
    """Values of the controls."""

    attack: str
    domain: str
    level: float


def show(info: ModelInfo, active: Active) -> None:
    """Controls, then predictions, sounds and feature maps."""
    shown = sounds.shown()
    if shown is None:
        return
    if shown.name != active.clip:
        st.info(
            "An attack needs a sound whose emotion is known: choose a clip of the corpus below, "
            "under Change."
        )
        return
    network = _under_attack(info)
    if network is None:
        return
    predictor = loading.model(str(network.folder), network.changed)
    model = attackable(predictor)
    row = active.row
    if row["emotion"] not in model.classes:
        st.info(f"The model has no class {plain(row['emotion'])}. Choose another clip.")
        return
    choice = _controls(model)
    found = _attacked(predictor, network, active, choice)
    if found.status:
        st.info(f"This clip cannot be attacked: {found.status}.")
    _predictions(found, str(row["emotion"]), network, choice)
    if network is not info and found.sound is not None:
        _transfer(found.clean, found.sound, info, active, (network.key, choice))
    _feature_maps(found, active.clip)
    _smallest(predictor, network, active, choice)


def _under_attack(info: ModelInfo) -> ModelInfo | None:
    """The model, or one of its networks that the user chooses; None where none has a gradient."""
    if has_gradient(info):
        return info
    networks = {each.key: each for each in networks_of(info) if has_gradient(each)}
    if not networks:
        explain_no_gradient(info)
        return None
    chosen = st.selectbox(
        "Network under attack",
        list(networks),
        format_func=lambda key: networks[key].title.removeprefix(f"{info.title}: "),
        key="one-network",
        bind="query-params",
        help="An attack follows the gradient of one network, and an ensemble has several. The "
        "answer of the whole ensemble to the attacked sound is shown below.",
    )
    return networks[str(chosen)]


def _transfer(
    clean: Waveform, changed: Waveform, info: ModelInfo, active: Active, attack: tuple[str, Choice]
) -> None:
    """What the whole ensemble answers to a sound that was made against one of its networks."""
    model = model_loading.answering(info)
    true, speaker = str(active.row["emotion"]), str(active.row["speaker"])
    model = model_loading.for_speaker(speaker, info, model, active.corpus)
    key = ("transfer", info.folder, info.changed, active.corpus.path(active.clip), attack)
    rows = model_loading.cached(key, lambda: model.probabilities([clean, changed], None))
    with st.container(border=True):
        st.markdown(
            "**The whole ensemble**",
            help="Whether an attack on one network also deceives models that share nothing but the "
            "task with it is called its transfer; Papernot et al. (2016).",
        )
        for column, title, row in zip(
            st.columns(2), ("Clean", "Attacked sound"), rows, strict=True
        ):
            given = dict(zip(model.predictor.classes, map(float, row), strict=True))
            with column:
                st.html(f"{title}: {_verdict(given, true)}")
                theme.figure(prediction_figure(given, true=true), key=f"ensemble-{title}")


def _controls(model: Any) -> Choice:
    one, two, three = st.columns([2, 2, 3])
    with one:
        attack = st.selectbox(
            "Attack",
            list(ATTACKS),
            format_func=lambda name: ATTACKS[name].title,
            key="one-attack",
            bind="query-params",
            help=" ".join(f"{each.title}: {each.describe}" for _, each in ATTACKS.items()),
        )
    # Statistics of an encoder cannot be heard or drawn, so its sound comes first.
    domains = sorted(ATTACK_DOMAINS, reverse=encoder_of(model) is not None)
    with two:
        domain = st.selectbox(
            "Domain",
            domains,
            format_func=lambda name: ATTACK_DOMAINS[name].title,
            key="one-place",
            bind="query-params",
            help=" ".join(each.describe for _, each in ATTACK_DOMAINS.items()),
        )
    where = ATTACK_DOMAINS[str(domain)]
    levels, unit = where.levels(model), where.unit(model)
    help_ = "Largest change of any value of the representation."
    if unit == "dB":
        help_ += f" 1 σ of the normalised representation is {mean_sigma(model):.1f} dB."
    if unit == "dB SNR":
        help_ = "SNR of the perturbation: at 20 dB it is plainly audible, at 60 dB it is not."
    with three:
        level = st.select_slider(
            f"Epsilon ({unit})",
            levels,
            value=levels[len(levels) // 2],
            format_func=lambda value: written(value, unit),
            key=f"one-level-{domain}",
            help=help_,
        )
    return Choice(str(attack), str(domain), float(level))


def _subset(predictor: Any, active: Active) -> EvaluationClips:
    sound = audio.load(active.corpus.path(active.clip), sample_rate=predictor.sample_rate)
    return EvaluationClips(active.corpus.clips.loc[[active.clip]], (sound,), active.clip)


def _attacked(predictor: Any, info: ModelInfo, active: Active, choice: Choice) -> Attacked:
    key = (str(info.folder), info.changed, str(active.corpus.path(active.clip)), choice)
    cached: dict[Any, Attacked] = st.session_state.setdefault("_attacked", {})
    if key not in cached:
        while len(cached) > 12:
            cached.pop(next(iter(cached)))
        with st.spinner("Attacking …"):
            cached[key] = attacked(
                predictor, _subset(predictor, active), choice.attack, choice.domain, choice.level
            )
    return cached[key]


def _predictions(found: Attacked, true: str, info: ModelInfo, choice: Choice) -> None:
    """A column for each input of the model: its answer, its sound, all probabilities."""
    answers = found.answers
    unit = ATTACK_DOMAINS[choice.domain]
    sounds_of = {CLEAN: found.clean, RESYNTHESISED: found.sound}
    clean = max(answers[CLEAN], key=answers[CLEAN].__getitem__)
    for column, (name, given) in zip(st.columns(len(answers)), answers.items(), strict=True):
        top = max(given, key=given.__getitem__)
        with column:
            st.markdown(f"**{TITLES[name]}**")
            turned = " · attack success" if name != CLEAN and clean == true and top != true else ""
            st.html(f"{_verdict(given, true)}{turned}")
            _sound(TITLES[name], sounds_of.get(name), found)
            theme.figure(prediction_figure(given, true=true), key=f"one-{name}")
    _difference(found)
    badge = scores.badge(info.performance.badge)
    st.caption(f"{plain(ATTACKS[choice.attack].title)} {plain(unit.title)}. {badge}")


def _verdict(given: Mapping[str, float], true: str) -> str:
    """The likeliest emotion, its probability, and whether it is right."""
    top = max(given, key=given.__getitem__)
    return f"{theme.chip(top)} {100 * given[top]:.0f} % · {'right' if top == true else 'wrong'}"


def _sound(title: str, sound: Waveform | None, found: Attacked) -> None:
    """The sound that was classified, with its file; why there is none."""
    if sound is not None:
        player.play(sound, label=title)
        _file(title, sound)
    elif found.sound is None:
        st.caption("This representation cannot be resynthesised as sound.")
    else:
        st.caption("Classified as a feature map; the attacked sound is made from it.")


def _file(title: str, sound: Waveform) -> None:
    st.download_button(
        "WAV",
        audio.to_wav(sound),
        file_name=f"{title.lower().replace(' ', '-')}.wav",
        mime="audio/wav",
        key=f"wav-{title}",
        on_click="ignore",
    )


def _difference(found: Attacked) -> None:
    """What the attack added, as it is and loud enough to be heard."""
    if found.sound is None:
        return
    if found.difference is None:
        st.caption("Attacked and clean sound do not differ after rounding to 16 bits.")
        return
    far = "" if found.snr is None else f", {found.snr:.0f} dB below the clip"
    loudest = float(abs(found.difference.samples).max())
    left, right = st.columns(2, gap="medium")
    with left:
        st.caption(f"Difference{far}")
        player.play(found.difference, label="Difference")
        _file("Difference", found.difference)
    if loudest < QUIET:
        louder = found.difference.samples * (LOUD / loudest)
        with right:
            st.caption("The difference, amplified")
            player.play(
                audio.Waveform(louder, found.difference.sample_rate), label="Difference, amplified"
            )


def _feature_maps(found: Attacked, clip: str) -> None:
    rep = found.representation
    before = feature_map_of(rep, found.before, clip)
    after = feature_map_of(rep, found.after, f"{clip} attacked")
    change = feature_map_of(rep, found.after - found.before, f"{clip} difference")
    scale = scale_for([before, after])
    shown = {
        "Clean": (before, scale),
        "Attacked": (after, scale),
        "Difference": (change, scale_for([change], signed=True)),
    }
    if rep.summary:
        st.caption("This model uses one feature vector per clip, so there is no feature map.")
        return
    for column, (name, (feature_map, own)) in zip(st.columns(3), shown.items(), strict=True):
        with column:
            st.caption(f"{name}, {rep.title.lower()} ({rep.unit})" if rep.unit else name)
            theme.figure(feature_map_figure(feature_map, own, SMALL), key=f"picture-{name}")


def _smallest(predictor: Any, info: ModelInfo, active: Active, choice: Choice) -> None:
    """The least epsilon that turns this clip, once it was asked for."""
    key = (str(info.folder), info.changed, active.clip, choice.attack, choice.domain)
    cached: dict[Any, float | None] = st.session_state.setdefault("_smallest", {})
    st.button(
        "Find the smallest successful epsilon",
        on_click=_request,
        args=(key,),
        help="Tries the levels of the slider, then bisects below the first that succeeds.",
    )
    if st.session_state.get("_smallest_asked") != key:
        return
    if key not in cached:
        with st.spinner("Attacking at several levels …"):
            cached[key] = smallest_epsilon(
                predictor, _subset(predictor, active), choice.attack, choice.domain
            )
    found, unit = cached[key], ATTACK_DOMAINS[choice.domain].unit(attackable(predictor))
    st.markdown(
        f"The attack succeeds from **{written(float(f'{found:.3g}'), unit)}** on."
        if found is not None
        else "The prediction is wrong without attack, or no tried epsilon succeeds."
    )


def _request(key: tuple[Any, ...]) -> None:
    st.session_state["_smallest_asked"] = key
