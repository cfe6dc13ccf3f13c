"""Number formats and memory layouts of a training step, and which is fast on this machine."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from ser_core.core import ParameterError


@dataclass(frozen=True)
class Precision:
    """Number formats of a step.

    Attributes:
        name: "float32" or "bfloat16"; weights, loss and optimiser stay in float32.
        channels_last: Whether feature maps have their channels innermost, which suits the
            convolutions of processors and GPUs.
    """

    name: str
    channels_last: bool = True

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """Context in which a step runs."""
        if self.name == "float32":
            return nullcontext()
        return torch.autocast(device.type, dtype=torch.bfloat16)

    def layout(self, model: nn.Module) -> None:
        """Lay out the model's weights as this precision wants them."""
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                module.to(memory_format=layout)

    def arrange(self, features: torch.Tensor) -> torch.Tensor:
        """Lay out feature maps likewise."""
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return features.contiguous(memory_format=layout)


def best_device() -> torch.device:
    """The first GPU where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether the processor or GPU computes bfloat16 itself, rather than by way of float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return _cpu_has_bf16()


def _cpu_has_bf16() -> bool:
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def choose(name: str, device: torch.device) -> Precision:
    """Precision by its name in a recipe; `auto` takes bfloat16 where it is fast.

    Raises:
        ParameterError: If bfloat16 is asked for on a machine that would compute it slowly.
    """
    fast = bfloat16_is_fast(device)
    if name == "bfloat16" and not fast:
        raise ParameterError(
            "precision = 'bfloat16' is slow on this machine, which has no instructions for it",
            remedy="Use auto or float32",
        )
    return Precision("bfloat16" if fast and name != "float32" else "float32")


def available(device: torch.device) -> list[Precision]:
    """Precisions that make sense on this machine, the fastest last."""
    return [Precision("float32")] + ([Precision("bfloat16")] if bfloat16_is_fast(device) else [])
