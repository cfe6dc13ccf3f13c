"""Model input: what the networks of a model are given for a clip, and private copies of them.

Explaining hooks into networks and changes their weights for a while. A model that pages share must
never feel that, so everything here works on copies that belong to one explanation.
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
from ser_core.core.errors import ModelError, ParameterError
from ser_core.core.registry import did_you_mean
from ser_core.features.representations import Representation
from ser_core.models.abilities import INSIDE, require
from ser_core.models.bundle import Bundle
from ser_core.models.networks import NetworkSpec
from ser_core.models.predictor import Predictor, SpeakerStatistics

if TYPE_CHECKING:
    from ser_core.inference.confidence import Confidence

Floats = npt.NDArray[np.float64]
Map = npt.NDArray[np.float32]

BATCH = 32


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """A clip as one network sees it.

    Attributes:
        network: A private copy in evaluation mode, without gradients of weights.
        seen: Normalised feature map, what goes into the network, (1, channels, bins, frames).
        silence: What silence is after normalisation, (1, channels, bins, 1).
        picture: The feature map before normalisation, (channels, bins, frames).
        representation: Of the feature map.
        classes: Emotions in the order of the outputs.
        frames: Frames that are the clip's own, (1,); all when None.
    """

    network: nn.Module
    seen: Tensor
    silence: Tensor
    picture: Map
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
            return torch.cat([self.score(part) for part in batch.split(BATCH)])

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
        feature_map = np.pad(self.picture, ((0, 0), (0, 0), (0, extra)), mode="edge")
        return replace(
            self, seen=F.pad(self.seen, (0, extra)), picture=feature_map, frames=torch.tensor([own])
        )

    def with_network(self, network: nn.Module) -> NetworkInput:
        """The same clip before another network."""
        return replace(self, network=network)


@dataclass(frozen=True, eq=False)
class ModelInput:
    """A clip as a model sees it: through one network, or through each member of an ensemble.

    Attributes:
        network_inputs: One a network.
        weights: Of the networks, summing to 1.
        classes: Emotions in the order of the probabilities.
        pool: From what the networks answer, (networks, rows, classes), to what the model answers,
            (rows, classes).
    """

    network_inputs: tuple[NetworkInput, ...]
    weights: tuple[float, ...]
    classes: tuple[str, ...]
    pool: Callable[[Floats], Floats]

    def read(self, confidence: Confidence) -> ModelInput:
        """The same with probabilities as people are told them, at the temperature of a confidence.

        Args:
            confidence: Of answers to a voice that is known, or of those to strangers.
        """
        return replace(self, pool=lambda answers: confidence.applied(self.pool(answers)))

    @property
    def representations(self) -> dict[str, Representation]:
        """What is seen, by hash; that which weighs most first."""
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
            representation: Its hash or name; that which weighs most when empty.

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
                "the model does not see this representation",
                subject=wanted,
                remedy=did_you_mean(wanted, names),
            )
        return found

    def probabilities(self) -> Floats:
        """What the model answers to the whole clip, (classes,)."""
        answers = [
            self.ordered(network_input, network_input.seen) for network_input in self.network_inputs
        ]
        probabilities: Floats = self.pool(np.stack(answers))[0]
        return probabilities

    def probabilities_through(self, representation: str = "") -> Floats:
        """What the networks that see one representation answer to the whole clip, (classes,).

        That is the answer which a map over this representation explains: of one network its own,
        of several their mean by weight.

        Args:
            representation: Its hash or name; that which weighs most when empty.

        Raises:
            ModelError: If no network of the model sees it.
        """
        if len(self.network_inputs) == 1:
            return self.probabilities()
        parts = self.through(representation)
        answers = np.stack(
            [self.ordered(network_input, network_input.seen)[0] for network_input, _ in parts]
        )
        return np.asarray(np.array(shares(weight for _, weight in parts)) @ answers)

    def ordered(self, network_input: NetworkInput, batch: Tensor) -> Floats:
        """What one network answers, in the order of the model's classes, (batch, classes)."""
        order = [network_input.classes.index(name) for name in self.classes]
        return np.asarray(network_input.probabilities(batch).numpy()[:, order])

    def target(self, wanted: str | int | None) -> int:
        """Index of a class: of the one that is named, or of the answer.

        Raises:
            ParameterError: If the model has no such class.
        """
        if wanted is None:
            return int(self.probabilities().argmax())
        if isinstance(wanted, int) and 0 <= wanted < len(self.classes):
            return wanted
        if wanted not in self.classes:
            raise ParameterError(
                "the model does not know this emotion",
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
) -> ModelInput:
    """Let a model see a clip.

    Args:
        predictor: A bundle, or an ensemble of bundles.
        waveform: The clip.
        speaker: Of its speaker, from `enrol`.
        like: Of another sound before the same model, equally known; its copies of the networks are
            used again, which takes half the time.

    Raises:
        ModelError: If the model has no networks that one can look into, as an exported file.
    """
    members, pool = networks(predictor, knowing=bool(speaker))
    parts = iter(_parts(members, speaker))
    copies = (
        [network_input.network for network_input in like.network_inputs]
        if like
        else [None] * len(members)
    )
    network_inputs = [
        _sight(bundle, waveform, next(parts) if bundle.enrols and speaker else None, copied)
        for (bundle, _), copied in zip(members, copies, strict=True)
    ]
    weights = shares(weight for _, weight in members)
    return ModelInput(tuple(network_inputs), weights, tuple(predictor.classes), pool)


