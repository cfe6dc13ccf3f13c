"""What the page Results keeps in its address on top of the shared selection."""

from __future__ import annotations

import streamlit as st

RUN = "run"
COMPARE = "compare"
CELL = "cell"
VOICES = "voices"
OWN = (RUN, COMPARE, CELL, VOICES)

STRANGERS, ENROLLED = "strangers", "enrolled"


def read(name: str) -> str:
    """A value of the address; empty when it is not there."""
    return str(st.query_params.get(name, ""))


def write(**values: str) -> None:
    """Put values into the address; an empty one is taken out."""
    for name, value in values.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


def show_all() -> None:
    """Back to the list of runs."""
    write(**dict.fromkeys(OWN, ""))


def show_run(run_id: str) -> None:
    """Open one run."""
    write(run=run_id, compare="", cell="")


def show_several(run_ids: list[str]) -> None:
    """Compare runs."""
    write(run="", compare=",".join(run_ids), cell="")


def runs_to_compare() -> list[str]:
    """Runs to compare, without repetition."""
    return list(dict.fromkeys(each for each in read(COMPARE).split(",") if each))


def enrolled() -> bool:
    """Whether answers to known voices are looked at, rather than those to strangers."""
    return read(VOICES) == ENROLLED


def cell() -> tuple[str, str] | None:
    """True emotion and answer of the chosen cell of the confusion matrix."""
    true, _, answer = read(CELL).partition(":")
    return (true, answer) if answer else None
