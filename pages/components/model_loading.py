"""The chosen model, loaded once for all sessions; its predictions, cached in the session."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import session_cache
from pages.components.warmup import freeze
from ser_core.core import SerError, seconds
from ser_core.inference.classify import InferenceModel, is_warm, warm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ser_core.corpora import Corpus
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.inference.provenance import Provenance

_LOG = logging.getLogger(__name__)
MOST_CACHED = 24


def preload(info: ModelInfo) -> None:
    """Load what `answering` gives in the background while the user still chooses a sound."""
    if not is_warm(info.folder, info.changed, answering=True):
        threading.Thread(target=_open_quietly, args=(info,), daemon=True).start()


def model(info: ModelInfo) -> InferenceModel:
    """The model with its networks, ready to predict.

    Raises:
        SerError: If it cannot be opened.
    """
    return _model(info, answering=False)


def answering(info: ModelInfo) -> InferenceModel:
    """The model, ready to classify with: its ONNX copy where it has one, without torch.

    Raises:
        SerError: If it cannot be opened.
    """
    return _model(info, answering=True)


def _model(info: ModelInfo, *, answering: bool) -> InferenceModel:
    if is_warm(info.folder, info.changed, answering=answering):
        return warm(info.folder, info.changed, answering=answering)
    with st.spinner("Loading the model, a few seconds once …"):
        return _open(info, answering=answering)


def _open(info: ModelInfo, *, answering: bool) -> InferenceModel:
    found = warm(info.folder, info.changed, answering=answering)
    if "torch" in sys.modules:
        import torch

        # A sound is too short for two threads to share; waiting for each other costs more.
        torch.set_num_threads(1)
    freeze()
    return found


def _open_quietly(info: ModelInfo) -> None:
    try:
        _open(info, answering=True)
    except SerError as error:
        # The page asks for the model too, and says there what is wrong with it.
        _LOG.info("could not open a model ahead of its use: %s", error)


@contextlib.contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Callable for (done, total) that draws a bar with the time left; gone when it is done."""
    bar, began = st.empty(), time.monotonic()

    def report(done: int, total: int) -> None:
        left = (time.monotonic() - began) * (total - done) / max(1, done)
        text = f"{label}: {done:,} of {total:,}, about {seconds(left)} left"
        bar.progress(done / max(1, total), text=text)

    bar.progress(0.0, text=f"{label} …")
    try:
        yield report
    finally:
        bar.empty()


def cached(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """The value that this session has for a key; made now if there is none."""
    return session_cache.cached("_predicted", MOST_CACHED, key, make)


def was_in_training(speaker: str, info: ModelInfo, corpus: Corpus) -> bool:
    """Whether clips of a speaker of a corpus were in training, as far as is known."""
    return bool(speaker) and speaker in provenance_of(info, corpus).speakers(corpus)


def for_speaker(
    speaker: str, info: ModelInfo, model: InferenceModel, corpus: Corpus
) -> InferenceModel:
    """A model as it is used for a speaker of a corpus, who may have been in training."""
    if model.seen is not None and was_in_training(speaker, info, corpus):
        return model.for_seen_speakers()
    return model


def provenance_of(info: ModelInfo, corpus: Corpus) -> Provenance:
    """Which clips trained a model, as far as it can be known from a corpus."""
    from ser_core.inference.provenance import provenance

    key = ("origin", info.folder, info.changed, corpus.root, len(corpus))
    found: Provenance = cached(key, lambda: provenance(info.about, info.folder, corpus))
    return found
