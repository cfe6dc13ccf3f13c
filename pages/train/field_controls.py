"""A control for every field of a recipe, built from the field's type, bounds and help."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import streamlit as st

from pages.train import recipe_state
from ser_core.recipes import draft

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic.fields import FieldInfo

WORDS = {
    "name": "Name",
    "split.policy": "Split policy",
    "split.seed": "Split seed",
    "split.folds": "Folds",
    "split.group_copies": "Keep copies together",
    "split.only": "Only these folds",
    "split.file": "Saved split",
    "seeds": "Training seeds",
    "normalise": "Normalisation",
    "augment.waveform": "Waveform augmentation",
    "augment.picture": "Feature augmentation",
    "augment.speeds": "Speed perturbation",
    "network.name": "Network",
    "representation.name": "Representation",
    "network.width": "Width",
    "network.dropout": "Dropout",
    "search.trials": "Search (trials)",
    "search.folds": "Search folds",
    "fine_tune.method": "Fine-tuning of the encoder",
    "fine_tune.from_layer": "First layer",
    "fine_tune.rank": "LoRA rank",
    "fine_tune.lr": "Learning rate",
    "fine_tune.layer_decay": "Layer decay",
    "fine_tune.probe_epochs": "Epochs before",
    "fine_tune.masks": "SpecAugment",
    "fine_tune.checkpointing": "Checkpointing",
    "optim.name": "Optimiser",
    "optim.lr": "Learning rate",
    "optim.weight_decay": "Weight decay",
    "optim.clip_norm": "Gradient clipping",
    "optim.warmup": "Warm-up",
    "train.adversarial": "Adversarial training",
    "train.epsilon": "Attack epsilon (σ)",
    "train.batch": "Batch size (clips)",
    "train.crop_s": "Crop (s)",
    "train.ema_decay": "EMA decay",
    "train.average": "Weight averaging",
    "train.select": "Select epoch by",
    "train.stop_after": "Early stopping (epochs)",
    "train.parts": "Ghost batches",
    "train.precision": "Precision",
}
STEPS = {
    "fine_tune.lr": 0.00005,
    "fine_tune.layer_decay": 0.05,
    "optim.lr": 0.0005,
    "optim.weight_decay": 0.01,
    "optim.warmup": 0.05,
    "optim.clip_norm": 1.0,
    "network.dropout": 0.05,
    "network.width": 8,
    "train.crop_s": 0.5,
    "train.label_smoothing": 0.01,
    "train.mixup": 0.1,
    "train.epsilon": 0.01,
    "train.ema_decay": 0.005,
    "train.batch": 2,
}
"""How far the plus and minus of a control go; 1 and 0.1 where nothing is said."""

HELP = {
    "fine_tune.method": "Fine-tuning trains the pretrained encoder together with the network: the "
    "scores are often higher, and it takes minutes an epoch instead of seconds in all. **frozen**: "
    "none. **layers**: whole layers. **lora**: a low-rank change of their attention (LoRA), which "
    "has far fewer weights to train.",
    "train.epochs": "Passes over the training part. More help until the validation UAR levels off; "
    "the time grows in proportion.",
    "train.batch": "Clips per optimisation step. Larger batches make fewer, steadier steps; small "
    "corpora often train better with 16 or 32.",
    "split.policy": "Which clips are in the training and in the test part, and so whether the "
    "scores hold for unseen speakers or only for those in training.",
    "split.group_copies": "Copies of a recording, identical or nearly so (another level, format or "
    "cut), go to one part; where they differ in emotion, speaker or sentence, none is used.",
    "name": "Name of the run in lists. Recipes that differ in name alone are one run.",
    "normalise": "**corpus**: by mean and deviation of the training clips. **clip**: each clip by "
    "its own. **speaker**: each speaker by their own clips, without labels; much better on unseen "
    "speakers, who are enrolled with a few clips when the model is used.",
    "seeds": "Random seeds. Several seeds train several times and show the variation of the "
    "scores. As in 0, 1, 2.",
    "augment.waveform": "**default** changes voice, room, microphone and level of each clip at "
    "random, anew in every epoch: slower, better on unseen speakers. **noise** adds noise, "
    "reverberation and codecs: better on bad recordings. For a list of your own, edit the YAML.",
    "augment.picture": "**default** masks, shifts and warps the features in the way that suits "
    "the representation, anew in every epoch. For a list of your own, edit the YAML.",
    "augment.speeds": "Copies of every training clip at these speeds (1.1 is faster and higher), "
    "each as of a further speaker: better on unseen speakers. Each speed lengthens an epoch by as "
    "much again. As in 0.9, 1.1.",
    "train.adversarial": "Half of each batch is attacked before the training step, so that the "
    "model resists attacks. **fgsm**: one step, half as long again. **pgd**: three steps, more "
    "than twice as long. It costs some accuracy on clean clips; Robustness shows both.",
    "train.epsilon": "Largest change of a value by that attack, in standard deviations of the "
    "normalised features; 0.07 is about 1 dB of a log-mel spectrogram.",
}
OWN_LIST = "own list"
CHOSEN = ("name", "split.policy")
"""Fields that the form chooses itself, by what else there is; their defaults are a recipe's."""
TINY = 1e-9


