"""The networks there are, by what they are built from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ser_core.models.linear import LinearNet, LinearSpec
from ser_core.models.resnet import AudioResNet, ResNetSpec

NetworkSpec = ResNetSpec | LinearSpec
Network = AudioResNet | LinearNet

_SPECS: dict[str, type[NetworkSpec]] = {"resnet": ResNetSpec, "linear": LinearSpec}
_NETWORKS: dict[type[NetworkSpec], Any] = {ResNetSpec: AudioResNet, LinearSpec: LinearNet}


def network(spec: NetworkSpec) -> Network:
    """Network with weights as they begin."""
    built: Network = _NETWORKS[type(spec)](spec)
    return built


def as_dict(spec: NetworkSpec) -> dict[str, Any]:
    """Spec as JSON takes it; `kind` tells which."""
    (kind,) = (name for name, cls in _SPECS.items() if type(spec) is cls)
    return {"kind": kind, **dataclasses.asdict(spec)}


def from_dict(content: Mapping[str, Any]) -> NetworkSpec:
    """Spec from what `as_dict` gave; without `kind` it is a ResNet's.

    Raises:
        KeyError, TypeError: If it is none.
        ParameterError: If a value is out of bounds.
    """
    values = dict(content)
    return _SPECS[values.pop("kind", "resnet")](**values)


def described(content: Mapping[str, Any]) -> str:
    """What a network is, in words.

    >>> described({"depth": "resnet18", "width": 32, "dropout": 0.2, "channels": 1, "classes": 6})
    'resnet18 of width 32'
    """
    spec = from_dict(content)
    if isinstance(spec, LinearSpec):
        return f"a linear layer on {spec.channels * spec.bins} numbers"
    return f"{spec.depth} of width {spec.width}"
