"""Work that outlives the page that asked for it: a command in a process of its own.

>>> import sys, tempfile
>>> from pathlib import Path
>>> from ser_core.jobs import start
>>> with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
...     job = start([sys.executable, "-c", "print('done')"], title="Say done", root=Path(folder))
...     str(job.wait(30))
'finished'
"""

from ser_core.jobs.job import Job, State, find, jobs, open_job
from ser_core.jobs.progress import Progress, ProgressFile
from ser_core.jobs.queue import (
    PROGRESS_FILE,
    Order,
    at_once,
    enqueue,
    note,
    reconcile,
    remove,
    restore,
    resume,
    set_at_once,
    start,
    to_front,
    waiting,
)
from ser_core.jobs.ray import place_of_new_jobs

__all__ = [
    "PROGRESS_FILE",
    "Job",
    "Order",
    "Progress",
    "ProgressFile",
    "State",
    "at_once",
    "enqueue",
    "find",
    "jobs",
    "note",
    "open_job",
    "place_of_new_jobs",
    "reconcile",
    "remove",
    "restore",
    "resume",
    "set_at_once",
    "start",
    "to_front",
    "waiting",
]
