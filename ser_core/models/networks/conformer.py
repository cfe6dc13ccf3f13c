"""A small Conformer: self-attention and convolution over frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.models.frame_mask import after_stride, own_frames
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.resnet import MaskedMean

WIDER = 4
"""Units within a feed-forward module, as a multiple of those outside."""


@network("conformer", title="Conformer")
@dataclass(frozen=True, kw_only=True)
class ConformerSpec(NetworkSpec):
    """What a `Conformer` is built from.

    Attributes:
        size: Units of every frame within the blocks.
        heads: Of the self-attention; they share the units, so these are a multiple of twice them.
        blocks: How many.
        kernel: Frames that the convolution of a block spans, odd.
        dropout: Share of the units that is dropped in training.
        channels: Channels of the features.
        bins: Bins of the features.
        classes: Number of classes.
    """

    size: int = parameter(96, 4, 1024, "Units of every frame")
    heads: int = parameter(4, 1, 32, "Heads of the self-attention")
    blocks: int = parameter(2, 1, 32, "Blocks of the Conformer")
    kernel: int = parameter(15, 1, 127, "Frames that the convolution of a block spans, odd")
    dropout: float = parameter(0.1, 0, 0.99, "Share of features dropped")
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def check(self) -> None:
        """Rules beyond the bounds of the choices."""
        super().check()
        fits = self.size % self.heads == 0 and self.size % 2 == 0
        self.require(fits, "size", f"be even and a multiple of heads = {self.heads}", "Change one")
        self.require(self.kernel % 2 == 1, "kernel", "be odd", f"Try {self.kernel + 1}")

    def build(self) -> Conformer:
        """Conformer."""
        return Conformer(self)

    def cost(self, values: float) -> float:
        """Per frame after subsampling, the dense layers of the blocks, and the attention."""
        frames = values / (self.channels * self.bins) / 4
        first = 9 * self.size * values * (1 + self.size / 4) / 4
        inner = frames * self.size * (25 * self.size + 2 * frames) * self.blocks
        return 2 + 3e-7 * (first + inner)

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a Conformer of {self.blocks} blocks of {self.size} units"


class Subsampling(nn.Module):
    """Two 3x3 convolutions of stride 2 with ReLU, and a linear layer over the bins that remain.

    Args:
        channels: Channels of the features.
        bins: Bins of the features.
        size: Units of every frame afterwards.
    """

    def __init__(self, channels: int, bins: int, size: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, size, 3, 2, padding=1)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(size, size, 3, 2, padding=1)
        self.relu2 = nn.ReLU()
        self.linear = nn.Linear(size * -(-bins // 4), size)

    def forward(self, x: Tensor, frames: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(batch, channels, bins, n) -> (batch, n / 4, size), and own frames."""
        frames = after_stride(frames, 2)
        x = own_frames(self.relu1(self.conv1(x)), frames)
        frames = after_stride(frames, 2)
        x = self.relu2(self.conv2(x))
        return self.linear(x.flatten(1, 2).transpose(1, 2)), frames


