"""Layer-wise relevance propagation through a residual network, with rules that conserve.

Captum does the propagation. On a residual network as it stands it is wrong without saying so: an
addition or a slice that is no module escapes its hooks, and batch normalisation has no rule. So the
network is rebuilt here from the private copy: convolution and batch normalisation as one layer, and
every step a module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from captum.attr import LRP as CaptumLRP  # noqa: N811
from captum.attr._utils.lrp_rules import (
    Alpha1_Beta0_Rule,
    EpsilonRule,
    PropagationRule,
)
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ser_core.core import choice
from ser_core.explain.method import Method, Progress, Relevance, method, silently
from ser_core.explain.model_input import NetworkInput
from ser_core.models.abilities import PROPAGATION
from ser_core.models.frame_mask import own_frames
from ser_core.models.networks.resnet import (
    DEPTHS,
    AudioResNet,
    BasicBlock,
    Bottleneck,
    Sum,
    halved,
)

Rule = Callable[[], PropagationRule]


class EpsilonWithoutBias(EpsilonRule):  # type: ignore[misc]
    """Epsilon that hands nothing to biases, so that nothing is lost to them."""

    def _manipulate_weights(self, module: nn.Module, *_seen: object) -> None:
        if isinstance(module, nn.Conv2d) and module.bias is not None:
            module.bias.data = torch.zeros_like(module.bias.data)


@dataclass(frozen=True)
class RuleSet:
    """Rules for the layers, and a note on them.

    Attributes:
        below: Rule of the convolutions up to the third stage.
        above: Rule of the convolutions of the last stage.
        bias: Whether the last layer keeps its bias; its rule is epsilon.
        words: The rules in words.
    """

    below: Rule
    above: Rule
    bias: bool
    words: str


def _alpha_beta() -> PropagationRule:
    return Alpha1_Beta0_Rule(set_bias_to_zero=True)


STABILISER = 3e-3
"""Keeps shares finite where contributions cancel; takes one or two percent of the relevance."""

RULES: dict[str, RuleSet] = {
    "composite": RuleSet(
        _alpha_beta,
        lambda: EpsilonWithoutBias(STABILISER),
        False,
        "last stage and last layer epsilon, below alpha 1, beta 0, all without bias",
    ),
    "alpha1-beta0": RuleSet(
        _alpha_beta,
        _alpha_beta,
        False,
        "convolutions alpha 1, beta 0, last layer epsilon, all without bias",
    ),
    "epsilon": RuleSet(
        EpsilonRule,
        EpsilonRule,
        True,
        "epsilon everywhere, which equals gradient x input on such a network",
    ),
}
"""Two valid rule sets may disagree almost wholly, so a map names its own."""


@method("lrp")
@dataclass(frozen=True, kw_only=True)
class LRP(Method):
    """Layer-wise relevance propagation: the logit is handed back layer by layer, nothing lost.

    Bach et al. (2015); rules by Montavon et al. (2019). The values sum to the logit, without the
    bias of the last layer where the rule set leaves it out. The first layer sees positive and
    negative values as two inputs that are never negative, which is what alpha-beta rules need.
    """

    title = "LRP"
    describe = (
        "Layer-wise relevance propagation: distributes the class score back through the layers "
        "to the input."
    )
    needs = (PROPAGATION,)

    rules: str = choice("composite", tuple(RULES), "Propagation rule of each layer")

    @property
    def label(self) -> str:
        return f"{self.title}: {RULES[self.rules].words}"

    def relevance(
        self, network_input: NetworkInput, target: int, progress: Progress = silently
    ) -> Relevance:
        self.require_applicable(network_input)
        network = PROPAGATED[network_input.spec.propagation](
            network_input.network, network_input.frames
        )
        chosen = RULES[self.rules]
        if not chosen.bias:
            network.fc.bias.data.zero_()
        inputs = apart(network_input.seen)
        with torch.no_grad():
            total = float(network(inputs)[0, target])
        network.assign(chosen)
        values = CaptumLRP(network).attribute(inputs.requires_grad_(), target=target)
        positive, negative = values[0].detach().chunk(2)
        progress(1, 1)
        return Relevance(positive + negative, {"propagated": total})


PROPAGATED: dict[str, Callable[[Any, Tensor | None], Any]] = {}
"""How a network is rebuilt for propagation, by `NetworkSpec.propagation`."""


def apart(x: Tensor) -> Tensor:
    """Positive and negative parts as channels of their own, both at least 0."""
    return torch.cat([x.clamp(min=0), (-x).clamp(min=0)], dim=1)


class Picked(nn.Module):
    """Every n-th bin and frame: the slice before a shortcut, as a module."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bins, n) -> the same, divided by the stride."""
        return x[..., :: self.stride, :: self.stride]


