"""The command line: everything the pages do, without the pages."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ser_core import __version__
from ser_core.cli import (
    attack,
    bench,
    console,
    corpus,
    cross_corpus,
    encoder,
    encoder_fetch,
    ensemble,
    evaluate,
    explain,
    export,
    jobs,
    licences,
    models,
    onnx,
    predict,
    represent,
    results,
    robustness,
    serve,
    soak,
    store,
    sweep,
    train,
    workbench,
)
from ser_core.core.system_errors import told


def _version(asked: bool) -> None:
    """Print the version and end, if that is asked for."""
    if asked:
        typer.echo(__version__)
        raise typer.Exit


app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    """SER Workbench: speech emotion recognition with audited splits and intervals."""


app.command("app", context_settings=workbench.PASSED_ON)(workbench.app)
app.add_typer(corpus.app, name="corpus")
app.command("represent")(represent.represent)
app.command("train")(train.train)
app.command("sweep")(sweep.sweep)
app.command("cross-corpus")(cross_corpus.cross_corpus)
app.command("ensemble")(ensemble.ensemble)
app.command("predict")(predict.predict)
app.command("evaluate")(evaluate.evaluate)
app.command("attack")(attack.attack)
app.command("robustness")(robustness.robustness)
encoder_fetch.register(encoder.app)
app.add_typer(encoder.app, name="encoder")
app.add_typer(explain.app, name="explain")
app.command("export")(export.export)
app.add_typer(onnx.app, name="onnx")
app.add_typer(models.app, name="models")
app.command("serve")(serve.serve)
app.add_typer(store.app, name="store")
app.add_typer(results.app, name="results")
app.add_typer(bench.app, name="bench")
app.add_typer(soak.app, name="soak")
app.add_typer(jobs.app, name="jobs")
app.add_typer(licences.app, name="licences")


def main() -> None:
    """Run the command line, as `ser` and as `python -m ser_core`.

    What goes wrong on purpose is one line, without a traceback, and so is what the system refuses:
    a full disk, a quota, missing rights.
    """
    try:
        app()
    except Exception as error:
        refusal = told(error)
        if refusal is None:
            raise
        console.fail(refusal)
        sys.exit(1)
