"""`python -m ser_core encoder`: what a pretrained encoder is, and which of its layers to use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console
from ser_core.cli.options import (
    Include,
    Labels,
    OwnLabels,
    ProgressFile,
    Reader,
    ReaderOptions,
    opened_as,
)
from ser_core.storage import atomic

if TYPE_CHECKING:
    from ser_core.inference.layer_curve import LayerCurve

app = typer.Typer(no_args_is_help=True, help="Pretrained speech encoders.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
EncoderPath = Annotated[
    Path, typer.Option(help="Folder of the encoder: config.json and weights as safetensors.")
]


@app.command("show")
def show(
    folder: Annotated[Path, typer.Argument(help="Folder of an encoder.")], as_json: AsJson = False
) -> None:
    """Print what an encoder is: family, layers, size, sample rate, weights."""
    from ser_core.features.encoders.describe import describe

    console.show(describe(folder), as_json=as_json)


@app.command("layers")
def layers(
    encoder: EncoderPath,
    corpus: Annotated[Path, typer.Option(help="Corpus with labels and speakers.")],
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    statistics: Annotated[
        str, typer.Option(help="Over time: 'mean, spread' or 'mean, spread, quantiles'.")
    ] = "mean, spread",
    c: Annotated[
        list[float] | None,
        typer.Option("--c", help="C of the logistic regression; several are chosen from."),
    ] = None,
    together: Annotated[
        bool, typer.Option(help="Also try all layers side by side, which needs the most memory.")
    ] = True,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; all cores when absent.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the result.")] = None,
    progress_file: ProgressFile = None,
) -> None:
    """UAR by layer of an encoder on unseen speakers, not enrolled and enrolled.

    A logistic regression on each layer, and on all together. Each speaker is left out in turn (ten
    folds of speakers where there are more than 20); C is chosen within the training speakers. What
    was interrupted goes on where it stopped.
    """
    from ser_core.inference.encoder_layers import Plan, layer_curve
    from ser_core.inference.layer_curve import GRID
    from ser_core.plots.encoder_layers import print_layers

    place = opened_as(corpus, reader, label, option, include, own_labels=own_labels)
    grid = tuple(c) if c else GRID
    plan = Plan(
        encoder=encoder.expanduser().absolute(),
        corpus=place.expanduser().absolute(),
        reader=reader or "",
        statistics=statistics,
        grid=grid,
        together=together,
    )
    folder = out or plan.folder
    with console.progress("Layers", progress_file) as report:
        curve = layer_curve(plan, folder, workers=workers, progress=report)
    atomic.write(folder / "layers.png", print_layers(curve, "png"))
    _show(curve, folder)


def _show(curve: LayerCurve, folder: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "layers": point.layers,
            "voices": "enrolled" if point.enrolled else "not enrolled",
            "UAR": str(point.uar),
            "C by fold": ", ".join(f"{c:g}" for c in sorted(set(point.c))),
        }
        for point in curve.points
    ]
    console.output.print(console.table(rows))
    for enrolled in (False, True):
        best = curve.best(enrolled=enrolled)
        voices = "enrolled" if enrolled else "not enrolled"
        console.output.print(
            f"Best single layer here, {voices}: {best.layers}, UAR {best.uar}. It was chosen on "
            "these test speakers, so its UAR is optimistic.",
            soft_wrap=True,
        )
    if curve.chosen:
        console.output.print(
            "The row `chosen` is not: in each fold the training speakers alone chose the layer.",
            soft_wrap=True,
        )
    console.output.print(f"The result is in {folder}", soft_wrap=True)
