"""VGG16 for feature maps of sound of any length."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ser_core.core import choice, parameter
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.layers import AdaptiveMean, ConvBlock, through

STAGES = {"layer1": (1, 2), "layer2": (2, 2), "layer3": (4, 3), "layer4": (8, 3), "layer5": (8, 3)}
"""Of each stage, channels as a multiple of the width, and convolutions."""

HIDDEN = 64
"""Units of a hidden layer of the classifier, as a multiple of the width."""


@network("vgg16", title="VGG16")
@dataclass(frozen=True, kw_only=True)
class VggSpec(NetworkSpec):
    """What an `AudioVgg` is built from.

    Attributes:
        width: Channels of the first stage; torchvision's network has 64.
        norm: Whether there is batch norm after each convolution, as in torchvision's vgg16_bn.
        cells: Cells of the bins and of the frames that the last maps are pooled to.
        dropout: Share of the hidden units of the classifier that is dropped in training.
        channels: Channels of the features.
        classes: Number of classes.
    """

    stages = tuple(STAGES)

    width: int = parameter(64, 1, 64, "Channels of the first stage of VGG16")
    norm: str = choice("batch", ("batch", "none"), "Batch norm after each convolution, or none")
    cells: int = parameter(7, 1, 14, "Cells of bins and of frames before the classifier")
    dropout: float = parameter(0.5, 0, 0.99, "Share of features dropped")
    channels: int = 1
    classes: int = 6

    def build(self) -> AudioVgg:
        """VGG16."""
        return AudioVgg(self)

    def cost(self, values: float) -> float:
        """Convolutions by the size of the features, and the classifier whatever the size.

        In proportion to a ResNet's by the number of multiplications of torchvision's networks.
        """
        return 2 + self.width**2 * (0.03 * values / 16_000 + 2e-5 * self.cells**2)

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"VGG16 of width {self.width}"


class AudioVgg(nn.Module):
    """VGG16 (Simonyan & Zisserman, 2015) for (batch, channels, bins, frames) of any size.

    With a width of 64, three channels, seven cells and sizes that are multiples of 32 it is
    torchvision's vgg16 or vgg16_bn, weight by weight and number by number; of other sizes it keeps
    the last, incomplete step of each pooling, which torchvision drops, so that a short clip keeps a
    frame.

    Args:
        spec: Width and so on.
    """

    def __init__(self, spec: VggSpec) -> None:
        super().__init__()
        self.spec = spec
        inputs = spec.channels
        for name, (times, convolutions) in STAGES.items():
            blocks = nn.ModuleList()
            for number in range(convolutions):
                pool = (2, 2) if number == convolutions - 1 else (1, 1)
                norm = spec.norm == "batch"
                blocks.append(ConvBlock(inputs, times * spec.width, pool=pool, norm=norm))
                inputs = times * spec.width
            setattr(self, name, blocks)
        self.pool = AdaptiveMean(spec.cells)
        hidden = HIDDEN * spec.width
        self.fc1 = nn.Linear(inputs * spec.cells**2, hidden)
        self.relu1, self.dropout1 = nn.ReLU(), nn.Dropout(spec.dropout)
        self.fc2 = nn.Linear(hidden, hidden)
        self.relu2, self.dropout2 = nn.ReLU(), nn.Dropout(spec.dropout)
        self.fc = nn.Linear(hidden, spec.classes)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Hidden units before the last layer.

        Args:
            x: Shape (batch, channels, bins, n); zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.

        Returns:
            Shape (batch, 64 * width).
        """
        x, frames = through([getattr(self, name) for name in STAGES], x, frames)
        x = self.pool(x, frames).flatten(1)
        x = self.dropout1(self.relu1(self.fc1(x)))
        found: Tensor = self.dropout2(self.relu2(self.fc2(x)))
        return found

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.embed(x, frames))
        return logits


__all__ = ["AudioVgg", "VggSpec"]
