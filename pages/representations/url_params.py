"""Query parameters of the page Representations, beside those of the selection."""

from __future__ import annotations

import streamlit as st

from pages.components import selection
from pages.components.selection import SHARED

REPRESENTATION = "representation"
COMPARE = "compare"
AUGMENT = "augment"
AUGMENT_SEED = "augment_seed"
_OF_AUGMENT = f"{AUGMENT}_"
_OWN = {*SHARED, "from", REPRESENTATION, COMPARE, AUGMENT}


def read(name: str) -> str:
    """A query parameter; empty when it is absent."""
    return str(st.query_params.get(name, ""))


def write(name: str, value: object) -> None:
    """Set a query parameter; an empty one is removed."""
    selection.write(**{name: "" if value is None else str(value)})


def parameters() -> dict[str, str]:
    """Parameters of the enlarged representation, as the address spells them."""
    return {
        name: value
        for name, value in st.query_params.items()
        if name not in _OWN and not name.startswith(_OF_AUGMENT)
    }


def forget_parameters() -> None:
    """Go back to the defaults."""
    selection.write(**dict.fromkeys(parameters(), ""))


def augment_parameters() -> dict[str, str]:
    """Parameters of the augmentation by their own names, as the address spells them."""
    return {
        name.removeprefix(_OF_AUGMENT): value
        for name, value in st.query_params.items()
        if name.startswith(_OF_AUGMENT) and name != AUGMENT_SEED
    }


def write_augment_parameter(name: str, value: object) -> None:
    """Put a parameter of the augmentation into the address; an empty one is taken out."""
    write(_OF_AUGMENT + name, value)


def forget_augment_parameters() -> None:
    """Go back to what the augmentation usually does."""
    selection.write(**dict.fromkeys(_of_augmentation(), ""))


def _of_augmentation() -> list[str]:
    """Parameters of the augmentation, as the address names them."""
    return [_OF_AUGMENT + name for name in augment_parameters()]


def choose_augment(name: str) -> None:
    """Show another augmentation, with its usual parameters; an empty name shows none."""
    changes = {**dict.fromkeys(_of_augmentation(), ""), AUGMENT: name}
    selection.write(**changes, **({} if name else {AUGMENT_SEED: ""}))


def enlarge(name: str) -> None:
    """Show one representation alone, with its own parameters; an empty name shows all."""
    changes = {**dict.fromkeys(parameters(), ""), REPRESENTATION: name}
    if not name:
        changes |= dict.fromkeys([*_of_augmentation(), AUGMENT, AUGMENT_SEED], "")
    selection.write(**changes)
