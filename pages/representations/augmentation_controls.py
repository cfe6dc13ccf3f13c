"""The parameters of an augmentation as controls, built from the metadata of its fields."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import errors
from pages.representations import parameter_controls, url_params
from ser_core.augment.preview import default_parameters, made, parameters_of
from ser_core.core import ParameterError

if TYPE_CHECKING:
    import dataclasses

    from ser_core.features.representations import Representation


TINY = 1e-9
"""Keeps a logarithm that should be whole from falling below it."""


def panel(name: str, representation: Representation) -> dict[str, Any]:
    """Show the controls; the parameters they describe, or the last ones that went together."""
    fields, defaults = parameters_of(name), default_parameters(name, representation)
    titles = {
        key: title(f.metadata["help"], f.metadata.get("unit", "")) for key, f in fields.items()
    }
    wanted = defaults | parameter_controls.read(
        name, fields, url_params.augment_parameters(), titles
    )
    with st.grid(8, min_column_width=210, vertical_alignment="top"):
        for key, field in fields.items():
            _control(name, field, wanted[key], defaults[key])
    return _valid(name, representation, wanted, defaults, titles)


def owner_of(name: str) -> str:
    """What the fields of an augmentation belong to, for their keys and their reset."""
    return f"augment-{name}"


def _control(name: str, field: dataclasses.Field[Any], value: Any, default: Any) -> None:
    kind = _choice if "options" in field.metadata else _number
    key = parameter_controls.field_key(owner_of(name), field.name)
    changed = {"on_change": _changed, "args": (key, field.name, default)}
    kind(field, value, default, key=key, **changed)


def _choice(field: dataclasses.Field[Any], value: str, default: str, **control: Any) -> None:
    rule = field.metadata
    help_ = f"`{field.name}`: {rule['help']}. The default is {default}."
    st.session_state[control["key"]] = value
    st.selectbox(title(rule["help"]), rule["options"], help=help_, **control)


def _number(field: dataclasses.Field[Any], value: Any, default: float, **control: Any) -> None:
    rule, kind = field.metadata, parameter_controls.kind_of(field)
    by = 1 if kind is int else step(rule["low"], rule["high"], default)
    words = title(rule["help"], rule["unit"])
    parameter_controls.number(field, value, words, default=default, step=by, **control)


def title(help_: str, unit: str = "") -> str:
    """First words of a parameter's explanation, with its unit unless they say it.

    >>> title("Bits a sample: fewer are rougher", "bits"), title("Least gain", "dB")
    ('Bits a sample', 'Least gain (dB)')
    """
    words = re.split(r"[:;,(]", help_)[0].strip()
    said = not unit or unit in words.lower().split()
    return words if said else f"{words} ({unit})"


def step(low: float, high: float, default: float) -> float:
    """A power of ten: small beside the bounds, and beside the default if that is small.

    >>> step(0, 1, 0.1), step(-20, 100, 10), step(0, 100, 0.03)
    (0.01, 1.0, 0.01)
    """
    size = min((high - low) / 20, abs(default) / 3 or high - low)
    return float(10.0 ** math.floor(math.log10(size) + TINY))


def _changed(key: str, parameter: str, default: Any) -> None:
    value = st.session_state[key]
    text = f"{value:.10g}" if isinstance(value, float) else value
    url_params.write_augment_parameter(parameter, "" if value == default else text)


def _valid(
    name: str,
    representation: Representation,
    wanted: dict[str, Any],
    defaults: dict[str, Any],
    titles: dict[str, str],
) -> dict[str, Any]:
    """The wanted parameters, or the last ones of this augmentation that were valid."""
    last_valid: dict[str, dict[str, Any]] = st.session_state.setdefault("_valid_augment", {})
    which = f"{name}-{representation.name}"
    try:
        made(name, wanted, representation)
    except ParameterError as error:
        errors.show(parameter_controls.with_titles(error, titles))
        last = "the last valid parameters" if which in last_valid else "the defaults"
        st.caption(f"Shown below: {last}.")
        return last_valid.get(which, defaults)
    last_valid[which] = wanted
    return wanted
