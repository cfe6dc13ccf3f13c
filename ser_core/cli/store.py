"""`python -m ser_core store`: how large the feature store is, and emptying it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ser_core.storage.feature_store import FeatureStore, Usage

app = typer.Typer(no_args_is_help=True, help="Feature store: size, and clearing.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def size(as_json: Json = False) -> None:
    """Show how many entries and bytes the store holds, by representation."""
    store = FeatureStore()
    _show(store, store.size(), as_json=as_json)


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
