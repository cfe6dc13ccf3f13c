"""Mixup (Zhang et al. 2018): training on blends of two clips and of their labels."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ser_core.augment import draw
from ser_core.augment.base import owned
from ser_core.core import ParameterError


class Mixed(NamedTuple):
    """Blended batch.

    Attributes:
        x: Of the shape of the batch.
        targets: Soft targets, shape (batch, classes), rows sum to one.
        lengths: Of the longer of each pair, shape (batch,).
    """

    x: Tensor
    targets: Tensor
    lengths: Tensor


@torch.no_grad()
def mixup(
    x: Tensor,
    targets: Tensor,
    generator: torch.Generator,
    *,
    lengths: Tensor | None = None,
    silence: Tensor | float = 0.0,
    alpha: float = 0.2,
) -> Mixed:
    """Blend each clip with a random other one, and the targets in the same proportion.

    Zhang et al. (2018), "mixup: Beyond empirical risk minimization". Shares are drawn from
    Beta(alpha, alpha); the larger one goes to the clip itself, so its own target leads. Where one
    clip of a pair has ended, it counts as silence.

    Args:
        x: Batch (batch, ..., time), in any unit.
        targets: Targets, shape (batch, classes), rows sum to one.
        generator: Decides shares and partners.
        lengths: Own samples or frames of each clip, shape (batch,); all when absent.
        silence: What stands behind the end of a clip, broadcastable over the batch.
        alpha: Towards 0 clips stay nearly as they are; 1 draws all shares alike.

    Returns:
        The blended batch, its soft targets and lengths.

    Raises:
        ParameterError: If alpha is not positive, or the targets are not (batch, classes).
    """
    _check(x, targets, alpha)
    own = torch.full((len(x),), x.shape[-1], device=x.device) if lengths is None else lengths
    share = _shares(len(x), alpha, generator).to(x.device)
    partner = torch.randperm(len(x), generator=generator, device=generator.device).to(x.device)
    sound = torch.where(owned(x, own), x, torch.as_tensor(silence).to(x))
    blended = torch.lerp(sound[partner], sound, share.to(x).view(-1, *[1] * (x.ndim - 1)))
    soft = torch.lerp(targets[partner], targets, share.to(targets)[:, None])
    return Mixed(blended, soft, torch.maximum(own, own[partner]))


def _shares(count: int, alpha: float, generator: torch.Generator) -> Tensor:
    """Draws from Beta(alpha, alpha), each or its complement, whichever is larger, (count,)."""
    from scipy.special import betaincinv

    quantiles = draw.uniform(0, 1, count, generator).double().cpu().numpy()
    shares = torch.from_numpy(betaincinv(alpha, alpha, quantiles)).float()
    return torch.maximum(shares, 1 - shares)


def _check(x: Tensor, targets: Tensor, alpha: float) -> None:
    if not alpha > 0:
        raise ParameterError(
            f"alpha = {alpha} must be positive", subject="mixup", remedy="Try 0.2, or leave it out"
        )
    if targets.ndim != 2 or len(targets) != len(x) or not targets.is_floating_point():
        raise ParameterError(
            f"targets of shape {tuple(targets.shape)} and type {targets.dtype} must be "
            f"({len(x)}, classes), floating point",
            subject="mixup",
            remedy="Turn class numbers into rows with torch.nn.functional.one_hot(...).float()",
        )
