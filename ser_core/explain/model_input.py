"""Model input: what the networks of a model are given for a clip, and private copies of them.

A model on the statistics of a speech encoder is explained on what the encoder takes instead, see
`encoder_input`: there `network` is all that follows, and `seen` what goes into it.

Explaining hooks into networks and changes their weights for a while. Pages share models, so
everything here works on private copies.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ser_core.audio import Waveform, resampled
from ser_core.core import ModelError, ParameterError, did_you_mean
from ser_core.explain.encoder_input import EncoderInput, encoder_input
from ser_core.features.representations import Representation
from ser_core.models.abilities import INSIDE, described, of_network, require
from ser_core.models.bundle import Bundle
from ser_core.models.networks import NetworkSpec
from ser_core.models.predictor import Predictor, SpeakerStatistics, checked

if TYPE_CHECKING:
    from ser_core.inference.confidence import Confidence

Floats = npt.NDArray[np.float64]
Map = npt.NDArray[np.float32]

BATCH = 32
"""Feature maps that go through a network at a time."""

LONG = 400
"""Frames of the input of a speech encoder above which fewer do: 4 s of its log-mel."""


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """A clip as one network sees it.

    Attributes:
        network: A private copy in evaluation mode, without gradients of weights.
        seen: Normalised feature map, what goes into the network, (1, channels, bins, frames).
        silence: What silence is after normalisation, (1, channels, bins, 1).
        feature_map: The feature map before normalisation, (channels, bins, frames).
        representation: Of the feature map.
        classes: Emotions in the order of the outputs.
        frames: Frames that are the clip's own, (1,); all when None.
    """

    network: nn.Module
    seen: Tensor
    silence: Tensor
    feature_map: Map
    representation: Representation
    classes: tuple[str, ...]
    frames: Tensor | None = None

    @property
    def spec(self) -> NetworkSpec:
        """What the network is built from, which says what can be done with it."""
        return cast(NetworkSpec, getattr(self.network, "spec", NetworkSpec()))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, bins and frames."""
        channels, bins, frames = self.seen.shape[1:]
        return channels, bins, frames

    @property
    def encoder(self) -> EncoderInput | None:
        """The network where a speech encoder is part of it."""
        return self.network if isinstance(self.network, EncoderInput) else None

    @property
    def lacks(self) -> dict[str, str]:
        """What the network lacks, and why, by the names of `ser_core.models.abilities`."""
        return of_network(self.spec, encoder=self.encoder is not None)

    @property
    def words(self) -> str:
        """What the network is, within a sentence."""
        return described(self.spec, encoder=self.encoder is not None)

    @property
    def linear(self) -> bool:
        """Whether logits are a linear function of what goes into the network."""
        return self.spec.linear and self.encoder is None

    @property
    def batch(self) -> int:
        """Feature maps at a time: fewer of a long clip before an encoder, to save memory."""
        return BATCH if self.encoder is None else max(1, min(BATCH, BATCH * LONG // self.shape[-1]))

    @property
    def range(self) -> float:
        """From its least to its greatest value; the size of a constant one."""
        return float(self.seen.max() - self.seen.min()) or float(self.seen.abs().max())

    @property
    def with_gradient(self) -> Tensor:
        """What goes into the network, as a tensor whose gradient may be asked for."""
        return self.seen.clone().requires_grad_()

    def score(self, batch: Tensor) -> Tensor:
        """Logits with gradients, (batch, channels, bins, frames) -> (batch, classes)."""
        frames = None if self.frames is None else self.frames.expand(len(batch))
        logits: Tensor = self.network(batch, frames)
        return logits

    def logits(self, batch: Tensor) -> Tensor:
        """Logits without gradients, some feature maps at a time."""
        with torch.no_grad():
            return torch.cat([self.score(part) for part in batch.split(self.batch)])

    def probabilities(self, batch: Tensor) -> Tensor:
        """Probabilities, in double precision, (batch, classes)."""
        return self.logits(batch).double().softmax(dim=-1)

    def padded(self, share: float) -> NetworkInput:
        """The same clip as in a batch with a longer one: padded behind its own frames.

        Args:
            share: Of the clip's own length that is added.
        """
        own = self.seen.shape[-1]
        extra = max(1, round(share * own))
        feature_map = np.pad(self.feature_map, ((0, 0), (0, 0), (0, extra)), mode="edge")
        return replace(
            self,
            seen=F.pad(self.seen, (0, extra)),
            feature_map=feature_map,
            frames=torch.tensor([own]),
        )

    def with_network(self, network: nn.Module) -> NetworkInput:
        """The same clip before another network."""
        return replace(self, network=network)


@dataclass(frozen=True, eq=False)
class ModelInput:
    """Input of every network of a model for one clip; of one network, or of all members.

    Attributes:
        network_inputs: One a network.
        weights: Of the networks, summing to 1.
        classes: Emotions in the order of the probabilities.
        pool: From probabilities of the networks, (networks, rows, classes), to those of the
            model, (rows, classes).
    """

    network_inputs: tuple[NetworkInput, ...]
    weights: tuple[float, ...]
    classes: tuple[str, ...]
    pool: Callable[[Floats], Floats]

    def read(self, confidence: Confidence) -> ModelInput:
        """The same with calibrated probabilities, at the temperature of a confidence.

        Args:
            confidence: Calibration for an enrolled speaker, or for unseen speakers.
        """
        return replace(self, pool=lambda outputs: confidence.applied(self.pool(outputs)))

    @property
    def representations(self) -> dict[str, Representation]:
        """Representations that are seen, by hash; that of greatest weight first."""
        weights: dict[str, float] = {}
        known = {
            network_input.representation.hash: network_input.representation
            for network_input in self.network_inputs
        }
        for network_input, weight in zip(self.network_inputs, self.weights, strict=True):
            key = network_input.representation.hash
            weights[key] = weights.get(key, 0.0) + weight
        return {key: known[key] for key in sorted(known, key=lambda key: -weights[key])}

    def through(self, representation: str = "") -> list[tuple[NetworkInput, float]]:
        """Networks that see one representation, with their weights.

        Args:
            representation: Its hash or name; that of greatest weight when empty.

        Raises:
            ModelError: If no network of the model sees it.
        """
        known = self.representations
        wanted = representation or next(iter(known))
        found = [
            (network_input, weight)
            for network_input, weight in zip(self.network_inputs, self.weights, strict=True)
            if wanted in (network_input.representation.hash, network_input.representation.name)
        ]
        if not found:
            names = [rep.name for rep in known.values()]
            raise ModelError(
                "the model does not use this representation",
                subject=wanted,
                remedy=did_you_mean(wanted, names),
            )
        return found

    def probabilities(self) -> Floats:
        """Probabilities of the whole clip, (classes,)."""
        outputs = [
            self.ordered(network_input, network_input.seen) for network_input in self.network_inputs
        ]
        return np.asarray(checked(self.pool(np.stack(outputs)), "the model")[0])

    def probabilities_through(self, representation: str = "") -> Floats:
        """Probabilities of the whole clip by the networks that see one representation, (classes,).

        A map over this representation explains these: of one network its own, of several their
        mean by weight.

        Args:
            representation: Its hash or name; that of greatest weight when empty.

        Raises:
            ModelError: If no network of the model sees it.
        """
        if len(self.network_inputs) == 1:
            return self.probabilities()
        parts = self.through(representation)
        outputs = np.stack(
            [self.ordered(network_input, network_input.seen)[0] for network_input, _ in parts]
        )
        return np.asarray(np.array(shares(weight for _, weight in parts)) @ outputs)

    def ordered(self, network_input: NetworkInput, batch: Tensor) -> Floats:
        """Probabilities by one network, in the order of the model's classes, (batch, classes)."""
        order = [network_input.classes.index(name) for name in self.classes]
        return np.asarray(network_input.probabilities(batch).numpy()[:, order])

    def target(self, wanted: str | int | None) -> int:
        """Index of a class: of the one that is named, or of the predicted one.

        Raises:
            ParameterError: If the model has no such class.
        """
        if wanted is None:
            return int(self.probabilities().argmax())
        if isinstance(wanted, int) and 0 <= wanted < len(self.classes):
            return wanted
        if wanted not in self.classes:
            raise ParameterError(
                "the model has no such class",
                subject=str(wanted),
                remedy=did_you_mean(str(wanted), self.classes),
            )
        return self.classes.index(str(wanted))


def model_input(
    predictor: Predictor,
    waveform: Waveform,
    speaker: SpeakerStatistics | None = None,
    *,
    like: ModelInput | None = None,
    seen: bool = False,
) -> ModelInput:
    """Input of all networks of a model for one clip.

    Args:
        predictor: A bundle, or an ensemble of bundles.
        waveform: The clip.
        speaker: Statistics of its speaker, from `enrol`.
        like: Of another sound before the same model, equally known; its copies of the networks are
            used again, which takes half the time.
        seen: Whether clips of the speaker were in training; see `Predictor.predict`.

    Raises:
        ModelError: If the model gives no access to its networks, as an exported file.
    """
    members, pool = networks(predictor, knowing=bool(speaker), seen=seen)
    parts = iter(_parts(members, speaker))
    copies = (
        [network_input.network for network_input in like.network_inputs]
        if like
        else [None] * len(members)
    )
    network_inputs = [
        _network_input(bundle, waveform, next(parts) if bundle.enrols and speaker else None, copied)
        for (bundle, _), copied in zip(members, copies, strict=True)
    ]
    weights = shares(weight for _, weight in members)
    return ModelInput(tuple(network_inputs), weights, tuple(predictor.classes), pool)


def _parts(
    members: Sequence[tuple[Bundle, float]], speaker: SpeakerStatistics | None
) -> SpeakerStatistics:
    """Statistics of a speaker, if they have a part for each network that uses one."""
    users = sum(bundle.enrols for bundle, _ in members)
    if speaker and users and len(speaker) != users:
        raise ModelError(
            f"has {len(speaker)} parts, and this model needs {users}: it is of another model",
            subject="the enrolment",
            remedy="Enrol the speaker again",
        )
    return speaker or ()


def shares(weights: Iterable[float]) -> tuple[float, ...]:
    """Weights as shares of their sum; equal ones where that is zero."""
    several = list(weights)
    total = sum(several)
    return tuple(each / total if total > 0 else 1 / len(several) for each in several)


def named(view: ModelInput, representation: str = "") -> str:
    """What to call the networks of a model that see a representation."""
    parts = view.through(representation)
    seen = within(parts[0][0].representation.title)
    if len(view.network_inputs) == 1:
        return "the model"
    return f"its network on {seen}" if len(parts) == 1 else f"its {len(parts)} networks on {seen}"


def within(title: str) -> str:
    """The title of a representation within a sentence: abbreviations keep their capitals."""
    return title if title[:2].isupper() else title[0].lower() + title[1:]


Pooling = Callable[[Floats], Floats]


def networks(
    predictor: Predictor, *, knowing: bool = False, seen: bool = False
) -> tuple[list[tuple[Bundle, float]], Pooling]:
    """Networks of a model with their weights, and how their probabilities are pooled.

    Args:
        predictor: The model.
        knowing: Whether the speaker is enrolled; an ensemble may have other weights then.
        seen: Whether clips of the speaker were in training; likewise.

    Raises:
        ModelError: If it gives no access to its networks.
    """
    require(predictor, INSIDE, remedy="Explain the model that it was made from")
    members, pool = predictor.members, predictor.pool_for(enrolled=knowing, seen=seen)
    if pool is None:
        return [(members[0][0], 1.0)], lambda outputs: outputs[0]
    ends = np.cumsum([len(models) for models in members])[:-1]

    def pooled(outputs: Floats) -> Floats:
        """Networks of one member are averaged, then the members are pooled."""
        return pool(np.stack([part.mean(axis=0) for part in np.split(outputs, ends)]))

    pairs = zip(members, pool.weights, strict=True)
    return [(each, weight / len(own)) for own, weight in pairs for each in own], pooled


def _network_input(
    bundle: Bundle,
    waveform: Waveform,
    speaker: npt.NDArray[np.float32] | None,
    known: nn.Module | None,
) -> NetworkInput:
    model = bundle.model
    if isinstance(known, EncoderInput):
        known = known.network
    copied = known or private_copy(model.network)
    rep = model.representation
    samples = torch.from_numpy(resampled(waveform, rep.sample_rate).samples)[None]
    voice_batch = None if speaker is None else torch.from_numpy(speaker)[None]
    with torch.no_grad():
        inner = encoder_input(model, samples, copied, voice_batch)
        if inner is not None:
            start = inner.start
            return NetworkInput(
                inner,
                start.seen.contiguous(),
                start.silence,
                start.shown[0].numpy(),
                start.representation,
                bundle.classes,
            )
        feature_map = model.front_end(samples)
        mean, spread = model.normaliser.constants(feature_map, None, voice_batch)
        seen = model.normaliser(feature_map, None, voice_batch)
        silence = (_silence(rep, feature_map) - mean.unsqueeze(-1)) / spread.unsqueeze(-1)
    return NetworkInput(
        copied, seen.contiguous(), silence, feature_map[0].numpy(), rep, bundle.classes
    )


def _silence(rep: Representation, feature_map: Tensor) -> Tensor:
    return rep.silence.to(feature_map).expand_as(feature_map[..., :1])


def private_copy(network: nn.Module) -> nn.Module:
    """A private copy for gradients and hooks, not for training.

    Its convolutions are in channels-last memory format, which takes two thirds of the time.
    """
    own = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
    return own.to(memory_format=torch.channels_last)
