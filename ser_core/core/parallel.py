"""One function over many items in worker processes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import TypeVar

from ser_core.core.errors import SerError

Item = TypeVar("Item")
Result = TypeVar("Result")

Progress = Callable[[int, int], None]
"""Called with how many items are done and how many there are."""


class WorkerError(SerError):
    """A worker process ended before its work did."""


def in_processes(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int | None = None
) -> Iterator[Result]:
    """Results of `function` for every item, in whatever order they are ready.

    Closing the iterator, or an error in `function`, ends the work that has not begun. Each worker
    keeps to its share of the cores. joblib starts workers afresh and does not run the main module
    again, which in a Streamlit server would be the whole app.

    Args:
        function: Importable by name; items and results travel between processes.
        items: What to work on.
        workers: Processes; all cores when absent. 1 works in this process, one item at a time.

    Raises:
        WorkerError: If a worker is killed (by the system, when memory runs out).
    """
    workers = workers or os.cpu_count() or 1
    if workers == 1:  # no joblib, no processes
        yield from map(function, items)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    # A worker that has grown is ended and another takes its work: nothing a user need know.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
    pool = Parallel(n_jobs=workers, return_as="generator_unordered")
    try:
        with closing(pool(delayed(function)(item) for item in items)) as results:
            yield from results
    except BrokenProcessPool as error:
        raise WorkerError(
            "a worker process was killed, perhaps for want of memory",
            remedy="Start again: what is done is kept; fewer workers need less memory",
        ) from error
