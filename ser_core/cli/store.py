"""`python -m ser_core store`: how large the feature store is, filling it, and emptying it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ser_core.cli import console
from ser_core.cli.options import ProgressFile, on_corpus
from ser_core.storage.feature_store import FeatureStore, Usage

app = typer.Typer(no_args_is_help=True, help="Feature store: size, filling, and clearing.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def size(as_json: Json = False) -> None:
    """Show how many entries and bytes the store holds, by representation."""
    store = FeatureStore()
    _show(store, store.size(), as_json=as_json)


@app.command()
def fill(
    recipe: Annotated[Path, typer.Argument(help="Recipe: a YAML file, or a bundled one's name.")],
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="Corpus, instead of the recipe's.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change of the recipe; can be repeated."),
    ] = None,
    on_ray: Annotated[
        bool,
        typer.Option(
            "--ray",
            envvar="SER_RAY_TASKS",
            help="As tasks of the Ray cluster of RAY_ADDRESS, or of this computer.",
        ),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes otherwise; all cores when absent.")
    ] = None,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Represent the corpus of a recipe, encoder features too, for its trainings to find stored."""
    from ser_core.recipes.recipe import load
    from ser_core.training.store_filling import fill_store

    given = on_corpus(corpus)
    with console.progress("Representing", progress_file) as report:
        wanted = load(recipe, [*given, *(changes or [])])
        filled = fill_store(wanted, on_ray=on_ray, workers=workers, progress=report)
    if as_json:
        console.show(asdict(filled), as_json=True)
        return
    console.output.print(
        f"{filled.computed} sounds represented, {filled.found} found in the store, "
        f"{len(filled.problems)} cannot be decoded"
    )
    for problem in filled.problems:
        console.errors.print(problem, markup=False)


@app.command()
def clear(
    representation: Annotated[
        str | None,
        typer.Option(
            help="Only this representation: its name for all parameters, or name-hash for one set."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete stored representations; they are computed again when needed."""
    store = FeatureStore()
    if not yes:
        what = f"all {representation}" if representation else "everything"
        typer.confirm(f"Delete {what} from {store.root}?", abort=True, err=True)
    _show(store, store.clear(representation), as_json=as_json, verb="deleted ")


def _show(store: FeatureStore, usage: Usage, *, as_json: bool, verb: str = "") -> None:
    if as_json:
        typer.echo(json.dumps({"root": str(store.root), **_plain(usage)}))
        return
    for name, part in usage.by_representation.items():
        typer.echo(f"{part.entries:8d}  {_readable(part.bytes):>10}  {name}")
    total = f"{usage.entries:8d}  {_readable(usage.bytes):>10}"
    typer.echo(f"{total}  {verb}in all, {store.root}")


def _plain(usage: Usage) -> dict[str, object]:
    parts = {
        name: {"entries": part.entries, "bytes": part.bytes}
        for name, part in usage.by_representation.items()
    }
    return {**asdict(usage), "by_representation": parts}


def _readable(size: int) -> str:
    """Bytes as people say them.

    >>> _readable(900), _readable(3_400_000), _readable(7_200_000_000)
    ('900 B', '3.4 MB', '7.2 GB')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"
