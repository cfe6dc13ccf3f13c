"""What the page loads late and caches: its own modules, cards, models to attack."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from ser_core.robustness.card import Card


def views() -> tuple[ModuleType, ModuleType]:
    """The modules of the two tabs; torch is loaded for them."""
    names = ("pages.robustness.robustness_card", "pages.robustness.one_clip")
    if "ser_core.robustness.assessment" not in sys.modules:
        with st.spinner("Loading the signal processing, a few seconds once …"):
            importlib.import_module("ser_core.robustness.assessment")
    first, second = map(importlib.import_module, names)
    return first, second


def card(folder: Path) -> Card:
    """A saved card, read once.

    Raises:
        EvaluationError: If it is damaged.
    """
    file = folder / "card.json"
    return _card(str(folder), file.stat().st_mtime if file.exists() else 0.0)


@st.cache_resource(max_entries=12, show_spinner="Computing the intervals …")
def _card(folder: str, changed: float) -> Card:  # noqa: ARG001  (part of the key)
    from pathlib import Path

    from ser_core.robustness.card import load_card

    found = load_card(Path(folder))
    _ = found.summary(), found.maskings, found.groups  # computed here, under the spinner
    return found


@st.cache_resource(max_entries=3, show_spinner="Opening the model, a few seconds once …")
def model(folder: str, changed: float) -> Any:  # noqa: ARG001  (part of the key)
    """A model to attack, of which nothing is changed.

    Raises:
        ModelError: If it cannot be opened.
    """
    from pathlib import Path

    from ser_core.models.predictor import load

    return load(Path(folder))
