"""Attention over the layers of an encoder: each clip weights the layers by what they hold of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.frame_mask import mean_of_own
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.linear import LARGEST


@network("layer-attention", title="Layer attention", accepts=(SUMMARY, FEATURES))
@dataclass(frozen=True, kw_only=True)
class LayerAttentionSpec(NetworkSpec):
    """What a `LayerAttentionNet` is built from.

    Attributes:
        hidden: Numbers of a layer that attention compares.
        dropout: Share of the inputs of the linear layer that is dropped in training.
        channels: Channels of the features: layers of an encoder.
        bins: Bins of the features.
        classes: Number of classes.
    """

    hidden: int = parameter(64, 1, 4096, "Size of what attention compares")
    dropout: float = parameter(0.3, 0, 0.99, "Share of features dropped")
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def build(self) -> LayerAttentionNet:
        """Network whose layers count alike, as training begins."""
        return LayerAttentionNet(self)

    def cost(self, values: float) -> float:
        """A pass over the numbers, once more for each number that is compared."""
        return 0.3 + 1e-4 * values + 1e-6 * values * self.hidden

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"attention over {self.channels} layers with a linear layer"


class LayerAttentionNet(nn.Module):
    """A linear layer on a mean of the layers that every clip weights by itself.

    The weights are a softmax over the layers of v . tanh(U h + u) + b, h being what a layer holds
    of the clip and b a number of the layer: additive attention (Bahdanau et al., 2015) with one
    learned query, as self-attentive pooling has it (Lin et al., 2017), over layers instead of
    frames. v and b begin at zero, so that the layers count alike at first; with v = 0 it is
    `layer-weights`.

    Args:
        spec: Its size.
    """

    def __init__(self, spec: LayerAttentionSpec) -> None:
        super().__init__()
        self.spec = spec
        self.clamp = nn.Hardtanh(-LARGEST, LARGEST)
        self.compared = nn.Linear(spec.bins, spec.hidden)
        self.query = nn.Parameter(torch.zeros(spec.hidden))
        self.scores = nn.Parameter(torch.zeros(spec.channels))
        self.dropout = nn.Dropout(spec.dropout)
        self.fc = nn.Linear(spec.bins, spec.classes)

    def attention(self, layers: Tensor) -> Tensor:
        """Weight of each layer, (batch, channels, bins) -> (batch, channels), summing to 1."""
        scores: Tensor = self.compared(layers).tanh() @ self.query + self.scores
        return scores.softmax(1)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Weighted mean of the layers, (batch, channels, bins, n) -> (batch, bins).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        layers = mean_of_own(self.clamp(x), frames).unflatten(1, x.shape[1:3])
        found: Tensor = (self.attention(layers).unsqueeze(-1) * layers).sum(1)
        return found

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.dropout(self.embed(x, frames)))
        return logits


__all__ = ["LayerAttentionNet", "LayerAttentionSpec"]
