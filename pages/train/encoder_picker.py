"""Choose a pretrained encoder: one used lately, one on this computer, a folder, or a hub name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from pages.components import encoder_badge, selection, tables
from pages.components.errors import plain
from pages.train import encoder_fetching, recipe_state
from ser_core.core import ModelError
from ser_core.features.encoders import catalogue, facts, hub, open_folder, recent

PATH, LATELY, LAYERS = "recipe:representation.encoder", "encoder-lately", "encoder-layers"
OWN = ("encoder", "first", "last", "sample_rate")
"""Parameters of the representation that are chosen here, or by the encoder."""

FILLED_IN = ("weights", "config", "tuned_from")
"""Parameters that are found in the folder, and would contradict another one."""


def show() -> facts.EncoderFacts | None:
    """The picker and the card of what is chosen; its facts, or None where it cannot be used."""
    held = str(_value("encoder") or "")
    known = list(dict.fromkeys([*recent.recent_encoders(), *hub.on_this_computer()]))
    left, right = st.columns(2)
    with left:
        _lately(known, held)
    with right:
        st.session_state[PATH] = held
        st.text_input(
            "Folder or hub name",
            key=PATH,
            placeholder="/home/me/whisper-tiny.en",
            help="A folder with config.json and weights as safetensors, or the name of an encoder "
            "on the Hugging Face hub. A name that is not on this computer is fetched only when you "
            "agree to its licence and size. `representation.encoder`",
            on_change=_typed,
        )
    if not held:
        _well_known()
        return None
    try:
        with st.spinner("Reading the encoder …"):
            found, origin = _read(held)
    except ModelError as error:
        if not encoder_fetching.is_wanted(held):
            st.error(plain(error))
        encoder_fetching.show(held)
        return None
    recent.remember_encoder(held)
    _card(found, origin)
    _layers(found)
    return found


def _value(name: str) -> Any:
    content = recipe_state.content().get("representation", {})
    return content.get(name)


def _lately(known: list[str], held: str) -> None:
    st.session_state[LATELY] = held if held in known else None
    st.selectbox(
        "On this computer",
        known,
        key=LATELY,
        format_func=short,
        placeholder="none yet" if not known else "choose one",
        disabled=not known,
        help="Folders used lately, and encoders that were fetched or are in the hub's cache.",
        on_change=_chosen,
    )


def short(place: str) -> str:
    """A hub name as it is; of a folder its name and the one above."""
    return place if hub.is_name(place) else str(Path(*Path(place).parts[-2:]))


def _chosen() -> None:
    if st.session_state[LATELY]:
        choose(st.session_state[LATELY])


def _typed() -> None:
    choose(str(st.session_state[PATH]).strip().strip("'\""))


def choose(place: str) -> None:
    """Put an encoder into the recipe, with layers to begin with."""
    recipe_state.change("representation.encoder", place)
    for name in FILLED_IN:
        if _value(name):
            recipe_state.change(f"representation.{name}", "")
    try:
        first, last = _read(place)[0].good_layers
    except ModelError:  # the page says it
        return
    recipe_state.change("representation.first", first)
    recipe_state.change("representation.last", last)


def _read(place: str) -> tuple[facts.EncoderFacts, catalogue.Origin]:
    """Facts and origin of an encoder, cached until its files change.

    Raises:
        ModelError: If it cannot be used.
    """
    folder = open_folder(Path(place).expanduser())
    return _known(str(folder.path), folder.stamp)


@st.cache_resource(max_entries=8, show_spinner=False)
def _known(
    path: str,
    stamp: tuple[tuple[int, int], ...],  # noqa: ARG001  (part of the key)
) -> tuple[facts.EncoderFacts, catalogue.Origin]:
    folder = open_folder(Path(path))
    return facts.facts(folder), catalogue.identify(folder)


def _card(found: facts.EncoderFacts, origin: catalogue.Origin) -> None:
    rows = {
        "Origin": f"**{plain(origin.title)}** · {plain(origin.how)}",
        "Encoder": f"{plain(found.family)} · {found.layers} layers of {found.size} · "
        f"{found.parameters / 1e6:.1f} million parameters · a frame every {found.hop_ms:g} ms · "
        f"{found.sample_rate:,} Hz",
        "Licence": plain(origin.licence),
        "Pretrained on": plain(origin.pretrained_on),
        "Weights": f"`{origin.weights}`",
    }
    with st.container(border=True, gap="xsmall"):
        for name, text in rows.items():
            st.markdown(f":gray[{name}] {text}")
        encoder_badge.show(catalogue.contamination(origin, selection.active().corpus.name))


def _layers(found: facts.EncoderFacts) -> None:
    first, last = (_value("first"), _value("last"))
    first = 1 if first is None else int(first)
    last = found.layers if last in (None, -1) else int(last)
    within = 0 <= first <= last <= found.layers
    if not within:
        st.error(
            f"The recipe names layers {first} to {last}; this encoder has layers 0 to "
            f"{found.layers}. Choose them below."
        )
    st.session_state[LAYERS] = (first, last) if within else found.good_layers
    st.slider(
        "Layers",
        0,
        found.layers,
        key=LAYERS,
        help="First and last layer whose hidden states are used; 0 is what goes into layer 1. The "
        "middle layers often serve emotion better than the last. `representation.first`, "
        "`representation.last`",
        on_change=_layers_changed,
    )


def _layers_changed() -> None:
    first, last = st.session_state[LAYERS]
    recipe_state.change("representation.first", first)
    recipe_state.change("representation.last", last)


def _well_known() -> None:
    """What there is to choose from, for whoever has no encoder yet."""
    st.info("Choose an encoder that is on this computer, or type a folder or a hub name.")
    with st.expander("Well-known encoders", type="compact"):
        corpus = selection.active().corpus.name
        rows = [
            {
                "Hub name": name,
                "Layers": row.layers,
                "MB": row.megabytes,
                "Licence": row.licence,
                "Heard this corpus": catalogue.contamination(
                    catalogue.Origin(name, certain=True), corpus
                ).answer,
                "Pretrained on": row.pretrained_on,
            }
            for name, row in catalogue.CATALOGUE.items()
        ]
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            height=tables.height(len(rows), 320),
            column_config={"Hub name": st.column_config.TextColumn(pinned=True)},
        )
        st.caption(
            "emotion2vec cannot be opened: "
            f"{plain(catalogue.EMOTION2VEC)}. {plain(catalogue.INSTEAD)}."
        )
