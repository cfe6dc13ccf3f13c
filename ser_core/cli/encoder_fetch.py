"""`python -m ser_core encoder`: well-known encoders, and fetching one from the hub."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from ser_core.cli import console
from ser_core.cli.options import ProgressFile

Name = Annotated[str, typer.Argument(help="Name on the Hugging Face hub, as openai/whisper-tiny.")]
Revision = Annotated[
    str | None,
    typer.Option(help="Branch, tag, commit or refs/pr/NUMBER; the main branch when absent."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask: licence and size are agreed.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the group `encoder`."""
    app.command("list")(list_)
    app.command("fetch")(fetch)


def list_(as_json: Json = False) -> None:
    """List well-known encoders, and those on this computer, with licence and training data."""
    from ser_core.features.encoders import catalogue, hub

    here = hub.on_this_computer()
    rows = [
        {
            "name": name,
            "here": name in here,
            "layers": row.layers,
            "size": row.size,
            "megabytes": row.megabytes,
            "licence": row.licence,
            "trained on emotional corpora": ", ".join(row.heard),
            "pretrained on": row.pretrained_on,
        }
        for name, row in catalogue.CATALOGUE.items()
    ]
    empty = dict.fromkeys(rows[0])
    rows += [
        {**empty, "name": name, "here": True} for name in here if name not in catalogue.CATALOGUE
    ]
    console.show(rows, as_json=as_json)


def fetch(
    name: Name,
    revision: Revision = None,
    yes: Yes = False,
    progress_file: ProgressFile = None,
    as_json: Json = False,
) -> None:
    """Fetch an encoder from the hub, once you agree to its licence and size."""
    from ser_core.features.encoders import hub

    signal.signal(signal.SIGTERM, _end)
    offer = hub.ask(name, revision)
    console.errors.print(
        f"{offer.name}, revision {offer.revision[:12]}: {offer.megabytes:,} MB, "
        f"licence {offer.licence}. It goes to {hub.place_of(name)}."
    )
    if not yes:
        typer.confirm("Fetch it under this licence?", abort=True, err=True)
    with console.progress(name, progress_file) as report:
        unit = hub.MEGABYTE
        folder = hub.fetch(
            offer, lambda done, total: report(-(-done // unit), -(-total // unit), "fetching")
        )
    console.show({"name": offer.name, "folder": str(folder)}, as_json=as_json)


def _end(number: int, _frame: object) -> None:
    """End as if interrupted, so that what was fetched so far is taken away."""
    raise SystemExit(128 + number)
