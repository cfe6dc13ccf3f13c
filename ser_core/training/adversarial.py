"""Adversarial training: part of every batch is attacked before it is learned from.

Goodfellow et al. (2015) for the single step, Madry et al. (2018) for several. The attack works on
the normalised feature map, where epsilon is in standard deviations whatever the representation, and
starts at a random place, without which one step teaches a network to hide its gradient (Wong, Rice
& Kolter, 2020). The other half of the batch stays as it is, for the predictions on clean clips.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ser_core.models.frame_mask import own_frames

STEPS = {"fgsm": 1, "pgd": 3}
"""Steps of each attack, and so how many further passes a step of the training costs."""

REACH = 1.25
"""Size of the one step of FGSM in epsilons, from its random start (Wong, Rice & Kolter)."""


def half_attacked(
    network: nn.Module,
    features: Tensor,
    frames: Tensor | None,
    targets: Tensor,
    *,
    method: str,
    epsilon: float,
    generator: torch.Generator,
) -> Tensor:
    """The batch with its first half changed to raise the loss as far as the budget allows.

    The network predicts in evaluation mode meanwhile, so statistics of batch norm do not move, and
    is left in the mode and with the gradients that it had.

    Args:
        network: What is trained.
        features: Normalised, shape (batch, channels, bins, n), zero behind own frames.
        frames: Own frames of each clip; all n when absent.
        targets: Probability of each class, shape (batch, classes).
        method: Key of `STEPS`.
        epsilon: Largest change of a value, in standard deviations.
        generator: Of the random start.

    Returns:
        Shape of the feature maps. Clips whose gradient is not finite keep their random start.
    """
    half = (len(features) + 1) // 2
    x, true = features[:half].detach(), targets[:half].to(features.device)
    inside = None if frames is None else frames[:half]
    start = torch.rand(x.shape, generator=generator).to(x) * 2 - 1
    change = own_frames(epsilon * start, inside)
    step = epsilon * (REACH if STEPS[method] == 1 else 1 / 2)
    was_training = network.training
    network.eval()
    try:
        for _ in range(STEPS[method]):
            gradient = _gradient(network, x + change, inside, true)
            moved = change + step * gradient.nan_to_num().sign()
            change = own_frames(moved.clamp(-epsilon, epsilon), inside)
    finally:
        network.train(was_training)
    return torch.cat([x + change, features[half:]])


def _gradient(network: nn.Module, x: Tensor, frames: Tensor | None, true: Tensor) -> Tensor:
    """Gradient of each clip's own loss; that of the weights is not touched."""
    x = x.detach().requires_grad_()
    loss = F.cross_entropy(network(x, frames).float(), true, reduction="sum")
    (found,) = torch.autograd.grad(loss, x)
    return found