class Pooled(nn.Module):
    """Mean over bins and own frames, of what is zero behind those."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bins, n) -> (batch, channels)."""
        frames = x.shape[-1] if self.frames is None else int(self.frames)
        return x.sum(dim=(-2, -1)) / (frames * x.shape[-2])


class Block(nn.Module):
    """A block of fused convolutions, each step a module."""

    def __init__(self, block: BasicBlock | Bottleneck) -> None:
        super().__init__()
        self.stride = block.stride
        pairs = [(block.conv1, block.bn1), (block.conv2, block.bn2)]
        if isinstance(block, Bottleneck):
            pairs.append((block.conv3, block.bn3))
        self.convolutions = nn.ModuleList(fused(*pair) for pair in pairs)
        self.relus = nn.ModuleList(nn.ReLU() for _ in pairs)
        self.sum = Sum()
        self.picked, self.shortcut = None, None
        if block.downsample is not None:
            convolution, norm = cast(nn.Sequential, block.downsample)
            self.picked = Picked(self.stride)
            self.shortcut = fused(cast(nn.Conv2d, convolution), cast(nn.BatchNorm2d, norm))

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """As `BasicBlock` and `Bottleneck`."""
        straight = x
        if self.picked is not None and self.shortcut is not None:
            straight = self.shortcut(self.picked(x))
        inner = x
        *before, last = self.convolutions
        for convolution, relu in zip(before, self.relus, strict=False):
            inner, frames = self._step(relu, convolution, inner, frames)
        total: Tensor = self.relus[-1](self.sum(last(inner), straight))
        return own_frames(total, frames)

    @staticmethod
    def _step(
        relu: nn.Module, convolution: nn.Module, x: Tensor, frames: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        frames = halved(frames) if cast(nn.Conv2d, convolution).stride[0] == 2 else frames
        return own_frames(relu(convolution(x)), frames), frames


class Propagated(nn.Module):
    """An `AudioResNet` rebuilt for propagation; gives the same logits from `apart` inputs.

    Args:
        network: It is not changed.
        frames: The clip's own, (1,); all when None.
    """

    def __init__(self, network: AudioResNet, frames: Tensor | None = None) -> None:
        super().__init__()
        self.frames = frames
        self.conv = doubled(fused(network.conv1, network.bn1))
        self.relu, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)
        blocks = [block for number in range(1, 5) for block in getattr(network, f"layer{number}")]
        self.blocks = nn.ModuleList(Block(block) for block in blocks)
        self.depth = DEPTHS[network.spec.depth][-1]
        self.pool = Pooled()
        self.fc = nn.Linear(network.fc.in_features, network.fc.out_features)
        self.fc.load_state_dict(network.fc.state_dict())
        self.eval().requires_grad_(requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (batch, 2 * channels, bins, n) -> (batch, classes)."""
        frames = halved(self.frames)
        x = own_frames(self.conv(x), frames)
        frames = halved(frames)
        x = own_frames(self.relu(self.maxpool(x)), frames)
        for block in self.blocks:
            x = block(x, frames)
            frames = halved(frames) if block.stride == 2 else frames
        self.pool.frames = frames
        logits: Tensor = self.fc(self.pool(x))
        return logits

    def assign(self, rules: RuleSet) -> None:
        """Give every layer its rule; Captum takes them away again after each call."""
        above = set(self.last_stage.modules())
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                layer.rule = rules.above() if layer in above else rules.below()
            elif isinstance(layer, nn.MaxPool2d | nn.Linear | Sum | Picked | Pooled):
                layer.rule = EpsilonRule()

    @property
    def last_stage(self) -> nn.ModuleList:
        """The blocks of the last stage."""
        return self.blocks[-self.depth :]


def fused(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """Convolution and batch normalisation as one convolution with a bias."""
    return fuse_conv_bn_eval(convolution.eval(), norm.eval())


def doubled(convolution: nn.Conv2d) -> nn.Conv2d:
    """The same convolution for an input whose positive and negative parts are `apart`."""
    result = nn.Conv2d(
        2 * convolution.in_channels,
        convolution.out_channels,
        cast(tuple[int, int], convolution.kernel_size),
        cast(tuple[int, int], convolution.stride),
        padding=cast(tuple[int, int], convolution.padding),
    )
    with torch.no_grad():
        result.weight.copy_(torch.cat([convolution.weight, -convolution.weight], dim=1))
        cast(Tensor, result.bias).copy_(cast(Tensor, convolution.bias))
    return result


PROPAGATED["resnet"] = Propagated
