"""`python -m ser_core train`: a recipe from beginning to end."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser_core.cli import console
from ser_core.cli.options import (
    Include,
    Labels,
    OwnLabels,
    ProgressFile,
    Reader,
    ReaderOptions,
    on_corpus,
)
from ser_core.cli.options import (
    opened as opened_by,
)
from ser_core.core import files, settings

if TYPE_CHECKING:
    from ser_core.recipes.recipe import Recipe
    from ser_core.runs.execute import Outcome

CROWDED = (
    "Other work keeps this computer's cores busy. Ghost batches (--set train.parts=2) give each "
    "thread its own part of a batch, so threads wait once a step instead of a thousand times."
)
PREFIXES = {"": "test", "speakers enrolled: ": "enrolled"}

RecipeFile = Annotated[
    Path, typer.Argument(help="Recipe or series of recipes: a YAML file, or a bundled one's name.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change of the recipe, as optim.lr=3e-4; can be repeated."),
]
CorpusPath = Annotated[
    Path | None, typer.Option("--corpus", help="Corpus, instead of the recipe's.")
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--out", help="Folder of the run; the same command again resumes an interrupted run."
    ),
]
Every = Annotated[
    bool,
    typer.Option(
        "--every-representation",
        help="Train once with each of the thirteen, all else equal; --out is the folder of all.",
    ),
]
OnRay = Annotated[
    bool,
    typer.Option(
        "--ray",
        envvar="SER_RAY_TASKS",
        help="Folds and seeds as tasks of the Ray cluster of RAY_ADDRESS, or of this computer.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]


def train(
    recipe: RecipeFile,
    changes: Changes = None,
    corpus: CorpusPath = None,
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    out: Folder = None,
    every: Every = False,
    on_ray: OnRay = False,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Train every fold and seed of a recipe, or of each of a series, and score the test clips once.

    A recipe that is finished is not trained again, so a series that was interrupted goes on.
    """
    from ser_core.corpora.label_maps import any_labels_remembered
    from ser_core.runs.execute import assist
    from ser_core.training.distributed import process_group

    given = on_corpus(corpus)
    wanted = _recipes(recipe, [*given, *(changes or [])], every=every)
    options = label or option or include or own_labels or reader
    for own, each in wanted.items():
        folder = out / own if out else out
        if options or (any_labels_remembered() and _is_new(each, folder)):
            wanted[own] = _as_opened(each, reader, label, option, include, own_labels=own_labels)
    with process_group() as ranks:
        for own, each in wanted.items():
            folder = out / own if out else settings.home() / "runs" / each.hash
            if ranks.is_first:
                _warn_of_confounding(each)
                outcome = carried_out(each, folder, progress_file, on_ray=on_ray)
                _print(outcome, own, as_json=as_json)
            else:
                assist(each, folder)


def _recipes(path: Path, changes: list[str], *, every: bool) -> dict[str, Recipe]:
    """What is to be trained, by the name of its folder among several; empty for a single one."""
    from ser_core.core import ParameterError
    from ser_core.recipes.recipe import load
    from ser_core.recipes.series import every_representation, is_series, load_series

    if is_series(path):
        if every:
            raise ParameterError(
                "goes with one recipe, not with a series", subject="--every-representation"
            )
        return load_series(path, changes)
    wanted = load(path, changes)
    if not every:
        return {"": wanted}
    return {each.representation["name"]: each for each in every_representation(wanted)}


def _warn_of_confounding(recipe: Recipe) -> None:
    """Say where normalising by speaker takes away what the speakers' emotions are."""
    from ser_core.corpora import ENROLMENT, confounding, open_corpus

    if recipe.normalise != "speaker":
        return
    found = confounding(open_corpus(recipe.corpus_opening).usable)
    if found and found.is_notable:
        console.errors.print(
            f"[bold yellow]Speaker and emotion go together.[/] {found.said}. {ENROLMENT}.",
            soft_wrap=True,
        )


def _is_new(recipe: Recipe, out: Path | None) -> bool:
    """Whether no run of this recipe has begun, which would go on as it was begun."""
    folder = out or settings.home() / "runs" / recipe.hash
    return not (folder / "recipe.yaml").exists()


def _as_opened(
    recipe: Recipe,
    reader: str | None,
    label: list[str] | None,
    option: list[str] | None,
    include: str,
    *,
    own_labels: bool,
) -> Recipe:
    """The recipe with how its corpus is opened written into it, labels mapped before included."""
    from ser_core.recipes.recipe import opened_as

    found = opened_by(
        recipe.corpus_opening, reader, label, option, include, own_labels=own_labels
    ).opening
    return opened_as(recipe, found) if found else recipe


def _print(outcome: Outcome, name: str, *, as_json: bool) -> None:

    folder = outcome.folder
    summary = files.read_json(outcome.folder / "summary.json")
    if name:
        console.output.print(f"[bold]{name}[/]")
    if as_json:
        console.show({**summary, "folder": str(folder)}, as_json=True)
        return
    if outcome.audit.speakers_shared:
        console.output.print("[bold yellow]Speakers shared[/] between training and test.")
    for voices, figures in PREFIXES.items():
        for metric, figure in summary.get(figures, {}).items():
            value, low, high = (console.formatted(figure[key]) for key in ("value", "low", "high"))
            console.output.print(
                f"{voices}{metric.upper()} {value}, 95 % interval {low} to {high} "
                f"({figure['method']}), {summary['clips']} test clips"
            )
    console.output.print(f"{summary['minutes']:.1f} minutes; results are in {folder}")


def carried_out(
    recipe: Recipe, folder: Path, progress_file: Path | None = None, *, on_ray: bool = False
) -> Outcome:
    """Train all of a recipe with progress, as a run in MLflow; on Ray its members side by side."""
    from ser_core.core import crowded, keep_freed
    from ser_core.plots.publication_results import print_test
    from ser_core.runs.cluster import train_members
    from ser_core.runs.execute import run
    from ser_core.runs.launch import EXTRACTING, PREPARING, SCANNING, TRAINING
    from ser_core.runs.mlflow_logging import tracked

    if recipe.train.parts == 1 and recipe.train.threads != 1 and crowded():
        console.errors.print(CROWDED)
    keep_freed()
    preparing = EXTRACTING if recipe.representation["name"] == "encoder" else PREPARING
    with console.progress(recipe.name, progress_file) as report, tracked(recipe, folder) as tracker:
        outcome = run(
            recipe,
            folder,
            progress=partial(report, note=TRAINING),
            preparing=partial(report, note=preparing),
            scanning=partial(report, note=SCANNING),
            watcher=tracker,
            elsewhere=train_members if on_ray else None,
        )
        tracker.finished(outcome, print_test(outcome.report, outcome.split.policy))
    return outcome
