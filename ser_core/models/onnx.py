"""An exported ONNX file as a predictor: onnxruntime and numpy only, torch is never loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core import audio
from ser_core.audio import Waveform
from ser_core.core import AudioError, ModelError, files
from ser_core.models import abilities, onnx_bytes
from ser_core.models.onnx_metadata import (
    ENROLLED,
    FEATURES,
    OPTIONAL,
    PROBABILITIES,
    SEEN,
    SPEAKER,
    WAVEFORM,
    Input,
    Reading,
    Spec,
    read_spec,
)
from ser_core.models.onnx_operators import OPERATORS
from ser_core.models.onnx_session import Session, session_of
from ser_core.models.predictor import (
    Probabilities,
    SpeakerStatistics,
    checked,
    checked_statistics,
)

LARGEST = 1 << 30
"""Bytes above which a file is not opened."""

AT_ONCE = 16
"""Sounds of one length that are predicted together."""

ALONE = ("int8",)
"""Precisions whose graph rounds what it computes by the largest value of all sounds of a call: a
sound among others would be answered otherwise, by up to 0.05 in a probability."""

ONE_A_CALL = (
    "Give one sound a call: this file rounds what it computes by the largest value of all sounds "
    "of a call, so that a sound among others is answered otherwise. The workbench does so itself."
)
UNCHECKED = (
    "Not checked by this file: whether a sound is unlike the clips that the model was trained on "
    "(another microphone or band, noise, no speech). Such sound is answered like any other, also "
    "with high confidence. The workbench checks it by a measure that is kept beside a model, in "
    "no graph."
)

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """An exported file; a `Predictor` whose probabilities are calibrated already.

    Attributes:
        path: Of the file.
        spec: Metadata of the file.
        session: Runs the graph.
    """

    path: Path
    spec: Spec
    session: Session

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions in the order of the probabilities."""
        return self.spec.classes

    @property
    def about(self) -> dict[str, Any]:
        """Metadata; calibration is done in the graph, so it needs none."""
        return about_of(self.spec)

    @property
    def card(self) -> str:
        """Model card in Markdown, with what the export adds."""
        return card(self.spec)

    @property
    def sample_rate(self) -> int:
        """Of the waveform, in Hz."""
        return self.spec.sample_rate

    @property
    def enrols(self) -> bool:
        """Whether it can enrol a speaker."""
        return bool(self.spec.of(SPEAKER))

    @property
    def lacks(self) -> Mapping[str, str]:
        """Only `predict` and `enrol` are possible."""
        return abilities.of_file()

    @property
    def members(self) -> tuple[()]:
        """No model inside can be reached."""
        return ()

    def pool_for(self, *, enrolled: bool, seen: bool = False) -> None:  # noqa: ARG002
        """Pooling is done in the graph."""
        return

    @property
    def threshold(self) -> float | None:
        """Rejection threshold: a prediction of less confidence is "uncertain"; None for all."""
        return self.spec.stranger.threshold

    def predict_proba(self, waveforms: Sequence[Floats], sample_rate: int) -> Probabilities:
        """Probabilities for plain arrays, as `Bundle.predict_proba`."""
        return self.predict([Waveform(wave, sample_rate) for wave in waveforms])

    def predict(
        self,
        waveforms: Sequence[Waveform],
        speaker: SpeakerStatistics | None = None,
        *,
        seen: bool = False,
    ) -> Probabilities:
        """Calibrated probabilities for sounds of one speaker, who may be enrolled.

        Args:
            waveforms: Sounds.
            speaker: Statistics from `enrol`; None without enrolment.
            seen: Whether clips of the speaker were in training; see `Predictor.predict`.

        Raises:
            AudioError: If a sound is empty, not finite, or longer than `Spec.longest`.
            ModelError: If the statistics are of another model, or what the graph gives are no
                probabilities; see `checked`.
        """
        sounds = self._sounds(waveforms)
        given = self._given(speaker)
        if seen:
            given |= {each.name: np.ones(1, np.float32) for each in self.spec.of(SEEN)}
        found = np.zeros((len(sounds), len(self.classes)))
        for rows in self._calls(sounds):
            feeds = {**feeds_of(self.spec, *(sounds[row] for row in rows)), **given}
            found[rows] = self.session.run([PROBABILITIES], feeds)[0]
        checked(found, self.spec.name)
        total = found.sum(axis=1, keepdims=True)  # in single precision it is 1 nearly
        return np.asarray(found / total)

    def _sounds(self, waveforms: Sequence[Waveform]) -> list[Waveform]:
        """At the sample rate of the graph.

        Raises:
            AudioError: If one is longer than the graph gives the model's answer for.
        """
        long = max((wave.duration for wave in waveforms), default=0.0)
        if long > self.spec.longest:
            raise AudioError(
                f"is {long:.0f} s long; this ONNX file takes up to {self.spec.longest:.0f} s",
                subject="sound",
                remedy="Classify windows of it (timeline), or take the model itself",
            )
        return [audio.resampled(wave, self.sample_rate) for wave in waveforms]

    def _calls(self, sounds: Sequence[Waveform]) -> list[list[int]]:
        """Numbers of the sounds of each call of the graph: those of one length together."""
        most = 1 if self.spec.precision in ALONE else AT_ONCE
        by_length: dict[int, list[int]] = {}
        for number, sound in enumerate(sounds):
            by_length.setdefault(len(sound.samples), []).append(number)
        return [
            rows[start : start + most]
            for _, rows in sorted(by_length.items())
            for start in range(0, len(rows), most)
        ]

    def _given(self, speaker: SpeakerStatistics | None) -> dict[str, Floats]:
        """Speaker inputs; those of a speaker who is not enrolled may be left out."""
        own = self.spec.of(SPEAKER)
        if not speaker:
            return {}
        fits = len(speaker) == len(own) and all(
            each.shape == self._shape(known) for each, known in zip(speaker, own, strict=True)
        )
        if not fits:
            raise ModelError(
                "the enrolment is of another model",
                subject=self.spec.name,
                remedy="Enrol the speaker again",
            )
        return {known.name: each for known, each in zip(own, speaker, strict=True)}

    def _shape(self, speaker: Input) -> tuple[int, ...]:
        known = self.session.get_overridable_initializers()
        (found,) = (each for each in known if each.name == speaker.name)
        return tuple(found.shape)

    def enrol(self, waveforms: Sequence[Waveform]) -> SpeakerStatistics:
        """Statistics of a speaker from unlabelled clips, one array a speaker input.

        Raises:
            ModelError: If the model cannot enrol speakers.
        """
        if not self.enrols:
            raise ModelError(
                "does not use enrolment",
                subject=self.spec.name,
                remedy="Export a model that is trained with normalisation by speaker",
            )
        names = [each.name.replace(SPEAKER, ENROLLED) for each in self.spec.of(SPEAKER)]
        sounds = self._sounds(waveforms)
        parts = [
            self.session.run(names, feeds_of(self.spec, *(sounds[row] for row in rows)))
            for rows in self._calls(sounds)
        ]
        found = tuple(_together(np.concatenate(each)) for each in zip(*parts, strict=True))
        return checked_statistics(found, self.spec.name)


