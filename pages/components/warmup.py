"""What the server does once, while a page is open.

Jobs that a crash or a reboot cut off are put in order, and what killed writers left is cleared
away. A model that answers without torch is opened
as soon as the first page is drawn, so that a first recording is answered at once. torch, which
takes seconds, is loaded when nobody waits for anything: some time after the last run of a page, and
sooner after the first answer. Whoever opens a page that needs it later finds it loaded.
`SER_WARM_UP=0` in the environment leaves the loading out.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable

from ser_core import jobs
from ser_core.core import SerError, settings
from ser_core.storage import atomic

HEAVY = ("torch", "ser_core.features.representations")
DRAWN = 0.5  # s, for the browser to fetch the first page before the processor gets busy
IDLE = 20.0  # s without a run of a page, before the first answer
ANSWERED = 10.0  # s, after it

_LOG = logging.getLogger(__name__)
_begun = threading.Event()
_answered = threading.Event()
_waiting: list[threading.Timer] = []
_arming = threading.Lock()


def freeze() -> None:
    """Exempt everything loaded so far from garbage collection.

    Streamlit collects garbage after every rerun; with torch loaded that costs half a second each
    time, since every live object is visited. Frozen ones are not.
    """
    gc.collect()
    gc.freeze()


def begin() -> None:
    """Begin, after every run of a page: once in the life of the server, but for the waiting."""
    loads = os.environ.get("SER_WARM_UP") != "0"
    if not _begun.is_set():
        _begun.set()
        _later(0.0, _put_jobs_in_order)
        if loads:
            freeze()
            _later(DRAWN, _open_model)
    if loads:
        _load_when_idle()


def answered() -> None:
    """A first answer is shown: torch need not wait for it any longer."""
    _answered.set()


def _later(seconds: float, work: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()
    return timer


def _load_when_idle() -> None:
    """Load the heavy libraries once no page has run for a while; each run begins the wait anew."""
    if all(name in sys.modules for name in HEAVY):
        return
    with _arming:
        for timer in _waiting:
            timer.cancel()
        _waiting[:] = [_later(ANSWERED if _answered.is_set() else IDLE, _load)]


def _put_jobs_in_order() -> None:
    try:
        jobs.reconcile()
    except SerError:
        # The pages that show jobs say what is wrong with them; the server goes on.
        _LOG.warning("the jobs could not be put in order", exc_info=True)
    for path in atomic.sweep(settings.home()):
        _LOG.info("cleared away after a writer that was killed: %s", path)


def _open_model() -> None:
    """Open the model that Predict begins with, where it answers without torch."""
    from pages.components import model_loading
    from ser_core.inference.catalogue import models
    from ser_core.inference.onnx_copy import copied_at

    first = next(iter(models()), None)
    if first is not None and copied_at(first.folder):
        model_loading.preload(first)


def _load() -> None:
    for name in HEAVY:
        try:
            importlib.import_module(name)
        except ImportError:
            # The page that needs it will say so where it can be seen.
            _LOG.warning("could not load %s ahead of its use", name, exc_info=True)
    freeze()
