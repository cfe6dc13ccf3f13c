"""Names of files in the folder of a run, and how they are found from one of its models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

SPLIT = "split.json"
"""Which clips trained, validated and tested the models of the run."""

ENROLLED = "enrolled.parquet"
"""Predictions with every speaker enrolled from all of their unlabelled clips; beside
`predictions.parquet`, which holds those without enrolment."""


def splits_beside(folder: Path) -> Iterator[Path]:
    """Files that may hold the split of a model: in its folder, and in that of its run."""
    folder = folder.absolute()
    for place in (folder, folder.parent, folder.parent.parent):
        if (place / SPLIT).is_file():
            yield place / SPLIT
