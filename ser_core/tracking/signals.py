"""Termination signals as an exception, so that a run can be closed properly."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Terminated(SystemExit):
    """The process was asked to end (SIGTERM, SIGHUP); unhandled, it ends without a traceback."""


@contextlib.contextmanager
def as_exceptions() -> Iterator[None]:
    """Raise `Terminated` inside the block when the process is asked to end.

    Only in the main thread, where signals arrive, and only where no other handler is set.
    """
    mine = _unclaimed() if threading.current_thread() is threading.main_thread() else []

    def stop(number: int, _: FrameType | None) -> None:
        for each in mine:  # once is enough: what closes the run is not to be disturbed
            signal.signal(each, signal.SIG_IGN)
        raise Terminated(128 + number)

    for each in mine:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each in mine:
            signal.signal(each, signal.SIG_DFL)


def _unclaimed() -> list[signal.Signals]:
    names = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [each for each in known if signal.getsignal(each) is signal.SIG_DFL]
