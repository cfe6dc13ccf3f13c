"""Query parameters of the page Results, beside those of the selection."""

from __future__ import annotations

import streamlit as st

RUN = "run"
COMPARE = "compare"
CELL = "cell"
VOICES = "voices"
OWN = (RUN, COMPARE, CELL, VOICES)

UNSEEN, ENROLLED = "strangers", "enrolled"


def read(name: str) -> str:
    """A query parameter; empty when it is absent."""
    return str(st.query_params.get(name, ""))


def write(**values: str) -> None:
    """Set query parameters; an empty one is removed."""
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
    """Whether predictions with enrolment are shown, rather than those without."""
    return read(VOICES) == ENROLLED


def cell() -> tuple[str, str] | None:
    """True and predicted emotion of the chosen cell of the confusion matrix."""
    true, _, predicted = read(CELL).partition(":")
    return (true, predicted) if predicted else None
