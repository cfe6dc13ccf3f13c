"""Metadata of an exported file, and the checks that they pass."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ser_core.core import ModelError, is_class_name

FORMAT = 1
PREFIX = "ser."
WAVEFORM, FEATURES, SPEAKER, SEEN = "waveform", "picture", "voice", "seen"
OPTIONAL = (SPEAKER, SEEN)
"""Kinds of inputs that may be left out."""
PROBABILITIES, ENROLLED = "probabilities", "heard"

LATER = ("seen",)
"""Fields that files of earlier versions do not have."""

IDENTITY = "identity"
"""Key of a representation that is identified by weights, which the file holds, or by its parts."""

LONGEST = "longest_s"
"""Key of a representation: seconds of a sound up to which the graph answers as the model does."""

PRECISIONS = {
    "fp32": "Single precision throughout, as the app computes.",
    "fp16": "Weights in half precision, so the file is half as large; computed in single "
    "precision.",
    "w8": "Weight-only quantisation: weights in 8 bits with a scale for each output, so the file "
    "is a quarter as large; computed in single precision.",
    "int8": "Networks quantised to 8-bit integers: a quarter of their size. Ranges of "
    "convolutional networks are calibrated on real clips; representations, normalisation, first "
    "and last layers stay in single precision. Of a model with pretrained encoders their matrix "
    "products are computed in integers, with ranges found while it runs, and all else as in w8.",
}
"""Precisions, and what they are."""


@dataclass(frozen=True)
class Limits:
    """What a file must keep to against the app, to count as verified.

    Attributes:
        agreement: Least share of clips with the same prediction.
        probability: Largest difference of a probability.
        logit: Largest difference of a logarithm of a probability; None for no limit.
        mean: Largest mean difference of the probabilities.
    """

    agreement: float
    probability: float
    logit: float | None
    mean: float


GATES = {
    "fp32": Limits(0.998, 1e-3, 2e-2, 1e-4),
    "fp16": Limits(0.99, 2e-2, 0.2, 2e-3),
    "w8": Limits(0.99, 0.1, None, 0.01),
    "int8": Limits(0.985, 0.3, None, 0.03),
}
"""Limits of each precision."""

STEPS = Limits(0.99, 0.05, None, 5e-3)
"""Limits at least of a network whose probabilities are steps: trees and nearest neighbours.

Where a feature lies within rounding of a threshold, single precision may put it on the other side:
then one tree of a forest of 300 answers otherwise, and a probability differs by up to 0.003.
"""


def gate_of(precision: str, *, steps: bool) -> Limits:
    """Limits of a precision; the wider of two for a network whose probabilities are steps."""
    own = GATES[precision]
    if not steps:
        return own
    return Limits(
        min(own.agreement, STEPS.agreement),
        max(own.probability, STEPS.probability),
        None,
        max(own.mean, STEPS.mean),
    )


@dataclass(frozen=True)
class Input:
    """An input of the graph.

    Attributes:
        name: In the graph.
        kind: "waveform" (batch, samples), "picture" (batch, channels, bins, frames), or "voice"
            (3, channels, bins): mean, spread and number of frames, all zero without enrolment; it
            may be left out. "seen" (1,) is 1 where clips of the speaker were in training, else 0;
            it may be left out too.
        representation: Number in `Spec.representations`; None for a waveform and for "seen".
    """

    name: str
    kind: str
    representation: int | None = None


@dataclass(frozen=True)
class Reading:
    """How probabilities are made to mean what they say.

    Attributes:
        temperature: That the graph applies.
        threshold: Confidence below which a prediction is "uncertain"; where it is None, all are.
        source: Where both come from, as a sentence.
        doubt: Why the model's test does not show that it works; empty where it does.
    """

    temperature: float
    threshold: float | None
    source: str
    doubt: str = ""


@dataclass(frozen=True)
class Spec:
    """Metadata of an exported file.

    Attributes:
        name: Of the model.
        classes: Emotions in the order of the output.
        sample_rate: Of the waveform, in Hz.
        inputs: Of the graph.
        representations: Name, parameters, version and hash of each; `IDENTITY` where the hash is
            not that of the parameters.
        normalise: How the networks normalise, each way once.
        stranger: Reading of predictions without enrolment.
        enrolled: Of those for enrolled speakers; None where the model cannot enrol speakers.
        metrics: Figures of the model it was made from.
        split: On which they were measured, with the grade of its audit.
        licence: Of the corpus it was trained on; it binds what is derived from it.
        card: Model card in Markdown.
        about: `about` of the model it was made from.
        precision: Key of `PRECISIONS`.
        gate: Limits that it is held to.
        verification: What the acceptance test found; empty before it was run.
        notes: What else to know, as sentences.
        seen: Reading of predictions for speakers who were in training; None where that makes no
            difference.
    """

    name: str
    classes: tuple[str, ...]
    sample_rate: int
    inputs: tuple[Input, ...]
    representations: tuple[dict[str, Any], ...]
    normalise: tuple[str, ...]
    stranger: Reading
    enrolled: Reading | None
    metrics: dict[str, Any]
    split: dict[str, Any]
    licence: str
    card: str
    about: dict[str, Any]
    precision: str
    gate: Limits
    verification: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seen: Reading | None = None

    @property
    def status(self) -> str:
        """Whether it passed its limits: "verified", "failed", or "not verified"."""
        if not self.verification:
            return "not verified"
        return "verified" if self.verification.get("passed") is True else "failed"

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Each that there is."""
        every = (self.stranger, self.enrolled, self.seen)
        return tuple(each for each in every if each is not None)

    @property
    def longest(self) -> float:
        """Seconds of a sound up to which the graph answers as the model does; may be infinite."""
        return min(float(each.get(LONGEST, math.inf)) for each in self.representations)

    def of(self, kind: str) -> tuple[Input, ...]:
        """Inputs of a kind."""
        return tuple(each for each in self.inputs if each.kind == kind)

    def entries(self, digest: str) -> dict[str, str]:
        """As metadata, sealed together with a graph of this digest."""
        values = {"format": FORMAT, **asdict(self)}
        texts = {
            PREFIX + name: json.dumps(value, ensure_ascii=False, sort_keys=True)
            for name, value in values.items()
        }
        return {**texts, PREFIX + "seal": _seal(texts, digest)}


