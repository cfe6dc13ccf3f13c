"""The ensembles there are: each a folder under `home()/ensembles` with what was asked and came.

Everything here is read from small files; neither torch nor a model is loaded.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ser_core.core import SerError, settings
from ser_core.corpora import Leak, LeakAudit
from ser_core.ensemble.options import Options
from ser_core.evaluation import BADGES, Predictions, Report, report
from ser_core.storage import Trash, read_json, write_json
from ser_core.storage.parquet import read_parquet

REQUEST, HISTORY, MODEL = "request.json", "history.json", "ensemble"
ENROLLED, SEEN = "enrolled", "seen"
"""Keys of what an ensemble is for enrolled speakers, and for those of its training."""

TRASH = Trash(taken="the same ensemble was made again")


@dataclass(frozen=True)
class Request:
    """Request for an ensemble: members, options, a name.

    Attributes:
        name: Display name.
        runs: Ids of the members' runs.
        options: How weights are searched.
        deploy: Folder of other models to put in use, by id of the run.
        seen: Ids of runs that were tested on speakers of their training, to be pooled for such.
    """

    name: str
    runs: tuple[str, ...]
    options: Options
    deploy: Mapping[str, str]
    seen: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Hash of the request: the same request has the same folder."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        runs, deploy = list(self.runs), dict(self.deploy)
        found = {"name": self.name, "runs": runs, "options": asdict(self.options), "deploy": deploy}
        return {**found, "seen": list(self.seen)} if self.seen else found


@dataclass(frozen=True)
class Saved:
    """A requested ensemble, as read from its small files.

    Attributes:
        id: Name of its folder.
        folder: Where its files are.
        request: The request, as its file has it.
        about: Content of `ensemble.json`; None while it is not made.
        voices: Whose `about` and tables these are: `ENROLLED`, `SEEN`, or empty for speakers of
            whom nothing is known; see `for_voices`.
    """

    id: str
    folder: Path
    request: Mapping[str, Any]
    about: Mapping[str, Any] | None
    voices: str = ""

    @property
    def measured_for(self) -> tuple[str, ...]:
        """Speakers it was measured for beside those of whom nothing is known."""
        return tuple(voices for voices in (ENROLLED, SEEN) if voices in (self.about or {}))

    def for_voices(self, voices: str) -> Saved:
        """The same, as what it is for some speakers: other weights, other figures.

        Args:
            voices: One of `measured_for`.
        """
        about = self.about or {}
        return replace(self, about={**about, **about[voices]}, voices=voices)

    @property
    def name(self) -> str:
        """That the user gave it."""
        return str((self.about or self.request).get("name") or self.id)

    @property
    def model(self) -> Path:
        """Folder that `ser_core.models.predictor.load` opens."""
        return self.folder / MODEL

    @property
    def badge(self) -> str:
        """Badge of every figure; empty where the test speakers are new to the members."""
        grade = self.about["split"]["audit"]["grade"] if self.about else "unknown"
        return BADGES.get(grade, BADGES["unknown"])

    @property
    def made(self) -> float:
        """When, in seconds since the epoch; 0 while it is not."""
        return float(self.about["provenance"]["made"]) if self.about else 0.0

    @property
    def audit(self) -> LeakAudit | None:
        """What the parts of its members' split share; None while it is not made."""
        if self.about is None:
            return None
        stored, fields = self.about["split"]["audit"], Leak.__dataclass_fields__
        leaks = tuple(Leak(**{name: row[name] for name in fields}) for row in stored["worst"])
        return LeakAudit(leaks, stored["grade"], stored["validation_grade"], stored["reading"])

    def predictions(self) -> Predictions:
        """Calibrated predictions on the test clips, each by a pool that was fitted without it.

        Raises:
            SerError: If they are missing or damaged.
        """
        return Predictions.load(self._file("predictions.parquet"))

    def _file(self, name: str) -> Path:
        return self.model / (f"{self.voices}-{name}" if self.voices else name)

    def report(self) -> Report:
        """Everything that can be said of these predictions.

        Raises:
            SerError: As `predictions`.
        """
        return report(self.predictions(), self.audit)

    def trials(self) -> pd.DataFrame:
        """The search for the weights in use, a row a trial.

        Raises:
            SerError: If the file is missing or damaged.
        """
        try:
            return read_parquet(self._file("trials.parquet"))
        except (OSError, ValueError) as error:
            raise SerError("the search was not kept", subject=self.name) from error

    def history(self) -> list[dict[str, Any]]:
        """Trials so far: `trial`, `value`, `best`."""
        return list((read_json(self.folder / HISTORY) or {}).get("trials", []))


