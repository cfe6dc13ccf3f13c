"""A bench of explanations in MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ser_core import tracking
from ser_core.core import count
from ser_core.explain.benchmark_plan import Plan
from ser_core.explain.benchmark_report import FIGURES, Bench
from ser_core.explain.deletion_tests import MARGINS, SHARES
from ser_core.explain.model_input import within
from ser_core.features.representations import make


def params(plan: Plan) -> dict[str, Any]:
    """What is written before it begins."""
    import dataclasses

    return {
        "model": str(plan.model),
        "corpus": plan.corpus,
        "clips": len(plan.clips),
        "enrolled": plan.enrolled,
        "terms": dataclasses.asdict(plan.terms),
        "method": {name: each.label for name, each in plan.methods.items()},
    }


def record(run: tracking.Run, bench: Bench, folder: Path) -> None:
    """Log its results.

    Raises:
        TrackingError: If the store cannot be written.
    """
    values: dict[str, float] = {}
    for name in bench.methods:
        for figure in FIGURES:
            found = bench.figure(name, figure)
            ends = {"": found.value, "_low": found.low, "_high": found.high}
            values |= {f"{name}_{figure}{end}": v for end, v in ends.items() if v is not None}
        values[f"{name}_seconds"] = float(bench.times[name].median())
    for name in bench.deletion_tests.names:
        for figure in (*SHARES, *MARGINS):
            value = bench.deletion_tests.figure(name, figure).value
            values |= {f"{_key(name)}_heard_{figure}": value} if value is not None else {}
    run.metrics(values)
    run.describe(note(bench))
    run.artifact(folder)


def _key(name: str) -> str:
    """A name that a metric may have."""
    return name.replace(",", "").replace(" ", "_")


def note(bench: Bench) -> str:
    """What it found, in Markdown."""
    return f"{heading(bench)}\n\n{table(bench)}\n"


def heading(bench: Bench) -> str:
    """Clips, speakers and terms of the figures, in a sentence or two."""
    about = bench.about
    fill = about["terms"]["fill"]
    seen = (
        " **These clips may have trained the model.**"
        if about["clips_may_have_trained_the_model"]
        else ""
    )
    known = about.get("enrolled")
    voices = f", each speaker enrolled with {count(known, 'other clip')}" if known else ""
    through = ""
    if about.get("seen_as"):
        through = f", maps over the {within(make(**about['representation']).title)}"
    return (
        f"{about['clips']} clips of {about['corpus']}{voices}{through}; removed parts are "
        f"replaced by {INSTEAD.get(fill, fill)}; 95 % intervals.{seen}"
    )


INSTEAD = {"mean": "the mean", "silence": "silence", "blurred": "a blurred copy"}
"""The fills in words."""


def table(bench: Bench) -> str:
    """A row a method, the best first, in Markdown; methods with a failed check come last."""
    places, means = bench.ranks(), {figure: bench.means(figure) for figure in FIGURES}

    def line(name: str) -> str:
        cells = [str(means[figure].mean(name)) for figure in FIGURES]
        place = str(places[name]) if name in places else "–"
        remark = bench.left_out.get(name, "all checks passed" if name in bench.methods else "")
        seconds = f"{bench.times[name].median():.2f}" if name in bench.methods else ""
        return f"| {name} | {place} | {' | '.join(cells)} | {seconds} | {remark} |"

    order = means["faithfulness"]
    names = sorted(
        order.names, key=lambda name: (name in bench.left_out, -(order.mean(name).value or 0.0))
    )
    head = f"| method | rank | {' | '.join(FIGURES)} | s a clip | checks |"
    return "\n".join([head, "|---" * (len(FIGURES) + 4) + "|", *map(line, names)])