class FeedForward(nn.Module):
    """Layer norm, a wider layer with Swish, and back."""

    def __init__(self, size: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.linear1, self.swish = nn.Linear(size, WIDER * size), nn.SiLU()
        self.dropout1 = nn.Dropout(dropout)
        self.linear2, self.dropout2 = nn.Linear(WIDER * size, size), nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n, size) -> (batch, n, size)."""
        inner = self.dropout1(self.swish(self.linear1(self.norm(x))))
        found: Tensor = self.dropout2(self.linear2(inner))
        return found


class RelativeAttention(nn.Module):
    """Multi-head self-attention with relative sinusoidal positions; Dai et al. (2019).

    The score of frame j for frame i is ((q_i + u) k_j + (q_i + v) W r_(i - j)) / sqrt(units of a
    head), where u and v are learned for each head and r is the sinusoid of the distance.

    Args:
        size: Units of every frame.
        heads: They share the units.
        dropout: Share of the weights of the attention that is dropped in training.
    """

    def __init__(self, size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.size, self.heads = size, heads
        self.norm = nn.LayerNorm(size)
        self.query, self.key = nn.Linear(size, size), nn.Linear(size, size)
        self.value, self.out = nn.Linear(size, size), nn.Linear(size, size)
        self.position = nn.Linear(size, size, bias=False)
        self.u = nn.Parameter(torch.zeros(heads, 1, size // heads))
        self.v = nn.Parameter(torch.zeros(heads, 1, size // heads))
        self.dropout1, self.dropout2 = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """(batch, n, size) -> (batch, n, size); frames behind a clip's own are not looked at."""
        n = x.shape[1]
        x = self.norm(x)
        q, k, v = (self._heads(layer(x)) for layer in (self.query, self.key, self.value))
        place = torch.arange(n, device=x.device)
        distance = place[:, None] - place[None, :]  # i - j
        spread = torch.arange(1 - n, n, device=x.device)
        r = self._heads(self.position(sinusoids(spread, self.size).to(x.dtype))[None])
        by_distance = (q + self.v) @ r.transpose(-1, -2)  # (batch, heads, n, 2n - 1)
        index = (distance + n - 1).expand(*by_distance.shape[:2], n, n)
        scores = (q + self.u) @ k.transpose(-1, -2) + by_distance.gather(-1, index)
        scores = scores / math.sqrt(self.size // self.heads)
        if frames is not None:
            beyond = place >= frames[:, None]
            scores = scores.masked_fill(beyond[:, None, None, :], float("-inf"))
        seen = self.dropout1(scores.softmax(-1)) @ v
        found: Tensor = self.dropout2(self.out(seen.transpose(1, 2).flatten(2)))
        return found

    def _heads(self, x: Tensor) -> Tensor:
        """(batch, n, size) -> (batch, heads, n, size of a head)."""
        apart: Tensor = x.unflatten(-1, (self.heads, -1))
        return apart.transpose(1, 2)


def sinusoids(places: Tensor, size: int) -> Tensor:
    """Sines and cosines of places, (n,) -> (n, size); Vaswani et al. (2017)."""
    rates = torch.exp(torch.arange(0, size, 2, device=places.device) * (-math.log(10_000.0) / size))
    angles = places[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class Convolution(nn.Module):
    """Layer norm, gated pointwise convolution, depthwise convolution with batch norm, and back."""

    def __init__(self, size: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.pointwise1, self.gate = nn.Conv1d(size, 2 * size, 1), nn.GLU(dim=1)
        self.depthwise = nn.Conv1d(size, size, kernel, padding=kernel // 2, groups=size)
        self.batch_norm, self.swish = nn.BatchNorm1d(size), nn.SiLU()
        self.pointwise2, self.dropout = nn.Conv1d(size, size, 1), nn.Dropout(dropout)

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """(batch, n, size) -> (batch, n, size)."""
        inner = self.gate(self.pointwise1(self.norm(x).transpose(1, 2)))
        inner = own_frames(inner.unsqueeze(2), frames).squeeze(2)
        inner = self.swish(self.batch_norm(self.depthwise(inner)))
        found: Tensor = self.dropout(self.pointwise2(inner)).transpose(1, 2)
        return found


class ConformerBlock(nn.Module):
    """Half a feed-forward module, attention, convolution, the other half, and layer norm."""

    def __init__(self, spec: ConformerSpec) -> None:
        super().__init__()
        self.before = FeedForward(spec.size, spec.dropout)
        self.attention = RelativeAttention(spec.size, spec.heads, spec.dropout)
        self.convolution = Convolution(spec.size, spec.kernel, spec.dropout)
        self.after = FeedForward(spec.size, spec.dropout)
        self.norm = nn.LayerNorm(spec.size)

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """(batch, n, size) -> (batch, n, size)."""
        x = x + self.before(x) / 2
        x = x + self.attention(x, frames)
        x = x + self.convolution(x, frames)
        x = x + self.after(x) / 2
        found: Tensor = self.norm(x)
        return found


class Conformer(nn.Module):
    """Subsampling by four, blocks, and the mean over own frames; Gulati et al. (2020).

    Args:
        spec: Its size.
    """

    def __init__(self, spec: ConformerSpec) -> None:
        super().__init__()
        self.spec = spec
        self.subsampling = Subsampling(spec.channels, spec.bins, spec.size)
        self.dropout = nn.Dropout(spec.dropout)
        self.blocks = nn.ModuleList(ConformerBlock(spec) for _ in range(spec.blocks))
        self.pool = MaskedMean()
        self.fc = nn.Linear(spec.size, spec.classes)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Mean over own frames, (batch, channels, bins, n) -> (batch, size).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        x, frames = self.subsampling(x, frames)
        x = self.dropout(x)
        for block in self.blocks:
            x = block(x, frames)
        pooled: Tensor = self.pool(own_frames(x.transpose(1, 2).unsqueeze(2), frames), frames)
        return pooled

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.embed(x, frames))
        return logits


__all__ = ["Conformer", "ConformerSpec", "RelativeAttention", "sinusoids"]
