"""Residual networks for feature maps of sound of any length."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.models.frame_mask import after_stride, own_frames
from ser_core.models.networks.base import NetworkSpec, network

DEPTHS: dict[str, tuple[int, ...]] = {
    "resnet10": (1, 1, 1, 1),
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
}
"""Blocks in each of the four stages: basic ones, and bottlenecks in `BOTTLENECKED`."""

BOTTLENECKED = ("resnet50",)

EXPANSION = 4
"""Channels after a bottleneck, as a multiple of those within it."""


class Sum(nn.Module):
    """Addition as a module, so that rules of relevance propagation can be attached to it."""

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Sum of two equally shaped tensors."""
        return left + right


def halved(frames: Tensor | None) -> Tensor | None:
    """Own frames after a layer of stride 2."""
    return after_stride(frames, 2)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut; He et al. (2016).

    Every module is used once in a forward pass, and submodules with weights have torchvision's
    names.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
            )
        self.sum = Sum()
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """(batch, inputs, bins, n) -> (batch, outputs, bins / stride, n / stride)."""
        if self.stride == 2:
            frames = halved(frames)
        inner = own_frames(self.relu1(self.bn1(self.conv1(x))), frames)
        # The same as a 1x1 convolution of this stride, whose backward pass in torch 2.15 writes
        # beyond its memory where fewer than 16 channels lie innermost.
        seen = x[..., :: self.stride, :: self.stride]
        shortcut = x if self.downsample is None else self.downsample(seen)
        total: Tensor = self.relu2(self.sum(self.bn2(self.conv2(inner)), shortcut))
        return own_frames(total, frames)

    @property
    def last_norm(self) -> nn.BatchNorm2d:
        """Batch norm before the addition."""
        return self.bn2


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and a shortcut; He et al. (2016).

    The stride is that of the 3x3 convolution, as in torchvision, whose names it has.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        inner = outputs // EXPANSION
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
            )
        self.sum = Sum()
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """(batch, inputs, bins, n) -> (batch, outputs, bins / stride, n / stride)."""
        inner = own_frames(self.relu1(self.bn1(self.conv1(x))), frames)
        if self.stride == 2:
            frames = halved(frames)
        inner = own_frames(self.relu2(self.bn2(self.conv2(inner))), frames)
        seen = x[..., :: self.stride, :: self.stride]  # see `BasicBlock`
        shortcut = x if self.downsample is None else self.downsample(seen)
        total: Tensor = self.relu3(self.sum(self.bn3(self.conv3(inner)), shortcut))
        return own_frames(total, frames)

    @property
    def last_norm(self) -> nn.BatchNorm2d:
        """Batch norm before the addition."""
        return self.bn3


class MaskedMean(nn.Module):
    """Mean over bins and over each clip's own frames."""

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """(batch, channels, bins, n), zero behind own frames -> (batch, channels)."""
        if frames is None:
            return x.mean(dim=(-2, -1))
        return x.sum(dim=(-2, -1)) / (frames * x.shape[-2]).unsqueeze(-1).to(x.dtype)


