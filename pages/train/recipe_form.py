"""The recipe form: fields in groups, those that are seldom changed folded away."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, get_args

import streamlit as st

from pages.components import navigation, selection
from pages.components.errors import plain
from pages.components.split_policies import TEST_IS_ONE_SPEAKER
from pages.train import field_controls, recipe_state
from ser_core.core import count, settings
from ser_core.corpora import PARTS, POLICIES
from ser_core.recipes import draft

if TYPE_CHECKING:
    from collections.abc import Iterable

COURSE = ("train.epochs", "train.batch", "train.crop_s", "optim.lr")
FINER = (
    "optim.name",
    "optim.schedule",
    "optim.warmup",
    "optim.weight_decay",
    "optim.clip_norm",
    "optim.patience",
    "train.label_smoothing",
    "train.mixup",
    "train.average",
    "train.ema_decay",
    "train.select",
    "train.stop_after",
    "train.precision",
    "train.threads",
    "train.parts",
    "train.class_weights",
)
TRIALS = "search.trials"
AT_ONCE = ("train.class_weights", "train.refit")
"""Fields of what is fitted in one go."""

TUNED, FROZEN = "fine_tune.method", "frozen"
METHODS = {
    FROZEN: "frozen: the encoder is not trained",
    "layers": "layers: whole layers are trained",
    "lora": "lora: a small change of each layer's attention is trained",
}
TUNING = (
    "fine_tune.from_layer",
    "fine_tune.rank",
    "fine_tune.lr",
    "fine_tune.layer_decay",
    "fine_tune.probe_epochs",
    "fine_tune.masks",
    "fine_tune.convolutions",
    "fine_tune.checkpointing",
)
ATTACK = ("train.adversarial", "train.epsilon")
USED_WITH = {
    "optim.warmup": ("optim.schedule", {"onecycle", "cosine", "constant"}),
    "optim.patience": ("optim.schedule", {"plateau"}),
    "train.ema_decay": ("train.average", {"ema"}),
    "train.epsilon": ("train.adversarial", {"fgsm", "pgd"}),
    "fine_tune.rank": (TUNED, {"lora"}),
}
"""Fields that count only with certain choices of another, and are shown only then."""

OF_FRAMES = ("augment.picture", "train.crop_s")
"""Fields that mean nothing where a clip is one frame."""

ENCODER = "encoder"
"""Representation that has a picker of its own."""

WIDTH = 104  # px, of a control in a row


def show() -> None:
    """All groups, from the corpus to the training."""
    field_controls.control("name")
    encoder = draft.get(recipe_state.content(), "representation")["name"] == ENCODER
    for title, group in GROUPS.items():
        if group is _fine_tuning and not encoder:
            continue
        with st.container(border=True, gap="small"):
            st.markdown(f"**{title}**")
            group()


def _grid() -> Any:
    return st.grid(4, min_column_width=WIDTH)


def _controls(names: Iterable[str]) -> None:
    """Controls of the fields that count with what is chosen; switches in a row of their own.

    A switch stands beside its label, so a column of the grid would cut the label.
    """
    content = recipe_state.content()
    left_out = OF_FRAMES if draft.is_one_frame(content) else ()
    shown = []
    for name in names:
        other, values = USED_WITH.get(name, (name, None))
        counts = values is None or draft.get(content, other) in values
        if counts and name not in left_out:
            shown.append(name)
    switches = [name for name in shown if field_controls.is_switch(name)]
    with _grid():
        for name in shown:
            if name not in switches:
                field_controls.control(name)
    if switches:
        with st.container(horizontal=True, gap="medium"):
            for name in switches:
                field_controls.control(name)


def _data() -> None:
    corpus = selection.active().corpus
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{plain(corpus.name)}: {count(len(corpus.usable), 'clip')}, "
            f"{count(len(corpus.speakers), 'speaker')}",
            width="content",
        )
        navigation.link("corpus", "Change corpus or view splits →")
    saved = bool(draft.get(recipe_state.content(), "split.file"))
    _policy(disabled=saved)
    policy = draft.get(recipe_state.content(), "split.policy")
    options = POLICIES[policy].options if policy in POLICIES and not saved else ()
    with _grid():
        if "fractions" in options:
            _fractions()
        if "folds" in options:
            field_controls.control("split.folds")
        field_controls.control("split.seed", disabled=saved)
        field_controls.control("seeds")
    field_controls.control("split.group_copies", disabled=saved)
    with st.expander("Selected folds, saved split", type="compact"):
        field_controls.control("split.only")
        _saved_split()


def _policy(*, disabled: bool) -> None:
    name, field = "split.policy", draft.fields()["split.policy"]
    held = draft.get(recipe_state.content(), name)
    options = [*POLICIES] if held in POLICIES else [*POLICIES, held]
    st.session_state[field_controls.key_of(name)] = held
    st.selectbox(
        field_controls.label_of(name),
        options,
        format_func=lambda each: POLICIES[each].title if each in POLICIES else each,
        key=field_controls.key_of(name),
        help=field_controls.help_of(name, field),
        disabled=disabled,
        on_change=_policy_changed,
    )
    if held in POLICIES:
        st.caption(plain(POLICIES[held].describe))


def _policy_changed() -> None:
    recipe_state.change("split.policy", st.session_state[field_controls.key_of("split.policy")])


def _fractions() -> None:
    held = draft.get(recipe_state.content(), "split.fractions")
    usable = isinstance(held, list | tuple) and len(held) == len(PARTS)
    own = draft.get(recipe_state.content(), "split.policy") in TEST_IS_ONE_SPEAKER
    for index, part in enumerate(PARTS[1 : 2 if own else 3], start=1):
        key = f"recipe:split.{part}"
        st.session_state[key] = round(100 * float(held[index])) if usable else 10
        st.number_input(
            f"{part.capitalize()} (%)",
            0,
            50,
            key=key,
            step=5,
            help="Share of the clips. Speakers or sentences stay whole, so it is approximate. The "
            "rest is for training. `split.fractions`",
            on_change=_fractions_changed,
        )


def _fractions_changed() -> None:
    held = draft.get(recipe_state.content(), "split.fractions")
    given = [st.session_state.get(f"recipe:split.{part}") for part in PARTS[1:]]
    shares = [100 * old if new is None else new for old, new in zip(held[1:], given, strict=True)]
    recipe_state.change(
        "split.fractions", [round(share / 100, 2) for share in (100 - sum(shares), *shares)]
    )


def _saved_split() -> None:
    """Splits that were saved on the page Corpus."""
    name, field = "split.file", draft.fields()["split.file"]
    files = sorted((settings.home() / "splits").glob("*.json"))
    held = draft.get(recipe_state.content(), name)
    options = ["", *map(str, files)]
    if held and str(held) not in options:
        options.append(str(held))
    st.session_state[field_controls.key_of(name)] = str(held or "")
    st.selectbox(
        field_controls.label_of(name),
        options,
        format_func=lambda path: path.rpartition("/")[2] or "none",
        key=field_controls.key_of(name),
        help=field_controls.help_of(name, field),
        on_change=lambda: recipe_state.change(
            name, st.session_state[field_controls.key_of(name)] or None
        ),
    )


def _representation() -> None:
    from ser_core.features.representations import model_inputs
    from ser_core.models.networks import accepting

    content = recipe_state.content()
    held = str(content.get("representation", draft.default("representation"))["name"])
    there = {n: each for n, each in model_inputs().items() if accepting(each.input_kind)}
    known = [*there] if held in there else [*there, held]
    left, right = st.columns([3, 2])
    with left:
        st.session_state["recipe:representation.name"] = held
        st.selectbox(
            "Representation",
            known,
            format_func=lambda n: there[n].title if n in there else n,
            key="recipe:representation.name",
            help="Input of the network. The page Representations shows all of them.",
            on_change=_representation_changed,
        )
    with right:
        field_controls.control("normalise")
    if held not in there:
        return
    chosen = there[held]
    st.caption(plain(chosen.describe))
    own: tuple[str, ...] = ()
    if held == ENCODER:
        from pages.train import encoder_picker

        encoder_picker.show()
        own = encoder_picker.OWN
    rest = [each for each in dataclasses.fields(chosen) if "help" in each.metadata]
    rest = [each for each in rest if each.name not in own]
    if not rest:
        return
    with st.expander("Parameters", type="compact"), _grid():
        for field in rest:
            draw = next(make for key, make in BY_METADATA if key in field.metadata)
            draw(field, content.get("representation", {}).get(field.name, field.default))


def _representation_changed() -> None:
    name = st.session_state["recipe:representation.name"]
    needed = draft.fitting(recipe_state.content(), name)
    if needed.get("normalise") == "speaker" and not selection.active().corpus.speakers:
        del needed["normalise"]
    recipe_state.change("representation.name", name)
    field_controls.change_too(needed)


def _parameter(field: dataclasses.Field[Any], value: Any) -> None:
    """A parameter of the representation, as its own field says."""
    rule, whole = field.metadata, isinstance(field.default, int)
    kind: Any = int if whole else float
    name = f"representation.{field.name}"
    within = isinstance(value, int | float) and rule["low"] <= value <= rule["high"]
    st.session_state[field_controls.key_of(name)] = kind(value) if within else None
    unit = f" ({rule['unit']})" if rule["unit"] else ""
    st.number_input(
        f"{field_controls.label_of(name)}{unit}",
        kind(rule["low"]),
        kind(rule["high"]),
        "min" if within else None,
        step=kind(1 if whole else 10),
        format="%d" if whole else "%g",
        key=field_controls.key_of(name),
        placeholder=str(value),
        help=f"{rule['help']}. From {rule['low']:g} to {rule['high']:g}; the default is "
        f"{field.default:g}. `{name}`",
        on_change=_parameter_changed,
        args=(name, field.default),
    )


def _text_parameter(field: dataclasses.Field[Any], value: Any) -> None:
    """A parameter of the representation that is a text, such as a folder."""
    name = f"representation.{field.name}"
    st.session_state[field_controls.key_of(name)] = str(value)
    st.text_input(
        field_controls.label_of(name),
        key=field_controls.key_of(name),
        help=f"{field.metadata['help']}. `{name}`",
        on_change=_parameter_changed,
        args=(name, field.default),
    )


def _word_parameter(field: dataclasses.Field[Any], value: Any) -> None:
    """A parameter of the representation that is one of a few words."""
    name = f"representation.{field.name}"
    options = list(field.metadata["options"])
    st.session_state[field_controls.key_of(name)] = value
    st.selectbox(
        field_controls.label_of(name),
        options if value in options else [*options, value],
        key=field_controls.key_of(name),
        help=f"{field.metadata['help']}. `{name}`",
        on_change=_parameter_changed,
        args=(name, field.default),
    )


BY_METADATA = (
    ("low", _parameter),
    ("options", _word_parameter),
    ("help", _text_parameter),
)
"""What a parameter is asked for with, the first whose key it has."""


def _parameter_changed(name: str, default: Any) -> None:
    value = st.session_state[field_controls.key_of(name)]
    recipe_state.change(name, default if value is None else value)


def _fine_tuning() -> None:
    """Whether the encoder is trained too, and how."""
    name, field = TUNED, draft.fields()[TUNED]
    key, held = field_controls.key_of(name), draft.get(recipe_state.content(), name)
    options = list(get_args(field.annotation))
    st.session_state[key] = held
    st.selectbox(
        field_controls.label_of(name),
        options if held in options else [*options, held],
        format_func=lambda each: METHODS.get(each, each),
        key=key,
        help=field_controls.help_of(name, field),
        on_change=_tuning_changed,
    )
    if held != FROZEN:
        _controls(TUNING)


def _tuning_changed() -> None:
    """Bring a network that is trained step by step with it, which fine-tuning needs."""
    method = st.session_state[field_controls.key_of(TUNED)]
    recipe_state.change(TUNED, method)
    if method != FROZEN and "fine_tune" not in learner_sections():
        recipe_state.change("network.name", "linear")
        st.toast("Also set: Network linear, which is trained together with the encoder.")


def _augmentation() -> None:
    everything = ("augment.waveform", "augment.picture", "augment.speeds", *ATTACK)
    _controls(everything if "augment" in learner_sections() else ("augment.speeds",))


def _network() -> None:
    from ser_core.models.networks import NETWORKS

    content = recipe_state.content()
    field_controls.control("network.name")  # across the group, since titles are long
    if own := draft.network_fields(content):
        _controls(own)
    name, trials = (draft.get(content, each) for each in ("network.name", TRIALS))
    known = NETWORKS[name].searched if name in NETWORKS else {}
    if known or trials:  # where it no longer fits it is shown, so that it can be taken back
        _controls((TRIALS, "search.folds") if trials else (TRIALS,))
    if known and trials:
        st.caption(f"Searched within the training part of each fold: {', '.join(known)}.")


def _training() -> None:
    if "train" not in learner_sections():
        st.caption("Fitted in one go: no epochs to set.")
        _controls((*AT_ONCE, *_balance()))
        return
    _controls((*COURSE, *_balance()))
    if draft.get(recipe_state.content(), "train.refit"):  # shown, so that it can be taken back
        _controls(["train.refit"])
    with st.expander("Optimiser, schedule, averaging, precision", type="compact"):
        _controls(FINER)


def _balance() -> tuple[str, ...]:
    """The field that balances corpora, where there are several."""
    name = "train.balance_corpora"
    set_already = bool(draft.get(recipe_state.content(), name))
    return (name,) if selection.active().corpus.corpora or set_already else ()


def learner_sections() -> tuple[str, ...]:
    """Sections of the recipe that what fits the chosen network reads."""
    from ser_core.models.networks import NETWORKS
    from ser_core.training.learners import learner_for

    name = draft.get(recipe_state.content(), "network.name")
    return learner_for(name).sections if name in NETWORKS else ("train", "augment")


GROUPS = {
    "Corpus and split": _data,
    "Representation": _representation,
    "Fine-tuning": _fine_tuning,
    "Augmentation": _augmentation,
    "Network": _network,
    "Training": _training,
}
