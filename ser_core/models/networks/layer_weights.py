"""One layer on a weighted mean of the layers of an encoder, whose weights are learned."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.frame_mask import mean_of_own
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.linear import LARGEST


@network("layer-weights", title="Layer weights", accepts=(SUMMARY, FEATURES))
@dataclass(frozen=True, kw_only=True)
class LayerWeightsSpec(NetworkSpec):
    """What a `LayerWeightsNet` is built from.

    Attributes:
        dropout: Share of the inputs of the linear layer that is dropped in training.
        channels: Channels of the features: layers of an encoder.
        bins: Bins of the features.
        classes: Number of classes.
    """

    linear = True

    dropout: float = parameter(0.3, 0, 0.99, "Share of features dropped")
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def build(self) -> LayerWeightsNet:
        """Network whose layers count alike, as training begins."""
        return LayerWeightsNet(self)

    def learned(self, network: nn.Module) -> str:
        """Weights of the layers."""
        assert isinstance(network, LayerWeightsNet)  # noqa: S101  (what `build` gave)
        weights = ", ".join(f"{each:.2f}" for each in network.layer_weights.tolist())
        return f"Learned weights of the layers, from the first to the last: {weights}."

    def cost(self, values: float) -> float:
        """A pass over the numbers, and what every clip costs."""
        return 0.3 + 1e-4 * values

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a linear layer on a learned weighted mean of {self.channels} layers"


class LayerWeightsNet(nn.Module):
    """A linear layer on the mean of layers, weighted by learned weights that sum to 1.

    The weights are a softmax over one number a layer, equal at first; they are the same for all
    clips. That is how SUPERB (Yang et al., 2021) and ELMo (Peters et al., 2018) read the layers of
    an encoder. Layers share the linear layer, so there are as many fewer weights of it to learn as
    there are layers.

    Args:
        spec: Its size.
    """

    def __init__(self, spec: LayerWeightsSpec) -> None:
        super().__init__()
        self.spec = spec
        self.clamp = nn.Hardtanh(-LARGEST, LARGEST)
        self.scores = nn.Parameter(torch.zeros(spec.channels))
        self.dropout = nn.Dropout(spec.dropout)
        self.fc = nn.Linear(spec.bins, spec.classes)

    @property
    def layer_weights(self) -> Tensor:
        """Weight of each layer, shape (channels,), summing to 1."""
        return self.scores.softmax(0)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Weighted mean of the layers, (batch, channels, bins, n) -> (batch, bins).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        layers = mean_of_own(self.clamp(x), frames).unflatten(1, x.shape[1:3])
        found: Tensor = (self.layer_weights[:, None] * layers).sum(1)
        return found

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.dropout(self.embed(x, frames)))
        return logits


__all__ = ["LayerWeightsNet", "LayerWeightsSpec"]
