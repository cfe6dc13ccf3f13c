"""Layers that several networks share; a clip in a padded batch gets what it gets alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ser_core.models.frame_mask import after_stride, own_frames


class ConvBlock(nn.Module):
    """Convolution, batch norm, max pooling and ReLU: pooling first, which rectifies fewer values.

    A last, incomplete step of pooling counts, so that the shortest clip keeps a frame.

    Args:
        inputs: Channels before it.
        outputs: Channels after it.
        kernel: Bins and frames of the convolution, odd.
        stride: Bins and frames of a step of the convolution.
        pool: Bins and frames of which the largest value is taken.
        norm: Whether there is batch norm.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int] = (3, 3),
        *,
        stride: tuple[int, int] = (1, 1),
        pool: tuple[int, int] = (1, 1),
        norm: bool = True,
    ) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding)
        self.norm = nn.BatchNorm2d(outputs) if norm else nn.Identity()
        self.pool = nn.MaxPool2d(pool, ceil_mode=True) if pool != (1, 1) else nn.Identity()
        self.relu = nn.ReLU()
        self.steps = stride[1], pool[1]
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """(batch, inputs, bins, n) -> (batch, outputs, fewer bins, fewer frames)."""
        x = own_frames(self.norm(self.conv(x)), after_stride(frames, self.steps[0]))
        found: Tensor = self.relu(self.pool(x))
        return found

    def own(self, frames: Tensor | None) -> Tensor | None:
        """Own frames of each clip after it, shape (batch,)."""
        for step in self.steps:
            frames = after_stride(frames, step)
        return frames


def through(
    stages: list[nn.ModuleList], x: Tensor, frames: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """What stages of `ConvBlock` give, and own frames after them."""
    for stage in stages:
        for block in stage:
            x, frames = block(x, frames), block.own(frames)  # type: ignore[operator]
    return x, frames


class AdaptiveMean(nn.Module):
    """Mean over so many cells of the bins and of each clip's own frames.

    As `nn.AdaptiveAvgPool2d`: cells overlap where a size is no multiple of their number.

    Args:
        cells: Of the bins, and of the frames.
    """

    def __init__(self, cells: int) -> None:
        super().__init__()
        self.cells = cells

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """(batch, channels, bins, n) -> (batch, channels, cells, cells)."""
        full = x.new_full((x.shape[0],), 1, dtype=torch.long)
        bins = self._shares(full * x.shape[-2], x.shape[-2], x)
        own = full * x.shape[-1] if frames is None else frames
        over_frames = x @ self._shares(own, x.shape[-1], x)
        return bins.transpose(-1, -2) @ over_frames

    def _shares(self, sizes: Tensor, n: int, like: Tensor) -> Tensor:
        """Share of each of `n` places in each cell, (batch, 1, n, cells), by each clip's size."""
        cells = torch.arange(self.cells, device=like.device)
        size = sizes[:, None]
        first = (cells * size) // self.cells
        last = ((cells + 1) * size + self.cells - 1) // self.cells
        place = torch.arange(n, device=like.device)[:, None]
        inside = (place >= first[:, None, :]) & (place < last[:, None, :])
        shares = inside.to(like.dtype) / (last - first)[:, None, :].to(like.dtype)
        return shares[:, None]
