"""Augmentation of the sound and of its enlarged feature map, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages.components import errors, player
from pages.components.errors import plain
from pages.representations import (
    augmentation_controls,
    comparison,
    feature_map_files,
    feature_maps,
    parameter_controls,
    url_params,
)
from ser_core import audio
from ser_core.augment.preview import (
    changes_sound,
    find,
    made,
    names_for,
    preview,
    preview_recipe,
    works_alone,
)
from ser_core.core import ParameterError, SerError
from ser_core.features.feature_map import feature_map_of
from ser_core.features.representations import make
from ser_core.plots.publication_features import print_feature_map
from ser_core.plots.representations import WIDE

if TYPE_CHECKING:
    from pages.components.clip_source import SelectedSound
    from ser_core.audio import Waveform
    from ser_core.augment.preview import Step
    from ser_core.features.feature_map import FeatureMap, Values
    from ser_core.features.representations import Representation
    from ser_core.plots.scales import Scale

RECIPE = "default"
"""Name in the address of all steps together."""

OPEN = "augment-open"
TITLE = "Default chain (all steps)"
SAID = (
    "As in training batches: each clip is augmented anew in every epoch, each step with its "
    "own probability; first the waveform, then the features."
)
ON_SOUND = "Waveform augmentation: the features are computed from the augmented sound."
ON_FEATURES = "Feature augmentation: applied after the representation, so there is nothing to play."
MOST_SEED = 999_999_999


@dataclass(frozen=True, eq=False)
class Draw:
    """What came out for one seed.

    Attributes:
        sound: Augmented; None where only the features are.
        values: Augmented features.
        steps: Of the recipe; none for a single augmentation.
    """

    sound: Waveform | None
    values: Values
    steps: tuple[Step, ...] = ()


@st.fragment
def show(shown: SelectedSound, representation: Representation) -> None:
    """The section, closed unless the address names an augmentation; it is drawn by itself."""
    st.session_state[OPEN] = bool(url_params.read(url_params.AUGMENT))
    box = st.expander("Augmentation", key=OPEN, on_change=_toggle)
    if box.open:
        with box, errors.error_boundary():
            _section(shown, representation)


def adapt_to(name: str) -> None:
    """Keep the augmentation when another representation is enlarged, if it has a meaning there."""
    chosen = url_params.read(url_params.AUGMENT)
    if chosen and chosen not in _offered(make(name)):
        url_params.choose_augment(RECIPE)


def _toggle() -> None:
    url_params.choose_augment(RECIPE if st.session_state[OPEN] else "")


def _offered(representation: Representation) -> dict[str, str]:
    """Titles by name, those of the waveform first."""
    kinds = {True: "Waveform", False: "Features"}
    titles = names_for(representation)
    single = {n: f"{kinds[changes_sound(n)]}: {t}" for n, t in titles.items() if works_alone(n)}
    return {RECIPE: TITLE, **single}


def _section(shown: SelectedSound, representation: Representation) -> None:
    name, seed = url_params.read(url_params.AUGMENT), _seed()
    _choice(name, seed, _offered(representation))
    message_area = st.container()
    try:
        draw = _read_and_draw(shown, representation, name, seed, message_area)
    except SerError as error:
        errors.show(error)
        return
    before = feature_maps.one_map(shown, representation)
    after = feature_map_of(representation, draw.values, f"{shown.name}, augmented", shown.start)
    scale = _compare(shown, before, after, draw, seed)
    _notes(draw)
    _files(shown, after, draw, scale)
    if draw.steps:
        _steps(draw.steps)


def _seed() -> int:
    """Seed in the address, after saying when it cannot be used."""
    text = url_params.read(url_params.AUGMENT_SEED) or "0"
    if text.isdecimal() and int(text) <= MOST_SEED:
        return int(text)
    problem = f"{url_params.AUGMENT_SEED} = {text!r} is not a whole number up to {MOST_SEED}"
    errors.show(ParameterError(problem, remedy="The first draw is shown"))
    return 0


def _choice(name: str, seed: int, titles: dict[str, str]) -> None:
    """Which augmentation, and another draw of it."""
    st.session_state["augment-name"] = name if name in titles else None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Augmentation",
            list(titles),
            format_func=titles.__getitem__,
            key="augment-name",
            placeholder="Choose an augmentation",
            on_change=_choose,
            width=330,
            help="Those that apply to this representation. Recorded noise needs a folder "
            "of your own recordings and is set in the recipe of a training.",
        )
        st.button(
            "Another draw",
            on_click=url_params.write,
            args=(url_params.AUGMENT_SEED, (seed + 1) % (MOST_SEED + 1)),
            help="The same parameters, other random numbers. The address keeps which draw it is.",
        )
        if name != RECIPE:
            parameter_controls.reset_button(
                "Reset augmentation",
                url_params.forget_augment_parameters,
                augmentation_controls.owner_of(name),
                "Back to the parameters of the default chain.",
            )


def _choose() -> None:
    url_params.choose_augment(st.session_state["augment-name"] or RECIPE)


def _read_and_draw(
    shown: SelectedSound, representation: Representation, name: str, seed: int, message_area: Any
) -> Draw:
    """What the address asks for, after its words and controls."""
    waveform = shown.waveform(representation.sample_rate)
    content = audio.sha256(waveform)
    if name == RECIPE:
        with message_area:
            st.markdown(SAID)
        return _draw(content, representation.hash, name, (), seed, waveform, representation)
    made(name, {}, representation)  # or an error before there are words and controls for it
    with message_area:
        where = ON_SOUND if changes_sound(name) else ON_FEATURES
        st.markdown(f"{plain(find(name).describe)} :gray[{where}]")
        given = augmentation_controls.panel(name, representation)
    key = tuple(given.items())
    return _draw(content, representation.hash, name, key, seed, waveform, representation)


@st.cache_resource(max_entries=32, show_spinner=False)
def _draw(
    content: str,  # noqa: ARG001  (with the hash, the key)
    hash_: str,  # noqa: ARG001
    name: str,
    parameters: tuple[tuple[str, Any], ...],
    seed: int,
    _waveform: Waveform,
    _representation: Representation,
) -> Draw:
    if name == RECIPE:
        sound, values, steps = preview_recipe(_waveform, _representation, seed)
        return Draw(sound, values, tuple(steps))
    return Draw(*preview(name, dict(parameters), _waveform, _representation, seed))


def _steps(steps: tuple[Step, ...]) -> None:
    """The steps on waveform and features, and which of them this draw has."""
    kinds = {True: "Waveform augmentation", False: "Feature augmentation"}
    for column, (on_sound, title) in zip(st.columns(2), kinds.items(), strict=True):
        own = [step for step in steps if changes_sound(step.augment.name) == on_sound]
        with column:
            st.markdown("\n".join([f"**{title}**\n", *map(_line, own)]))


def _line(step: Step) -> str:
    """An item of a list; what this draw leaves out is grey."""
    augment = step.augment
    share = f"{augment.probability:.0%} of clips"
    if step.happened:
        return f"1. **{plain(augment.title)}** ({share}). {plain(augment.describe)}"
    return f"1. :gray[{plain(augment.title)} ({share}). Not in this draw.]"


def _compare(
    shown: SelectedSound, before: FeatureMap, after: FeatureMap, draw: Draw, seed: int
) -> Scale:
    """Both sides, each with its sound if the change can be heard, on one scale."""
    own = shown.waveform(before.representation.sample_rate)
    titles = {"Before": plain(shown.stem), "After": f"draw {seed + 1:,}"}
    sounds = (own, draw.sound)
    for column, side, sound in zip(st.columns(2), titles, sounds, strict=True):
        with column:
            st.markdown(f"**{side}** :gray[{titles[side]}]")
            if sound is not None and draw.sound is not None:
                player.play(sound, label=f"{shown.name}, {side.lower()}")
    return comparison.side_by_side(before, after, size=WIDE, key="augment")


def _notes(draw: Draw) -> None:
    if draw.steps:
        st.caption("The player has the waveform augmentation only; the feature map has both.")
    peak = float(np.abs(draw.sound.samples).max()) if draw.sound is not None else 0.0
    if peak > 1:
        st.caption(
            f"The augmented sound exceeds full scale by {20 * np.log10(peak):.1f} dB. The player "
            "clips what exceeds it; training does not."
        )


def _files(shown: SelectedSound, after: FeatureMap, draw: Draw, scale: Scale) -> None:
    paint = partial(print_feature_map, after, scale=scale)
    stem = f"{shown.stem}-{after.representation.name}-augmented"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="augmented"):
        st.caption("Download the result", width="content")
        help_ = "The augmented feature map"
        feature_map_files.button("PNG", stem, "image/png", partial(paint, "png"), help_)
        feature_map_files.button("SVG", stem, "image/svg+xml", partial(paint, "svg"), help_)
        if draw.sound is not None:
            make_wav = partial(audio.to_wav, draw.sound)
            feature_map_files.button("WAV", stem, "audio/wav", make_wav, "The augmented sound")
