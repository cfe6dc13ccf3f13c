"""An ensemble in MLflow: one run with weights, history, figures and the ensemble itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core import tracking
from ser_core.ensemble.optimisation import records
from ser_core.evaluation import BADGES
from ser_core.models.ensemble_card import sentences

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ser_core.ensemble.optimisation import Study
    from ser_core.ensemble.options import Options

POINTS = 100
"""Points of a curve, but for those where it improved: each costs a write to the store."""


def tracked(
    name: str, options: Options, runs: Mapping[str, str], folder: Path
) -> AbstractContextManager[tracking.Run]:
    """Open run of the search for an ensemble.

    Args:
        name: Display name.
        options: Options of the search.
        runs: Names of the members' runs by id.
        folder: Of the ensemble to be.

    Raises:
        TrackingError: If the store cannot be written.
    """
    from dataclasses import asdict

    members = {
        f"member.{number}": f"{run} {title}" for number, (run, title) in enumerate(runs.items())
    }
    return tracking.run(
        name, "ensemble", params={**asdict(options), **members}, tags={"folder": str(folder)}
    )


def record(
    run: tracking.Run,
    study: Study,
    folder: Path,
    figures: Mapping[str, bytes],
    enrolled: Study | None = None,
) -> None:
    """Keep what came of it.

    Args:
        run: Open run.
        study: What the search came to.
        folder: Of the saved ensemble.
        figures: Images by file name.
        enrolled: The search for enrolled speakers.

    Raises:
        TrackingError: If the store cannot be written.
    """
    _history(run, study)
    run.metrics(_figures(study))
    if enrolled is not None:
        run.metrics({f"enrolled_{name}": value for name, value in _figures(enrolled).items()})
    audit = study.team.audit
    run.tags({"leak_grade": audit.grade, "speakers_shared": audit.speakers_shared})
    run.tags({"policy": study.team.split.policy, "fit_on": study.fit_on})
    run.describe(note(study))
    for name, content in figures.items():
        run.figure(content, f"figures/{name}")
    run.artifact(folder, "model")


def _history(run: tracking.Run, study: Study) -> None:
    """Trials and the best so far as curves; of very many a part, all are in the trials' file."""
    table = study.found.table()
    improved = table["best"].diff().fillna(1) != 0
    table = table[improved | (table["trial"] % max(1, len(table) // POINTS) == 0)]
    for row in table.to_dict("records"):
        step = int(row["trial"])
        run.metrics({"objective": row["value"], "best_objective": row["best"]}, step=step)


def _figures(study: Study) -> dict[str, float]:
    figures = {
        f"test_{name}{end and '_'}{end}": getattr(found, end or "value")
        for name, found in study.report.figures.items()
        for end in ("", "low", "high")
    }
    figures |= {f"weight.{number}": weight for number, weight in enumerate(study.pool.weights)}
    figures["temperature"] = study.pool.temperature
    figures["ece_before"] = study.before.ece.value
    if study.threshold is not None:
        figures["threshold"] = study.threshold
    return {name: float(value) for name, value in figures.items() if value is not None}


def note(study: Study) -> str:
    """Markdown for the top of the run's page."""
    audit, report = study.team.audit, study.report
    badge = BADGES.get(audit.grade, BADGES["unknown"])
    rows = "\n".join(
        f"| {row['member']} | {row['weight']:.3f} | {row['low']:.3f} to {row['high']:.3f} |"
        for row in study.weights.to_dict("records")
    )
    plain = records(study.comparison)
    lines = "\n".join(f"- {each}" for name in ("uar", "nll") for each in sentences(plain, name))
    return (
        f"{f'**{badge}** ' if badge else ''}{report}\n\nSplit **{study.team.split.policy}**, leak "
        f"grade **{audit.grade}**. {audit.reading} Weights fitted on {study.fit_on} rows; figures "
        f"of clips that they had not seen.\n\n| member | weight | 95 % |\n|---|---|---|\n{rows}\n\n"
        f"{lines}\n"
    )