def control(name: str, *, disabled: bool = False) -> None:
    """The control of a field; what it holds is in the address."""
    field = _field(name)
    value = draft.get(recipe_state.content(), name)
    for wanted, make in KINDS:
        if any(wanted(kind) for kind in _kinds(field)):
            make(name, field, value, disabled)
            return
    raise TypeError(f"no control for {name}")


def _field(name: str) -> FieldInfo:
    return draft.field(name, recipe_state.content())


def kinds(name: str) -> list[Any]:
    """Types that a field of the recipe in the form takes, None left out."""
    return _kinds(_field(name))


def bounds(name: str) -> tuple[float | None, float | None]:
    """Least and greatest number that a field takes; None where there is no end."""
    return _bounds(_field(name))


def is_switch(name: str) -> bool:
    """Whether a field is asked for by a switch."""
    return any(_is(kind, bool) for kind in kinds(name))


def label_of(name: str) -> str:
    """A field's name for people."""
    return WORDS.get(name, name.rpartition(".")[2].replace("_", " ").capitalize())


def key_of(name: str) -> str:
    """Key of a field's control."""
    return f"recipe:{name}"


def help_of(name: str, field: FieldInfo) -> str:
    """What a field is, between which bounds, and what it is by default."""
    text = HELP.get(name) or f"{field.description or label_of(name)}."
    low, high = _bounds(field)
    ends = f" From {low:g} to {high:g}." if low is not None and high is not None else ""
    usual = "" if name in CHOSEN else f" The default is {_as_text(draft.default_of(field))}."
    return f"{text}{ends}{usual} `{name}`"


def _as_text(value: Any) -> Any:
    if value in (None, ()):
        return "empty"
    return ", ".join(map(str, value)) if _is_list(value) else value


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _kinds(field: FieldInfo) -> list[Any]:
    """Types that a field takes, None left out."""
    kind = field.annotation
    several = get_origin(kind) in (Union, types.UnionType)
    return [each for each in (get_args(kind) if several else [kind]) if each is not type(None)]


def _bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    said = {type(rule).__name__: rule for rule in field.metadata}
    low = said["Ge"].ge if "Ge" in said else said["Gt"].gt if "Gt" in said else None
    high = said["Le"].le if "Le" in said else said["Lt"].lt if "Lt" in said else None
    return low, high


def _set(name: str, value: Any) -> str:
    """Give a control its value before it is drawn; its key."""
    key = key_of(name)
    st.session_state[key] = value
    return key


def _select(name: str, field: FieldInfo, value: Any, disabled: bool) -> None:
    options = [*get_args(_literal(field)), *([OWN_LIST] if _is_list(value) else [])]
    held = OWN_LIST if _is_list(value) else value
    if held not in options:
        options.append(held)
    st.selectbox(
        label_of(name),
        options,
        key=_set(name, held),
        format_func=TITLES.get(name, str),
        help=help_of(name, field),
        disabled=disabled,
        on_change=_changed,
        args=(name,),
    )


