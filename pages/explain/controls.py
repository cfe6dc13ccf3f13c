"""Controls: the class to explain, the methods with their parameters, how a map is drawn."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components.errors import plain
from ser_core.explain import METHODS, make
from ser_core.explain.attribution import why_not_applicable
from ser_core.explain.model_input import named
from ser_core.features.representations import SoundSteps, WhisperLogMel
from ser_core.models.abilities import ATTENTION, GRADIENTS, PROPAGATION, SINGLE, STAGES, can

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser_core.explain import Method, ModelInput
    from ser_core.models.predictor import Predictor

ANSWER, TRUE = "predicted class", "ground-truth label"
USUAL = ("integrated_gradients", "gradient_x_input", "occlusion", "grad_cam", "attention_rollout")
"""Methods that are shown at first, best first, where no benchmark of the model ranks them: the
order is that of the published benchmark of a log-mel ResNet18 (docs/results.md)."""

AT_FIRST = 4
"""How many are shown at first."""

NEEDED = {
    STAGES: "convolutional layers",
    PROPAGATION: "convolutional layers",
    GRADIENTS: "gradients",
    ATTENTION: "layers of self-attention",
}
RULED = "residual blocks, for whose layers it has rules"
"""What relevance propagation needs of a network that is convolutional."""
VALUES = "_explain_parameters"
WHY = "class"


@dataclass(frozen=True)
class Drawing:
    """How a map is drawn: opacity, and the share of its reach below which nothing is."""

    opacity: float
    threshold: float


def emotion(view: ModelInput, true: str | None, *, key: str = "why") -> str:
    """The class to explain, also in the address."""
    predicted = view.classes[view.target(None)]
    options = ["", *(("true",) if true in view.classes else ()), *view.classes]
    titles = {"": f"{ANSWER}: {predicted}", "true": f"{TRUE}: {true}"}
    wanted = st.query_params.get(WHY, "")
    st.session_state[key] = wanted if wanted in options else ""
    chosen = st.selectbox(
        "Class to explain",
        options,
        format_func=lambda each: titles.get(each, each),
        key=key,
        on_change=_why,
        args=(key,),
        help=(
            "The target class: the maps show what speaks for it, whether it is predicted or not."
        ),
    )
    return {"": predicted, "true": str(true)}.get(str(chosen), str(chosen))


def _why(key: str) -> None:
    if st.session_state[key]:
        st.query_params[WHY] = st.session_state[key]
    else:
        st.query_params.pop(WHY, None)


def methods(view: ModelInput, representation: str, ranking: Sequence[str] = ()) -> list[str]:
    """The methods to show side by side, also in the address.

    Args:
        view: What is explained.
        representation: Hash of the representation that the maps lie on.
        ranking: Methods by their rank in the benchmark of the model; the best are shown at first.
    """
    titles = {name: cls.title for name, cls in METHODS.items()}
    network_input = view.through(representation)[0][0]
    lacks = network_input.lacks
    usable = [
        name
        for name in dict.fromkeys([*ranking, *USUAL])
        if not lacks.keys() & set(METHODS[name].needs)
        # A slow one takes minutes through an encoder.
        and (METHODS[name].quick or not network_input.encoder)
    ]
    if view.representations[representation].summary and GRADIENTS in lacks:
        usable = []  # named features, shown by group: a map of them adds little and takes long
    chosen = st.pills(
        "Attribution methods",
        list(titles),
        default=usable[:AT_FIRST],
        selection_mode="multi",
        format_func=titles.__getitem__,
        key="methods",
        bind="query-params",
        wrap=True,
        help="\n".join(f"- **{cls.title}**: {cls.describe}" for _, cls in METHODS.items()),
    )
    return [name for name in METHODS if name in chosen]


def one_method(names: Sequence[str], *, key: str, label: str = "Method") -> str:
    """One of the methods."""
    return str(
        st.selectbox(
            label,
            list(names),
            format_func=lambda name: METHODS[name].title,
            key=key,
            bind="query-params",
        )
    )


def representation(view: ModelInput) -> str:
    """Representation that is explained, where an ensemble sees several; its hash."""
    # Feature maps first: most methods show more on them than on a clip in one frame.
    known = dict(sorted(view.representations.items(), key=lambda item: item[1].summary))
    if len(known) == 1:
        return next(iter(known))
    chosen = st.selectbox(
        "Representation",
        list(known),
        format_func=lambda key: known[key].title,
        key="seen-as",
        bind="query-params",
        help="The members of this ensemble use several representations; each has its own map.",
    )
    return str(chosen)


def by_use(predictor: Predictor) -> list[str]:
    """All methods; of a model of one network, slow ones and those that do not apply come last."""
    if not can(predictor, SINGLE):
        return list(METHODS)
    applies = {name: can(predictor, *METHODS[name].needs) for name in METHODS}
    return sorted(METHODS, key=lambda name: (not applies[name], not METHODS[name].quick))


def applicable(view: ModelInput, names: Sequence[str], representation: str) -> list[str]:
    """Methods that apply to a representation; a note says which do not, and why."""
    apart = [name for name in names if why_not_applicable(view, chosen(name), representation)]
    found: dict[str, list[str]] = {}
    for name in apart:
        found.setdefault(_needed(view, name, representation), []).append(name)
    for needed, several in found.items():
        titles = " and ".join(METHODS[name].title for name in several)
        st.caption(
            f"Not applicable: {titles} {'needs' if len(several) == 1 else 'need'} {needed}, and "
            f"{named(view, representation)} is {_words(view, representation)}."
        )
    return [name for name in names if name not in apart]


def _needed(view: ModelInput, name: str, representation: str) -> str:
    """What a method needs and a network lacks, in words."""
    lacked = _lacked(view, name, representation)
    staged = all(STAGES not in each.lacks for each, _ in view.through(representation))
    return RULED if lacked == PROPAGATION and staged else NEEDED[lacked]


def _lacked(view: ModelInput, name: str, representation: str) -> str:
    """The first ability that a method needs and a network lacks."""
    missing = [
        need
        for network_input, _ in view.through(representation)
        for need in METHODS[name].needs
        if need in network_input.lacks
    ]
    return missing[0]


def _words(view: ModelInput, representation: str) -> str:
    """What the first network that sees a representation is."""
    return view.through(representation)[0][0].words


def on_what(view: ModelInput, representation: str) -> None:
    """Say what the maps of a model with a speech encoder lie on."""
    seen = view.representations[representation]
    if isinstance(seen, WhisperLogMel):
        st.caption(
            "The maps lie on the log-mel that the speech encoder computes from the sound, in "
            "front of all its layers."
        )
    if isinstance(seen, SoundSteps):
        st.caption(
            "The speech encoder takes samples, so the maps are over time: each step of 20 ms "
            "against noise of the same spectrum."
        )


def drawing() -> Drawing:
    """Sliders of the map, behind a button."""
    with st.popover("Colours", width="content"):
        opacity = st.slider(
            "Opacity (%)", 10, 100, 85, 5, key="opacity", bind="query-params",
            help="Of the attribution map over the feature map.",
        )  # fmt: skip
        threshold = st.slider(
            "Hide below (%)", 0, 90, 0, 5, key="threshold", bind="query-params",
            help="Relevance below this share of the colour scale's maximum is not drawn.",
        )  # fmt: skip
    return Drawing(opacity / 100, threshold / 100)


def chosen(name: str) -> Method:
    """The method with the parameters of this session."""
    return make(name, **st.session_state.get(VALUES, {}).get(name, {}))


def settings(name: str) -> None:
    """Controls of a method's parameters, in a popover."""
    fields = dataclasses.fields(METHODS[name])
    if not fields:
        return
    with st.popover("Settings", type="tertiary"):
        words = inspect.cleandoc(METHODS[name].__doc__ or "").split("Raises:", maxsplit=1)[0]
        st.markdown(plain(words))
        for field in fields:
            _control(name, field)


def _control(name: str, field: dataclasses.Field[Any]) -> None:
    rule, now = field.metadata, getattr(chosen(name), field.name)
    label = field.name.replace("_", " ").capitalize()
    key = f"explain-{name}-{field.name}"
    change = partial(_take, name, field.name, key)
    if "options" in rule:
        options = list(rule["options"])
        index = options.index(now)
        st.selectbox(label, options, index, key=key, help=rule["help"], on_change=change)
        return
    unit = f" ({rule['unit']})" if rule["unit"] else ""
    kind: Any = float if isinstance(now, float) else int
    low, high = kind(rule["low"]), kind(rule["high"])
    st.number_input(
        f"{label}{unit}", low, high, kind(now), key=key, help=rule["help"], on_change=change
    )


def _take(name: str, field: str, key: str) -> None:
    values: dict[str, dict[str, Any]] = st.session_state.setdefault(VALUES, {})
    values.setdefault(name, {})[field] = st.session_state[key]
