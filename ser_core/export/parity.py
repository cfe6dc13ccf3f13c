"""Parity of an exported file with the app, on real clips of many lengths."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ser_core.audio import Waveform
from ser_core.core import ModelError, count
from ser_core.core.batches import attempted
from ser_core.evaluation.metrics import SMALLEST
from ser_core.models import onnx_bytes
from ser_core.models.onnx import OnnxModel, content_of, read
from ser_core.models.onnx_metadata import Limits, Spec
from ser_core.models.predictor import Predictor, Probabilities, SpeakerStatistics

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

LENGTHS_S = (0.3, 0.7, 6.0)
"""Seconds that some of the clips are also cut or repeated to."""

GAP_S = 0.125
"""Seconds of sound and of digital silence by turns, which some of the clips are also given as."""

LONG = 0.55
"""Share of the longest sound that a graph takes, where it has a bound, that one clip is made."""

CHANGED = 4
"""How many clips are given otherwise, too."""

NOTHING = 1e-4
"""A smaller difference of probabilities is not mentioned."""

MOST_KNOWN = 12
"""How many of the clips are also classified with an enrolled speaker."""


class Reference(Protocol):
    """The app's own path: `InferenceModel` is one."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions in the order of the probabilities."""
        ...

    @property
    def predictor(self) -> Predictor:
        """The model."""
        ...

    def probabilities(
        self, waveforms: Sequence[Waveform], speaker: SpeakerStatistics | None = None
    ) -> Probabilities:
        """Calibrated probabilities, (sounds, classes)."""
        ...


@dataclass(frozen=True)
class Clip:
    """A sound with its name.

    Attributes:
        name: Of the clip.
        sound: At any sample rate.
    """

    name: str
    sound: Waveform


@dataclass(frozen=True)
class ChangedPrediction:
    """A clip that the file classifies otherwise.

    Attributes:
        clip: Its name.
        app: Prediction of the app.
        file: Prediction of the file.
        confidence: Probability that the app gives to its prediction.
        difference: Largest difference of a probability.
    """

    clip: str
    app: str
    file: str
    confidence: float
    difference: float


@dataclass(frozen=True)
class ParityReport:
    """What the acceptance test found.

    Attributes:
        n: Predictions that were compared.
        clips: What the clips are, in words.
        against: What they were compared to.
        shortest: Length of the shortest sound in seconds.
        longest: Of the longest.
        agreement: Share of equal predictions.
        max_abs_probability: Largest difference of a probability.
        mean_abs_probability: Mean difference.
        max_abs_logit: Largest difference of a centred logarithm of a probability.
        flipped: Clips with another prediction.
        limits: That it was held to.
        unanswered: Sounds that the app classifies and the file gives no answer for, as sentences;
            each counts as a changed prediction.
        uar: Of the app, of the file, and the difference with its interval, where the emotions of
            the clips are known.
    """

    n: int
    clips: str
    against: str
    shortest: float
    longest: float
    agreement: float
    max_abs_probability: float
    mean_abs_probability: float
    max_abs_logit: float
    flipped: tuple[ChangedPrediction, ...]
    limits: Limits
    uar: dict[str, Any] | None = None
    unanswered: tuple[str, ...] = ()

    @property
    def broken(self) -> list[str]:
        """Limits that it exceeds, as sentences; empty when it passed."""
        limits = self.limits
        logit = np.inf if limits.logit is None else limits.logit
        same, probability = 100 * self.agreement, self.max_abs_probability
        mean, logits = self.mean_abs_probability, self.max_abs_logit
        rules = {
            f"{same:.2f} % of the predictions agree, fewer than {100 * limits.agreement:.2f} %": (
                self.agreement >= limits.agreement
            ),
            f"a probability differs by {probability:.2g}, more than {limits.probability:g}": (
                probability <= limits.probability
            ),
            f"probabilities differ by {mean:.2g} on average, more than {limits.mean:g}": (
                mean <= limits.mean
            ),
            f"a logit differs by {logits:.2g}, more than {logit:g}": logits <= logit,
        }
        said = [said for said, holds in rules.items() if not holds]
        return [f"no answer for {self.unanswered[0]}", *said] if self.unanswered else said

    @property
    def passed(self) -> bool:
        """Whether it is within all limits."""
        return self.n > 0 and not self.broken

    @property
    def said(self) -> str:
        """What was found, as a sentence."""
        if self.broken:
            return f"Acceptance test failed: {'; '.join(self.broken)}."
        flipped = count(len(self.flipped), "clip")
        return (
            f"Acceptance test passed: {100 * self.agreement:.1f} % of {self.n:,} predictions agree "
            f"({flipped} differ), no probability differs by more than "
            f"{max(self.max_abs_probability, NOTHING):.2g}."
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "passed": self.passed,
            "said": self.said,
            **{name: value for name, value in asdict(self).items() if name != "flipped"},
            "flipped": [asdict(each) for each in self.flipped],
        }


