"""Results by id or folder, and their report as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core import SerError
from ser_core.inference import saved_evaluations
from ser_core.reports.comparison_report import comparison_report
from ser_core.reports.html import to_html
from ser_core.reports.pdf import to_pdf
from ser_core.reports.run_report import run_report
from ser_core.runs import catalogue
from ser_core.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ser_core.reports.document import Document
    from ser_core.runs.catalogue import RunInfo

NAME = "report"
"""Name of the files, without ending."""


def find_results(names: Sequence[str]) -> list[RunInfo]:
    """Trainings and saved evaluations, by the hash that Results shows or by their folder.

    Raises:
        SerError: If there is none of a name.
    """
    return [_found(name) for name in dict.fromkeys(names)]


def _found(name: str) -> RunInfo:
    folder = Path(name)
    if folder.is_dir():
        known = saved_evaluations.open_evaluation(folder) or catalogue.open_run(folder.resolve())
        if known is not None:
            return known
    if name.startswith(saved_evaluations.PREFIX):
        return saved_evaluations.one(name)
    try:
        return catalogue.one(name)
    except SerError as error:
        raise SerError(
            "there is no such result",
            subject=name,
            remedy="Give the folder of a run, or its hash from the page Results",
        ) from error


def report_of(
    results: Sequence[RunInfo], metric: str = "uar", *, enrolled: bool = False
) -> Document:
    """Report of one result, or of a comparison of several.

    Raises:
        SerError: As `run_report` and `comparison_report`.
    """
    if len(results) == 1:
        return run_report(results[0], enrolled=enrolled)
    return comparison_report(results, metric, enrolled=enrolled)


def write_report(document: Document, folder: Path) -> tuple[Path, Path]:
    """Write a report as HTML and PDF into a folder; returns both paths.

    Raises:
        SerError: If one cannot be written.
    """
    page, printed = folder / f"{NAME}.html", folder / f"{NAME}.pdf"
    atomic.write(page, to_html(document))
    atomic.write(printed, to_pdf(document))
    return page, printed
