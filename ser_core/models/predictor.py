"""Anything that answers to sound: a bundle, an ensemble, an exported file; and how to open one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ser_core.audio import Waveform
from ser_core.errors import ModelError

Probabilities = npt.NDArray[np.float64]

Voice = tuple[npt.NDArray[np.float32], ...]
"""Statistics of a speaker, one array a network that uses them; only the predictor that made it can
read it."""


class Predictor(Protocol):
    """A model as every page and command sees it."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions in the order of the probabilities."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """What is known of it, as its JSON file has it."""
        ...

    @property
    def card(self) -> str:
        """Model card in Markdown."""
        ...

    @property
    def sample_rate(self) -> int:
        """That it computes at, in Hz; sounds of another rate are resampled."""
        ...

    @property
    def enrols(self) -> bool:
        """Whether it can use the voice of the speaker."""
        ...

    def predict(self, waveforms: Sequence[Waveform], voice: Voice | None = None) -> Probabilities:
        """Probabilities of the classes, (sounds, classes), rows sum to 1.

        Args:
            waveforms: Sounds of any length.
            voice: Of the one speaker of all the sounds, from `enrol`; None when nothing is known.

        Raises:
            AudioError: If a sound is empty or not finite.
        """
        ...

    def enrol(self, waveforms: Sequence[Waveform]) -> Voice:
        """Statistics of a speaker from some of their sounds; no labels are needed.

        Raises:
            ModelError: If the model makes no use of them.
        """
        ...


def _bundle(path: Path) -> Predictor:
    from ser_core.models.bundle import load_bundle

    return load_bundle(path)


def _ensemble(path: Path) -> Predictor:
    from ser_core.ensemble.bundle import load_ensemble

    return load_ensemble(path)


def _onnx(path: Path) -> Predictor:
    from ser_core.export.model import open_onnx

    return open_onnx(path)


OPENERS: dict[str, Callable[[Path], Predictor]] = {
    "bundle.json": _bundle,
    "ensemble.json": _ensemble,
}
"""How to open a folder, by the file that tells what it is."""


def load(path: Path) -> Predictor:
    """Open a model, whatever it is.

    Args:
        path: Folder of a bundle or of an ensemble, or an exported .onnx file.

    Raises:
        ModelError: If there is no model, or it is damaged.
    """
    if path.suffix == ".onnx":
        return _onnx(path)
    for name, opener in OPENERS.items():
        if (path / name).is_file():
            return opener(path)
    raise ModelError(
        "holds no model",
        subject=str(path),
        remedy=f"Choose a folder that has one of {', '.join(OPENERS)}, or an .onnx file",
    )


__all__ = ["OPENERS", "Predictor", "Probabilities", "Voice", "load"]
