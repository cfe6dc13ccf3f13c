"""`python -m ser_core licences`: terms of optional parts, and agreeing to them."""

from __future__ import annotations

from typing import Annotated

import typer

from ser_core.cli import console
from ser_core.features.licences import LICENCES, agree, agreed

app = typer.Typer(no_args_is_help=True, help="Licences of optional parts: show, agree.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show the licences, and which were agreed to."""
    rows = [{**vars(each), "agreed": agreed(name)} for name, each in LICENCES.items()]
    if as_json:
        console.show(rows, as_json=True)
        return
    for row in rows:
        typer.echo(f"{row['name']}: {row['part']}, {'' if row['agreed'] else 'not '}agreed")
        typer.echo(f"  {row['terms']}\n  {row['address']}\n  {row['install']}")


@app.command("agree")
def agree_(
    name: Annotated[str, typer.Argument(help="Name of the licence, as in the list.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Agree to a licence, after its terms were shown."""
    licence = LICENCES[name]
    if not yes:
        typer.echo(f"{licence.part}. {licence.terms}\n{licence.address}")
        typer.confirm("Do you agree?", abort=True, err=True)
    agree(name)
    typer.echo(f"Agreed to the licence of {licence.part}.")
