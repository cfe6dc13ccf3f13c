"""`python -m ser_core soak`: bounded trials of long and rough use."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from ser_core.cli import console

if TYPE_CHECKING:
    from collections.abc import Sequence


class Trial(Protocol):
    """What a part gives."""

    @property
    def faults(self) -> list[str]:
        """What was wrong; empty where all is right."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        ...


app = typer.Typer(
    no_args_is_help=True,
    help="Trials of long and rough use: figures, and an end with 1 where a fault is found.",
)

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
Seed = Annotated[int, typer.Option(help="Random seed.")]
Place = Annotated[
    Path | None,
    typer.Option(
        "--place",
        help="Folder whose disk is used; what is made there is deleted. That for temporary files "
        "when absent.",
    ),
]
Model = Annotated[
    Path | None, typer.Option("--model", help="Folder of a model; the bundled one when absent.")
]


@app.command("sessions")
def sessions(
    sessions: Annotated[int, typer.Option(min=1, max=100, help="Browser sessions at once.")] = 20,
    explain: Annotated[
        bool, typer.Option("--explain/--no-explain", help="Whether each also explains a clip.")
    ] = True,
    json_file: JsonFile = None,
) -> None:
    """Upload a sound of its own in each of many sessions at once, and compare every answer.

    It needs Chromium and playwright (requirements-dev.txt). Each answer must be that of the
    library for the sound, and no session may show the file of another.
    """
    from ser_core.soak.sessions import try_sessions

    announce = lambda step: console.errors.print(f"{step} …")  # noqa: E731
    _conclude([try_sessions(sessions, explain=explain, announce=announce)], None, json_file)


@app.command("memory")
def memory(
    predictions: Annotated[int, typer.Option(min=0, help="Predictions in this process.")] = 1000,
    page_loads: Annotated[
        int, typer.Option(min=0, help="Page loads in Chromium; 0 for none.")
    ] = 500,
    torch: Annotated[
        bool, typer.Option("--torch", help="Predict by the networks, not by the ONNX copy.")
    ] = False,
    model: Model = None,
    json_file: JsonFile = None,
) -> None:
    """Memory over many predictions in one process, and of a server over many page loads."""
    from ser_core.inference.catalogue import bundled_folder
    from ser_core.soak.memory import try_page_loads, try_predictions

    found: list[Trial] = []
    with console.progress("Memory") as report:
        if predictions:
            folder = model or bundled_folder()
            found.append(try_predictions(folder, predictions, torch=torch, announce=report))
        if page_loads:
            found.append(try_page_loads(page_loads, report))
    _conclude(found, None, json_file)


@app.command("kills")
def kills(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="store, epoch, ensemble or export; all of them when absent."),
    ] = None,
    kills: Annotated[int, typer.Option(min=1, help="Kills of each.")] = 50,
    late: Annotated[
        bool,
        typer.Option(
            "--late", help="Kill only after the first entry, epoch, trial or file is written."
        ),
    ] = False,
    seed: Seed = 0,
    place: Place = None,
    json_file: JsonFile = None,
) -> None:
    """Kill work at random moments and start it again: the numbers must be the same."""
    from ser_core.soak.kills import WORKS, try_kills

    found: list[Trial] = []
    with console.progress("Kills") as report:
        for name in what or list(WORKS):
            with _folder(place) as folder:
                found.append(try_kills(name, kills, folder, seed, report, late=late))
    _conclude(found, seed, json_file)


@app.command("corpus")
def corpus(
    clips: Annotated[int, typer.Option(min=100, max=1_000_000, help="Clips.")] = 100_000,
    workers: Annotated[int, typer.Option(min=1, help="Processes of the scan.")] = 1,
    pages: Annotated[
        bool, typer.Option("--pages", help="Also open its pages in Chromium, with memory.")
    ] = False,
    seed: Seed = 0,
    place: Place = None,
    json_file: JsonFile = None,
) -> None:
    """Make a corpus of many short clips, each a file of its own, and open, scan and split it."""
    from ser_core.soak.corpus import try_corpus

    announce = lambda step: console.errors.print(f"{step} …")  # noqa: E731
    with _folder(place) as folder, _home(folder):
        found = try_corpus(folder / "corpus", clips, seed, workers, pages=pages, announce=announce)
    _conclude([found], seed, json_file)


@app.command("serve")
def serve(
    requests: Annotated[int, typer.Option(min=1, help="Requests of garbage.")] = 500,
    model: Model = None,
    seed: Seed = 0,
    place: Place = None,
    json_file: JsonFile = None,
) -> None:
    """Serve a model by MLflow and send it garbage, with right requests in between."""
    from ser_core.inference.catalogue import bundled_folder
    from ser_core.soak.garbage import try_garbage

    with _folder(place) as folder, _home(folder), console.progress("Garbage") as report:
        found = try_garbage(model or bundled_folder(), requests, folder, seed, report)
    _conclude([found], seed, json_file)


@app.command("service")
def service(
    minutes: Annotated[float, typer.Option(min=0.05, help="For how long.")] = 20.0,
    callers: Annotated[int, typer.Option(min=1, max=64, help="Callers side by side.")] = 8,
    at_once: Annotated[
        int,
        typer.Option(
            min=1, max=40, help="Requests the service takes at once; fewer than callers: some wait."
        ),
    ] = 6,
    model: Model = None,
    seed: Seed = 0,
    place: Place = None,
    json_file: JsonFile = None,
) -> None:
    """Serve a model by `serve`, and let callers send sounds, voices and garbage side by side.

    Every answer must be the first one for the same sound, and nothing may end with 5xx.
    """
    from ser_core.inference.catalogue import bundled_folder
    from ser_core.soak.service import try_service

    with _folder(place) as folder, _home(folder), console.progress("Service") as report:
        found = try_service(
            model or bundled_folder(), minutes, folder,
            callers=callers, at_once=at_once, seed=seed, announce=report,
        )  # fmt: skip
    _conclude([found], seed, json_file)


@contextmanager
def _folder(place: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ser-soak-", dir=place) as folder:
        yield Path(folder)


@contextmanager
def _home(folder: Path) -> Iterator[None]:
    """A runtime folder of its own: nothing of the user's is read, and nothing is left there."""
    import os

    before = os.environ.get("SER_HOME")
    os.environ["SER_HOME"] = str(folder / "home")
    try:
        yield
    finally:
        os.environ.pop("SER_HOME")
        if before is not None:
            os.environ["SER_HOME"] = before


def _conclude(found: Sequence[Trial], seed: int | None, json_file: Path | None) -> None:
    """Print the figures with where they were taken; end with 1 where there is a fault."""
    from ser_core.soak.machine import machine

    parts = [each.as_dict() for each in found]
    result = {"machine": machine(), **({} if seed is None else {"seed": seed}), "parts": parts}
    for part in parts:
        console.show(part)
    if json_file:
        console.write_json(json_file, result)
    faults = [fault for each in found for fault in each.faults]
    if faults:
        console.errors.print(f"[bold red]{len(faults)} faults[/], the first: ", end="")
        console.errors.print(faults[0], markup=False, soft_wrap=True)
        raise typer.Exit(1)
