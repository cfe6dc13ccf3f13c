"""The ONNX copy of a model: a file in its folder that answers without torch being loaded.

A bundle or an ensemble may hold one as `model.onnx` (`python -m ser_core export --beside` makes
it). The copy names the hash of what it was made from. One of other weights, a damaged one, and one
that is not verified are passed over, and the model itself answers.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ser_core.audio import Waveform
from ser_core.core import ModelError, files
from ser_core.inference.confidence import Confidence, confidence
from ser_core.models.onnx import OnnxModel, open_onnx
from ser_core.models.onnx_metadata import Reading, Spec
from ser_core.models.predictor import (
    OPENERS,
    Predictor,
    Probabilities,
    SpeakerStatistics,
    load,
)
from ser_core.runs.layout import ENROLLED

COPY = "model.onnx"
"""Name of the copy in the folder of a model."""

SWITCH = "SER_ONNX_COPY"
"""Name in the environment; of the value 0, models answer by themselves."""

MADE_FROM = "copy_of"
"""Key, in `about` of the copy, of what it was made from: hash and coverage of the thresholds."""

THREADS = 2
"""Of a copy: a sound is too short for more."""

_BUNDLE = ("bundle.json", "model.safetensors")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class OnnxCopy(OnnxModel):
    """A copy that was found valid; a `Predictor` with the metadata of the model itself.

    Attributes:
        folder: Of the model.
        original: Content of its JSON file.
    """

    folder: Path
    original: Mapping[str, Any]

    @property
    def about(self) -> dict[str, Any]:
        """Metadata of the model itself."""
        return dict(self.original)

    def predict(
        self,
        waveforms: Sequence[Waveform],
        speaker: SpeakerStatistics | None = None,
        *,
        seen: bool = False,
    ) -> Probabilities:
        """As `OnnxModel.predict`; of sounds that are too long for the graph, the model's own.

        Raises:
            AudioError: If a sound is empty or not finite, or is of an enrolled speaker and too
                long: statistics of the copy mean nothing to the model.
            ModelError: If the statistics are of another model, or the model cannot be opened.
        """
        long = [wave.duration > self.spec.longest for wave in waveforms]
        if speaker or not any(long):
            return super().predict(waveforms, speaker, seen=seen)
        found = np.zeros((len(waveforms), len(self.classes)))
        for way, wanted in ((super().predict, False), (self._by_model, True)):
            rows = [row for row, each in enumerate(long) if each is wanted]
            if rows:
                found[rows] = way([waveforms[row] for row in rows], seen=seen)
        return found

    def _by_model(self, waveforms: Sequence[Waveform], *, seen: bool) -> Probabilities:
        """Calibrated probabilities of the model itself, which torch is loaded for."""
        model = self._model
        probabilities = model.predict(waveforms, seen=seen)
        return confidence(model, seen=seen).applied(probabilities)

    @cached_property
    def _model(self) -> Predictor:
        return load(self.folder)

    def reading(self, which: str) -> Confidence:
        """How the probabilities are read: the graph applies the temperature already.

        Args:
            which: "stranger", "enrolled" or "seen"; that of strangers where there is no other.
        """
        own: Reading | None = getattr(self.spec, which)
        known = own or self.spec.stranger
        coverage = self.spec.about[MADE_FROM]["coverage"][which if own else "stranger"]
        source = _source(known, self.spec)
        return Confidence(1.0, known.threshold, source, coverage, known.doubt)


def _source(reading: Reading, spec: Spec) -> str:
    found = spec.verification
    share = f"{100 * found['agreement']:.1f} % of {found['n']:,} test predictions"
    return (
        f"{reading.source} Computed by the model's ONNX copy ({spec.precision}), which agrees with "
        f"it in {share}."
    )


def made_from(folder: Path, coverage: Mapping[str, float | None]) -> dict[str, Any]:
    """What the copy of a model says of what it was made from.

    Args:
        folder: Of the model.
        coverage: Share of test predictions that reach the threshold, `stranger`, `enrolled` and
            `seen`.

    Raises:
        OSError: If the model cannot be read.
        ValueError: If it is damaged.
    """
    return {MADE_FROM: {"hash": source_hash(folder), "coverage": dict(coverage)}}


def source_hash(folder: Path) -> str:
    """SHA-256 of what decides the answers of a model.

    That is its description, its weights, and the predictions that its confidence is fitted to.

    Raises:
        OSError: If the model cannot be read.
        ValueError: If it is damaged.
    """
    found = hashlib.sha256()
    for path in _sources(folder):
        with files.regular(path, files.WEIGHTS).open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        found.update(f"{path.name} {content}\n".encode())
    return found.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    about = files.read_json(folder / description(folder))
    if "members" not in about:
        yield from (folder / name for name in _BUNDLE)
        fitted_to = (folder / "predictions.parquet", folder.parent / ENROLLED)
        yield from (path for path in fitted_to if path.is_file())
        return
    yield folder / description(folder)
    for member in about["members"]:
        for place in member["bundles"]:
            if ".." in Path(place).parts or Path(place).is_absolute():
                raise ValueError(f"{place!r} is no place of a member")
            yield from (folder / place / name for name in _BUNDLE)


def description(folder: Path) -> str:
    """Name of the JSON file of a model.

    Raises:
        ValueError: If the folder holds no model.
    """
    for name in OPENERS:
        if (folder / name).is_file():
            return name
    raise ValueError("holds no model")


def copied_at(folder: Path) -> float:
    """When the copy in the folder of a model was written; 0 where there is none."""
    if os.environ.get(SWITCH) == "0":
        return 0.0
    try:
        return (folder / COPY).stat().st_mtime
    except OSError:  # none, or the model is a file
        return 0.0


def copy_of(folder: Path) -> OnnxCopy | None:
    """The copy in the folder of a model; None where there is none that may answer for it."""
    path = folder / COPY
    if not copied_at(folder):
        return None
    try:
        opened = open_onnx(path, threads=THREADS)
        problem = _problem(opened.spec, folder)
        original = files.read_json(folder / description(folder))
    except (ModelError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = str(error)
    if problem:
        _LOG.warning("the ONNX copy %s is passed over: %s", path, problem)
        return None
    return OnnxCopy(path, opened.spec, opened.session, folder, original)


def _problem(spec: Spec, folder: Path) -> str:
    """Why a copy may not answer for a model; empty where it may."""
    if spec.status != "verified":
        return f"it is {spec.status}"
    if spec.about.get(MADE_FROM, {}).get("hash") != source_hash(folder):
        return "it was made from another model, or from an earlier state of this one"
    return ""
