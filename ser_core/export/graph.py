"""A model, or an ensemble of them, as one torch module that can be written as an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ser_core.core import ModelError
from ser_core.evaluation.metrics import SMALLEST
from ser_core.export.batched_functionals import functionals
from ser_core.export.encoders import traceable, traced_samples
from ser_core.export.fourier import Products
from ser_core.features.representations import Analysis, FrontEnd, Representation
from ser_core.models.abilities import GRAPH, INSIDE, require
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.onnx_metadata import (
    ENROLLED,
    FEATURES,
    OPTIONAL,
    PROBABILITIES,
    SEEN,
    SPEAKER,
    WAVEFORM,
    Input,
)
from ser_core.models.pooling import POOLINGS, TIE, Pool
from ser_core.models.predictor import Predictor

_OPENSMILE = "openSMILE is a program of its own, which computes it outside of any graph"
INEXPRESSIBLE: dict[str, str] = {"egemaps": _OPENSMILE, "compare2016": _OPENSMILE}
"""Representations that cannot be written as a graph, and why; they go in as feature maps."""

FORMS: dict[str, Callable[[Any, Analysis], Tensor]] = {"functionals": functionals}
"""Representations that have a form of their own for graphs, (representation, sounds)."""

SAMPLES = 8_000
"""Length of the sound that most graphs are traced with; it may be any when it runs."""


@dataclass(frozen=True, eq=False)
class GraphMembers:
    """The models of a graph, and how they are pooled.

    Attributes:
        members: Models of each member.
        stranger: Weights and temperature for unseen speakers.
        enrolled: The same for enrolled speakers; None where they make no difference.
        classes: Emotions in the order of the probabilities.
        seen: The same for speakers who were in training; None where that makes no difference.
    """

    members: tuple[tuple[EmotionClassifier, ...], ...]
    stranger: Pool
    enrolled: Pool | None
    classes: tuple[str, ...]
    seen: Pool | None = None

    @property
    def models(self) -> list[EmotionClassifier]:
        """All models, in order."""
        return [model for member in self.members for model in member]

    @cached_property
    def front_ends(self) -> list[FrontEnd]:
        """What they see, each once; those with other weights are others."""
        found: list[FrontEnd] = []
        for model in self.models:
            if not any(_same(model.front_end, each) for each in found):
                found.append(model.front_end)
        return found

    @property
    def representations(self) -> list[Representation]:
        """Of `front_ends`."""
        return [each.representation for each in self.front_ends]

    def number(self, model: EmotionClassifier) -> int:
        """Which of `front_ends` a model has."""
        return next(i for i, each in enumerate(self.front_ends) if _same(model.front_end, each))


def _same(one: FrontEnd, other: FrontEnd) -> bool:
    """Whether both give the same: a fine-tuned encoder has the hash of the one it began as."""
    if one.representation.hash != other.representation.hash:
        return False
    own, theirs = one.state_dict(), other.state_dict()
    return own.keys() == theirs.keys() and all(torch.equal(own[n], theirs[n]) for n in own)


def graph_members(predictor: Predictor, stranger: float, enrolled: float | None) -> GraphMembers:
    """The models behind a predictor.

    Args:
        predictor: A bundle or an ensemble.
        stranger: Temperature of a bundle for unseen speakers.
        enrolled: The same for enrolled speakers.

    Raises:
        ModelError: If it is something else, or its models have different sample rates.
    """
    require(predictor, INSIDE, GRAPH, remedy="Export a bundle or an ensemble of networks")
    members = tuple(tuple(each.model for each in models) for models in predictor.members)
    known: Pool | None
    pool, known = predictor.pool_for(enrolled=False), predictor.pool_for(enrolled=True)
    seen = predictor.pool_for(enrolled=False, seen=True)
    if pool is None:
        pool = Pool("linear", (1.0,), stranger)
        known = None if enrolled is None else Pool("linear", (1.0,), enrolled)
    elif not predictor.enrols:
        known = None
    team = GraphMembers(
        members, pool, known, predictor.classes, seen=None if seen == pool else seen
    )
    rates = sorted({rep.sample_rate for rep in team.representations})
    if len(rates) > 1:
        raise ModelError(
            f"its models use different sample rates ({', '.join(map(str, rates))} Hz), and one "
            "waveform goes in",
            subject="ONNX",
            remedy="Pool models of one sample rate",
        )
    return team


def inputs_of(team: GraphMembers, *, whole: bool) -> tuple[Input, ...]:
    """Inputs of the graph: a waveform, feature maps where there can be none, and speakers.

    Raises:
        ModelError: If a feature map would have to come from a front-end with weights.
    """
    seen = team.representations
    outside = [i for i, rep in enumerate(seen) if not whole or rep.name in INEXPRESSIBLE]
    for each in (team.front_ends[i] for i in outside):
        if each.layers is not None:
            raise ModelError(
                "has weights of its own, which nobody could compute the input of the network with",
                subject=each.representation.title,
                remedy="Export the whole model",
            )
    own = {team.number(model) for model in team.models if model.normaliser.by == "speaker"}
    voiced = sorted(own)
    inputs = [Input(WAVEFORM, WAVEFORM)] if len(outside) < len(seen) else []
    inputs += [Input(_name(FEATURES, i, outside), FEATURES, i) for i in outside]
    inputs += [Input(_name(SPEAKER, i, voiced), SPEAKER, i) for i in voiced]
    inputs += [Input(SEEN, SEEN)] if team.seen else []
    return tuple(inputs)


def _name(kind: str, number: int, several: Sequence[int]) -> str:
    return kind if len(several) == 1 else f"{kind}_{number}"


class Graph(nn.Module):
    """Everything from the inputs to calibrated probabilities.

    Outputs are the probabilities, (batch, classes), and for each speaker input the statistics of
    each clip, (batch, 3, channels, bins): mean, spread and frames, so that a speaker can be
    enrolled from them.

    Args:
        team: The models.
        inputs: As `inputs_of` gives them.
    """

    def __init__(self, team: GraphMembers, inputs: tuple[Input, ...]) -> None:
        super().__init__()
        self.team, self.inputs = team, inputs
        self.normalisers = nn.ModuleList(model.normaliser for model in team.models)
        order = [[m.classes.index(name) for name in team.classes] for m in team.models]
        self.orders = order
        self.numbers = [team.number(model) for model in team.models]
        self.networks = nn.ModuleList(m.spec.traceable(m.network) for m in team.models)
        layers = {str(i): each.layers for i, each in enumerate(team.front_ends)}
        self.encoders = nn.ModuleDict(
            {i: traceable(each) for i, each in layers.items() if each is not None}
        )

    @property
    def outputs(self) -> list[str]:
        """Names of the outputs."""
        return [
            PROBABILITIES,
            *(speaker_input_name(each) for each in self.inputs if each.kind == SPEAKER),
        ]

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        """Probabilities, and statistics for each speaker input."""
        features, speakers = self._feature_maps(given), self._speakers(given)
        logits = [
            self._logits(number, features, speakers) for number in range(len(self.team.models))
        ]
        found = self._pooled(self.team.stranger, logits)
        if self.team.seen is not None:
            (seen,) = (x for i, x in zip(self.inputs, given, strict=True) if i.kind == SEEN)
            found = torch.where(seen.sum() > 0, self._pooled(self.team.seen, logits), found)
        if self.team.enrolled is not None and speakers:
            known = torch.stack([voice[2].sum() for voice in speakers.values()]).sum() > 0
            found = torch.where(known, self._pooled(self.team.enrolled, logits), found)
        return (found, *(_statistics(features[number]) for number in speakers))

    def _feature_maps(self, given: Sequence[Tensor]) -> dict[int, Tensor]:
        pairs = list(zip(self.inputs, given, strict=True))
        found = {i.representation: x for i, x in pairs if i.kind == FEATURES}
        waveform = next((x for i, x in pairs if i.kind == WAVEFORM), None)
        if waveform is not None:
            seen = self.team.representations
            sound = Products(waveform, seen[0].sample_rate)  # once for all networks
            layers = dict(self.encoders.items())
            for number, rep in enumerate(seen):
                if number not in found:
                    found[number] = _feature_map(rep, sound, layers.get(str(number)))
        return {number: x for number, x in found.items() if number is not None}

    def _speakers(self, given: Sequence[Tensor]) -> dict[int, Tensor]:
        pairs = zip(self.inputs, given, strict=True)
        return {
            i.representation: x
            for i, x in pairs
            if i.kind == SPEAKER and i.representation is not None
        }

    def _logits(
        self, which: int, features: dict[int, Tensor], speakers: dict[int, Tensor]
    ) -> Tensor:
        number, normaliser = self.numbers[which], self.normalisers[which]
        voice = speakers[number].unsqueeze(0) if normaliser.by == "speaker" else None
        found: Tensor = self.networks[which](normaliser(features[number], None, voice), None)
        return found[:, self.orders[which]]

    def _pooled(self, pool: Pool, logits: list[Tensor]) -> Tensor:
        """Calibrated probabilities of a pool, as `Pool` computes them."""
        if len(logits) == 1 and pool.stacking is None:
            found = logits[0]
        else:
            parts = iter(logits)
            members = torch.stack(
                [
                    torch.stack([next(parts).softmax(-1) for _ in models]).mean(0)
                    for models in self.team.members
                ]
            )
            found = _added(pool, members)
        smallest = torch.tensor(SMALLEST).log().item()
        return (found.log_softmax(-1).clamp(min=smallest) / pool.temperature).softmax(-1)


def _feature_map(rep: Representation, sound: Analysis, layers: nn.Module | None) -> Tensor:
    form = FORMS.get(rep.name)
    return rep(sound, layers=layers) if form is None else form(rep, sound)


def speaker_input_name(voice: Input) -> str:
    """Name of the output of statistics for a speaker input."""
    return voice.name.replace(SPEAKER, ENROLLED)


def _added(pool: Pool, members: Tensor) -> Tensor:
    """Logarithms of pooled probabilities up to a constant, from (members, batch, classes)."""
    if pool.stacking is not None:
        given = members.clamp(min=SMALLEST).log()
        given = given - given.mean(-1, keepdim=True)
        coefficients = members.new_tensor(pool.stacking.coefficients)
        return torch.matmul(given, coefficients).sum(0) + members.new_tensor(
            pool.stacking.intercept
        )
    weights = members.new_tensor(pool.weights)[:, None, None]
    if POOLINGS[pool.kind].votes:
        likeliest = nn.functional.one_hot(members.argmax(-1), members.shape[-1])
        members = (1 - TIE) * likeliest + TIE * members
    if POOLINGS[pool.kind].on_simplex:
        return (weights * members).sum(0).clamp(min=SMALLEST).log()
    return (weights * members.clamp(min=SMALLEST).log()).sum(0)


def _statistics(features: Tensor) -> Tensor:
    """Mean, spread and frames of each clip, (batch, 3, channels, bins)."""
    values = features.double()
    mean = values.mean(-1)
    variance = (values - mean.unsqueeze(-1)).square().mean(-1)
    count = torch.ones_like(mean) * features.shape[-1]
    return torch.stack([mean, variance.sqrt(), count], dim=1).float()


def examples(team: GraphMembers, inputs: tuple[Input, ...]) -> tuple[Tensor, ...]:
    """Values of the inputs to trace a graph with: two clips of noise."""
    generator = torch.Generator().manual_seed(0)
    samples = max(SAMPLES, *(traced_samples(each.layers) for each in team.front_ends))
    waveforms = 0.1 * torch.randn(2, samples, generator=generator)
    found = []
    for each in inputs:
        if each.kind == WAVEFORM:
            found.append(waveforms)
            continue
        if each.kind == SEEN:
            found.append(torch.zeros(1))
            continue
        feature_map = team.front_ends[each.representation or 0](waveforms)
        found.append(
            feature_map if each.kind == FEATURES else torch.zeros(3, *feature_map.shape[1:3])
        )
    return tuple(found)


def dynamic(team: GraphMembers, inputs: tuple[Input, ...]) -> tuple[dict[int, object], ...]:
    """Dimensions of each input that may be of any size: how many clips, and how long they are."""
    free = torch.export.Dim.DYNAMIC
    shapes: list[dict[int, object]] = []
    for each in inputs:
        if each.kind in OPTIONAL:
            shapes.append({})
        elif each.kind == WAVEFORM:
            shapes.append({0: free, 1: free})
        else:
            summary = team.representations[each.representation or 0].summary
            shapes.append({0: free} if summary else {0: free, 3: free})
    return tuple(shapes)
