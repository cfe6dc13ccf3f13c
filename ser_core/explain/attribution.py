"""Attribution maps of a prediction by any method: `attribute`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ser_core.audio import Waveform
from ser_core.explain.method import Method, Progress, Relevance, make, silently
from ser_core.explain.model_input import Map, ModelInput, NetworkInput, model_input, shares
from ser_core.features.representations import Representation
from ser_core.models.predictor import Predictor, SpeakerStatistics


@dataclass(frozen=True, eq=False)
class Attribution:
    """Attribution map of one clip, one class and one representation.

    Attributes:
        method: With its parameters.
        emotion: The class that is explained.
        representation: What the networks see, with its axes.
        feature_map: Its values, before normalisation, (channels, bins, frames).
        values: Relevance of every value of the feature map, in logits for methods that decompose
            the logit, (channels, bins, frames). For an ensemble, the members' maps in units of
            their sum of absolute values, by weight.
        seconds: That it took.
        details: Numbers that the method reports, by name; means over the members.
    """

    method: Method
    emotion: str
    representation: Representation
    feature_map: Map
    values: Map
    seconds: float
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def positive(self) -> Map:
        """Relevance in favour of the class, negative values set to 0."""
        return np.maximum(self.values, 0)


def attribute(
    predictor: Predictor,
    waveform: Waveform,
    method: str | Method = "lrp",
    target: str | int | None = None,
    *,
    speaker: SpeakerStatistics | None = None,
    representation: str = "",
    progress: Progress = silently,
    **parameters: object,
) -> Attribution:
    """Attribution map: which parts of a sound speak for an emotion, according to a method.

    The model is left alone: private copies of its networks are explained.

    Args:
        predictor: A bundle, or an ensemble of them.
        waveform: The sound.
        method: Name in `METHODS`, or a method with its parameters.
        target: Emotion or its index; the predicted class when None.
        speaker: Of the speaker, from `enrol`.
        representation: Hash or name of one that the model sees; when empty, of those that the
            method applies to, the one that weighs most.
        progress: Called with how much is done and how much there is.
        parameters: Of the method.

    Raises:
        UnknownNameError: If there is no such method.
        ParameterError: If it has no such parameter, or the model no such emotion.
        ModelError: If the method does not apply to this kind of network, or the model has none.
        AudioError: If the sound is empty or not finite.
    """
    chosen = make(method, **parameters) if isinstance(method, str) else method
    view = model_input(predictor, waveform, speaker)
    return attributed(view, chosen, view.target(target), representation, progress)


def attributed(
    view: ModelInput,
    method: Method,
    target: int,
    representation: str = "",
    progress: Progress = silently,
) -> Attribution:
    """As `attribute`, for a `ModelInput` made before.

    Args:
        view: From `model_input`.
        method: With its parameters.
        target: Index in `view.classes`.
        representation: Hash or name; when empty, of those that the method applies to, the one that
            weighs most.
        progress: Called with how much is done and how much there is.

    Raises:
        ModelError: If the method does not apply to this kind of network.
    """
    parts = view.through(representation or applicable_features(view, method))
    emotion = view.classes[target]
    start = time.perf_counter()
    found = [
        (
            _relevance(method, network_input, emotion, _share_of(progress, number, len(parts))),
            weight,
        )
        for number, (network_input, weight) in enumerate(parts)
    ]
    values, details = together(found)
    network_input = parts[0][0]
    return Attribution(
        method,
        emotion,
        network_input.representation,
        network_input.feature_map,
        values,
        time.perf_counter() - start,
        details,
    )


def applicable_features(view: ModelInput, method: Method) -> str:
    """Hash of the representation of greatest weight that a method applies to, if any."""
    known = list(view.representations)
    return next((key for key in known if not why_not_applicable(view, method, key)), known[0])


def why_not_applicable(view: ModelInput, method: Method, representation: str = "") -> str:
    """Why a method does not apply to what sees a representation; empty where it does."""
    reasons = (method.excuse(network_input) for network_input, _ in view.through(representation))
    return next(filter(None, reasons), "")


def _relevance(
    method: Method, network_input: NetworkInput, emotion: str, progress: Progress
) -> Relevance:
    method.require_applicable(network_input)
    return method.relevance(network_input, network_input.classes.index(emotion), progress)


def _share_of(progress: Progress, number: int, members: int) -> Progress:
    return lambda done, total: progress(number * total + done, members * total)


def together(found: list[tuple[Relevance, float]]) -> tuple[Map, dict[str, float]]:
    """One map of the members' maps, and the means of their details.

    A single map stays as it is. Logits of two networks have no common unit, so several maps are
    first brought to a sum of absolute values of 1.
    """
    if len(found) == 1:
        (only, _), *_ = found
        return only.values.numpy(), dict(only.details)
    own = shares(weight for _, weight in found)
    values = sum(
        share * each.values / each.values.abs().sum().clamp(min=1e-12)
        for share, (each, _) in zip(own, found, strict=True)
    )
    names = found[0][0].details
    details = {name: float(np.mean([each.details[name] for each, _ in found])) for name in names}
    return np.asarray(values, dtype=np.float32), details
