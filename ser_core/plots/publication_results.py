"""Figures of results as files for a paper: PNG, SVG or PDF, drawn by seaborn and matplotlib.

Figures are made without pyplot: it holds every figure in a global list and is not safe in threads.
The title of a figure from a split that shares speakers says so.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ser_core.plots.palette import ACCENT
from ser_core.plots.results import CURVES, MARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ser_core.evaluation import Report
    from ser_core.plots.results import Row
    from ser_core.runs.catalogue import LearningCurve

Format = Literal["png", "svg", "pdf"]

MIME: dict[Format, str] = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}

_STYLE: dict[Any, object] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "workbench",
    "pdf.fonttype": 42,
    "text.parse_math": False,  # a name may have dollar signs
}
DPI = 200
_DATELESS: dict[Format, dict[str, None] | None] = {
    "png": None,
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def printed(size: tuple[float, float], kind: Format, draw: Callable[[Figure], None]) -> bytes:
    """A figure as the content of a file.

    Args:
        size: Width and height in inches.
        kind: Of the file.
        draw: Draws on the figure.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained", dpi=DPI)
        draw(figure)
        file = io.BytesIO()
        figure.savefig(file, format=kind, metadata=_DATELESS[kind])
    return file.getvalue()


def heading(title: str, badge: str) -> str:
    """Title of a figure with the badge that its split wears.

    >>> heading("UAR", "speakers shared"), heading("UAR", "")
    ('UAR [speakers shared]', 'UAR')
    """
    return f"{title} [{badge}]" if badge else title


def print_confusion(report: Report, title: str, kind: Format, *, normalised: bool = False) -> bytes:
    """Confusion matrix of a report, as counts or as shares of each true emotion (%)."""
    table = report.confusion_table(normalised=normalised)
    values = 100 * table if normalised else table
    size = 0.62 * len(table)

    def draw(figure: Figure) -> None:
        import seaborn as sns

        panel = figure.subplots()
        sns.heatmap(
            values, annot=True, fmt=".0f", cmap="Greens", square=True, linewidths=0.5, ax=panel,
            vmin=0, vmax=100 if normalised else None, mask=values.isna(),
            cbar_kws={"shrink": 0.7, "label": "Share of the true emotion (%)" if normalised else
                      "Clips"},
        )  # fmt: skip
        panel.set(xlabel="Answer", ylabel="True emotion")
        panel.set_title(heading(title, report.badge))

    return printed((2.4 + size, 1.4 + size), kind, draw)


def print_reliability(report: Report, title: str, kind: Format) -> bytes:
    """Reliability diagram of a report, with its ECE."""
    bins = [row for row in report.reliability if row["n"]]
    x, y, low, high = (
        np.array([row[name] for row in bins], dtype=float)
        for name in ("confidence", "accuracy", "accuracy_low", "accuracy_high")
    )

    def draw(figure: Figure) -> None:
        panel = figure.subplots()
        panel.plot([0, 1], [0, 1], ls=":", color="#808890", lw=1)
        panel.errorbar(x, y, yerr=[y - low, high - y], color=ACCENT, marker="o", ms=4, capsize=2)
        panel.set(xlabel="Confidence", ylabel="Accuracy", xlim=(0, 1), ylim=(0, 1))
        panel.set_title(heading(f"{title}\nECE {report.ece}", report.badge))

    return printed((4.2, 4.2), kind, draw)


def print_test(report: Report, title: str) -> dict[str, bytes]:
    """Figures of a test for MLflow, PNG by file name."""
    return {
        "confusion.png": print_confusion(report, title, "png", normalised=True),
        "reliability.png": print_reliability(report, title, "png"),
    }


def print_intervals(rows: Sequence[Row], axis: str, title: str, badge: str, kind: Format) -> bytes:
    """Figures with their intervals, one above the other."""

    def draw(figure: Figure) -> None:
        panel = figure.subplots()
        for position, row in enumerate(rows):
            _whisker(panel, position, row)
        panel.set_yticks(range(len(rows)), [heading(row.label, row.badge) for row in rows])
        panel.set(xlabel=axis, ylim=(len(rows) - 0.4, -0.6))
        panel.grid(axis="x", lw=0.4)
        panel.set_title(heading(title, badge))

    return printed((6, 1.1 + 0.3 * len(rows)), kind, draw)


def _whisker(panel: Axes, position: int, row: Row) -> None:
    found = row.interval
    if found.value is None:
        return
    if found.low is not None and found.high is not None:
        panel.plot([found.low, found.high], [position, position], color=row.color, lw=1.5)
    face = row.color if row.filled else "white"
    panel.plot(found.value, position, "o", color=row.color, markerfacecolor=face, ms=5)


def print_courses(courses: Sequence[LearningCurve], title: str, badge: str, kind: Format) -> bytes:
    """Loss and validation scores of every training by epoch, the best epoch marked."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(courses), 2, squeeze=False, sharex=True)
        for row, course in zip(panels, courses, strict=True):
            for panel, (name, lines) in zip(row, CURVES.items(), strict=True):
                for key, label, color in lines:
                    values = [each[key] for each in course.history]
                    panel.plot(range(1, len(values) + 1), values, color=color, label=label, lw=1.2)
                panel.axvline(course.best_epoch, color=MARK, ls="--", lw=1, label="best epoch")
                panel.set_title(f"{name}, {course.name}")
                panel.legend(frameon=False, fontsize=7)
        for panel in panels[-1]:
            panel.set_xlabel("Epoch")
        figure.suptitle(heading(title, badge), fontsize=10)

    return printed((7, 0.6 + 2.1 * len(courses)), kind, draw)
