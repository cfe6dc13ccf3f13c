"""Decode every clip of a corpus once, on all cores, and remember what was measured."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from ser_core.core import Progress, in_processes, settings
from ser_core.corpora import fingerprints
from ser_core.corpora import measure as measuring
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.measure import Measures, measure
from ser_core.storage import atomic

Key = tuple[int, int]

COLUMNS = Measures._fields
SAVE_EVERY = 300
"""Fewest clips between two saves of what is measured."""

WORK_PER_SAVE = 20.0
"""Least ratio of the time between two saves and that of a save: one writes all measures anew, so
that after every 300 clips it would take most of the time of a scan of 100,000."""

# Starting workers and importing in them takes longer than measuring this many clips does.
MIN_FILES_FOR_WORKERS = 300
# Measures made by other code are made again.
CODE = hashlib.sha256(
    b"".join(Path(str(module.__file__)).read_bytes() for module in (measuring, fingerprints))
).hexdigest()[:16]
_KEY = ["size", "mtime_ns"]


def scan(
    corpus: Corpus, *, workers: int | None = None, progress: Progress | None = None
) -> pd.DataFrame:
    """Measure every clip; what was measured before is read from disk.

    A clip is measured again when the size or the modification time of its file has changed.
    An interrupted scan continues where it stopped.

    Args:
        corpus: What to scan.
        workers: Processes; 1 measures in this process, None takes every core for a large corpus.
        progress: Called with (clips done, clips in all).

    Returns:
        A row for every clip of the corpus, indexed alike, with the columns of `Measures`. A clip
        that has no file, or whose file cannot be decoded, has a `problem` and no measures.

    Raises:
        WorkerError: If a worker process is killed (by the system, when memory runs out).
    """
    store = _Store(corpus.root)
    keys = _keys(corpus)
    known = store.read()
    done = {clip: row for clip, row in known.items() if keys.get(clip) == row[0]}
    todo = [clip for clip in keys if clip not in done]
    report = progress or (lambda _done, _total: None)
    report(len(keys) - len(todo), len(keys))
    fresh: dict[str, tuple[Key, Measures]] = {}
    saved, next_save = 0, 0.0
    try:
        for clip, measures in _measured(corpus.root, todo, workers):
            fresh[clip] = (keys[clip], measures)
            report(len(keys) - len(todo) + len(fresh), len(keys))
            if len(fresh) - saved >= SAVE_EVERY and time.monotonic() >= next_save:
                begun = time.monotonic()
                store.add(fresh)
                saved, ended = len(fresh), time.monotonic()
                next_save = ended + WORK_PER_SAVE * (ended - begun)
    finally:
        store.add(fresh)
    return _table(corpus, {clip: row[1] for clip, row in (done | fresh).items()})


def _keys(corpus: Corpus) -> dict[str, Key]:
    """Size and modification time of every clip that has a readable header."""
    readable = corpus.clips.index[corpus.clips["sample_rate"].notna()]
    stats = ((clip, os.stat(f"{corpus.root}/{clip}")) for clip in readable)  # noqa: PTH116
    return {clip: (stat.st_size, stat.st_mtime_ns) for clip, stat in stats}


def _table(corpus: Corpus, measures: dict[str, Measures]) -> pd.DataFrame:
    clips = corpus.clips
    nothing = {clip: Measures(problem=why) for clip, why in clips["problem"].items()}
    rows = [measures.get(str(clip), nothing[clip]) for clip in clips.index]
    return pd.DataFrame(rows, index=clips.index, columns=list(COLUMNS))


def _measured(
    root: Path,
    clips: list[str],
    workers: int | None,
    function: Callable[[Path], Measures] = measure,
) -> Iterator[tuple[str, Measures]]:
    """Measures of every clip, in whatever order they are ready."""
    if workers is None and len(clips) < MIN_FILES_FOR_WORKERS:
        workers = 1
    return in_processes(partial(_one, root, function), clips, workers=workers)


def _one(root: Path, function: Callable[[Path], Measures], clip: str) -> tuple[str, Measures]:
    return clip, function(root / clip)


class _Store:
    """The measures of one corpus on disk: a Parquet file that is only ever replaced whole."""

    def __init__(self, root: Path) -> None:
        name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
        self.path = settings.home() / "cache" / "scans" / f"{name}.parquet"

    def read(self) -> dict[str, tuple[Key, Measures]]:
        """Rows made by this code; none when the file is missing or damaged."""
        try:
            table = pd.read_parquet(self.path)
            rows = table[table["code"] == CODE]
            keys = zip(rows["size"], rows["mtime_ns"], strict=True)
            values = rows[list(COLUMNS)].itertuples(index=False, name=None)
            return {
                clip: (key, Measures(*value))
                for clip, key, value in zip(rows["clip"], keys, values, strict=True)
            }
        except (OSError, ValueError, KeyError):  # pyarrow's errors are among these
            return {}

    def add(self, fresh: dict[str, tuple[Key, Measures]]) -> None:
        """Write what is on disk and what is new to a temporary name, then rename."""
        if not fresh:
            return
        rows = self.read() | fresh
        atomic.write(self.path, _frame(rows.items()).to_parquet(index=False))


def _frame(rows: Iterable[tuple[str, tuple[Key, Measures]]]) -> pd.DataFrame:
    flat = [(clip, CODE, *key, *measures) for clip, (key, measures) in rows]
    return pd.DataFrame(flat, columns=["clip", "code", *_KEY, *COLUMNS])