def _parts(
    members: Sequence[tuple[Bundle, float]], speaker: SpeakerStatistics | None
) -> SpeakerStatistics:
    """A voice, if it has a part for each network that uses one."""
    users = sum(bundle.enrols for bundle, _ in members)
    if speaker and users and len(speaker) != users:
        raise ModelError(
            f"has {len(speaker)} parts, and this model needs {users}: it is of another model",
            subject="the voice",
            remedy="Enrol the voice again",
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
    predictor: Predictor, *, knowing: bool = False
) -> tuple[list[tuple[Bundle, float]], Pooling]:
    """Networks of a model with their weights, and how their answers become its own.

    Args:
        predictor: The model.
        knowing: Whether the voice is known; an ensemble may have other weights then.

    Raises:
        ModelError: If it has none that one can look into.
    """
    require(predictor, INSIDE, remedy="Explain the model that it was made from")
    members, pool = predictor.members, predictor.pool_for(enrolled=knowing)
    if pool is None:
        return [(members[0][0], 1.0)], lambda answers: answers[0]
    ends = np.cumsum([len(models) for models in members])[:-1]

    def pooled(answers: Floats) -> Floats:
        """Networks of one member are averaged, then the members are pooled."""
        return pool(np.stack([part.mean(axis=0) for part in np.split(answers, ends)]))

    pairs = zip(members, pool.weights, strict=True)
    return [(each, weight / len(own)) for own, weight in pairs for each in own], pooled


def _sight(
    bundle: Bundle,
    waveform: Waveform,
    speaker: npt.NDArray[np.float32] | None,
    copied: nn.Module | None,
) -> NetworkInput:
    model = bundle.model
    rep = model.representation
    samples = torch.from_numpy(resampled(waveform, rep.sample_rate).samples)[None]
    speakers = None if speaker is None else torch.from_numpy(speaker)[None]
    with torch.no_grad():
        feature_map = model.front_end(samples)
        mean, spread = model.normaliser.constants(feature_map, None, speakers)
        seen = model.normaliser(feature_map, None, speakers)
        silence = (_silence(rep, feature_map) - mean.unsqueeze(-1)) / spread.unsqueeze(-1)
    network = copied or private_copy(model.network)
    return NetworkInput(
        network, seen.contiguous(), silence, feature_map[0].numpy(), rep, bundle.classes
    )


def _silence(rep: Representation, feature_map: Tensor) -> Tensor:
    return rep.silence.to(feature_map).expand_as(feature_map[..., :1])


def private_copy(network: nn.Module) -> nn.Module:
    """A copy that belongs to the caller alone, to be looked into and not to be trained.

    Its convolutions have the colours last in memory, which answers in two thirds of the time.
    """
    own = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
    return own.to(memory_format=torch.channels_last)
