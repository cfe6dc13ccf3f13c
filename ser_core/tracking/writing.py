"""A run while it is written."""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import TrackingError
from ser_core.tracking import run_tags, store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd


@dataclass(frozen=True)
class Run:
    """An open run. Every method writes at once, so that whoever watches sees it.

    All of them raise `TrackingError` when the store cannot be written.

    Attributes:
        id: MLflow's id.
        name: Display name.
    """

    id: str
    name: str

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log numbers of one step, all in one go."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        entries = [Metric(name, float(value), now, step) for name, value in values.items()]
        with store.tracking_errors(f"logging metrics of {self.name}"):
            store.client().log_batch(self.id, metrics=entries)

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; `{"optim": {"lr": 1}}` becomes `optim.lr`. They cannot change later."""
        from mlflow.entities import Param

        entries = [Param(name, str(value)) for name, value in _flat(values)]
        with store.tracking_errors(f"logging parameters of {self.name}"):
            for start in range(0, len(entries), 100):  # what MLflow takes at once
                store.client().log_batch(self.id, params=entries[start : start + 100])

    def tags(self, values: Mapping[str, Any]) -> None:
        """Set tags; a tag that is there is replaced."""
        from mlflow.entities import RunTag

        entries = [RunTag(name, str(value)) for name, value in values.items()]
        with store.tracking_errors(f"setting tags of {self.name}"):
            store.client().log_batch(self.id, tags=entries)

    def describe(self, markdown: str) -> None:
        """Set the description, which `mlflow ui` shows on top of the run."""
        self.tags({run_tags.NOTE: markdown})

    def text(self, name: str, content: str) -> None:
        """Keep a text as the artifact `name`, for example `notes/split.md`."""
        self._keep(content.encode(), name)

    def figure(self, source: Path | str | bytes, name: str) -> None:
        """Keep an image as the artifact `name`, for example `figures/confusion.png`.

        Args:
            source: The file, or what would be in it.
            name: With the ending that fits the content: `mlflow ui` shows PNG, SVG and HTML.
        """
        self._keep(source if isinstance(source, bytes) else Path(source).read_bytes(), name)

    def table(self, frame: pd.DataFrame, name: str) -> None:
        """Keep a table as a Parquet file, for example `predictions.parquet`."""
        with self._file(name) as path:
            frame.to_parquet(path)

    def artifact(self, path: Path | str, folder: str = "") -> None:
        """Keep a copy of a file, or of a folder with all that is in it.

        Args:
            path: What to copy.
            folder: Where among the artifacts; the top by default.

        Raises:
            TrackingError: If it does not exist.
        """
        path = Path(path)
        if not path.exists():
            raise TrackingError("does not exist, so it cannot be kept", subject=str(path))
        where = "/".join(part for part in (folder, path.name if path.is_dir() else "") if part)
        save = store.client().log_artifacts if path.is_dir() else store.client().log_artifact
        with store.tracking_errors(f"keeping {path.name}"):
            save(self.id, str(path), where or None)

    def _keep(self, content: bytes, name: str) -> None:
        with self._file(name) as path:
            path.write_bytes(content)

    @contextlib.contextmanager
    def _file(self, name: str) -> Iterator[Path]:
        """A temporary file to be filled; at the end it becomes the artifact."""
        folder, _, plain = name.rpartition("/")
        with tempfile.TemporaryDirectory() as temporary:
            yield (path := Path(temporary) / plain)
            self.artifact(path, folder)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
