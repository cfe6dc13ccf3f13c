"""The result of a comparison of an encoder's layers: UAR by layer, as files and as values."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from ser_core.core import settings
from ser_core.evaluation import Interval
from ser_core.storage import atomic, read_json

VERSION = 1
GRID = (0.001, 0.004, 0.016)
"""Values of C, the inverse of the penalty, that are chosen from where none is given."""

ALL, CHOSEN = "all", "chosen"
"""All layers side by side, and the layer that the training speakers chose."""

TABLE = "layers"
CURVE = f"{TABLE}.json"


@dataclass(frozen=True)
class Point:
    """UAR of one choice of layers.

    Attributes:
        layers: Number of the layer, 0 for what goes into layer 1; or `ALL` or `CHOSEN`.
        enrolled: Whether the test speakers are.
        uar: Of all test clips, with its interval.
        c: Of the logistic regression, by fold.
    """

    layers: str
    enrolled: bool
    uar: Interval
    c: tuple[float, ...]


@dataclass(frozen=True)
class LayerCurve:
    """UAR by layer.

    Attributes:
        about: `encoder`, `weights`, `corpus`, `clips`, `speakers`, `classes`, `badge`.
        protocol: How it was computed, by topic.
        points: Of each choice of layers, not enrolled and enrolled.
        chosen: Layers that the training speakers of each fold chose, by name of the fold; empty
            where C was given, which leaves nothing to choose by.
    """

    about: Mapping[str, Any]
    protocol: Mapping[str, Any]
    points: tuple[Point, ...]
    chosen: Mapping[str, str]

    def line(self, *, enrolled: bool) -> list[Point]:
        """The single layers, from the lowest."""
        return [p for p in self.points if p.enrolled == enrolled and p.layers.isdigit()]

    def point(self, layers: str, *, enrolled: bool) -> Point | None:
        """A choice of layers; None where it was not tried."""
        found = (p for p in self.points if (p.layers, p.enrolled) == (layers, enrolled))
        return next(found, None)

    def best(self, *, enrolled: bool) -> Point:
        """The single layer with the highest UAR on the test speakers."""
        return max(self.line(enrolled=enrolled), key=lambda point: point.uar.value or 0.0)

    def table(self) -> pd.DataFrame:
        """A row a choice of layers and way of enrolment."""
        rows = [
            {
                "layers": point.layers,
                "enrolled": point.enrolled,
                "uar": point.uar.value,
                "low": point.uar.low,
                "high": point.uar.high,
                "interval": point.uar.how,
                "median_c": median(point.c) if point.c else None,
            }
            for point in self.points
        ]
        return pd.DataFrame(rows)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        points = [{**asdict(point), "uar": asdict(point.uar)} for point in self.points]
        return {
            "version": VERSION,
            "about": dict(self.about),
            "protocol": dict(self.protocol),
            "points": points,
            "chosen": dict(self.chosen),
        }

    def save(self, folder: Path) -> None:
        """Write `layers.json`, `layers.csv` and `layers.parquet`.

        Raises:
            SerError: If they cannot be written.
        """
        content = io.BytesIO()
        self.table().to_parquet(content, index=False)
        atomic.write(folder / f"{TABLE}.parquet", content.getvalue())
        atomic.write(folder / f"{TABLE}.csv", self.table().to_csv(index=False))
        # The JSON file last: with it a result is complete.
        atomic.write(folder / CURVE, json.dumps(self.as_dict(), indent=1, ensure_ascii=False))


def load(folder: Path) -> LayerCurve | None:
    """Result in a folder; None where there is none, or of another version."""
    found = read_json(folder / CURVE)
    if not found or found.get("version") != VERSION:
        return None
    points = tuple(
        Point(each["layers"], each["enrolled"], Interval(**each["uar"]), tuple(each["c"]))
        for each in found["points"]
    )
    return LayerCurve(found["about"], found["protocol"], points, found["chosen"])


def root() -> Path:
    """Folder of all results."""
    return settings.home() / "encoder-layers"


def curves(folder: Path | None = None) -> dict[str, LayerCurve]:
    """Results by the name of their folder, the newest first."""
    files = sorted((folder or root()).glob(f"*/{CURVE}"), key=lambda file: -file.stat().st_mtime)
    found = {file.parent.name: load(file.parent) for file in files}
    return {name: curve for name, curve in found.items() if curve is not None}
