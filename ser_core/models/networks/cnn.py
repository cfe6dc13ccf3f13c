"""Plain convolutional networks: three blocks on feature maps, four on samples of the sound."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, WAVEFORM
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.layers import ConvBlock, through
from ser_core.models.networks.resnet import MaskedMean


@network("cnn", title="CNN of three blocks", accepts=(FEATURES,))
@dataclass(frozen=True, kw_only=True)
class CnnSpec(NetworkSpec):
    """Three blocks of a 3x3 convolution, batch norm, ReLU and max pooling, then the mean.

    Attributes:
        filters: Of the first block; each next one has twice as many.
        dropout: Share of the pooled features that is dropped in training.
        channels: Channels of the features.
        classes: Number of classes.
    """

    stages = ("layer1", "layer2", "layer3")

    filters: int = parameter(32, 1, 256, "Filters of the first block; twice as many in the next")
    dropout: float = parameter(0.3, 0, 0.99, "Share of features dropped")
    channels: int = 1
    classes: int = 6

    def build(self) -> Cnn:
        """Network on feature maps."""
        blocks = [
            ConvBlock(inputs, outputs, pool=(2, 2))
            for inputs, outputs in _doubling(self.channels, self.filters, 3)
        ]
        return Cnn(self, blocks)

    def cost(self, values: float) -> float:
        """Convolutions grow with the square of the filters and with the size of the features."""
        return 2 + 0.0014 * self.filters**2 * values / 16_000

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a CNN of three blocks, {self.filters} to {4 * self.filters} filters"


FIRST_KERNEL, KERNEL, STEP = 81, 5, 4
"""Samples that the first convolution spans, steps that the next ones span, and the step of the
first convolution and of every pooling."""


@network("wave-cnn", title="CNN on the waveform", accepts=(WAVEFORM,))
@dataclass(frozen=True, kw_only=True)
class WaveCnnSpec(NetworkSpec):
    """Four blocks of a convolution over time, batch norm, ReLU and max pooling, then the mean.

    After the networks on raw waveforms of Dai et al. (2017): the first convolution spans 5 ms at
    16 kHz, and every block divides the time by four, the first by sixteen.

    Attributes:
        filters: Of the first block; each next one has twice as many.
        dropout: Share of the pooled features that is dropped in training.
        classes: Number of classes.
    """

    stages = ("layer1", "layer2", "layer3", "layer4")

    filters: int = parameter(32, 1, 256, "Filters of the first block; twice as many in the next")
    dropout: float = parameter(0.3, 0, 0.99, "Share of features dropped")
    classes: int = 6

    def build(self) -> Cnn:
        """Network on samples."""
        pairs = _doubling(1, self.filters, 4)
        first = ConvBlock(*pairs[0], (1, FIRST_KERNEL), stride=(1, STEP), pool=(1, STEP))
        rest = [ConvBlock(*pair, (1, KERNEL), pool=(1, STEP)) for pair in pairs[1:]]
        return Cnn(self, [first, *rest])

    def cost(self, values: float) -> float:
        """The first convolution by the filters, the next ones by their square."""
        return 2 + (0.02 * self.filters + 0.0012 * self.filters**2) * values / 16_000

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a CNN on the waveform, {self.filters} to {8 * self.filters} filters"


class Cnn(nn.Module):
    """Blocks of convolutions, the mean over bins and own frames, and a linear layer.

    Args:
        spec: What it is built from.
        blocks: Each a stage, `layer1` and so on.
    """

    def __init__(self, spec: CnnSpec | WaveCnnSpec, blocks: list[ConvBlock]) -> None:
        super().__init__()
        self.spec = spec
        for number, block in enumerate(blocks, start=1):
            setattr(self, f"layer{number}", nn.ModuleList([block]))
        self.pool = MaskedMean()
        self.dropout = nn.Dropout(spec.dropout)
        self.fc = nn.Linear(blocks[-1].conv.out_channels, spec.classes)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Pooled features before the last layer, (batch, channels, bins, n) -> (batch, filters).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        stages = [getattr(self, name) for name in self.spec.stages]
        pooled: Tensor = self.pool(*through(stages, x, frames))
        return pooled

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.dropout(self.embed(x, frames)))
        return logits


def _doubling(inputs: int, filters: int, blocks: int) -> list[tuple[int, int]]:
    """Channels before and after each block.

    >>> _doubling(1, 32, 3)
    [(1, 32), (32, 64), (64, 128)]
    """
    after = [filters * 2**number for number in range(blocks)]
    return list(zip([inputs, *after], after, strict=False))


__all__ = ["Cnn", "CnnSpec", "WaveCnnSpec"]
