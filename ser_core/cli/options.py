"""Options that several commands share, so that each reads alike wherever it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ser_core.corpora import Corpus, Opening

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
ReaderOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        help="Option of the reader of the corpus, as pattern=(?P<speaker>s.) or columns.path=wav; "
        "can be repeated.",
    ),
]
Include = Annotated[
    str,
    typer.Option(
        "--include", help="Only clips of the corpus whose path this regular expression finds."
    ),
]
OwnLabels = Annotated[
    bool,
    typer.Option(
        "--own-labels",
        help="Labels that name no emotion are classes of their own; --label may name such classes.",
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


def on_corpus(corpus: Path | None) -> list[str]:
    """Changes of a recipe that put a corpus in the place of its own, and how that is opened."""
    return [f"corpus={corpus}", "opening={}"] if corpus else []


def opened(
    corpus: Path | Opening,
    reader: str | None = None,
    label: list[str] | None = None,
    option: list[str] | None = None,
    include: str = "",
    *,
    own_labels: bool = False,
    remember: bool = True,
) -> Corpus:
    """The corpus as the options of a command say.

    Labels are kept for a corpus that is named by its path, as `remember_labels` does, unless
    `remember` is false; beside a kept opening they hold for this command.

    Raises:
        SerError: If it cannot be opened.
    """
    from ser_core.corpora import Opening, open_corpus, opening_of, remember_labels
    from ser_core.corpora.option_texts import by_name

    given = labels_of(label)
    wanted = {name: emotion for name, emotion in given.items() if emotion}
    reading = {"include": include, "own_labels": own_labels, **by_name(option or [])}
    named = corpus if isinstance(corpus, Opening) else opening_of(corpus)
    found = open_corpus(named, reader, label_map=wanted, **reading)
    if not given:
        return found
    if not named.is_plain or not remember:
        return found if wanted == given else _without(found, given)
    remember_labels(found.root, given, own=own_labels)
    # Again where a label was forgotten: what was kept for it was still in force.
    return found if wanted == given else open_corpus(named, reader, label_map=wanted, **reading)


def _without(corpus: Corpus, given: Mapping[str, str]) -> Corpus:
    """The corpus without the labels that were forgotten, for this command."""
    from dataclasses import replace

    from ser_core.corpora.opening import open_exactly

    assert corpus.opening is not None  # noqa: S101  (open_corpus gives it)
    kept = {label: to for label, to in corpus.opening.labels.items() if given.get(label) != ""}
    return open_exactly(replace(corpus.opening, labels=kept))


def opened_as(
    corpus: Path,
    reader: str | None = None,
    label: list[str] | None = None,
    option: list[str] | None = None,
    include: str = "",
    *,
    own_labels: bool = False,
) -> Path:
    """A path by which the corpus is opened as the options of a command say, now and later.

    Raises:
        SerError: If it cannot be opened.
    """
    from ser_core.corpora import opening_of, snapshot

    named = opening_of(corpus)
    if not (label or option or include or own_labels) and named.is_plain:
        return snapshot(named) if named.name else corpus
    found = opened(corpus, reader, label, option, include, own_labels=own_labels).opening
    return snapshot(found) if found else corpus


def labels_of(texts: list[str] | None) -> dict[str, str]:
    """Emotion by label, as `--label` gives them; a label may contain an equals sign."""
    from ser_core.corpora.option_texts import labels

    return labels(texts or [])