def _seal(texts: Mapping[str, str], digest: str) -> str:
    content = json.dumps([digest, *sorted(texts.items())], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def read_spec(entries: Mapping[str, str], digest: str, subject: str) -> Spec:
    """Metadata of a file, if complete and consistent.

    Args:
        entries: Metadata of the file.
        digest: Of its graph.
        subject: What errors call it.

    Raises:
        ModelError: If it was not exported here, something is missing, was changed, or contradicts.
    """
    texts = {name: text for name, text in entries.items() if name.startswith(PREFIX)}
    if not texts:
        raise _refused(
            "is an ONNX file of another maker: nothing in it says what it answers", subject
        )
    needed = [name for name in ("format", *_names(), "seal") if name not in LATER]
    missing = [name for name in needed if PREFIX + name not in texts]
    if missing:
        raise _refused(f"lacks {', '.join(missing)} in its metadata", subject)
    seal = texts.pop(PREFIX + "seal")
    try:
        values = {name.removeprefix(PREFIX): json.loads(text) for name, text in texts.items()}
        if values.pop("format") != FORMAT:
            raise _refused("was exported by another version", subject)
        found = _spec({name: values[name] for name in _names() if name in values})
        problem = _contradiction(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(f"has metadata that cannot be read ({_line(error)})", subject) from error
    if problem:
        raise _refused(f"contradicts itself: {problem}", subject)
    if seal != _seal(texts, digest):
        raise _refused("is damaged, or was changed after it was exported", subject)
    return found


def _names() -> list[str]:
    return [each.name for each in fields(Spec)]


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _refused(problem: str, subject: str) -> ModelError:
    return ModelError(problem, subject=subject, remedy="Export the model again")


def _spec(values: dict[str, Any]) -> Spec:
    enrolled, seen = values["enrolled"], values.get("seen")
    return Spec(
        **{
            **values,
            "classes": tuple(values["classes"]),
            "inputs": tuple(Input(**each) for each in values["inputs"]),
            "representations": tuple(values["representations"]),
            "normalise": tuple(values["normalise"]),
            "stranger": Reading(**values["stranger"]),
            "enrolled": Reading(**enrolled) if enrolled else None,
            "seen": Reading(**seen) if seen else None,
            "gate": Limits(**values["gate"]),
            "notes": tuple(values["notes"]),
        }
    )


def hash_of(representation: Mapping[str, Any]) -> str:
    """Hash that a representation of this name, version and these parameters has."""
    keys = ("name", "version", "parameters")
    identity = json.dumps([representation[key] for key in keys], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def _contradiction(spec: Spec) -> str:
    """The first thing that cannot be, in words; empty when all is well."""
    for holds, problem in (
        (2 <= len(spec.classes) == len(set(spec.classes)), "its classes are not all different"),
        (all(map(is_class_name, spec.classes)), "a class has a name that no class can have"),
        (spec.precision in PRECISIONS, f"there is no precision {spec.precision!r}"),
        (bool(spec.representations) and bool(spec.inputs), "it has no input"),
        (not spec.metrics or bool(spec.split), "it has figures, but no split they are of"),
        (all(map(_sound, spec.readings)), "a temperature or a threshold is out of bounds"),
    ):
        if not holds:
            return problem
    return _of_representations(spec)


def _of_representations(spec: Spec) -> str:
    for each in spec.representations:
        rate = each["parameters"]["sample_rate"]
        if rate != spec.sample_rate:
            return f"sample rate {spec.sample_rate} Hz, but {each['name']} is of {rate} Hz"
        if IDENTITY not in each and hash_of(each) != each["hash"]:
            return f"the parameters of {each['name']} are not those of its hash"
    known = range(len(spec.representations))
    of_one = [i for i in spec.inputs if i.kind not in (WAVEFORM, SEEN)]
    if any(each.representation not in known for each in of_one):
        return "an input is of no representation"
    return ""


def _sound(reading: Reading) -> bool:
    threshold = reading.threshold
    warm = math.isfinite(reading.temperature) and reading.temperature > 0
    return warm and (threshold is None or 0 <= threshold <= 1)
