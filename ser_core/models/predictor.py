"""Predictor: the common interface of bundles, ensembles and exported files; and `load`."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ser_core.audio import Waveform
from ser_core.core import ModelError, files

if TYPE_CHECKING:
    from ser_core.models.bundle import Bundle
    from ser_core.models.pooling import Pool

Probabilities = npt.NDArray[np.float64]

SpeakerStatistics = tuple[npt.NDArray[np.float32], ...]
"""Statistics of an enrolled speaker, one float32 array of shape (3, channels, bins) a network that
normalises by speaker: mean, spread, frame count. Only the predictor that made them can use them."""


class Predictor(Protocol):
    """A model as every page and command sees it."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions in the order of the probabilities."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """Content of its JSON file: recipe, split, metrics and so on."""
        ...

    @property
    def card(self) -> str:
        """Model card in Markdown."""
        ...

    @property
    def sample_rate(self) -> int:
        """In Hz; sounds of another rate are resampled."""
        ...

    @property
    def enrols(self) -> bool:
        """Whether speakers can be enrolled: whether it normalises by speaker."""
        ...

    @property
    def lacks(self) -> Mapping[str, str]:
        """What cannot be done with it, by the names of `ser_core.models.abilities`, and why.

        What is not in it can be done.
        """
        ...

    @property
    def members(self) -> tuple[tuple[Bundle, ...], ...]:
        """Networks in use, by member: one of one for a bundle; empty for an exported file."""
        ...

    def pool_for(self, *, enrolled: bool, seen: bool = False) -> Pool | None:
        """How members' probabilities are pooled, by what is known of the speaker.

        Args:
            enrolled: Whether the speaker is enrolled.
            seen: Whether clips of the speaker were in training.

        Returns:
            None for a bundle.
        """
        ...

    def predict(
        self,
        waveforms: Sequence[Waveform],
        speaker: SpeakerStatistics | None = None,
        *,
        seen: bool = False,
    ) -> Probabilities:
        """Probabilities of the classes, (sounds, classes), rows sum to 1.

        Args:
            waveforms: Sounds of any length and sample rate.
            speaker: Statistics of the one speaker of all the sounds, from `enrol`; None without
                enrolment.
            seen: Whether clips of that speaker were in training; used without enrolment, by an
                ensemble that has weights of its own for such speakers.

        Raises:
            AudioError: If a sound is empty or not finite.
        """
        ...

    def enrol(self, waveforms: Sequence[Waveform]) -> SpeakerStatistics:
        """Statistics of a speaker, from unlabelled sounds of them of any length and sample rate.

        Raises:
            ModelError: If the model cannot enrol speakers.
        """
        ...


SUM_WITHIN = 1e-3
"""How far from 1 the probabilities of a sound may sum: the softmax of a quantised file is off."""


def checked(found: Probabilities, subject: str) -> Probabilities:
    """Probabilities as they are, if they are some; every predictor hands out its own through this.

    Args:
        found: Shape (sounds, classes).
        subject: Name of the model, for the error.

    Raises:
        ModelError: If a value is NaN, infinite or outside 0 to 1, or a row does not sum to 1. It
            says of how many sounds: what is not a probability never passes as a prediction.

    >>> checked(np.array([[0.25, 0.75]]), "a model")
    array([[0.25, 0.75]])
    """
    off = np.abs(found.sum(axis=1) - 1)
    sound = (off <= SUM_WITHIN) & (found >= -SUM_WITHIN).all(axis=1)  # false where any is NaN
    if sound.all():
        return found
    finite = np.isfinite(found).all()
    raise ModelError(
        "gives no answer: its probabilities "
        + ("do not sum to 1" if finite else "are not finite (NaN or infinite)")
        + (f", for {(~sound).sum():,} of {len(sound):,} sounds" if len(sound) > 1 else ""),
        subject=subject,
        remedy="Try another sound; if that is no better the model is damaged: choose another",
    )


def checked_statistics(found: SpeakerStatistics, subject: str) -> SpeakerStatistics:
    """Statistics of a speaker as they are, if they are finite; as `checked` for probabilities.

    Raises:
        ModelError: If a number of them is NaN or infinite.
    """
    if all(np.isfinite(each).all() for each in found):
        return found
    raise ModelError(
        "cannot enrol the speaker: what it computes of the clips is not finite (NaN or infinite)",
        subject=subject,
        remedy="Enrol other clips; if that is no better the model is damaged: choose another",
    )


OPENERS: dict[str, str] = {
    "bundle.json": "ser_core.models.bundle:load_bundle",
    "ensemble.json": "ser_core.models.ensemble:load_ensemble",
}
"""What opens a folder, as "module:function", by the name of its JSON file."""

FILES: dict[str, str] = {".onnx": "ser_core.models.onnx:open_onnx"}
"""What opens a single file, by its ending."""


ELSEWHERE = f"Choose a folder that has one of {', '.join(OPENERS)}, or an .onnx file"
MOST_NAMED = 3
"""Models of a run that an error names."""


def load(path: Path) -> Predictor:
    """Open a model, whatever it is.

    Args:
        path: Folder of a bundle or of an ensemble, or an exported .onnx file.

    Raises:
        ModelError: If there is no model, or it is damaged.
    """
    if path.suffix in FILES:
        return _opened(FILES[path.suffix], path)
    for name, opener in OPENERS.items():
        if os.path.lexists(path / name):  # also a link or a pipe, which the opener refuses
            return _opened(opener, path)
    raise ModelError(
        "holds no model",
        subject=files.shortened(path),
        remedy=_where_instead(path),
    )


def _where_instead(path: Path) -> str:
    """What to choose instead: a model of the run whose folder was named, where it is one."""
    if not files.is_folder(path):
        return ELSEWHERE
    found = (*path.glob("bundle/bundle.json"), *path.glob("fold-*/bundle/bundle.json"))
    within = sorted(each.parent for each in found)[:MOST_NAMED]
    if within:
        return "It is the folder of a run. Choose a model of it: " + ", ".join(map(str, within))
    return ELSEWHERE


def _opened(opener: str, path: Path) -> Predictor:
    module, _, function = opener.partition(":")
    found: Predictor = getattr(importlib.import_module(module), function)(path)
    return found


__all__ = [
    "OPENERS",
    "Predictor",
    "Probabilities",
    "SpeakerStatistics",
    "checked",
    "checked_statistics",
    "load",
]
