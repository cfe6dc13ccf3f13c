"""`python -m ser_core app`: the pages in the browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ser_core.core import settings

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Context settings of the command: what it does not know is for streamlit."""

Corpus = Annotated[
    Path | None, typer.Option("--corpus", help="Corpus to open; the demo when absent.")
]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port on localhost.")]
Browser = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Whether to open the browser.")
]


def app(
    context: typer.Context, corpus: Corpus = None, port: Port = 8501, browser: Browser = True
) -> None:
    """Open the workbench in the browser; other options go to `streamlit run`."""
    if corpus:
        os.environ["SER_CORPUS"] = str(corpus.absolute())
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(settings.REPOSITORY / "app.py")),
        *("--server.port", str(port), "--server.headless", str(not browser).lower()),
        *context.args,
    ]
    # Take the place of this process, so that Ctrl-C and signals reach the server itself. Its
    # configuration lies beside app.py, where streamlit looks for it from any folder.
    os.execv(command[0], command)  # noqa: S606
