"""What a network is: a frozen spec under a name, and the input that it takes.

A network is registered by one decorator on its spec. Recipes, forms, time estimates, model cards
and the command line read the registry, so that a new one is a module and its test.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model
from torch import nn

from ser_core.core import ParameterError, Parameters, Registry
from ser_core.features.representations import FEATURES, SUMMARY, WAVEFORM, Representation

GRADIENT_DESCENT = "gradient descent"
"""Name of the learner that trains torch networks step by step; see `ser_core.training.learner`."""

SIZES = {"channels": 1, "bins": 1, "classes": 2, "sample_rate": 1}
"""Fields of a spec that the input and the corpus decide, and the least that each may be."""

INPUT_WORDS = {
    FEATURES: "frames of features over time",
    SUMMARY: "a clip as one frame",
    WAVEFORM: "samples of the sound",
}
"""Kinds of input, in words."""

INPUT_CLAUSES = {
    FEATURES: "a clip is frames of features",
    SUMMARY: "a clip is one frame",
    WAVEFORM: "a clip is samples of the sound",
}
"""The same, to follow "where"."""


@dataclass(frozen=True, kw_only=True)
class NetworkSpec(Parameters):
    """Base of what networks are built from: choices of a recipe, and sizes that the data decide.

    A field with `parameter` or `choice` metadata is a choice: recipes, forms and cards have it. The
    sizes `channels`, `bins`, `classes` and `sample_rate` are filled in from the input, where a
    subclass has such a field. A subclass implements `build`; the class attributes say what can be
    done with the network.

    The network that is built takes (batch, channels, bins, n) normalised features, zero behind
    each clip's own frames, with own frame counts (batch,) or None, and gives logits (batch,
    classes). A clip in a padded batch must give what it gives alone. A waveform comes as
    (batch, 1, 1, samples).

    Raises:
        ParameterError: If a value is out of bounds.
    """

    kind: ClassVar[str] = ""
    """Name in `bundle.json`; that under which it is registered first when empty."""
    differentiable: ClassVar[bool] = True
    """Whether gradients reach the input."""
    steps: ClassVar[bool] = False
    """Whether probabilities are steps of the input, as those of trees and nearest neighbours."""
    exportable: ClassVar[bool] = True
    """Whether torch can write it as an ONNX graph."""
    linear: ClassVar[bool] = False
    """Whether logits are a linear function of the input."""
    stages: ClassVar[tuple[str, ...]] = ()
    """Convolutional stages, first to last, as attributes of the network: Grad-CAM looks at them."""
    propagation: ClassVar[str] = ""
    """Name of the rules of relevance propagation that apply to it; none when empty."""
    legacy: ClassVar[Mapping[str, Any]] = {}
    """Keys that recipes of this network had once: accepted, unused, and part of a recipe's hash."""

    def check(self) -> None:
        """Sizes make sense; a subclass with rules of its own calls this too."""
        for name, least in SIZES.items():
            if getattr(self, name, least) < least:
                self.require(False, name, f"be at least {least}", "It comes from the input")

    def build(self) -> nn.Module:
        """Network with weights as they begin, drawn from torch's global generator."""
        raise NotImplementedError

    def traceable(self, network: nn.Module) -> nn.Module:
        """Network with the same numbers that torch's exporter can follow: itself, as a rule.

        Args:
            network: What `build` gave, trained.
        """
        return network

    def learned(self, network: nn.Module) -> str:  # noqa: ARG002  (for subclasses)
        """What training found that can be said in a sentence of a model card; empty as a rule.

        Args:
            network: What `build` gave, trained.
        """
        return ""

    def cost(self, values: float) -> float:
        """Time of one clip in a training step, in units of which the ratio alone means something.

        Args:
            values: Numbers that the network is given of a clip.
        """
        return 2 + 1e-4 * values

    @property
    def words(self) -> str:
        """What it is, within a sentence of a model card."""
        return type(self).kind


