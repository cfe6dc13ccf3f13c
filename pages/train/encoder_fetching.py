"""Fetch an encoder from the hub: look it up, see licence and size, agree, watch."""

from __future__ import annotations

import sys

import streamlit as st

from pages.components import buttons
from pages.components.errors import plain
from pages.components.job_progress import watch
from ser_core.core import ModelError
from ser_core.features.encoders import catalogue, hub
from ser_core.jobs import PROGRESS_FILE, State, find, start

OFFER = "_encoder_offer"
FAULT = "_encoder_offer_fault"
KEY = "encoder:"
"""Beginning of the keys of jobs that fetch an encoder; its hub name follows."""


def is_wanted(name: str) -> bool:
    """Whether a text is the name of an encoder that could be fetched."""
    known = name in catalogue.CANNOT_BE_OPENED
    return hub.is_name(name) and not known and hub.local(name) is None


def show(name: str) -> None:
    """The way to an encoder that is not on this computer; nothing for what is no hub name."""
    if not is_wanted(name):
        return
    job = find(f"{KEY}{name}", running=False)
    if job is not None and not job.state.is_over:
        watch(str(job.folder), on_cancel="What was fetched so far is deleted.", unit="megabyte")
        return
    with st.container(border=True):
        st.markdown(f"**{plain(name)}** is not on this computer.")
        if job is not None and job.state is State.FAILED:
            st.error(plain(job.reason.removeprefix("Error ")))
        offer = st.session_state.get(OFFER)
        if offer is not None and offer.name == name:
            _confirm(offer)
            return
        _look_up(name)


def _look_up(name: str) -> None:
    row = catalogue.CATALOGUE.get(name)
    if row:
        st.caption(
            f"About {row.megabytes:,} MB, licence {plain(row.licence)}. "
            f"Pretrained on: {plain(row.pretrained_on)}."
        )
    fault = st.session_state.get(FAULT)
    if fault and fault[0] == name:
        st.error(plain(fault[1]))
    with st.container(horizontal=True, vertical_alignment="center"):
        buttons.button("Look it up on the hub", _ask, name)
        st.caption("This asks huggingface.co for licence and size. Nothing is fetched yet.")


def _ask(name: str) -> None:
    st.session_state.pop(FAULT, None)
    try:
        st.session_state[OFFER] = hub.ask(name)
    except ModelError as error:
        st.session_state[FAULT] = (name, error)


def _confirm(offer: hub.Offer) -> None:
    st.markdown(f"Licence **{plain(offer.licence)}** · size **{offer.megabytes:,} MB**")
    st.caption(
        f"Revision {offer.revision[:12]}, weights as safetensors. It goes to "
        f"{plain(hub.place_of(offer.name))}. No code of the repository is run."
    )
    agreed = st.checkbox("I agree to this licence", key=f"encoder-agreed-{offer.name}")
    with st.container(horizontal=True):
        buttons.button(
            f"Fetch {offer.megabytes:,} MB", _fetch, offer, type="primary", disabled=not agreed
        )
        st.button("Do not fetch it", on_click=_forget)


def _fetch(offer: hub.Offer) -> None:
    command = [sys.executable, "-m", "ser_core", "encoder", "fetch", offer.name, "--yes"]
    command += ["--revision", offer.revision, "--progress-file", PROGRESS_FILE]
    start(command, title=f"Fetch {offer.name}", key=f"{KEY}{offer.name}")
    _forget()


def _forget() -> None:
    st.session_state.pop(OFFER, None)
