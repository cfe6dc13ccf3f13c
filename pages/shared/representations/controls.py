"""The parameters of a representation as controls, built from what its fields say of themselves."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeAlias

import streamlit as st

from pages.shared import errors
from pages.shared.representations import address
from ser_core.errors import ParameterError
from ser_core.registry import did_you_mean
from ser_core.representations import REPRESENTATIONS, Representation, make

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamlit.delta_generator import DeltaGenerator

Number: TypeAlias = "float | int"

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


def panel(name: str, *, said_in: DeltaGenerator, wide: bool = False) -> Representation:
    """Show the controls; the representation they describe, or the last one that was valid.

    Args:
        name: Of the representation.
        said_in: Where to say what is wrong.
        wide: Lay the controls in rows instead of one column.
    """
    with said_in:
        wanted = _from_address(name)
    st.markdown("**Parameters**")
    with st.grid(8, min_column_width=132, vertical_alignment="bottom") if wide else st.container():
        for field in dataclasses.fields(REPRESENTATIONS[name]):
            _control(name, field, wanted.get(field.name, field.default))
    changed = bool(address.parameters())
    st.button("Reset to defaults", on_click=address.forget_parameters, disabled=not changed)
    with said_in:
        return _made(name, wanted)


def _from_address(name: str) -> dict[str, Any]:
    """Parameters in the address, after saying which cannot be used."""
    fields = {field.name: field for field in dataclasses.fields(REPRESENTATIONS[name])}
    return read(name, fields, address.parameters())


def read(
    name: str, fields: Mapping[str, dataclasses.Field[Any]], given: Mapping[str, str]
) -> dict[str, Any]:
    """Values of parameters from their texts, after saying which cannot be used.

    Args:
        name: Of what has the parameters.
        fields: Its parameters by name; each has bounds or options.
        given: Texts by name of parameter.
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
            errors.show(error)
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
    """A parameter's value from its text, within its bounds.

    Raises:
        ParameterError: If it is not a number of the right kind, or out of bounds.
    """
    try:
        value: Number = kind_of(field)(text)
    except ValueError:
        kind = "a whole number" if isinstance(field.default, int) else "a number"
        raise ParameterError(
            f"{field.name} = {text!r} is not {kind}", subject=name, remedy="The default is used"
        ) from None
    rule = field.metadata
    if not rule["low"] <= value <= rule["high"]:
        raise ParameterError(
            f"{field.name} = {text} must lie between {rule['low']} and {rule['high']} "
            f"{rule['unit']}".rstrip(),
            subject=name,
            remedy="The default is used",
        )
    return value


def kind_of(field: dataclasses.Field[Any]) -> type[int] | type[float]:
    """Whether a parameter counts or measures."""
    return int if isinstance(field.default, int) else float


def _control(name: str, field: dataclasses.Field[Any], value: Number) -> None:
    rule, kind = field.metadata, kind_of(field)
    key = f"{name}-{field.name}"
    st.session_state[key] = value
    st.number_input(
        label(field.name, rule["unit"]),
        kind(rule["low"]),
        kind(rule["high"]),
        step=kind(STEPS.get(field.name, 1)),
        format="%d" if kind is int else "%g",
        key=key,
        help=f"`{field.name}`: {rule['help']}. From {rule['low']:g} to {rule['high']:g}; "
        f"the default is {field.default:g}.",
        on_change=_changed,
        args=(key, field.name, field.default),
    )


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
    address.write(parameter, "" if value == default else f"{value:.10g}")


def _made(name: str, wanted: dict[str, Any]) -> Representation:
    """The representation; if the parameters do not go together, the last one of which they did."""
    kept: dict[str, Representation] = st.session_state.setdefault("_valid", {})
    try:
        kept[name] = make(name, **wanted)
    except ParameterError as error:
        errors.show(error)
        st.caption("The picture still shows the last parameters that went together.")
    return kept.get(name) or make(name)