def about_of(spec: Spec) -> dict[str, Any]:
    """Metadata of an exported model, as `OnnxModel.about`."""
    known = {"confidence_enrolled": _read(spec, spec.enrolled)} if spec.enrolled else {}
    if spec.seen:
        known["confidence_seen"] = _read(spec, spec.seen)
    export = {
        "precision": spec.precision,
        "verification": spec.verification,
        "representations": [each["name"] for each in spec.representations],
    }
    return {
        **spec.about,
        "name": spec.name,
        "classes": list(spec.classes),
        "metrics": spec.metrics,
        "split": _split(spec.split),
        "confidence": _read(spec, spec.stranger),
        **known,
        "export": {**export, "status": spec.status},
    }


def _read(spec: Spec, reading: Reading) -> dict[str, Any]:
    source = reading.source
    if spec.status == "failed":
        source += (
            " But this file failed its acceptance test: its predictions differ from the model's."
        )
    return {
        "temperature": 1.0,
        "threshold": reading.threshold,
        "source": source,
        "doubt": reading.doubt,
    }


def _split(split: dict[str, Any]) -> dict[str, Any]:
    """Split of the figures; that of several folds names none whose clips could be looked up."""
    if not split or "fold" in split:
        return split
    return {**split, "fold": "", "hash": f"several folds of {split.get('hash', '')}"}


def _together(clips: Floats) -> Floats:
    """Mean, spread and frames of all clips together, (clips, 3, ...) -> (3, ...)."""
    mean, spread, count = clips.astype(np.float64).swapaxes(0, 1)
    frames = count.sum(0)
    pooled = (mean * count).sum(0) / frames
    square = ((np.square(spread) + np.square(mean - pooled)) * count).sum(0) / frames
    return np.stack([pooled, np.sqrt(np.maximum(square, 1e-6)), frames]).astype(np.float32)


