"""Attacks by the gradient: the smallest change that does the most harm.

Captum's FGSM and PGD with what makes them equal to their definitions: a loss of one number a clip,
so that clips of a batch do not share their gradients; no threshold below which a gradient counts
as zero; and bounds, so that the result is still a feature map or a sound.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ser_core.core import Registry

Forward = Callable[[Tensor], Tensor]
"""Logits of a batch, (batch, ...) -> (batch, classes); evaluation mode, no gradient of its own."""

STEPS = 10
STEP = 0.25
"""Size of each step of PGD as a share of epsilon: ten of them reach every corner from any start."""


@dataclass(frozen=True, eq=False)
class Target:
    """A batch under attack.

    Attributes:
        x: Shape (batch, ...): feature maps or sounds.
        forward: Logits of such a batch.
        true: Class of each clip, shape (batch,).
        mask: 1 where a value may be changed, 0 behind each clip's own end; broadcastable to `x`.
        low: Least value that the result may have.
        high: Greatest value.
    """

    x: Tensor
    forward: Forward
    true: Tensor
    mask: Tensor
    low: float
    high: float

    def gradient(self) -> Tensor:
        """Gradient of each clip's own loss, of the shape of `x`."""
        x = self.x.detach().requires_grad_()
        loss = _loss()(self.forward(x), self.true)
        return torch.autograd.grad(loss.sum(), x)[0]


Perturb = Callable[[Target, Tensor, int], Tensor]
"""Attack: a target, epsilon (broadcastable to its batch) and a seed -> the changed batch."""


@dataclass(frozen=True)
class Attack:
    """An adversarial attack: it seeks a harmful change of at most epsilon in every value.

    Attributes:
        name: In commands and files.
        title: For people.
        describe: One plain sentence.
        perturb: What it does.
    """

    name: str
    title: str
    describe: str
    perturb: Perturb

    def __call__(self, target: Target, epsilon: Tensor, *, seed: int = 0) -> Tensor:
        """Changed batch: within epsilon of `target.x`, within its bounds, equal where masked.

        Args:
            target: What to attack.
            epsilon: Largest change of a value, 0 or more, broadcastable to the batch.
            seed: Of what is random.
        """
        with torch.enable_grad():
            changed = self.perturb(target, epsilon, seed).detach()
        # What is random is masked by no gradient; and where the model gives NaN, so may an attack.
        bounded = torch.where(target.mask.bool() & changed.isfinite(), changed, target.x)
        # Rounding may carry the last bit over epsilon.
        return within(bounded, target.x, epsilon)


def within(changed: Tensor, x: Tensor, epsilon: Tensor) -> Tensor:
    """Values moved back to no more than epsilon from `x`."""
    return torch.minimum(torch.maximum(changed, x - epsilon), x + epsilon)


ATTACKS: Registry[Attack] = Registry("attack")


def attack(name: str, title: str, describe: str) -> Callable[[Perturb], Perturb]:
    """Decorator that registers an attack."""

    def register(perturb: Perturb) -> Perturb:
        ATTACKS.register(name)(Attack(name, title, describe, perturb))
        return perturb

    return register


def _loss() -> nn.CrossEntropyLoss:
    return nn.CrossEntropyLoss(reduction="none")


@attack("fgsm", "FGSM", "One step along the sign of the gradient; Goodfellow et al. (2015).")
def fgsm(target: Target, epsilon: Tensor, seed: int) -> Tensor:  # noqa: ARG001
    """`x + epsilon * sign(gradient of the loss at x)`, within the bounds."""
    from captum.robust import FGSM

    method = _configured(FGSM, target)
    method.zero_thresh = 0.0
    return _tensor(method.perturb(target.x, epsilon, target.true, mask=target.mask))


@attack(
    "pgd",
    "PGD",
    f"{STEPS} smaller steps of FGSM from a random start, never farther than epsilon; Madry et al. "
    "(2018).",
)
def pgd(target: Target, epsilon: Tensor, seed: int) -> Tensor:
    """FGSM repeated: every step is brought back to epsilon and the bounds."""
    from captum.robust import PGD

    method = _configured(PGD, target)
    method.fgsm.zero_thresh = 0.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _tensor(
            method.perturb(
                target.x,
                radius=epsilon,
                step_size=STEP * epsilon,
                step_num=STEPS,
                target=target.true,
                random_start=True,
                mask=target.mask,
            )
        )


@attack(
    "random",
    "Random signs",
    "Every value up or down by epsilon at random: a control of the same size.",
)
def random(target: Target, epsilon: Tensor, seed: int) -> Tensor:
    """`x + epsilon * random signs`, within the bounds: the control of the two others."""
    draw = torch.Generator().manual_seed(seed)
    signs = torch.randint(2, target.x.shape, generator=draw).to(target.x) * 2 - 1
    return (target.x + epsilon * signs * target.mask).clamp(target.low, target.high)


def _configured(method: Callable[..., Any], target: Target) -> Any:
    # Captum warns at every step that it makes inputs require gradients, which is its task.
    warnings.filterwarnings("ignore", message="Input Tensor 0 did not already require gradients")
    return method(target.forward, _loss(), lower_bound=target.low, upper_bound=target.high)


def _tensor(found: Any) -> Tensor:
    """Captum gives back a tuple where it got one; here it never does."""
    assert isinstance(found, Tensor)  # noqa: S101
    return found
