"""The emotions that are known here; a model file is checked against them without pandas."""

from __future__ import annotations

import re

EMOTIONS: tuple[str, ...] = (
    "anger",
    "disgust",
    "fear",
    "happiness",
    "sadness",
    "surprise",
    "neutral",
    "calm",
    "contempt",
    "boredom",
)
"""The vocabulary, in the order of every class list, table and colour."""

_CLASS_NAME = re.compile(r"\w[\w .+-]{0,39}")


def is_class_name(name: str) -> bool:
    """Whether a class can be called so, one of the vocabulary or of a corpus' own.

    It stands in tables, pictures, pages and files, so it is short and has no signs of markup.

    >>> is_class_name("anger"), is_class_name("2"), is_class_name("low arousal")
    (True, True, True)
    >>> is_class_name("<b>"), is_class_name("")
    (False, False)
    """
    return name == name.strip() and _CLASS_NAME.fullmatch(name) is not None
