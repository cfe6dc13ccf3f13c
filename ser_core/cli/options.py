"""Options that several commands share, so that each reads alike wherever it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    Path,
    typer.Option(help="Folder of a model: a bundle or an ensemble; or an exported .onnx file."),
]
Reader = Annotated[str | None, typer.Option(help="Reader of the corpus; detected when absent.")]
Seen = Annotated[
    bool,
    typer.Option(
        "--seen",
        help="Other clips of the speaker were in training: use the weights and the calibration "
        "for such speakers, where the model has some.",
    ),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="JSON file of the results.")]
ProgressFile = Annotated[Path | None, typer.Option(hidden=True, help="Progress file of a job.")]

# Of tests by perturbation or by attack.
TriedOn = Annotated[
    Path,
    typer.Option(
        "--corpus", help="Corpus with the clips; the model's own test clips are taken from it."
    ),
]
Clips = Annotated[
    int | None,
    typer.Option(min=1, help="How many clips, drawn evenly over emotions; all when absent."),
]
Places = Annotated[
    list[str] | None,
    typer.Option("--place", help="Attack domain: representation or sound; both when absent."),
]
Few = Annotated[bool, typer.Option("--few", help="Only three severities of each.")]
Seed = Annotated[int, typer.Option(help="Random seed.")]
CardFolder = Annotated[
    Path | None, typer.Option(help="Folder for the card: HTML, Markdown, PNG and the predictions.")
]
Threads = Annotated[
    int, typer.Option(min=1, help="Threads; more than one help only on an idle computer.")
]
