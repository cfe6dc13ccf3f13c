"""What can be done with a model, looked up once and refused in plain words.

A predictor says what it lacks (`Predictor.lacks`); whoever needs an ability calls `require`, and
pages show the reason. Nobody asks what class a model is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ser_core.core import ModelError

if TYPE_CHECKING:
    from torch import nn

    from ser_core.features.representations import Representation
    from ser_core.models.bundle import Bundle
    from ser_core.models.classifier import EmotionClassifier
    from ser_core.models.networks import NetworkSpec
    from ser_core.models.predictor import Predictor

INSIDE = "inside"
"""Its networks can be reached: their input can be changed, and their predictions read."""

SINGLE = "single"
"""One network predicts, not a pool of several."""

GRADIENTS = "gradients"
"""Gradients of the prediction reach the input of the network."""

STAGES = "stages"
"""The network has convolutional stages that Grad-CAM can look at."""

PROPAGATION = "propagation"
"""There are rules of layer-wise relevance propagation for the network."""

ATTENTION = "attention"
"""It has layers of self-attention, whose weights attention rollout reads."""

GRAPH = "graph"
"""It can be written as an ONNX graph."""


def encoder_of(model: EmotionClassifier) -> nn.Module | None:
    """The pretrained speech encoder in a model's front-end; None where it has none."""
    encoder: nn.Module | None = getattr(model.front_end.layers, "encoder", None)
    return encoder if model.representation.name == "encoder" else None


def explained_on(model: EmotionClassifier) -> Representation:
    """What maps of a model lie on: what its network sees, or what its encoder takes."""
    from ser_core.features.encoders.whisper import WhisperEncoder
    from ser_core.features.representations import SoundSteps, WhisperLogMel

    encoder = encoder_of(model)
    if encoder is None:
        return model.representation
    if isinstance(encoder, WhisperEncoder):
        return WhisperLogMel(bands=encoder.bands)
    return SoundSteps(sample_rate=model.representation.sample_rate)


def described(spec: NetworkSpec, *, encoder: bool = False) -> str:
    """What a model of one network is, within a sentence.

    Args:
        spec: Of the network.
        encoder: Whether a pretrained speech encoder is before it.
    """
    return f"a speech encoder with {spec.words}" if encoder else spec.words


def of_network(spec: NetworkSpec, *, encoder: bool = False) -> dict[str, str]:
    """What a model of one network lacks, and why.

    Args:
        spec: Of the network.
        encoder: Whether a pretrained speech encoder is before it.
    """
    what = f"this model is {described(spec, encoder=encoder)}"
    staged = f"it works on convolutional networks; {what}, which has no convolutional stages"
    ruled = (
        "it works on convolutional networks of residual blocks, for whose layers it has rules; "
        f"{what}"
    )
    lacks = {
        GRADIENTS: (spec.differentiable, f"{what}, which gives no gradients"),
        STAGES: (bool(spec.stages) and not encoder, staged),
        PROPAGATION: (bool(spec.propagation) and not encoder, ruled),
        ATTENTION: (encoder, f"it needs layers of self-attention; {what}"),
        GRAPH: (spec.exportable, f"{what}, which cannot be written as an ONNX graph yet"),
    }
    return {name: reason for name, (has, reason) in lacks.items() if not has}


def of_pool(members: tuple[tuple[Bundle, ...], ...]) -> dict[str, str]:
    """What an ensemble lacks: what any of its models lacks, and being one."""
    lacks = {SINGLE: "several networks answer together"}
    for model in (model for models in members for model in models):
        lacks |= {name: f"one of its models lacks it: {why}" for name, why in model.lacks.items()}
    return lacks


def of_file() -> dict[str, str]:
    """What an exported file lacks."""
    reason = "has no network that one can look into: it is an exported file"
    return dict.fromkeys((INSIDE, SINGLE, GRADIENTS, STAGES, PROPAGATION, ATTENTION, GRAPH), reason)


def can(predictor: Predictor, *abilities: str) -> bool:
    """Whether a model has all of these abilities."""
    return not any(name in predictor.lacks for name in abilities)


def require(predictor: Predictor, *abilities: str, remedy: str) -> None:
    """Refuse a model that lacks any of these abilities.

    Raises:
        ModelError: If it does, with the reason and the remedy.
    """
    for name in abilities:
        if name in predictor.lacks:
            raise ModelError(predictor.lacks[name], subject=name_of(predictor.about), remedy=remedy)


def name_of(about: Mapping[str, object]) -> str:
    """Name of a model from its metadata."""
    recipe = about.get("recipe")
    named = recipe.get("name") if isinstance(recipe, Mapping) else None
    return str(about.get("name") or named or "the model")