def feeds_of(spec: Spec, *sounds: Waveform) -> dict[str, Floats]:
    """What goes into the graph for sounds of one length.

    Feature maps of representations that the graph does not hold are computed here, by torch.
    """
    batch = np.stack([audio.resampled(each, spec.sample_rate).samples for each in sounds])
    feeds = {each.name: batch for each in spec.of(WAVEFORM)}
    for each in spec.of(FEATURES):
        feeds[each.name] = _picture(spec.representations[each.representation or 0], batch)
    return feeds


def _picture(described: dict[str, Any], batch: Floats) -> Floats:
    import torch

    from ser_core.features.representations import make

    rep = make(described["name"], **described["parameters"])
    if rep.hash != described["hash"]:
        raise ModelError(
            f"was exported from a {rep.name} that this version computes otherwise",
            remedy="Export the model again",
        )
    with torch.inference_mode():
        found: Floats = rep(torch.from_numpy(batch)).contiguous().numpy()
    return found


def card(spec: Spec) -> str:
    """Card of the model with what the export adds to it."""
    found = spec.verification
    lines = [
        f"- Precision {spec.precision}, {spec.status}"
        + (f": {found['said']}" if found.get("said") else "."),
        *(f"- {note}" for note in spec.notes),
        *([f"- {ONE_A_CALL}"] if spec.precision in ALONE else []),
        f"- {UNCHECKED}",
    ]
    return f"{spec.card.rstrip()}\n\n## This ONNX file\n\n" + "\n".join(lines) + "\n"


def content_of(path: Path) -> bytes:
    """Bytes of a file that looks like one of ours.

    Raises:
        ModelError: If there is none, it is too large, not ONNX, cut short, or points outside.
    """
    try:
        content = files.read_bytes(path, LARGEST)
    except OSError as error:
        raise ModelError(
            f"cannot be read ({error.strerror})", subject=str(path), remedy="Check the path"
        ) from error
    if not content:
        raise _refused("is empty", path)
    try:
        outside = onnx_bytes.external(content)
        operators = onnx_bytes.operators(content)
    except ValueError as error:
        raise _refused("is no ONNX file, or was cut short", path) from error
    if outside:
        raise _refused("keeps weights in another file, which is not opened", path)
    strange = sorted(name for name in operators if name not in OPERATORS)
    if strange:
        raise _refused(
            f"uses the operator {strange[0]!r:.60}, which no export of the workbench has", path
        )
    return content


def _refused(problem: str, path: Path) -> ModelError:
    return ModelError(
        problem, subject=str(path), remedy="Export the model again, or fetch it again"
    )


def read(path: Path) -> Spec:
    """Metadata of a file; no runtime is loaded.

    Raises:
        ModelError: If it cannot be believed; see `read_spec` and `content_of`.
    """
    return _spec_of(content_of(path), path)


def _spec_of(content: bytes, path: Path) -> Spec:
    try:
        entries = onnx_bytes.metadata(content)
    except ValueError as error:
        raise _refused("is no ONNX file, or was cut short", path) from error
    return read_spec(entries, onnx_bytes.digest(content), str(path))


def open_onnx(path: Path, *, threads: int | None = None) -> OnnxModel:
    """Open an exported file.

    A file that this workbench did not make is run in a process of its own, with a bound on its time
    and memory; see `onnx_session`.

    Args:
        path: Of the file.
        threads: That it may use; as many as there are cores when absent.

    Raises:
        ModelError: If it cannot be believed, or is none that onnxruntime can run.
    """
    content = content_of(path)
    spec = _spec_of(content, path)
    session = session_of(content, path, threads)
    problem = _misfit(session, spec)
    if problem:
        raise _refused(f"contradicts itself: {problem}", path)
    return OnnxModel(path, spec, session)


def _misfit(session: Session, spec: Spec) -> str:
    """How graph and spec differ, in words; empty when they do not."""
    needed = {each.name: each for each in session.get_inputs()}
    optional = {each.name: each for each in session.get_overridable_initializers()}
    outputs = {each.name: each for each in session.get_outputs()}
    wanted = {each.name for each in spec.inputs if each.kind not in OPTIONAL}
    more = {each.name for kind in OPTIONAL for each in spec.of(kind)}
    if set(needed) != wanted or not more <= set(optional):
        return f"its inputs are {', '.join(needed)}, not {', '.join(sorted(wanted))}"
    if PROBABILITIES not in outputs:
        return f"it gives no {PROBABILITIES}"
    count = outputs[PROBABILITIES].shape[-1]
    if count != len(spec.classes):
        return f"it answers {count} classes, and names {len(spec.classes)}"
    return ""
