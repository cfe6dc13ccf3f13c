"""Load the heavy libraries while the first page is being looked at.

Nobody waits for torch on the first screen, and whoever opens a page that needs it a moment later
finds it loaded. `SER_WARM_UP=0` in the environment leaves it out.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import threading

HEAVY = ("torch", "ser_core.representations")
DELAY = 4.0  # s, for the browser to fetch and draw the first page before the processor gets busy

# On a busy machine OpenMP threads that spin are thirty times slower than ones that wait. This must
# be in the environment before anyone imports torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_LOG = logging.getLogger(__name__)
_begun = threading.Event()


def freeze() -> None:
    """Take everything loaded so far out of the garbage collector's sight.

    Streamlit collects garbage after every rerun; with torch loaded that costs half a second each
    time, since every live object is looked at. What is frozen is not.
    """
    gc.collect()
    gc.freeze()


def begin() -> None:
    """Start loading, once in the life of the server; later calls return at once."""
    if _begun.is_set() or os.environ.get("SER_WARM_UP") == "0":
        return
    _begun.set()
    freeze()
    timer = threading.Timer(DELAY, _load)
    timer.daemon = True
    timer.start()


def _load() -> None:
    for name in HEAVY:
        try:
            importlib.import_module(name)
        except ImportError:
            # The page that needs it will say so where it can be seen.
            _LOG.warning("could not load %s ahead of its use", name, exc_info=True)
    freeze()