def zipped(saved: Saved) -> bytes:
    """The whole ensemble as one ZIP file.

    Raises:
        SerError: If a file cannot be read.
    """
    content = io.BytesIO()
    try:
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
            for path in sorted(saved.model.rglob("*")):
                archive.write(path, Path(saved.id) / path.relative_to(saved.model))
    except OSError as error:
        raise SerError(f"cannot be read ({error.strerror})", subject=saved.name) from error
    return content.getvalue()


def folder_of_ensembles(home: Path | None = None) -> Path:
    """Where ensembles are stored."""
    return (home or settings.home()) / "ensembles"


def ensembles(home: Path | None = None) -> list[Saved]:
    """All of them, the newest first, those that are not made yet before them."""
    root = folder_of_ensembles(home)
    folders = [each for each in root.iterdir() if each.is_dir()] if root.is_dir() else []
    found = [saved for folder in folders if (saved := open_saved(folder)) is not None]
    return sorted(found, key=lambda saved: -(saved.made or time.time()))


def open_saved(folder: Path) -> Saved | None:
    """The ensemble in a folder; None when there is none."""
    if folder.name.startswith("."):
        return None
    request = read_json(folder / REQUEST)
    about = read_json(folder / MODEL / "ensemble.json")
    if request is None and about is None:
        return None
    return Saved(folder.name, folder, request or {}, about)


def one(ensemble_id: str, home: Path | None = None) -> Saved:
    """The ensemble of this id.

    Raises:
        SerError: If there is none.
    """
    known = Path(ensemble_id).name == ensemble_id
    found = open_saved(folder_of_ensembles(home) / ensemble_id) if known else None
    if found is None:
        raise SerError("there is no such ensemble", subject=ensemble_id, remedy="Choose another")
    return found


def ask(request: Request) -> Path:
    """Make the folder of a request.

    Returns:
        The folder.

    Raises:
        SerError: If it cannot be written.
    """
    folder = folder_of_ensembles() / request.id
    write_json(folder / REQUEST, request.as_dict())
    return folder


def rename(saved: Saved, name: str) -> None:
    """Give an ensemble another name, in its card too.

    Raises:
        SerError: If the name is empty, it is not made yet, or it cannot be written.
    """
    from ser_core.models.ensemble_card import card
    from ser_core.storage import atomic

    if not name.strip() or saved.about is None:
        raise SerError("a name is needed, and an ensemble to bear it", subject=saved.name)
    about = {**saved.about, "name": name.strip()}
    text = json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False)
    atomic.write(saved.model / "ensemble.json", text)
    atomic.write(saved.model / "README.md", card(about))


def delete(saved: Saved) -> Path:
    """Take an ensemble off the list; `restore` brings it back within a week.

    Returns:
        Where it is kept until then.

    Raises:
        SerError: If it cannot be moved.
    """
    return TRASH.move(saved.folder)


def restore(stored: Path) -> Path:
    """Bring a deleted ensemble back.

    Returns:
        Its folder.

    Raises:
        SerError: If it is gone for good, or the same was made again meanwhile.
    """
    return TRASH.restore(stored)
