"""The emotions that are known here; a model file is checked against them without pandas."""

from __future__ import annotations

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
