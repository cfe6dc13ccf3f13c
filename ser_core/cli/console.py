"""What all commands share: progress, results as tables or JSON, errors as one line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ser_core.core import SerError
from ser_core.jobs import ProgressFile


class Report(Protocol):
    """Progress as commands give it."""

    def __call__(self, done: int, total: int, note: str | None = None) -> None:
        """So much is done of so much; where it is, in words, if that changed."""
        ...


errors = Console(stderr=True, highlight=False)
output = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


LINE_S = 60.0
"""Seconds between two lines of progress where there is no terminal."""


@contextmanager
def progress(label: str, file: Path | None = None) -> Iterator[Report]:
    """Callable for (done, total, note) that draws a bar with the time left, and keeps a job's file.

    The bar goes to standard error, and only to a terminal, so that output can be piped. Elsewhere,
    as in the log of a command that runs in the background, it is a line a minute.
    """
    in_file = ProgressFile(file) if file else ProgressFile.of_job()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=errors, transient=True, disable=not errors.is_terminal
    ) as progress_bar:
        task = progress_bar.add_task(label, total=None)
        in_lines = _Lines()

        def report(done: int, total: int, note: str | None = None) -> None:
            description = f"{label}: {note}" if note else None
            progress_bar.update(task, completed=done, total=total, description=description)
            if in_file:
                in_file(done, total, note=note)
            elif not errors.is_terminal:
                in_lines(f"{description or label}: {done:,} of {total:,}")

        yield report


class _Lines:
    """Prints a line to standard error, at most one in `LINE_S`, and none before that."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, line: str) -> None:
        if time.monotonic() - self.last >= LINE_S:
            self.last = time.monotonic()
            errors.print(line, markup=False, soft_wrap=True)


def show(result: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, as_json: bool = False) -> None:
    """Print a result: a mapping as lines, rows as a table, or either as JSON."""
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, indent=2))
    elif isinstance(result, Mapping):
        _lines(result)
    else:
        output.print(table(result))


def table(rows: Sequence[Mapping[str, Any]], title: str | None = None) -> Table:
    """Rows with equal keys as a table; numbers to the right."""
    drawn = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in rows[0] if rows else []:
        number = all(isinstance(row[name], int | float) for row in rows)
        drawn.add_column(name.replace("_", " "), justify="right" if number else "left")
    for row in rows:
        drawn.add_row(*(formatted(value) for value in row.values()))
    return drawn


SMALL = 0.01
"""Numbers below it have their significant digits, as learning rates do."""


def formatted(value: object) -> str:
    """Value as people write it.

    >>> [formatted(each) for each in (1234567, 0.123456, 0.00136, None, True)]
    ['1,234,567', '0.123', '0.00136', '–', 'yes']
    """
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float() if 0 < abs(value) < SMALL:
            return f"{value:.3g}"
        case float():
            return f"{value:,.3f}".rstrip("0").rstrip(".")
        case _:
            return str(value)


def _lines(result: Mapping[str, Any], indent: int = 0) -> None:
    for name, value in result.items():
        label = f"{'  ' * indent}{name.replace('_', ' ') if not indent else name}"
        if isinstance(value, Mapping):
            if value:
                typer.echo(f"{label}:")
                _lines(value, indent + 1)
        elif isinstance(value, list):
            typer.echo(f"{label}: {', '.join(map(formatted, value)) or '–'}")
        else:
            typer.echo(f"{label}: {formatted(value)}")


def fail(error: SerError) -> None:
    """Print an error as one red line on standard error."""
    errors.print("[bold red]Error[/]", escape(str(error)), soft_wrap=True)


def write_json(path: Path, result: Any) -> None:
    """Write a result to a file in one step.

    Raises:
        SerError: If it cannot be written.
    """
    from ser_core.storage import atomic

    atomic.write(path, json.dumps(result, ensure_ascii=False, indent=2) + "\n")
