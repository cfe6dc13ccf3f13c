"""The model behind an exported file, and the file as a model on other pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components.model_picker import MODEL
from ser_core.export.plan import source_of
from ser_core.inference.catalogue import EXPORTED, models

if TYPE_CHECKING:
    from pathlib import Path


def use_source_model() -> None:
    """Where the address names an exported file, as other pages do, choose what it was made from."""
    key = st.query_params.get(MODEL, "")
    if not key.startswith(f"{EXPORTED}:"):
        return
    named = next((each for each in models() if each.key == key), None)
    made_from = source_of(named.folder) if named else None
    st.query_params[MODEL] = made_from.key if made_from else ""


def key_of(path: Path) -> str:
    """Key of a file in the list of models."""
    return f"{EXPORTED}:{path.parent.name}:{path.stem}"
