"""The model behind an exported file, and the file as a model on other pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components.errors import plain
from ser_core.export.plan import source_of
from ser_core.inference.catalogue import EXPORTED

if TYPE_CHECKING:
    from pathlib import Path

    from ser_core.inference.catalogue import ModelInfo


def of(info: ModelInfo | None) -> ModelInfo | None:
    """The model itself; of an exported file what it was made from, None where that is gone."""
    if info is None or info.kind != EXPORTED:
        return info
    source = source_of(info.folder)
    if source is None:
        st.info("The model that this file was exported from is not there any more. Choose another.")
        return None
    st.caption(f"Exported from {plain(source.title)}, which is shown here.")
    return source


def key_of(path: Path) -> str:
    """Key of a file in the list of models."""
    return f"{EXPORTED}:{path.parent.name}:{path.stem}"