def verify(
    model: OnnxModel,
    reference: Reference,
    clips: Sequence[Clip],
    *,
    description: str = "",
    against: str = "the app",
    progress: Progress | None = None,
) -> ParityReport:
    """Hold a file against the app, sound by sound.

    Some clips are also cut short, made long and broken up by digital silence, and where the model
    can enrol, some are also classified with a speaker that each side has enrolled by itself.

    Args:
        model: The file.
        reference: The app.
        clips: Real ones; none of them may shape the verdict by being left out.
        description: What they are.
        against: What the reference is.
        progress: Called with (predictions compared, total).

    Raises:
        ModelError: If there is no clip, or the two do not have the same emotions.
    """
    if not clips:
        raise ModelError("there are no clips for the acceptance test", subject=str(model.path))
    order = _order(model, reference)
    sounds = [*clips, *_changed(clips, model.spec.longest)]
    known = clips[:MOST_KNOWN] if model.enrols and reference.predictor.enrols else []
    total = len(sounds) + len(known)
    theirs, own, names, unanswered = [], [], [], []
    for done, (name, expected, predict) in enumerate(_pairs(model, reference, sounds, known), 1):
        predicted, problem = attempted(predict)
        if predicted is None:  # no class has any probability: it agrees with nothing
            predicted = np.zeros(len(order))
            unanswered.append(f"{name}: {problem}")
        names.append(name)
        theirs.append(expected)
        own.append(predicted[order])
        if progress:
            progress(done, total)
    seconds = [each.sound.duration for each in sounds]
    found = _measured(names, np.array(theirs), np.array(own), reference.classes, model.spec.gate)
    return replace(
        found,
        unanswered=tuple(unanswered),
        clips=description or count(len(clips), "clip"),
        against=against,
        shortest=min(seconds),
        longest=max(seconds),
    )


def _order(model: OnnxModel, reference: Reference) -> list[int]:
    if sorted(model.classes) != sorted(reference.classes):
        raise ModelError(
            f"has the classes {', '.join(model.classes)}, and the model it is compared with "
            f"{', '.join(reference.classes)}",
            subject=str(model.path),
            remedy="Name the model that it was exported from",
        )
    return [model.classes.index(name) for name in reference.classes]


def _pairs(
    model: OnnxModel, reference: Reference, sounds: Sequence[Clip], known: Sequence[Clip]
) -> Iterator[tuple[str, Floats, Callable[[], Floats]]]:
    """Name of each sound, the reference's probabilities, and what asks the file for its own."""

    def asked(sound: Waveform, speaker: SpeakerStatistics | None = None) -> Floats:
        found: Floats = model.predict([sound], speaker)[0]
        return found

    for clip in sounds:
        yield clip.name, reference.probabilities([clip.sound])[0], partial(asked, clip.sound)
    if known:
        enrolment = [clip.sound for clip in known[:3]]
        theirs, own = reference.predictor.enrol(enrolment), model.enrol(enrolment)
        for clip in known:
            expected = reference.probabilities([clip.sound], theirs)[0]
            yield f"{clip.name}, speaker enrolled", expected, partial(asked, clip.sound, own)


def _changed(clips: Sequence[Clip], longest: float) -> Iterator[Clip]:
    """Some of the clips at other lengths, up to `longest` seconds, and with gaps."""
    for number, clip in enumerate(clips[:CHANGED]):
        lengths = [seconds for seconds in LENGTHS_S if seconds <= longest]
        if number == 0 and math.isfinite(longest):
            lengths.append(LONG * longest)
        for seconds in lengths:
            yield Clip(f"{clip.name}, made {seconds:g} s long", _of_length(clip.sound, seconds))
        yield Clip(f"{clip.name}, with gaps of silence", _with_gaps(clip.sound))


def _of_length(sound: Waveform, seconds: float) -> Waveform:
    return Waveform(
        np.resize(sound.samples, max(1, round(seconds * sound.sample_rate))), sound.sample_rate
    )


def _with_gaps(sound: Waveform) -> Waveform:
    """Half of it is digital silence, which logarithms and quotients are delicate about."""
    turn = np.arange(len(sound.samples)) // max(1, round(GAP_S * sound.sample_rate))
    return Waveform(np.where(turn % 2, np.float32(0), sound.samples), sound.sample_rate)


def _measured(
    names: Sequence[str],
    theirs: Floats,
    own: Floats,
    classes: Sequence[str],
    limits: Limits,
) -> ParityReport:
    difference = np.abs(own - theirs)
    app, file = ([int(row.argmax()) for row in each] for each in (theirs, own))
    flipped = [
        ChangedPrediction(
            names[row], classes[app[row]], classes[file[row]],
            float(theirs[row].max()), float(difference[row].max()),
        )
        for row in range(len(names))
        if app[row] != file[row]
    ]  # fmt: skip
    return ParityReport(
        n=len(names),
        clips="",
        against="",
        shortest=0.0,
        longest=0.0,
        agreement=1 - len(flipped) / len(names),
        max_abs_probability=float(difference.max()),
        mean_abs_probability=float(difference.mean()),
        max_abs_logit=float(np.abs(_logits(own) - _logits(theirs)).max()),
        flipped=tuple(flipped),
        limits=limits,
    )


def _logits(probabilities: Floats) -> Floats:
    """Logarithms of probabilities, each row about its mean: what a softmax was taken of."""
    logs = np.log(np.maximum(probabilities, SMALLEST))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


MAX_FLIPPED = 50
"""Flipped clips that are named in a file."""


def write_verdict(path: Path, found: ParityReport) -> Spec:
    """Write into a file what the acceptance test found; a failed one says so from then on.

    Raises:
        ModelError: If it is not a valid export.
        SerError: If it cannot be written; what was there stays.
    """
    from ser_core.export.onnx_writer import write

    content = found.as_dict()
    content["flipped"] = content["flipped"][:MAX_FLIPPED]
    content["flips"] = len(found.flipped)
    spec = replace(read(path), verification=content)
    write(path, onnx_bytes.graph(content_of(path)), spec)
    return spec
