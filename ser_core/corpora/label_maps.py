"""The emotions that a user gave to the labels of a corpus, kept for every later opening.

A corpus whose labels are numbers, as those of competitions are, says nowhere what they mean. It is
said once, on the page Corpus or by `--label`; training, evaluation and prediction open the corpus
by its path and find it here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from ser_core.core import EMOTIONS, ParameterError, did_you_mean, is_class_name, settings
from ser_core.corpora.emotions import composed, normalise
from ser_core.storage import read_json, write_json

FOLDER = "label-maps"
"""Below the workbench's data."""


def label_map(given: Mapping[str, str], *, own: bool = False) -> dict[str, str]:
    """Labels with their emotions as the vocabulary spells them.

    Args:
        given: Emotion by label.
        own: Whether classes that are no emotion may be named, too.

    Raises:
        ParameterError: If a name is no emotion of the vocabulary, or cannot name a class.

    >>> label_map({"0": "angry"})
    {'0': 'anger'}
    """
    return {composed(label): _emotion(emotion, own=own) for label, emotion in given.items()}


def _emotion(emotion: str, *, own: bool) -> str:
    known = normalise(emotion) or (emotion if own and is_class_name(emotion) else None)
    if known is None:
        raise ParameterError(
            "not an emotion of the vocabulary", subject=emotion,
            remedy=f"{did_you_mean(emotion, EMOTIONS)}. For a class that is no emotion open the "
            "corpus with own labels (--own-labels)",
        )  # fmt: skip
    return known


def remembered_labels(root: Path) -> dict[str, str]:
    """Emotion by label, as the user gave them for the corpus in a folder; empty for most."""
    content = read_json(label_map_file(root)) or {}
    labels = content.get("labels", {})
    return {composed(label): name for label, name in labels.items() if is_class_name(name)}


def any_labels_remembered() -> bool:
    """Whether labels of any corpus are kept; most people have none, and need not look further."""
    return any((settings.home() / FOLDER).glob("*.json"))


def remember_labels(root: Path, given: Mapping[str, str], *, own: bool = False) -> None:
    """Keep the emotions of labels for a corpus, beside those that were kept before.

    Args:
        root: Folder of the corpus, `Corpus.root`.
        given: Emotion by label; an empty one forgets what was kept for the label.
        own: Whether classes that are no emotion may be named, too.

    Raises:
        ParameterError: If a name is no emotion of the vocabulary, or cannot name a class.
    """
    kept = {label: emotion for label, emotion in given.items() if emotion}
    said = {composed(label) for label in given}
    before = {name: each for name, each in remembered_labels(root).items() if name not in said}
    file = label_map_file(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    labels = {**before, **label_map(kept, own=own)}
    write_json(file, {"corpus": str(root.resolve()), "labels": labels})


def label_map_file(root: Path) -> Path:
    """File in which the labels of the corpus in a folder are kept."""
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return settings.home() / FOLDER / f"{name}.json"
