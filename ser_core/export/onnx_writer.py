"""Write a model as one ONNX file with the predictions of the app and a description."""

from __future__ import annotations

import contextlib
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.core import ModelError, ParameterError, Progress
from ser_core.export.computed_constants import computed
from ser_core.export.encoders import longest_of
from ser_core.export.graph import (
    INEXPRESSIBLE,
    Graph,
    GraphMembers,
    dynamic,
    examples,
    graph_members,
    inputs_of,
)
from ser_core.export.graph_cleanup import cleaned
from ser_core.export.quantisation import int8, with_byte_weights, with_half_weights
from ser_core.export.stages import StageCallback, captured_output
from ser_core.inference.confidence import Confidence, confidence
from ser_core.inference.provenance import provenance, record
from ser_core.models import onnx_bytes
from ser_core.models.onnx_metadata import (
    IDENTITY,
    LONGEST,
    PRECISIONS,
    Reading,
    Spec,
    gate_of,
    hash_of,
)
from ser_core.models.onnx_session import note_written
from ser_core.models.predictor import Predictor
from ser_core.storage import atomic

if TYPE_CHECKING:
    import onnx

    from ser_core.audio import Waveform
    from ser_core.corpora import Corpus
    from ser_core.features.representations import FrontEnd, Representation

OPSET = 18

