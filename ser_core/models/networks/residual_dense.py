"""Dense layers with shortcuts on mean and spread over time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.frame_mask import mean_of_own, own_frames
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.resnet import Sum

LEAST_VARIANCE = 1e-6
"""Below, a bin counts as constant: the square root has no slope at zero."""


@network("residual-dense", title="Residual dense network", accepts=(FEATURES, SUMMARY))
@dataclass(frozen=True, kw_only=True)
class ResidualDenseSpec(NetworkSpec):
    """What a `ResidualDense` is built from.

    Attributes:
        units: Of every layer.
        blocks: Pairs of layers with a shortcut.
        dropout: Share of the units that is dropped within a block in training.
        channels: Channels of the features.
        bins: Bins of the features.
        classes: Number of classes.
    """

    units: int = parameter(256, 1, 4096, "Units of every layer")
    blocks: int = parameter(3, 1, 32, "Pairs of layers with a shortcut")
    dropout: float = parameter(0.3, 0, 0.99, "Share of features dropped")
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def build(self) -> ResidualDense:
        """Dense network."""
        return ResidualDense(self)

    def cost(self, values: float) -> float:
        """A pass over the numbers, and the layers."""
        inner = self.units * (2 * self.channels * self.bins + 2 * self.blocks * self.units)
        return 0.3 + 1e-4 * values + 1e-6 * inner

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a residual dense network of {self.blocks} blocks of {self.units} units"


class DenseBlock(nn.Module):
    """Two dense layers with batch norm and a shortcut: He et al. (2016) without convolutions."""

    def __init__(self, units: int, dropout: float) -> None:
        super().__init__()
        self.fc1, self.bn1 = nn.Linear(units, units, bias=False), nn.BatchNorm1d(units)
        self.relu1, self.dropout = nn.ReLU(), nn.Dropout(dropout)
        self.fc2, self.bn2 = nn.Linear(units, units, bias=False), nn.BatchNorm1d(units)
        self.sum, self.relu2 = Sum(), nn.ReLU()
        nn.init.zeros_(self.bn2.weight)  # begins as the identity, as the blocks of the ResNets

    def forward(self, x: Tensor) -> Tensor:
        """(batch, units) -> (batch, units)."""
        inner = self.dropout(self.relu1(self.bn1(self.fc1(x))))
        total: Tensor = self.relu2(self.sum(self.bn2(self.fc2(inner)), x))
        return total


class ResidualDense(nn.Module):
    """Mean and standard deviation of each bin over own frames, dense blocks, and a linear layer.

    Statistics pooling as in Snyder et al. (2017). A clip that is one frame has no spread: there the
    second half of the inputs is constant.

    Args:
        spec: Its size.
    """

    def __init__(self, spec: ResidualDenseSpec) -> None:
        super().__init__()
        self.spec = spec
        self.first = nn.Linear(2 * spec.channels * spec.bins, spec.units, bias=False)
        self.norm, self.relu = nn.BatchNorm1d(spec.units), nn.ReLU()
        self.blocks = nn.ModuleList(
            DenseBlock(spec.units, spec.dropout) for _ in range(spec.blocks)
        )
        self.dropout = nn.Dropout(spec.dropout)
        self.fc = nn.Linear(spec.units, spec.classes)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Units before the last layer, (batch, channels, bins, n) -> (batch, units).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        found: Tensor = self.relu(self.norm(self.first(statistics(x, frames))))
        for block in self.blocks:
            found = block(found)
        return found

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.dropout(self.embed(x, frames)))
        return logits


def statistics(x: Tensor, frames: Tensor | None) -> Tensor:
    """Mean and standard deviation of each bin, (batch, channels, bins, n) -> (batch, 2 * all)."""
    mean = mean_of_own(x, frames)
    around = own_frames(x - mean.reshape(*x.shape[:3], 1), frames)
    variance = mean_of_own(around.square(), frames)
    return torch.cat([mean, variance.clamp(min=LEAST_VARIANCE).sqrt()], dim=1)


__all__ = ["ResidualDense", "ResidualDenseSpec", "statistics"]
