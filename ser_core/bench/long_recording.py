"""Time and memory of the timeline of a long recording, in a process of its own."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from ser_core import audio
from ser_core.core import REPOSITORY, ParameterError, demo_corpus, files

Announce = Callable[[str], None]


@dataclass(frozen=True)
class LongRun:
    """What one recording took.

    Attributes:
        minutes: Length of the recording.
        kind: Format of its file.
        seconds: From the start of the process to its end, that of Python and the model included.
        peak_mb: Largest resident memory of the process, in MB (10^6 bytes).
        rows: Rows of the table.
    """

    minutes: float
    kind: str
    seconds: float
    peak_mb: float
    rows: int


def measure(
    model: Path,
    lengths: Sequence[float],
    kind: str = "flac",
    options: Sequence[str] = ("--timeline",),
    announce: Announce = lambda _step: None,
) -> list[LongRun]:
    """Run `predict` on recordings made of the bundled clips, one after the other.

    Args:
        model: Folder of a model.
        lengths: In minutes.
        kind: Ending of the files: wav, flac, mp3 or ogg.
        options: Of the command.
        announce: Called with the name of each step as it begins.

    Raises:
        ParameterError: If the command fails, or a length is not positive.
    """
    if not all(minutes > 0 for minutes in lengths):
        raise ParameterError("must be above 0", subject="minutes")
    found = []
    with tempfile.TemporaryDirectory() as place:
        for minutes in lengths:
            announce(f"{minutes:g} minutes")
            file, out = Path(place) / f"{minutes:g}.{kind}", Path(place) / "out.csv"
            write_recording(file, minutes)
            seconds, peak = _run(["predict", str(file), "--model", str(model.absolute()),
                                  "--csv", str(out), *options])  # fmt: skip
            rows = len(files.read_bytes(out, files.TABLE).splitlines()) - 1
            found.append(LongRun(minutes, kind, seconds, peak / 1e6, rows))
            file.unlink()
    return found


def write_recording(file: Path, minutes: float) -> None:
    """Write the bundled clips one after the other, again and again, at 16 kHz."""
    left = round(minutes * 60 * audio.SAMPLE_RATE)
    pause = np.zeros(audio.SAMPLE_RATE // 2, np.float32)
    clips = [audio.load(each).samples for each in sorted((demo_corpus() / "samples").iterdir())]
    with soundfile.SoundFile(file, "w", audio.SAMPLE_RATE, 1) as out:
        for clip in itertools.cycle(clips):
            block = np.concatenate([clip, pause])[:left]
            out.write(block)
            left -= len(block)
            if not left:
                break


def _run(words: Sequence[str]) -> tuple[float, float]:
    """Seconds and peak memory in bytes of a command, the largest it ever had."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "ser_core", *words], cwd=REPOSITORY, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ParameterError(f"failed ({process.returncode})", subject=" ".join(words[:2]))
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - begun, usage.ru_maxrss * unit