FOLDERS = ("encoder",)
"""Parameters of representations that name a folder of the one who trained the model."""


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: Of the file.
        spec: Its description.
        bytes: Its size.
    """

    path: Path
    spec: Spec
    bytes: int


def file_name(precision: str, *, whole: bool = True) -> str:
    """Name of the file of a precision.

    >>> file_name("fp32"), file_name("int8"), file_name("fp32", whole=False)
    ('model.onnx', 'model-int8.onnx', 'model-network.onnx')
    """
    parts = ["model", *([] if whole else ["network"])]
    return "-".join([*parts, *([] if precision == "fp32" else [precision])]) + ".onnx"


def export(
    predictor: Predictor,
    folder: Path,
    precision: str = "fp32",
    *,
    whole: bool = True,
    source: Path | None = None,
    corpus: Corpus | None = None,
    calibration: Sequence[Waveform] = (),
    calibrated_on: str = "",
) -> Exported:
    """Write a bundle or an ensemble as an ONNX file.

    The graph takes sounds (batch, samples) of one length and any batch, at the file's sample rate,
    full scale ±1, and gives calibrated probabilities (batch, classes). A representation that no
    graph can hold goes in as a feature map (batch, channels, bins, frames) instead.

    Args:
        predictor: The model.
        folder: Where the file goes; see `file_name`.
        precision: Key of `PRECISIONS`.
        whole: From the waveform; otherwise from the representation on.
        source: The model, with predictions for enrolled speakers and its split, if stored.
        corpus: On which the split can be made again otherwise; the file records which clips
            trained it.
        calibration: Real sounds that int8 is measured out on, 32 or more.
        calibrated_on: What they are, in words.

    Raises:
        ModelError: If the model cannot be exported, or the file cannot be written.
        ParameterError: If there is no such precision, or int8 lacks sounds.
    """
    check_precision(precision, calibration)
    model, spec = trace(predictor, whole=whole, source=source, corpus=corpus)
    model, spec = converted(model, spec, precision, calibration, calibrated_on)
    path = folder / file_name(precision, whole=whole)
    return Exported(path, spec, write(path, model.SerializeToString(), spec))


def trace(
    predictor: Predictor,
    *,
    whole: bool = True,
    source: Path | None = None,
    corpus: Corpus | None = None,
    on_stage: StageCallback | None = None,
) -> tuple[onnx.ModelProto, Spec]:
    """The graph of a model in single precision, and its description; as `export`.

    `on_stage` is called with each stage as it begins; see `stages.TRACING`.
    """
    spec, team = _described(predictor, whole, source)
    made_of = record(provenance(predictor.about, source, corpus))
    if made_of:
        spec = replace(spec, about={**spec.about, "origin": made_of})
    return _traced(team, spec, on_stage or (lambda _stage: None)), spec


def quantised(
    file: Path,
    out: Path,
    precision: str,
    calibration: Sequence[Waveform],
    calibrated_on: str = "",
) -> Exported:
    """Make a file of another precision from one of single precision.

    Raises:
        ModelError: If the file is not a valid export, or is of another precision already.
        ParameterError: As `export`.
    """
    import onnx

    from ser_core.models.onnx import content_of, read

    check_precision(precision, calibration)
    spec = read(file)
    if spec.precision != "fp32":
        raise ModelError(
            f"is of precision {spec.precision} already",
            subject=str(file),
            remedy="Take the file in fp32",
        )
    model = onnx.ModelProto.FromString(onnx_bytes.graph(content_of(file)))
    model, spec = converted(model, spec, precision, calibration, calibrated_on)
    return Exported(out, spec, write(out, model.SerializeToString(), spec))


def check_precision(precision: str, calibration: Sequence[Waveform]) -> None:
    """Refuse what cannot be.

    Raises:
        ParameterError: If there is no such precision, or int8 lacks sounds to be measured out on.
    """
    if precision not in PRECISIONS:
        raise ParameterError(f"precision = {precision!r} must be one of {', '.join(PRECISIONS)}")
    if precision == "int8" and not calibration:
        raise ParameterError(
            "int8 quantisation is calibrated on real sounds, and there are none",
            subject="precision",
            remedy="Name a corpus that has clips the model was trained on",
        )


def converted(
    model: onnx.ModelProto,
    spec: Spec,
    precision: str,
    calibration: Sequence[Waveform],
    calibrated_on: str = "",
    progress: Progress | None = None,
) -> tuple[onnx.ModelProto, Spec]:
    """A graph of single precision in another, with a spec that says so and is not verified yet.

    `progress` is called with (sounds measured, sounds in all) while int8 is measured out.

    Raises:
        ModelError: If there is nothing to quantise.
    """
    from ser_core.models.onnx import feeds_of

    notes = spec.notes
    if precision == "fp16":
        model = with_half_weights(model)
    elif precision == "w8":
        model = with_byte_weights(model)
    elif precision == "int8":
        model = int8(model, [feeds_of(spec, wave) for wave in calibration], progress)
        clips = f"{len(calibration)} {calibrated_on or 'clips'}"
        notes = (*notes, f"Quantisation was calibrated on {clips}.")
    steps = spec.gate == gate_of(spec.precision, steps=True)
    gate = gate_of(precision, steps=steps)
    spec = replace(spec, precision=precision, gate=gate, verification={}, notes=notes)
    return computed(model), spec


def write(path: Path, model: bytes, spec: Spec) -> int:
    """Write a graph with its spec; the file appears whole or not at all. Returns its size.

    Raises:
        SerError: If it cannot be written; what was there stays.
    """
    content = onnx_bytes.with_metadata(model, spec.entries(onnx_bytes.digest(model)))
    atomic.write(path, content)
    note_written(content)
    return len(content)


def _described(predictor: Predictor, whole: bool, source: Path | None) -> tuple[Spec, GraphMembers]:
    stranger = confidence(predictor, source)
    known = confidence(predictor, source, enrolled=True) if predictor.enrols else None
    team = graph_members(predictor, stranger.temperature, known.temperature if known else None)
    seen = confidence(predictor, source, seen=True) if team.seen else None
    about = predictor.about
    spec = Spec(
        name=str(about.get("name") or about.get("recipe", {}).get("name") or "Emotion model"),
        classes=team.classes,
        sample_rate=team.representations[0].sample_rate,
        inputs=inputs_of(team, whole=whole),
        representations=tuple(map(_front_end, team.front_ends)),
        normalise=tuple(dict.fromkeys(model.normaliser.by for model in team.models)),
        stranger=_reading(team.stranger.temperature, stranger),
        enrolled=_reading(team.enrolled.temperature, known) if known and team.enrolled else None,
        metrics=dict(about.get("metrics") or {}),
        split=_split(about),
        licence=str((about.get("corpus") or {}).get("licence") or ""),
        card=predictor.card,
        about=_metadata(about),
        precision="fp32",
        gate=gate_of("fp32", steps=any(each.spec.steps for each in team.models)),
        notes=_notes(team, whole),
        seen=_reading(team.seen.temperature, seen) if seen and team.seen else None,
    )
    return spec, team


def _reading(temperature: float, known: Confidence) -> Reading:
    return Reading(temperature, known.threshold, known.source, known.doubt)


def _representation(rep: Representation) -> dict[str, Any]:
    """What a representation is, and what identifies it where its parameters alone do not."""
    parameters = {k: v for k, v in rep.parameters.items() if k not in FOLDERS}
    found = {"name": rep.name, "parameters": parameters, "version": rep.version, "hash": rep.hash}
    if hash_of(found) == rep.hash:
        return found
    return {**found, IDENTITY: "parts" if len(parameters) == len(rep.parameters) else "weights"}


def _front_end(front_end: FrontEnd) -> dict[str, Any]:
    """What a model sees, with how long a sound the graph takes where it has a bound."""
    found = _representation(front_end.representation)
    longest = longest_of(front_end.layers)
    if longest is None:
        return found
    return {**found, LONGEST: longest / front_end.representation.sample_rate}


def _split(about: Any) -> dict[str, Any]:
    """Of the figures, without the lists of its audit."""
    split = dict(about.get("split") or {})
    audit = split.get("audit") or {}
    return {**split, "grade": audit.get("grade", "not audited")} if split else {}


def _metadata(about: Any) -> dict[str, Any]:
    """Metadata of the model, without the course of training and paths."""
    dropped = ("training", "members", "results", "options", "weights", "metrics", "split", "trials")
    public = {name: value for name, value in about.items() if name not in dropped}
    recipe = dict(public.get("recipe") or {})
    if recipe:
        recipe.pop("corpus", None)  # a path of the one who trained it
        public["recipe"] = recipe
    for each in (public, recipe):
        seen = each.get("representation")
        if isinstance(seen, dict):
            each["representation"] = {k: v for k, v in seen.items() if k not in FOLDERS}
    metadata: dict[str, Any] = json.loads(json.dumps(public, default=str))
    return metadata


def _notes(team: GraphMembers, whole: bool) -> tuple[str, ...]:
    notes = [
        f"Input: {rep.title}, computed outside of the file: {INEXPRESSIBLE[rep.name]}."
        for rep in team.representations
        if whole and rep.name in INEXPRESSIBLE
    ]
    if not whole:
        notes.append("Network only: the input is the representation.")
    return tuple(notes)


def _traced(team: GraphMembers, spec: Spec, on_stage: StageCallback) -> onnx.ModelProto:
    """The graph, by torch's exporter.

    Raises:
        ModelError: If it cannot be written as one.
    """
    import torch

    graph = Graph(team, spec.inputs).eval()
    _check_size(graph, spec.name)
    given = examples(team, spec.inputs)
    names = [each.name for each in spec.inputs]
    with torch.no_grad():
        graph(*given)  # fixed matrices are made and cached on first use; not while it is traced
    try:
        with torch.no_grad(), _quiet(), captured_output(on_stage):
            program = torch.onnx.export(
                graph,
                given,
                dynamo=True,
                opset_version=OPSET,
                input_names=names,
                output_names=graph.outputs,
                dynamic_shapes=(dynamic(team, spec.inputs),),
                external_data=False,
                verbose=True,
            )
            if program is None:
                raise RuntimeError("the exporter gave nothing")
            model: onnx.ModelProto = program.model_proto
    except Exception as error:  # the exporter has many kinds of them, all with the same remedy
        raise ModelError(
            f"cannot be written as a graph ({_line(error)})",
            subject=", ".join(rep.name for rep in team.representations),
            remedy="Use the model itself"
            if any(each.layers is not None for each in team.front_ends)
            else "Export the network only",
        ) from error
    return cleaned(model, spec)


def _check_size(graph: Graph, name: str) -> None:
    """Refuse what would be no file that can be opened.

    Raises:
        ModelError: If the weights take more than `LARGEST` bytes in single precision.
    """
    from ser_core.models.onnx import LARGEST

    size = sum(4 * each.numel() for each in graph.parameters())
    if size > LARGEST:
        raise ModelError(
            f"has weights of {size / 1e9:.1f} GB; files of more than {LARGEST / 1e9:.1f} GB are "
            "not opened",
            subject=name,
            remedy="Train on fewer layers of the encoder (representation.last), or a smaller one",
        )


def _line(error: BaseException) -> str:
    """First line of what lies at the bottom."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's remarks are for its makers."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
