"""The form that starts a robustness run, and the progress of the job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import buttons, errors, model_picker, selection
from pages.components.errors import plain
from ser_core.core import SerError, count, seconds
from ser_core.inference.catalogue import EXPORTED, networks_of
from ser_core.jobs import Job, State, open_job
from ser_core.robustness.assessment import FULL, PRESETS, Plan, root
from ser_core.robustness.launch import card_of, launch, launched
from ser_core.robustness.perturbations import PERTURBATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ser_core.inference.catalogue import ModelInfo
    from ser_core.models.networks import NetworkSpec

CARD = "card"
PRESET_LABELS = {"Under attack": "Adversarial attacks", "On a bad line": "Channel degradation"}
FAULT = "_robustness_error"
NO_GRADIENT = (
    "No attacks: they need the gradient of the network, which an exported file does not give. "
    "Attack the network that it was exported from."
)
OF_ONE_NETWORK = (
    "No attacks: they need the gradient of a single network. Attack a network of this ensemble:"
)


def show(info: ModelInfo) -> None:
    """Presets, the full run, and what is under way."""
    if FAULT in st.session_state:
        st.error(plain(st.session_state.pop(FAULT)))
    active = [job for job in launched() if not job.state.is_over]
    with st.container(border=True):
        st.markdown(
            "**Quick tests** on a subset, in less than a minute",
            help="Clips are drawn evenly over emotions and speakers, from the model's own test "
            "clips where the open corpus has them. Every figure names the subset.",
        )
        with st.container(horizontal=True):
            for title, (describe, fields) in PRESETS.items():
                label = PRESET_LABELS.get(title, title)
                buttons.button(
                    label,
                    _start,
                    *(info, label, fields, False),
                    key=f"preset-{title}",
                    help=f"{describe}. {count(fields['clips'], 'clip')}.",
                    disabled=not _possible(info, fields),
                )
        explain_no_gradient(info)
        with st.expander("Full run, as a job", type="compact"):
            _full_run_form(info)
    for job in active:
        with st.container(border=True):
            watch(str(job.folder))
    _last_failure(active)


def explain_no_gradient(info: ModelInfo) -> bool:
    """Whether a model cannot be attacked; if so, show why, and link to those that can."""
    if has_gradient(info):
        return False
    networks = list(networks_of(info))
    spec = _network(info)
    if spec is not None:
        from ser_core.models.abilities import GRADIENTS, of_network

        st.caption(f"No attacks: {plain(of_network(spec)[GRADIENTS])}.")
        return True
    st.caption(OF_ONE_NETWORK if networks else NO_GRADIENT)
    for each in networks:
        label = each.title.removeprefix(f"{info.title}: ")
        st.button(
            f"{plain(label)} →",
            key=f"network-{each.key}",
            type="tertiary",
            on_click=model_picker.set_model,
            args=(each.key,),
        )
    return True


def has_gradient(info: ModelInfo) -> bool:
    """Whether a model can be attacked by its gradient: a single network that gives one."""
    spec = _network(info)
    return spec is not None and spec.differentiable


def _network(info: ModelInfo) -> NetworkSpec | None:
    """Spec of a model of one network; None of an ensemble and of an exported file."""
    if info.kind == EXPORTED or next(networks_of(info), None) is not None:
        return None
    from ser_core.models.networks import from_dict  # here, since it imports torch

    return from_dict(info.about["network"])


def _possible(info: ModelInfo, fields: Mapping[str, Any]) -> bool:
    """Whether anything of it can be tried on the model."""
    return has_gradient(info) or bool(fields.get("kinds") or fields.get("shortcuts"))


def _allowed(info: ModelInfo, fields: dict[str, Any]) -> dict[str, Any]:
    """Without what asks for a gradient, where there is none."""
    return fields if has_gradient(info) else {**fields, "attacks": ()}


def _full_run_form(info: ModelInfo) -> None:
    names = {name: kind.title for name, kind in PERTURBATIONS.items() if not kind.needs_folder}
    with st.form("full-run", border=False):
        left, right = st.columns(2)
        left.number_input(
            "Clips",
            min_value=1,
            value=None,
            key="full-clips",
            placeholder="all test clips",
            help="Drawn evenly over emotions and speakers; empty: all.",
        )
        right.text_input(
            "Folder of noise recordings (optional)",
            key="full-noises",
            help="Sound files in it are mixed in as one more perturbation.",
        )
        st.multiselect(
            "Perturbations",
            list(names),
            default=list(names),
            format_func=names.__getitem__,
            key="full-kinds",
        )
        st.multiselect(
            "Adversarial attacks",
            list(FULL["attacks"]),
            default=["fgsm", "pgd"],
            disabled=not has_gradient(info),
            format_func=_ATTACKS.__getitem__,
            key="full-attacks",
            help="On the representation and on the sound. PGD takes ten times as long as FGSM.",
        )
        st.checkbox("Shortcut tests and probes of the embedding", value=True, key="full-shortcuts")
        st.form_submit_button("Start job", type="primary", on_click=_start_full, args=(info,))


def _start_full(info: ModelInfo) -> None:
    given = {name: st.session_state[f"full-{name}"] for name in _FIELDS}
    noises = str(given["noises"] or "").strip()
    fields = {
        **given,
        "kinds": (*given["kinds"], *(("recorded",) if noises else ())),
        "attacks": tuple(given["attacks"]),
        "noises": Path(noises).expanduser() if noises else None,
    }
    _start(info, "Full run", fields, True)


_FIELDS = ("clips", "noises", "kinds", "attacks", "shortcuts")
_ATTACKS = {"fgsm": "FGSM", "pgd": "PGD", "random": "Random signs"}


def _start(info: ModelInfo, title: str, fields: dict[str, Any], queue: bool) -> None:
    active = selection.active()
    try:
        plan = Plan(
            model=info.folder,
            corpus=active.source,
            reader=active.selection.reader,
            **_allowed(info, fields),
        )
        launch(plan, f"{title}: {info.title}", queue=queue)
    except SerError as error:
        st.session_state[FAULT] = str(error)
        return
    st.query_params[CARD] = plan.hash


@st.fragment(run_every=1)
def watch(folder: str) -> None:
    """How far a job is, once a second; the page is drawn again when it has ended."""
    with errors.error_boundary():
        job = open_job(Path(folder))
        if job is None or job.state.is_over:
            st.rerun()
        left, right = st.columns([6, 1], vertical_alignment="center")
        with left:
            _progress(job)
        right.button("Cancel", key=f"cancel-{job.id}", on_click=job.cancel)


def _progress(job: Job) -> None:
    if job.state is State.QUEUED:
        st.markdown(f"{plain(job.title)}: queued.")
        return
    progress = job.progress
    if progress is None:
        st.progress(0.0, text=f"{job.title}: loading model and clips …")
        return
    left = progress.remaining
    eta = f", about {seconds(left)} left" if left is not None else ""
    st.progress(progress.fraction, text=f"{job.title}: {100 * progress.fraction:.0f} %{eta}")


def _last_failure(active: list[Job]) -> None:
    """Why the newest job failed, unless another is under way or its card was made since."""
    newest = next(iter(launched()), None)
    if active or newest is None or newest.state is not State.FAILED:
        return
    if not (root() / card_of(newest) / "card.json").exists():
        st.error(plain(newest.reason))
