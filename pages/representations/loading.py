"""Load the gallery under a spinner: the first visit may come before torch is loaded."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from types import ModuleType

VIEWS = "pages.representations.gallery"


def views() -> ModuleType:
    """The module that shows the feature maps; torch is loaded with it."""
    if VIEWS in sys.modules and "torch" in sys.modules:
        return importlib.import_module(VIEWS)
    with st.spinner("Loading the signal processing, a few seconds once …"):
        module = importlib.import_module(VIEWS)
        _one_thread()
    return module


def _one_thread() -> None:
    """A clip is too short for two threads to share; waiting for each other costs more."""
    import torch

    torch.set_num_threads(1)
