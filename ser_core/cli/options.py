"""Options that several commands share, so that each reads alike wherever it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ser_core.core import ParameterError

Model = Annotated[
    Path,
    typer.Option(help="Folder of a model: a bundle or an ensemble; or an exported .onnx file."),
]
Reader = Annotated[str | None, typer.Option(help="Reader of the corpus; detected when absent.")]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        help="Emotion of a label, as frustrated=anger or 0=anger; can be repeated. It is kept for "
        "this corpus; LABEL= forgets it.",
    ),
]
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


def pair(text: str, *, last: bool = False) -> tuple[str, str]:
    """Name and value of `name=value`, divided at the first sign or at the last.

    Raises:
        ParameterError: If there is no sign, or no name before it.
    """
    name, equals, value = text.rpartition("=") if last else text.partition("=")
    if not equals or not name:
        raise ParameterError("has no value", subject=text, remedy="Write it as name=value")
    return name, value


def labels_of(texts: list[str] | None) -> dict[str, str]:
    """Emotion by label, as `--label` gives them; a label may contain an equals sign."""
    return dict(pair(text, last=True) for text in texts or [])
