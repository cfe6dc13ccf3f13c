"""Load the modules of the form under a spinner: the first visit may come before torch is loaded."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from types import ModuleType


def recipe_views() -> tuple[ModuleType, ModuleType]:
    """The modules of the form and of its summary; torch is loaded for them."""
    names = ("pages.train.recipe_form", "pages.train.start_panel")
    if "ser_core.augment" not in sys.modules:
        with st.spinner("Loading the signal processing, a few seconds once …"):
            importlib.import_module("ser_core.augment")
    sections, starting = map(importlib.import_module, names)
    return sections, starting


def sweep_views() -> ModuleType:
    """The module of sweeps; those of the form are loaded for it."""
    recipe_views()
    return importlib.import_module("pages.train.sweep_panel")
