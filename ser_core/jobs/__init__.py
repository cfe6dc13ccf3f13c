"""Work that outlives the page that asked for it: a command in a process of its own.

>>> import sys, tempfile
>>> from pathlib import Path
>>> from ser_core.jobs import start
>>> with tempfile.TemporaryDirectory() as folder:
...     job = start([sys.executable, "-c", "print('done')"], title="Say done", root=Path(folder))
...     str(job.wait(30))
'finished'
"""

from ser_core.jobs.local import Job, State, find, jobs, open_job, start
from ser_core.jobs.progress import Progress, ProgressFile

__all__ = ["Job", "Progress", "ProgressFile", "State", "find", "jobs", "open_job", "start"]
