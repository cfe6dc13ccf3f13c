"""`python -m ser_core ensemble`: pool finished runs, with weights they must earn."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console
from ser_core.cli.options import ProgressFile
from ser_core.ensemble import Options

if TYPE_CHECKING:
    from ser_core.cli.console import Report
    from ser_core.ensemble import Study
    from ser_core.models.ensemble import Ensemble

_HELP = {name: each.metadata["help"] for name, each in Options.__dataclass_fields__.items() if (
    "help" in each.metadata
)}  # fmt: skip
_WORDS = {
    name: f"{_HELP[name]}: {', '.join(each.metadata['options'])}."
    for name, each in Options.__dataclass_fields__.items()
    if "options" in each.metadata
}
ACCURACY = {"accuracy": "wa"}
ENROLLED, SEEN = "With enrolled speakers", "With speakers who were in training"

Runs = Annotated[list[str], typer.Argument(help="Folders or ids of finished runs, two or more.")]
Out = Annotated[Path, typer.Option(help="Folder for the ensemble; an older one is replaced.")]
Name = Annotated[str, typer.Option(help="Name of the ensemble; that of its folder by default.")]
Objective = Annotated[str, typer.Option(help=_WORDS["objective"])]
Pooling = Annotated[str, typer.Option(help=_WORDS["pooling"])]
Weights = Annotated[str, typer.Option(help=_WORDS["weights"])]
FitOn = Annotated[str, typer.Option(help=_WORDS["fit_on"])]
Seeds = Annotated[str, typer.Option(help=_WORDS["seeds"])]
Trials = Annotated[int, typer.Option(help=f"{_HELP['trials']}.")]
L1 = Annotated[float, typer.Option(help=f"{_HELP['l1']}.")]
Risk = Annotated[float, typer.Option(help=f"{_HELP['risk']}.")]
Seed = Annotated[int, typer.Option(help=f"{_HELP['seed']}.")]
Deploy = Annotated[
    list[str] | None,
    typer.Option(
        help="RUN=FOLDER: deploy another model of this recipe, as one trained on all speakers. "
        "The scores stay those of the run; the card says so. Can be repeated."
    ),
]
Seen = Annotated[
    list[str] | None,
    typer.Option(
        help="Run that was tested on speakers of its training; can be repeated. These runs are "
        "pooled with weights, temperature and threshold of their own, for such speakers. Runs "
        "that --deploy names are the same members; others are asked about such speakers alone."
    ),
]
Json = Annotated[Path | None, typer.Option("--json", help="JSON file of the results.")]
HistoryFile = Annotated[
    Path | None, typer.Option("--history", hidden=True, help="Where the search is written live.")
]


def ensemble(
    runs: Runs,
    out: Out,
    name: Name = "",
    objective: Objective = Options.objective,
    pooling: Pooling = Options.pooling,
    weights: Weights = Options.weights,
    fit_on: FitOn = Options.fit_on,
    seeds: Seeds = Options.seeds,
    trials: Trials = Options.trials,
    l1: L1 = Options.l1,
    risk: Risk = Options.risk,
    seed: Seed = Options.seed,
    deploy: Deploy = None,
    seen: Seen = None,
    json_file: Json = None,
    progress_file: ProgressFile = None,
    history: HistoryFile = None,
) -> None:
    """Pool finished runs into one model, and compare it with equal weights and the best of them.

    Weights, temperature and threshold are fitted on validation or out-of-fold predictions; every
    score is of clips that they were not fitted on.
    """
    options = Options(
        objective=ACCURACY.get(objective, objective), pooling=pooling, weights=weights,
        fit_on=fit_on, seeds=seeds, trials=trials, l1=l1, risk=risk, seed=seed,
    )  # fmt: skip
    title = name or out.name
    with console.progress(title, progress_file) as report:
        studies, made = _make(
            (runs, seen or []), out, title, options, _pairs(deploy), report, history
        )
    if json_file is not None:
        console.write_json(json_file, {**made.about, "folder": str(out)})
    for heading, study in studies.items():
        if heading:
            console.output.print(f"\n[bold]{heading}[/]")
        _print(study)
    console.output.print(f"The ensemble is in {out}")


def _make(
    runs: tuple[list[str], list[str]],
    out: Path,
    name: str,
    options: Options,
    deploy: dict[str, Path],
    report: Report,
    history: Path | None,
) -> tuple[dict[str, Study], Ensemble]:
    """Search, measure, save; all of it a run in MLflow.

    `runs` are the members, and those that are pooled for speakers who were in training.
    """
    from ser_core.ensemble import found, gather, optimise
    from ser_core.ensemble.assemble import assemble
    from ser_core.ensemble.mlflow_logging import record, tracked
    from ser_core.ensemble.search_history import History

    chosen, own = ([found(reference) for reference in several] for several in runs)
    ids = {run.id: run.name for run in [*chosen, *own]}
    with tracked(name, options, ids, out) as tracking:
        team = gather(chosen, options.seeds)
        watch = History(history, options.objective)
        began = time.monotonic()
        teams = {ENROLLED: team.enrolled_team(), SEEN: gather(own, options.seeds) if own else None}
        more = {heading: other for heading, other in teams.items() if other}
        phases = 1 + len(more)
        study = optimise(team, options, progress=_phase(report, 0, phases), watch=watch)
        watch.write()
        others = {
            heading: optimise(other, options, progress=_phase(report, number, phases))
            for number, (heading, other) in enumerate(more.items(), start=1)
        }
        known = others.get(ENROLLED)
        made = assemble(study, name, deploy, enrolled=known, seen=others.get(SEEN))
        made.about["provenance"]["seconds"] = round(time.monotonic() - began, 1)
        made.save(out)
        record(tracking, study, out, _figures(study, name), known)
    return {"": study, **others}, made


def _phase(report: Report, number: int, of: int) -> Report:
    """Progress of one of several searches as progress of all."""

    def progress(done: int, total: int, note: str | None = None) -> None:
        report(done + number * total, of * total, note)

    return progress


def _pairs(deploy: list[str] | None) -> dict[str, Path]:
    """RUN=FOLDER pairs.

    Raises:
        BadParameter: If one is no such pair.
    """
    pairs = [each.partition("=") for each in deploy or []]
    if any(not run or not folder for run, _, folder in pairs):
        raise typer.BadParameter("write RUN=FOLDER", param_hint="--deploy")
    return {run: Path(folder) for run, _, folder in pairs}


def _figures(study: Study, name: str) -> dict[str, bytes]:
    """What `mlflow ui` shows beside the numbers."""
    from ser_core.ensemble.optimisation import records
    from ser_core.plots.ensemble import weight_rows
    from ser_core.plots.publication_results import (
        print_confusion,
        print_intervals,
        print_reliability,
    )

    rows = weight_rows(records(study.weights))
    return {
        "weights.png": print_intervals(rows, "Weight", name, study.report.badge, "png"),
        "confusion.png": print_confusion(study.report, name, "png", normalised=True),
        "reliability_before.png": print_reliability(study.before, f"{name}, uncalibrated", "png"),
        "reliability.png": print_reliability(study.report, name, "png"),
    }


def _print(study: Study) -> None:
    from ser_core.ensemble.optimisation import records
    from ser_core.models.ensemble_card import sentences

    if study.report.badge:
        console.output.print(f"[bold yellow]{study.report.badge.capitalize()}[/] in the test.")
    console.show(_weights(study))
    console.output.print(f"\n{study.report}", markup=False)
    rows = records(study.comparison)
    for line in [each for figure in ("uar", "nll") for each in sentences(rows, figure)]:
        console.output.print(line)
    before, after = study.before.ece, study.report.ece
    console.output.print(
        f"Temperature {study.pool.temperature:.3f}: ECE {before.value:.3f} before, "
        f"{after.value:.3f} after"
    )
    for note in study.notes:
        console.output.print(note)


def _weights(study: Study) -> list[dict[str, Any]]:
    from ser_core.ensemble.optimisation import records

    names = ("member", "weight", "low", "high", "importance", "alone")
    return [{name: row[name] for name in names} for row in records(study.weights)]
