"""The dock below every page: the current clip and the current model, the same for all pages."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from pages.components import (
    clip_source,
    errors,
    model_picker,
    navigation,
    overlap_badge,
    player,
    selection,
    theme,
)
from pages.components.errors import plain
from ser_core.core import files

if TYPE_CHECKING:
    from pages.components.clip_source import Current, SelectedSound
    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo

KEYS = ("P", "N")
"""Of the clip before and the next one; `assets/dock.js` plays and pauses by K."""

PAGES = {
    "representations": ("Represent", {}),
    "predict": ("Predict", {"tab": ""}),
    "explain": ("Explain", {"tab": ""}),
    "robustness": ("Attack", {"on": "One clip"}),
}
"""Pages for a clip and a model, what is done there, and the address of their part for one clip."""

CHANGE, _WAITED, _ASKED = "dock-change", "_dock_waited", "_dock_asked"
WAVE, PLAYER = 130, 190
"""Widths in pixels."""

PLAYS = "A click plays from there; the key K plays and pauses."

_ASSETS = Path(__file__).parent / "assets"
_SCRIPT = f"<script>{files.read_text(_ASSETS / 'dock.js')}</script>"


def show(here: str) -> Any:
    """Draw the dock below a page.

    Args:
        here: Name of the page.

    Returns:
        Container for what `finish` draws.
    """
    active = selection.active()
    models = model_picker.look_up()  # what it says is above the page: the dock has no room for it
    with st.bottom, _row("dock", "stretch"):
        clip, model = _row("dock-clip", "stretch"), _row("dock-model")
    with clip:
        steps, wave, name = _row("dock-steps"), _row("dock-player"), _row("dock-name", "stretch")
        with st.popover("Change", **_opened()):
            clip_source.choose(active)
    found = clip_source.current()
    with wave:
        _player(found)
    with name:
        _name(found, active)
    with model:
        info = model_picker.choose(models)
        with errors.error_boundary():
            _overlap(found, info, active)
        _links(here)
    with st.bottom, st.container(key="dock-script"):
        st.html(_SCRIPT, unsafe_allow_javascript=True)
    if here != "corpus":
        _steps(steps, active)
    return steps


def finish(steps: Any, here: str) -> None:
    """Draw what follows from the page: beside the table the steps go by what it shows now."""
    if here == "corpus":
        _steps(steps, selection.active())


def _row(key: str, width: Literal["content", "stretch"] = "content") -> Any:
    return st.container(
        key=key, horizontal=True, vertical_alignment="center", gap="xsmall", width=width
    )


def ask_for(source: str) -> None:
    """Choose where the sound comes from, and open the choice of it, from a page's own button."""
    selection.choose(source=source)
    # A popover of its own: the press on the button closes the one that is open, too late for this.
    st.session_state[_ASKED] = st.session_state.get(_ASKED, 0) + 1
    st.session_state[f"{CHANGE}-{st.session_state[_ASKED]}"] = True


def _opened() -> dict[str, Any]:
    """Open the choice once where an own sound is wanted that is not there yet."""
    waits, asked = clip_source.waits(selection.active()), st.session_state.get(_ASKED, 0)
    key = f"{CHANGE}-{asked}" if asked else CHANGE
    if waits and not st.session_state.get(_WAITED):
        st.session_state[key] = True
    st.session_state[_WAITED] = waits
    return {"key": key, **({"on_change": "rerun"} if asked or waits else {})}


def _steps(place: Any, active: Active) -> None:
    if active.clip:
        with place:
            clip_source.steps(active.corpus, active.clip, _choose, key="dock", keys=KEYS)


def _choose(clip: str) -> None:
    selection.choose(clip=clip)


def _player(found: Current) -> None:
    """Waveform, where a click plays from, and player."""
    if found.sound is None:
        return
    sound = found.sound.waveform()
    st.html(f'<div title="{PLAYS}">{player.wave(sound, found.sound.emotion)}</div>', width=WAVE)
    player.play(sound, label=found.sound.name, width=PLAYER)


def _name(found: Current, active: Active) -> None:
    """What it is and where it comes from, in one line; all of it as a tooltip."""
    if found.error is not None:
        st.markdown(":red-badge[cannot be played]", help=plain(found.error), width="content")
    elif found.sound is None:
        st.caption("No sound yet", width="content")
    elif found.source != clip_source.CORPUS:
        said = f"{found.source}: {found.sound.name}"
        st.html(f'<div class="ser-dock-name" title="{escape(said)}">{escape(said)}</div>')
    else:
        st.html(_clip(found.sound, active))


def _clip(sound: SelectedSound, active: Active) -> str:
    """HTML of a clip of the corpus."""
    said = player.words(active.row)
    parts = [active.corpus.name, sound.speaker, f"“{said}”" if said else ""]
    where = " · ".join(filter(None, parts))
    title = f"{sound.emotion or 'no label'} · {where} · {sound.name}"
    chip = theme.chip(sound.emotion)
    return f'<div class="ser-dock-name" title="{escape(title)}">{chip} {escape(where)}</div>'


def _overlap(found: Current, info: ModelInfo | None, active: Active) -> None:
    """Whether the model was trained on the sound."""
    if info is not None and found.sound is not None:
        known = overlap_badge.overlap(found.sound, info, active)
        st.markdown(overlap_badge.badge(known), help=known.said, width="content")


def _links(here: str) -> None:
    """The pages for this clip and this model, each as it was left."""
    with _row("dock-links"):
        for name, (label, part) in PAGES.items():
            if name == here:
                st.markdown(f"**{label}**", width="content")
            else:
                navigation.link_as_left(here, name, label, **part)
