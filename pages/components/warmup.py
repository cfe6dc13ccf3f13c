"""What the server does once, while the first page is open.

Jobs that a crash or a reboot cut off are put in order, and heavy libraries are loaded: nobody waits
for torch on the first screen, and whoever opens a page that needs it a moment later finds it
loaded. `SER_WARM_UP=0` in the environment leaves the loading out.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import threading
from collections.abc import Callable

from ser_core import jobs
from ser_core.core import SerError

HEAVY = ("torch", "ser_core.features.representations")
DELAY = 4.0  # s, for the browser to fetch and draw the first page before the processor gets busy

_LOG = logging.getLogger(__name__)
_begun = threading.Event()


def freeze() -> None:
    """Exempt everything loaded so far from garbage collection.

    Streamlit collects garbage after every rerun; with torch loaded that costs half a second each
    time, since every live object is visited. Frozen ones are not.
    """
    gc.collect()
    gc.freeze()


def begin() -> None:
    """Begin, once in the life of the server; later calls return at once."""
    if _begun.is_set():
        return
    _begun.set()
    _later(0.0, _put_jobs_in_order)
    if os.environ.get("SER_WARM_UP") != "0":
        freeze()
        _later(DELAY, _load)


def _later(seconds: float, work: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()


def _put_jobs_in_order() -> None:
    try:
        jobs.reconcile()
    except SerError:
        # The pages that show jobs say what is wrong with them; the server goes on.
        _LOG.warning("the jobs could not be put in order", exc_info=True)


def _load() -> None:
    for name in HEAVY:
        try:
            importlib.import_module(name)
        except ImportError:
            # The page that needs it will say so where it can be seen.
            _LOG.warning("could not load %s ahead of its use", name, exc_info=True)
    freeze()
