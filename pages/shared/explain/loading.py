"""What the page keeps open: its own modules, models, and maps that were computed."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import keeping
from ser_core import audio

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ser_core.audio import Waveform
    from ser_core.explain.attribution import Attribution
    from ser_core.explain.checks import Check
    from ser_core.explain.method import Method
    from ser_core.explain.report import Bench
    from ser_core.explain.view import View
    from ser_core.models.predictor import Predictor
    from ser_core.predicting.listing import ModelInfo

VIEWS = ("one_clip", "compare", "bench", "atlas")
KEPT = 60


def view(name: str) -> ModuleType:
    """The module of a tab; torch and Captum are loaded with it."""
    module = f"pages.shared.explain.{name}"
    if "ser_core.explain" in sys.modules:
        return importlib.import_module(module)
    with st.spinner("Loading what explains, a few seconds once …"):
        importlib.import_module("ser_core.explain")
        return importlib.import_module(module)


def predictor(info: ModelInfo) -> Predictor:
    """The model, opened once; nothing here changes it.

    Raises:
        SerError: If it cannot be opened.
    """
    return _predictor(str(info.folder), info.changed)


@st.cache_resource(max_entries=4, show_spinner="Opening the model, a few seconds once …")
def _predictor(folder: str, changed: float) -> Predictor:  # noqa: ARG001  (part of the key)
    import torch

    from ser_core.models.predictor import load

    torch.set_num_threads(1)  # a clip is too short for two threads to share
    return load(Path(folder))


@dataclass(frozen=True, eq=False)
class Explained:
    """A map with everything that is shown beside it."""

    attribution: Attribution
    checks: list[Check]


def looked(info: ModelInfo, waveform: Waveform) -> View:
    """A clip as the model sees it.

    Raises:
        SerError: If the model cannot be opened or looked into.
    """
    from ser_core.explain.view import look

    key = (info.folder, info.changed, audio.sha256(waveform))
    found: View = kept(("view", *key), lambda: look(predictor(info), waveform))
    return found


def explained(
    info: ModelInfo,
    waveform: Waveform,
    method: Method,
    emotion: str,
    representation: str,
    progress: Callable[[int, int], None],
) -> Explained:
    """A map and its checks, computed once for these choices.

    Raises:
        SerError: If the method does not apply to the model.
    """
    from ser_core.explain.attribution import attributed
    from ser_core.explain.bench import checks_of

    def make() -> Explained:
        seen = looked(info, waveform)
        target = seen.target(emotion)
        found = attributed(seen, method, target, representation, progress)
        return Explained(found, checks_of(seen, found, target, costly=True))

    key = (info.folder, info.changed, audio.sha256(waveform), method, emotion, representation)
    made: Explained = kept(key, make)
    return made


def is_kept(
    info: ModelInfo, waveform: Waveform, method: Method, emotion: str, representation: str
) -> bool:
    """Whether a map is there already."""
    key = (info.folder, info.changed, audio.sha256(waveform), method, emotion, representation)
    return key in st.session_state.get("_explained", {})


def kept(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """What was made for this key in this session; made now if there is none."""
    return keeping.kept("_explained", KEPT, key, make)


def bench(info: ModelInfo) -> Bench | None:
    """What a bench of this model found; None when there was none.

    Raises:
        SerError: If it is damaged.
    """
    from ser_core.explain.bench import folder_of

    file = folder_of(info.folder) / "bench.json"
    return _bench(str(file.parent), file.stat().st_mtime) if file.is_file() else None


@st.cache_resource(max_entries=4, show_spinner="Computing the intervals …")
def _bench(folder: str, changed: float) -> Bench:  # noqa: ARG001  (part of the key)
    from ser_core.explain.report import Bench

    found = Bench.load(Path(folder))
    _ = found.verdicts
    return found