def _network_title(name: str) -> str:
    """What people call a network; its name where there is none of it."""
    from ser_core.models.networks import NETWORKS

    return NETWORKS[name].title if name in NETWORKS else name


TITLES: dict[str, Callable[[str], str]] = {"network.name": _network_title}
"""How the choices of a field are shown, where it is not as the recipe has them."""


def _literal(field: FieldInfo) -> Any:
    return next(kind for kind in _kinds(field) if _is(kind, Literal))


def _toggle(name: str, field: FieldInfo, value: Any, disabled: bool) -> None:
    st.toggle(
        label_of(name),
        key=_set(name, bool(value)),
        help=help_of(name, field),
        width="content",
        disabled=disabled,
        on_change=_changed,
        args=(name,),
    )


def _number(name: str, field: FieldInfo, value: Any, disabled: bool) -> None:
    whole = int in _kinds(field)
    kind: Any = int if whole else float
    low, high = _bounds(field)
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    within = usable and (low is None or value >= low) and (high is None or value <= high)
    st.number_input(
        label_of(name),
        None if low is None else kind(low),
        None if high is None else kind(high),
        None if value is None or not within or _is_optional(name) else "min",
        key=_set(name, kind(value) if within else None),
        step=kind(STEPS.get(name, 1 if whole else 0.1)),
        format="%d" if whole else "%g",
        placeholder="empty" if value is None else str(value),
        help=help_of(name, field),
        disabled=disabled,
        on_change=_changed,
        args=(name,),
    )


def _list(name: str, field: FieldInfo, value: Any, disabled: bool) -> None:
    text = ", ".join(map(str, value)) if _is_list(value) else "" if value is None else str(value)
    st.text_input(
        label_of(name),
        key=_set(name, text),
        help=help_of(name, field),
        placeholder="all" if value is None else "none" if value == () else "",
        disabled=disabled,
        on_change=_changed,
        args=(name,),
    )


def _text(name: str, field: FieldInfo, value: Any, disabled: bool) -> None:
    st.text_input(
        label_of(name),
        key=_set(name, "" if value is None else str(value)),
        help=help_of(name, field),
        disabled=disabled,
        on_change=_changed,
        args=(name,),
    )


def _is(kind: Any, wanted: Any) -> bool:
    return get_origin(kind) is wanted or kind is wanted


KINDS: tuple[tuple[Any, Any], ...] = (
    (lambda kind: _is(kind, Literal), _select),
    (lambda kind: _is(kind, bool), _toggle),
    (lambda kind: _is(kind, int) or _is(kind, float), _number),
    (lambda kind: _is(kind, tuple), _list),
    (lambda _kind: True, _text),
)
"""What a type is asked for with, the first that fits."""


def _changed(name: str) -> None:
    value = st.session_state[key_of(name)]
    if value == OWN_LIST:
        return
    own = kinds(name)
    if any(_is(kind, tuple) for kind in own) and not any(_is(kind, Literal) for kind in own):
        value = _numbers(value)
    value = None if value == "" else value
    recipe_state.change(
        name, draft.default_of(_field(name)) if value is None and not _is_optional(name) else value
    )
    if name == "network.name":
        change_too(draft.representation_for(recipe_state.content(), str(value)))


def change_too(needed: Mapping[str, Any]) -> None:
    """Change what must change with a field, and say so."""
    for name, value in needed.items():
        recipe_state.change(name, value)
    if needed:
        said = ", ".join(
            f"{label_of(name)} {TITLES.get(name, str)(value)}" for name, value in needed.items()
        )
        st.toast(f"Also set: {said}.")


def _is_optional(name: str) -> bool:
    return type(None) in get_args(_field(name).annotation)


def _numbers(text: str) -> list[Any] | None:
    """A list of numbers as people type it; what is no number stays, for the recipe to refuse."""
    return [_as_number(part) for part in text.replace(",", " ").split()] or None


def _as_number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
