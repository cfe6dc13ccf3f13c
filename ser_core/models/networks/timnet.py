"""A temporal convolution network that hears a clip forward and backward at many scales."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.models.frame_mask import own_frames, own_reversed
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.resnet import MaskedMean

KERNEL = 2
"""Frames that a convolution sees: the present one and one `dilation` frames ago."""


@network("tim-net", title="TIM-Net")
@dataclass(frozen=True, kw_only=True)
class TimNetSpec(NetworkSpec):
    """What a `TimNet` is built from.

    Attributes:
        filters: Of every convolution.
        levels: Dilations, from 1 doubling at each; the last sees `2 ** levels` frames.
        dropout: Share of the filters that is dropped within a block in training.
        channels: Channels of the features.
        bins: Bins of the features.
        classes: Number of classes.
    """

    filters: int = parameter(39, 1, 512, "Filters of every convolution")
    levels: int = parameter(8, 1, 12, "Levels of dilation, each twice as wide as the one before")
    dropout: float = parameter(0.1, 0, 0.99, "Share of features dropped")
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def build(self) -> TimNet:
        """Temporal convolution network."""
        return TimNet(self)

    def cost(self, values: float) -> float:
        """Per frame, four convolutions a level, and what every operation of a level costs."""
        frames = values / (self.channels * self.bins)
        return 2 + self.levels * (0.5 + 2e-6 * frames * self.filters**2)

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"TIM-Net of {self.levels} levels of {self.filters} filters"


class AwareBlock(nn.Module):
    """Temporal-aware block: two dilated causal convolutions whose sigmoid weighs their input.

    Args:
        filters: Channels before and after it.
        dilation: Frames between those that a convolution sees.
        dropout: Share of the filters that is dropped in training, all frames of one together.
    """

    def __init__(self, filters: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.reach = dilation * (KERNEL - 1)
        for number in (1, 2):
            convolution = nn.Conv1d(filters, filters, KERNEL, dilation=dilation)
            setattr(self, f"conv{number}", convolution)
            setattr(self, f"bn{number}", nn.BatchNorm1d(filters))
            setattr(self, f"relu{number}", nn.ReLU())
            setattr(self, f"dropout{number}", nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, filters, n) -> (batch, filters, n); a frame depends on those before it alone."""
        inner = x
        for number in (1, 2):
            before = F.pad(inner, (self.reach, 0))
            inner = getattr(self, f"conv{number}")(before)
            inner = getattr(self, f"relu{number}")(getattr(self, f"bn{number}")(inner))
            kept = getattr(self, f"dropout{number}")(torch.ones_like(inner[..., :1]))
            inner = inner * kept
        return torch.sigmoid(inner) * x


class TimNet(nn.Module):
    """Temporal-aware blocks forward and backward in time, and a weighted sum of their scales.

    Ye et al. (2023), "Temporal modeling matters". Level j of both directions is added and averaged
    over own frames; the sum over the levels has learned weights, which begin equal. Padding lies
    behind a clip's own end in both directions, and causal convolutions never see it.

    Args:
        spec: Its size.
    """

    def __init__(self, spec: TimNetSpec) -> None:
        super().__init__()
        self.spec = spec
        inputs = spec.channels * spec.bins
        self.ahead_in = nn.Conv1d(inputs, spec.filters, 1)
        self.back_in = nn.Conv1d(inputs, spec.filters, 1)
        self.ahead, self.back = (
            nn.ModuleList(
                AwareBlock(spec.filters, 2**level, spec.dropout) for level in range(spec.levels)
            )
            for _ in range(2)
        )
        self.pool = MaskedMean()
        self.weights = nn.Parameter(torch.full((spec.levels,), 1 / spec.levels))
        self.fc = nn.Linear(spec.filters, spec.classes)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Weighted scales, (batch, channels, bins, n) -> (batch, filters).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        rows = x.flatten(1, 2)
        ahead, back = self.ahead_in(rows), self.back_in(own_reversed(rows, frames))
        scales = []
        for forward, backward in zip(self.ahead, self.back, strict=True):
            ahead, back = forward(ahead), backward(back)
            both = (ahead + back).unsqueeze(2)  # the order of frames does not matter to their mean
            scales.append(self.pool(own_frames(both, frames), frames))
        return torch.stack(scales, dim=-1) @ self.weights

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.embed(x, frames))
        return logits


__all__ = ["AwareBlock", "TimNet", "TimNetSpec"]
