"""`python -m ser_core models`: which there are, and one into MLflow to be served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ser_core.cli import console
from ser_core.cli.options import opened

app = typer.Typer(no_args_is_help=True, help="Models to predict with, and to serve.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List bundled models, ensembles, runs and exported files, with their test scores."""
    from ser_core.inference.catalogue import models

    rows = [
        {
            "title": each.title,
            "kind": each.kind,
            "wa": each.performance.wa.value if each.performance.wa else None,
            "uar": each.performance.uar.value if each.performance.uar else None,
            "badge": each.performance.badge,
            "doubt": each.performance.doubt,
            "folder": str(each.folder),
        }
        for each in models()
    ]
    console.show(rows, as_json=as_json)


@app.command()
def domain(
    model: Annotated[Path, typer.Option(help="Folder of a model: a bundle or an ensemble.")],
    corpus: Annotated[Path, typer.Option(help="Corpus that the model was trained on.")],
    share: Annotated[
        float, typer.Option(help="Share of clips of new speakers that may be called unlike.")
    ] = 0.05,
    clips: Annotated[
        int, typer.Option(min=50, help="Training clips at most, spread over all of them.")
    ] = 2000,
    as_json: Json = False,
) -> None:
    """Keep what a model's training clips sound like, to warn of recordings unlike them.

    Written beside the model; its description, weights and ONNX copy stay as they are.
    """
    from ser_core.inference.domain_of_model import keep_domain

    with console.progress("Measuring") as report:
        found = keep_domain(model, opened(corpus), share, clips, report)
    result = {
        "clips": found.clips,
        "speakers": found.speakers,
        "threshold": round(found.threshold, 2),
        "share": found.share,
    }
    console.show(result, as_json=as_json)


@app.command()
def log(
    model: Annotated[Path, typer.Option(help="Folder of a model: a bundle or an ensemble.")],
    as_json: Json = False,
) -> None:
    """Log a model in MLflow, so that `mlflow models serve` classifies sound over HTTP."""
    from ser_core.serving.mlflow_logging import log_model

    found = log_model(model)
    result = {"run": found.run, "uri": found.uri, "serve": found.command()}
    if as_json:
        console.show(result, as_json=True)
        return
    console.output.print(f"Logged as {found.uri}, in the run {found.run}. To serve it:")
    console.output.print(found.command(), soft_wrap=True)