@dataclass(frozen=True)
class NetworkKind:
    """A row of the registry.

    Attributes:
        name: In recipes.
        spec: What it is built from.
        title: Display name.
        accepts: Kinds of input that it takes.
        learner: Name of the learner that fits it.
        fixed: Fields of the spec that the row decides.
    """

    name: str
    spec: type[NetworkSpec]
    title: str
    accepts: tuple[str, ...]
    learner: str
    fixed: Mapping[str, Any]

    @cached_property
    def choices(self) -> type[BaseModel]:
        """Model of what a recipe may choose, with types, bounds, defaults and help."""
        types = get_type_hints(self.spec)
        fields: dict[str, Any] = {
            field.name: (_annotation(types[field.name], field), _field(field))
            for field in dataclasses.fields(self.spec)
            if "help" in field.metadata and field.name not in self.fixed
        }
        config = ConfigDict(frozen=True, extra="forbid")
        model: type[BaseModel] = create_model(f"{self.name}_choices", __config__=config, **fields)
        return model

    @property
    def searched(self) -> dict[str, tuple[float, float]]:
        """Choices that a hyperparameter search may set, each with its range; {} without any."""
        return {
            field.name: field.metadata["searched"]
            for field in dataclasses.fields(self.spec)
            if "searched" in field.metadata and field.name not in self.fixed
        }

    def made(self, representation: Representation, classes: int, **choices: Any) -> NetworkSpec:
        """Spec for an input and a number of classes.

        Raises:
            ParameterError: If the network does not take this kind of input.
        """
        if representation.input_kind not in self.accepts:
            taken = " or ".join(INPUT_WORDS[kind] for kind in self.accepts)
            raise ParameterError(
                f"takes {taken}, not {INPUT_WORDS[representation.input_kind]}",
                subject=self.name,
                remedy=f"Choose another representation than {representation.name}",
            )
        channels, bins, _ = representation.silence.shape
        sizes = {
            "channels": channels,
            "bins": bins,
            "classes": classes,
            "sample_rate": representation.sample_rate,
        }
        own = {field.name for field in dataclasses.fields(self.spec)}
        filled = {name: size for name, size in sizes.items() if name in own}
        return self.spec(**{**self.fixed, **filled, **choices})


NETWORKS: Registry[NetworkKind] = Registry("network")
"""Networks by the name that recipes use, in the order of the form."""

SPECS: Registry[type[NetworkSpec]] = Registry("kind of network")
"""Specs by the name that bundles use."""

S = TypeVar("S", bound="type[NetworkSpec]")


def network(
    name: str,
    *,
    title: str,
    accepts: tuple[str, ...] = (FEATURES,),
    learner: str = GRADIENT_DESCENT,
    **fixed: Any,
) -> Callable[[S], S]:
    """Decorator that registers a spec under a name; several names may share one.

    Args:
        name: In recipes.
        title: Display name.
        accepts: Kinds of input: `FEATURES`, `SUMMARY`, `WAVEFORM`.
        learner: Name of the learner that fits it.
        fixed: Fields of the spec that this name decides.
    """

    def register(cls: S) -> S:
        if "kind" not in vars(cls):
            cls.kind = name
        if "name" not in vars(cls):
            cls.name = cls.kind
        if cls.kind not in SPECS:
            SPECS.register(cls.kind)(cls)
        NETWORKS.register(name)(NetworkKind(name, cls, title, accepts, learner, fixed))
        return cls

    return register


def accepting(input_kind: str) -> list[str]:
    """Names of the networks that take a kind of input, in the order of the form."""
    return [name for name, row in NETWORKS.items() if input_kind in row.accepts]


def as_dict(spec: NetworkSpec) -> dict[str, Any]:
    """Spec as JSON takes it; `kind` tells which."""
    return {"kind": spec.kind, **dataclasses.asdict(spec)}


def from_dict(content: Mapping[str, Any]) -> NetworkSpec:
    """Spec from what `as_dict` gave; without `kind` it is a ResNet's.

    Raises:
        UnknownNameError: If there is no such kind.
        TypeError: If a field is missing or unknown.
        ParameterError: If a value is out of bounds.
    """
    values = dict(content)
    return SPECS[values.pop("kind", "resnet")](**values)


def described(content: Mapping[str, Any]) -> str:
    """What a network is, in words.

    >>> described({"depth": "resnet18", "width": 32, "dropout": 0.2, "channels": 1, "classes": 6})
    'resnet18 of width 32'
    """
    return from_dict(content).words


def _annotation(kind: Any, field: dataclasses.Field[Any]) -> Any:
    options = field.metadata.get("options")
    return Literal[tuple(options)] if options else kind


def _field(field: dataclasses.Field[Any]) -> Any:
    rule = field.metadata
    bounds = {"ge": rule["low"], "le": rule["high"]} if "low" in rule else {}
    return Field(field.default, description=rule["help"], **bounds)
