"""What the page keeps in its address on top of the shared selection."""

from __future__ import annotations

import streamlit as st

REPRESENTATION = "representation"
COMPARE = "compare"
_OWN = {"corpus", "reader", "clip", "source", "from", REPRESENTATION, COMPARE}


def read(name: str) -> str:
    """A value of the address; empty when it is not there."""
    return str(st.query_params.get(name, ""))


def write(name: str, value: object) -> None:
    """Put a value into the address; an empty one is taken out."""
    if value == "" or value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = str(value)


def parameters() -> dict[str, str]:
    """Parameters of the enlarged representation, as the address spells them."""
    return {name: value for name, value in st.query_params.items() if name not in _OWN}


def forget_parameters() -> None:
    """Go back to the defaults."""
    for name in parameters():
        st.query_params.pop(name, None)


def enlarge(name: str) -> None:
    """Show one representation alone, with its own parameters; an empty name shows all."""
    forget_parameters()
    write(REPRESENTATION, name)
