"""A multilayer perceptron with one hidden layer on what a clip is on average."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.frame_mask import mean_of_own
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.linear import LARGEST


@network("mlp", title="MLP", accepts=(SUMMARY, FEATURES))
@dataclass(frozen=True, kw_only=True)
class MlpSpec(NetworkSpec):
    """What an `MlpNet` is built from.

    Attributes:
        hidden: Units of the hidden layer.
        dropout: Share of the inputs and of the hidden units that is dropped in training.
        channels: Channels of the features.
        bins: Bins of the features.
        classes: Number of classes.
    """

    hidden: int = parameter(128, 1, 4096, "Units of the hidden layer")
    dropout: float = parameter(0.5, 0, 0.99, "Share of features and of hidden units dropped")
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def build(self) -> MlpNet:
        """Network with random weights."""
        return MlpNet(self)

    def cost(self, values: float) -> float:
        """A pass over the numbers, once more for each hidden unit."""
        return 0.3 + 1e-4 * values + 1e-6 * values * self.hidden

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        numbers = self.channels * self.bins
        return f"an MLP with {self.hidden} hidden units on {numbers} numbers"


class MlpNet(nn.Module):
    """Mean of each bin over a clip, one hidden layer with ReLU, and a linear layer.

    Args:
        spec: Its size.
    """

    def __init__(self, spec: MlpSpec) -> None:
        super().__init__()
        self.spec = spec
        self.clamp = nn.Hardtanh(-LARGEST, LARGEST)
        self.dropout = nn.Dropout(spec.dropout)
        self.hidden = nn.Linear(spec.channels * spec.bins, spec.hidden)
        self.fc = nn.Linear(spec.hidden, spec.classes)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Hidden units, (batch, channels, bins, n) -> (batch, hidden).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        hidden: Tensor = self.hidden(self.dropout(mean_of_own(self.clamp(x), frames)))
        return hidden.relu()

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.dropout(self.embed(x, frames)))
        return logits


__all__ = ["MlpNet", "MlpSpec"]
