"""The parameters of a representation as controls, built from the metadata of its fields."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import streamlit as st

from pages.components import errors
from pages.representations import url_params
from ser_core.core import ParameterError, did_you_mean
from ser_core.features.representations import REPRESENTATIONS, Representation, make

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamlit.delta_generator import DeltaGenerator

Number: TypeAlias = "float | int"

MOST = 1e12
"""A field shows numbers below this one, in bounds or not."""

STEPS = {
    "sample_rate": 1000,
    "n_fft": 64,
    "hop_length": 16,
    "width": 2,
    "win_length": 16,
    "fmin": 10.0,
    "fmax": 250.0,
    "quantile": 0.01,
}
"""How far the plus and minus of a control go; 1 where nothing is said."""


def panel(name: str, *, message_area: DeltaGenerator, wide: bool = False) -> Representation:
    """Show the controls; the representation they describe, or the last one that was valid.

    Args:
        name: Of the representation.
        message_area: Where to say what is wrong.
        wide: Lay the controls in rows instead of one column.
    """
    with message_area:
        wanted = _from_address(name)
    st.markdown("**Parameters**")
    with st.grid(8, min_column_width=132, vertical_alignment="top") if wide else st.container():
        for field in dataclasses.fields(REPRESENTATIONS[name]):
            _control(name, field, wanted.get(field.name, field.default))
    reset_button("Reset to defaults", url_params.forget_parameters, name)
    with message_area:
        return _made(name, wanted)


def reset_button(label: str, forget: Callable[[], None], whose: str, help_: str = "") -> None:
    """A button that brings all fields back, whatever they hold.

    Args:
        label: What it says.
        forget: Takes the parameters out of the address.
        whose: What the fields belong to.
        help_: Shown when the pointer is over it.
    """
    st.button(label, on_click=_reset, args=(forget, whose), help=help_ or None)


def _reset(forget: Callable[[], None], whose: str) -> None:
    forget()
    resets = st.session_state.setdefault("_resets", {})
    resets[whose] = resets.get(whose, 0) + 1


def field_key(whose: str, parameter: str) -> str:
    """Key of a field; another one after each reset, since a browser may keep what was not sent."""
    resets = st.session_state.get("_resets", {}).get(whose, 0)
    return f"{whose}-{parameter}-{resets}"


def _from_address(name: str) -> dict[str, Any]:
    """Parameters in the address, after saying which cannot be used."""
    fields = {field.name: field for field in dataclasses.fields(REPRESENTATIONS[name])}
    return read(name, fields, url_params.parameters(), labels(name))


def read(
    name: str,
    fields: Mapping[str, dataclasses.Field[Any]],
    given: Mapping[str, str],
    titles: Mapping[str, str],
) -> dict[str, Any]:
    """Values of parameters from their texts, after saying which are none.

    A number out of bounds is one: its field shows it, and whoever makes something of it refuses it.

    Args:
        name: Of what has the parameters.
        fields: Its parameters by name; each has bounds or options.
        given: Texts by name of parameter.
        titles: What the page calls each parameter.
    """
    wanted: dict[str, Any] = {}
    for key, text in given.items():
        try:
            if key not in fields:
                remedy = did_you_mean(key, fields)
                raise ParameterError(f"there is no parameter {key!r}", subject=name, remedy=remedy)
            kind = _choice if "options" in fields[key].metadata else _number
            wanted[key] = kind(name, fields[key], text)
        except ParameterError as error:
            errors.show(with_titles(error, titles))
    return wanted


def _choice(name: str, field: dataclasses.Field[Any], text: str) -> str:
    if text not in field.metadata["options"]:
        words = ", ".join(field.metadata["options"])
        raise ParameterError(
            f"{field.name} = {text!r} must be one of {words}",
            subject=name,
            remedy="The default is used",
        )
    return text


def _number(name: str, field: dataclasses.Field[Any], text: str) -> Number:
    """A parameter's value from its text.

    Raises:
        ParameterError: If it is not a number of the right kind, or one that no field can show.
    """
    try:
        value: Number = kind_of(field)(text)
        if abs(value) < MOST:
            return value
    except ValueError:
        pass
    kind = "a whole number" if isinstance(field.default, int) else "a number"
    rule = field.metadata
    raise ParameterError(
        f"{field.name} = {text!r} is not {kind} from {rule['low']:g} to {rule['high']:g}",
        subject=name,
        remedy="The default is used",
    )


def with_titles(error: ParameterError, titles: Mapping[str, str]) -> ParameterError:
    """The error with each parameter called what its field is called, and its name behind that.

    >>> error = ParameterError("n_fft = 513 must be even", subject="mfcc", remedy="Try 514")
    >>> str(with_titles(error, {"n_fft": "Window (samples)"}))
    'mfcc: “Window (samples)” (n_fft) = 513 must be even. Try 514.'
    """
    names = "|".join(map(re.escape, titles))
    if not names:
        return error

    def explained(text: str) -> str:
        return re.sub(
            rf"(?<!['\w])({names})(?!['\w])", lambda m: f"“{titles[m[0]]}” ({m[0]})", text
        )

    return ParameterError(
        explained(error.problem), subject=error.subject, remedy=explained(error.remedy)
    )


def kind_of(field: dataclasses.Field[Any]) -> type[int] | type[float]:
    """Whether a parameter counts or measures."""
    return int if isinstance(field.default, int) else float


def _control(name: str, field: dataclasses.Field[Any], value: Number) -> None:
    key = field_key(name, field.name)
    number(
        field,
        value,
        label(field.name, field.metadata["unit"]),
        default=field.default,
        step=kind_of(field)(STEPS.get(field.name, 1)),
        key=key,
        on_change=_changed,
        args=(key, field.name, field.default),
    )


def number(
    field: dataclasses.Field[Any], value: Number, title: str, *, default: Any, **control: Any
) -> None:
    """A field for a number, and below it the bounds when the number is out of them.

    The browser does not check them: it would keep what it refuses to itself, and the page could
    neither say what is wrong nor bring the field back.

    Args:
        field: The parameter.
        value: What the field holds.
        title: What it is called.
        default: Named in the help.
        control: Further arguments of `st.number_input`, among them `key`.
    """
    rule = field.metadata
    bounds = f"From {rule['low']:g} to {rule['high']:g}"
    st.session_state[control["key"]] = value
    with st.container(gap="xxsmall"):
        st.number_input(
            title,
            format="%d" if kind_of(field) is int else "%g",
            help=f"`{field.name}`: {rule['help']}. {bounds}; the default is {default:g}.",
            **control,
        )
        if not rule["low"] <= value <= rule["high"]:
            st.caption(f":red[{bounds}]")


WORDS = {
    "n_fft": "Window",
    "hop_length": "Hop",
    "n_mels": "Mel bands",
    "fmin": "Lowest frequency",
    "fmax": "Highest frequency",
    "n_mfcc": "Coefficients",
    "n_bins": "Bands",
    "n_bands": "Octaves",
    "win_length": "Rhythm window",
}


def label(parameter: str, unit: str) -> str:
    """A parameter's name in words, with its unit unless the words say it.

    >>> label("n_mels", "bands"), label("hop_length", "samples")
    ('Mel bands', 'Hop (samples)')
    """
    words = WORDS.get(parameter, parameter.replace("_", " ").capitalize())
    said = not unit or words.lower().endswith(unit)
    return words if said else f"{words} ({unit})"


def _changed(key: str, parameter: str, default: Number) -> None:
    value = st.session_state[key]
    url_params.write(parameter, "" if value == default else f"{value:.10g}")


def labels(name: str) -> dict[str, str]:
    """What the fields of a representation are called, by parameter."""
    fields = dataclasses.fields(REPRESENTATIONS[name])
    return {field.name: label(field.name, field.metadata["unit"]) for field in fields}


def _made(name: str, wanted: dict[str, Any]) -> Representation:
    """The representation; if the parameters do not go together, the last one of which they did."""
    last_valid: dict[str, Representation] = st.session_state.setdefault("_valid", {})
    try:
        last_valid[name] = make(name, **wanted)
    except ParameterError as error:
        errors.show(with_titles(error, labels(name)))
        last = "the last valid parameters" if name in last_valid else "the defaults"
        st.caption(f"Shown below: {last}.")
    return last_valid.get(name) or make(name)
