"""The state of the form, which is the query parameters of the page and nothing else.

A recipe is a base (the defaults with an honest split, or the recipe of the run named by `from-run`)
and the changes to it, `optim.lr=0.001` as on the command line, so that a link reproduces the form.
The corpus is the one that is open. A plain visit brings back what the form held before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import errors, permission, selection
from ser_core.core import SerError
from ser_core.features.encoders import hub
from ser_core.recipes import draft
from ser_core.runs import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pages.components.selection import Active
    from ser_core.recipes.recipe import Recipe

FROM = "from-run"
SHARED = ("corpus", "reader", "opening")
"""Fields of a recipe that the selection of all pages decides."""

FORM_STATE = "_recipe_form"

PLACES = {"representation.encoder": "speech encoder", "split.file": "file of a split"}
"""Fields that are a path, and what is there."""

STEPS = "augment.waveform"
"""Field whose steps may name a folder."""

PARTS_WITH_SPEAKERS = 3
"""Training, validation and test need a speaker each."""


def restore() -> None:
    """Bring back what the form held, where the address does not."""
    here = _in_address()
    if here:
        st.session_state[FORM_STATE] = here
    else:
        for name, text in st.session_state.get(FORM_STATE, {}).items():
            st.query_params[name] = text


def ask() -> bool:
    """Ask before the address opens a place that was not opened before; whether there is one."""
    unknown = {
        place: what
        for what, place in _places(changes())
        if place and not hub.is_name(place) and not permission.granted(place)
    }
    for place, what in unknown.items():
        permission.ask(place, what)
    return bool(unknown)


def _places(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Paths among the values of a recipe, each with what it is."""
    for name, what in PLACES.items():
        yield what, str(values.get(name) or "")
    steps = values.get(STEPS)
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict):
            yield "folder of noises", str(step.get("folder") or "")


def _grant(values: Mapping[str, Any]) -> None:
    """Paths that the user chooses are opened without a question."""
    for _, place in _places(values):
        if place:
            permission.grant(place)


def _in_address() -> dict[str, str]:
    params = st.query_params.to_dict()
    return {name: text for name, text in params.items() if name == FROM or _is_own(name)}


def _is_own(name: str) -> bool:
    return name not in SHARED and draft.is_known(name)


def base() -> draft.Content:
    """What the form starts from, with the corpus that is open."""
    active = selection.active()
    content: draft.Content = {"split": {"policy": _default_policy(len(active.corpus.speakers))}}
    if run_id := st.query_params.get(FROM):
        try:
            content = dict(catalogue.one(run_id).content)
        except SerError as error:
            errors.show(error)
    return content | _corpus(active)


def _corpus(active: Active) -> draft.Content:
    """The open corpus as a recipe has it: its path, its reader, and how it is opened."""
    opening, path = active.corpus.opening, active.corpus.root
    reader = active.selection.reader
    if opening is not None and not (opening.is_plain and opening.path.is_dir()):
        path, reader = opening.path, reader or opening.reader
    reading = opening.reading() if opening else {}
    return {"corpus": str(path), "reader": reader or None, "opening": reading}


def _default_policy(speakers: int) -> str:
    """The split to begin with: speaker-disjoint wherever there are enough speakers."""
    return "speaker-disjoint" if speakers >= PARTS_WITH_SPEAKERS else draft.default("split.policy")


def changes() -> dict[str, Any]:
    """Changes of the base by dotted name."""
    return {name: draft.from_text(text) for name, text in _in_address().items() if name != FROM}


def content() -> draft.Content:
    """The recipe as plain values, valid or not; a name is found where none is given."""
    from ser_core.recipes.series import named

    return named(draft.merged(base(), changes()))


def recipe() -> Recipe:
    """The recipe.

    Raises:
        ParameterError: If a name or value is wrong; all faults are listed.
    """
    from ser_core.recipes.recipe import parse

    return parse({name: value for name, value in content().items() if value is not None})


def change(name: str, value: Any) -> None:
    """Put a value into the address, as the user wants it; what the base has anyway is left out."""
    _grant({name: value})
    if name == "representation.name":
        _drop("representation.")
    changed = draft.differences(draft.merged(base(), {**changes(), name: value}), base())
    if name in changed:
        st.query_params[name] = draft.to_text(changed[name])
    else:
        st.query_params.pop(name, None)
    _remember()


def replace(wanted: Mapping[str, Any]) -> None:
    """Make the form hold this recipe."""
    _drop("")
    changed = draft.differences(wanted, base())
    _grant(changed)
    for name, value in changed.items():
        if name not in SHARED:
            st.query_params[name] = draft.to_text(value)
    _remember()


def reset() -> None:
    """Back to the defaults."""
    _drop("")
    st.query_params.pop(FROM, None)
    st.session_state.pop(FORM_STATE, None)


def _drop(prefix: str) -> None:
    for name in list(st.query_params):
        if _is_own(name) and name.startswith(prefix):
            st.query_params.pop(name, None)


def _remember() -> None:
    st.session_state[FORM_STATE] = _in_address()
