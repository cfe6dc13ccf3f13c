"""What to export and how to verify it; started as a job, it needs no page to go on."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser_core.core import ParameterError, settings
from ser_core.core.files import read_json
from ser_core.inference.catalogue import EXPORTS, ModelInfo, models, networks_of
from ser_core.jobs import PROGRESS_FILE, Job, jobs, start
from ser_core.models.onnx_metadata import PRECISIONS

CLIPS = 200
"""Clips that a file is verified on, where there are so many."""

CALIBRATING = 64
"""Clips that int8 is measured out on."""

KEY, TIMING = "export:", "export-speed:"
"""Beginnings of the keys of such jobs; the name of the folder of the files follows."""

SPEED = "speed.json"
"""File with what was timed, beside the files."""


@dataclass(frozen=True)
class Plan:
    """What to export, and how it is verified.

    Attributes:
        model: Folder of a bundle or an ensemble.
        out: Folder for the files.
        precisions: Keys of `PRECISIONS`.
        whole: From the waveform; otherwise from the representation on.
        corpus: With clips to verify on, and to measure int8 out on; that of the training, or the
            bundled demo, when None.
        reader: Of the corpus; found by itself when None.
        clips: How many to verify on; 0 for none.
        calibrating: How many to measure int8 out on.
        zipped: Whether a zip is written beside each file.
        seed: Of the drawing of clips.
        beside: Whether the file becomes the ONNX copy in the folder of the model: the smallest of
            the precisions whose file passes its test, where the model can have it.
    """

    model: Path
    out: Path
    precisions: tuple[str, ...] = ("fp32",)
    whole: bool = True
    corpus: Path | None = None
    reader: str | None = None
    clips: int = CLIPS
    calibrating: int = CALIBRATING
    zipped: bool = False
    seed: int = 0
    beside: bool = False

    def __post_init__(self) -> None:
        wrong = [each for each in self.precisions if each not in PRECISIONS]
        if wrong or not self.precisions:
            raise ParameterError(
                f"precision = {', '.join(wrong) or 'nothing'} must be of {', '.join(PRECISIONS)}"
            )

    @property
    def line(self) -> list[str]:
        """Command that carries it out."""
        command = [sys.executable, "-m", "ser_core", "export"]
        command += ["--model", str(self.model.absolute()), "--out", str(self.out.absolute())]
        for precision in self.precisions:
            command += ["--precision", precision]
        if self.corpus:
            command += ["--corpus", str(self.corpus.absolute())]
        if self.reader:
            command += ["--reader", self.reader]
        command += [] if self.whole else ["--network-only"]
        return [*command, "--clips", str(self.clips)]


def folder_of(model: Path) -> Path:
    """Folder of the files of a model that a page exports."""
    digest = hashlib.sha256(str(model.absolute()).encode()).hexdigest()[:12]
    return settings.home() / EXPORTS / digest


def files(model: Path) -> list[Path]:
    """Files that were exported from a model for the page, the largest precision first."""
    order = list(PRECISIONS)
    found = folder_of(model).glob("[!.]*.onnx")

    def rank(path: Path) -> tuple[bool, int]:
        ends = [i for i, name in enumerate(order) if path.stem.endswith(name)]
        return "network" in path.stem, ends[0] if ends else 0

    return sorted(found, key=rank)


def launch(plan: Plan, title: str) -> Job:
    """Start a plan as a job; one of the same files that is under way is returned."""
    command = [*plan.line, "--progress-file", PROGRESS_FILE]
    return start(command, title=title, key=f"{KEY}{plan.out.name}")


def time_files(model: Path, title: str) -> Job:
    """Start a job that times all files of a model by turns, and torch beside them."""
    command = [sys.executable, "-m", "ser_core", "onnx", "bench"]
    for path in files(model):
        command += ["--model", str(path.absolute())]
    folder = folder_of(model)
    command += ["--against", str(model.absolute()), "--out", str((folder / SPEED).absolute())]
    command += ["--progress-file", PROGRESS_FILE]
    return start(command, title=title, key=f"{TIMING}{folder.name}")


def speeds(model: Path) -> list[dict[str, Any]]:
    """What was timed, a row a file and number of threads; nothing of files made since."""
    timed = folder_of(model) / SPEED
    try:
        found, when = read_json(timed), timed.stat().st_mtime
    except (OSError, ValueError):
        return []
    known = {path.name for path in files(model) if path.stat().st_mtime <= when}
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    if not any(row.get("file") in known for row in rows):
        return []
    return [row for row in rows if row.get("file") in {*known, "torch"}]


def source_of(file: Path) -> ModelInfo | None:
    """The model that a page exported a file from; None where it is gone, or somebody else did."""
    return next(
        (each for each in models(exported=False) if folder_of(each.folder) == file.parent), None
    )


def small_precision(info: ModelInfo) -> str:
    """Precision of a file to be loaded by a browser: weights of an encoder in 8 bits."""
    networks = [each.about for each in networks_of(info)] or [info.about]
    names = [str((each.get("representation") or {}).get("name", "")) for each in networks]
    return "w8" if "encoder" in names else "fp32"


def launched(model: Path) -> list[Job]:
    """Jobs that export or time this model, the newest first."""
    name = folder_of(model).name
    return [job for job in jobs() if job.key in (f"{KEY}{name}", f"{TIMING}{name}")]