@network("resnet50", title="ResNet50", depth="resnet50")
@network("resnet34", title="ResNet34", depth="resnet34")
@network("resnet18", title="ResNet18", depth="resnet18")
@network("resnet10", title="ResNet10", depth="resnet10")
@dataclass(frozen=True, kw_only=True)
class ResNetSpec(NetworkSpec):
    """What an `AudioResNet` is built from.

    Attributes:
        depth: Name in `DEPTHS`.
        width: Channels of the first stage; torchvision's networks have 64.
        dropout: Share of the pooled features that is dropped in training.
        channels: Channels of the features.
        classes: Number of classes.
    """

    kind = "resnet"
    stages = ("layer1", "layer2", "layer3", "layer4")
    propagation = "resnet"

    depth: str = "resnet18"
    width: int = parameter(64, 1, 512, "Channels of a ResNet's first stage")
    dropout: float = parameter(0.2, 0, 0.99, "Share of features dropped")
    channels: int = 1
    classes: int = 6

    def check(self) -> None:
        """Rules beyond the bounds of the choices."""
        super().check()
        self.require(
            self.depth in DEPTHS, "depth", f"be one of {', '.join(DEPTHS)}", "Choose another"
        )

    def build(self) -> AudioResNet:
        """Residual network."""
        return AudioResNet(self)

    def cost(self, values: float) -> float:
        """Convolutions grow with the square of the width and with the size of the features.

        Fitted to steps that were timed with networks of width 16 to 64, of 10 and 18 layers, on 80
        and 128 bands; a part of a step is the same for all of them.
        """
        depth = sum(DEPTHS[self.depth]) / sum(DEPTHS["resnet18"])
        depth *= 1.15 if self.depth in BOTTLENECKED else 1  # as torchvision's multiplications
        return 2 + 0.0039 * depth * self.width**2 * values / 16_000

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"{self.depth} of width {self.width}"


class AudioResNet(nn.Module):
    """ResNet for (batch, channels, bins, frames) of any number of bins and frames.

    With one stage width of 64, three channels and no frame counts it is torchvision's network of
    the same name, weight by weight and number by number. A clip in a padded batch gives the same
    as alone.

    Args:
        spec: Depth, width and so on.
    """

    def __init__(self, spec: ResNetSpec) -> None:
        super().__init__()
        self.spec = spec
        width = spec.width
        self.conv1 = nn.Conv2d(spec.channels, width, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        inputs = width
        bottlenecked = spec.depth in BOTTLENECKED
        block = Bottleneck if bottlenecked else BasicBlock
        for number, blocks in enumerate(DEPTHS[spec.depth]):
            outputs = width * 2**number * (EXPANSION if bottlenecked else 1)
            stage = nn.ModuleList(
                block(inputs if i == 0 else outputs, outputs, 2 if number and not i else 1)
                for i in range(blocks)
            )
            setattr(self, f"layer{number + 1}", stage)
            inputs = outputs
        self.pool = MaskedMean()
        self.dropout = nn.Dropout(spec.dropout)
        self.fc = nn.Linear(inputs, spec.classes)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, BasicBlock | Bottleneck):
                # Each block begins as the identity: Goyal et al. (2017).
                nn.init.zeros_(module.last_norm.weight)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Pooled features before the last layer.

        Args:
            x: Shape (batch, channels, bins, n); zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.

        Returns:
            Shape (batch, 8 * width), or four times that after bottlenecks.
        """
        frames = halved(frames)
        x = own_frames(self.bn1(self.conv1(x)), frames)
        frames = halved(frames)
        # The larger of two is rectified as the rectified larger: a quarter of the work this way.
        x = own_frames(
            self.relu(self.maxpool(x)), frames
        )  # the last window reaches back over the end
        for number in range(1, 5):
            for block in getattr(self, f"layer{number}"):
                x = block(x, frames)
                frames = halved(frames) if block.stride == 2 else frames
        pooled: Tensor = self.pool(x, frames)
        return pooled

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.dropout(self.embed(x, frames)))
        return logits


def load_torchvision(network: AudioResNet, weights: dict[str, Tensor]) -> None:
    """Copy weights that have torchvision's names into a network of the same size.

    The first layer's are averaged over colour channels where the feature maps have another number;
    the last layer's are left out where the classes differ in number.
    """
    own = network.state_dict()
    adapted = dict(weights)
    first = adapted["conv1.weight"]
    if first.shape[1] != network.spec.channels:
        mean = first.mean(dim=1, keepdim=True) * (first.shape[1] / network.spec.channels)
        adapted["conv1.weight"] = mean.expand(-1, network.spec.channels, -1, -1)
    fits = {name: value for name, value in adapted.items() if own[name].shape == value.shape}
    network.load_state_dict({**own, **fits})


__all__ = ["DEPTHS", "AudioResNet", "ResNetSpec", "load_torchvision"]
