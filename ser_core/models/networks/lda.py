"""Linear discriminant analysis with shrinkage: a linear layer whose weights have a closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.frame_mask import mean_of_own
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.estimator import NEVER, SCIKIT_LEARN

Floats = npt.NDArray[np.floating[Any]]


@network("lda", title="Shrinkage LDA", accepts=(SUMMARY, FEATURES), learner=SCIKIT_LEARN)
@dataclass(frozen=True, kw_only=True)
class LdaSpec(NetworkSpec):
    """What an `LdaNet` is built from.

    Attributes:
        shrinkage: Share of the mean variance in the covariance within a class.
        channels: Channels of the features.
        bins: Bins of the features.
        classes: Number of classes.
    """

    linear = True

    shrinkage: float = parameter(
        0.5,
        0.001,
        1,
        "Shrinkage of the covariance: 1 takes features as unrelated and alike",
        searched=(0.01, 1),
    )
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def build(self) -> LdaNet:
        """Network that is not fitted yet: all classes alike."""
        return LdaNet(self)

    def cost(self, values: float) -> float:
        """A pass over the numbers, and what every clip costs."""
        return 0.3 + 1e-4 * values

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a linear discriminant analysis of {self.channels * self.bins} numbers"


class LdaNet(nn.Module):
    """Linear discriminant analysis on the mean of each bin over a clip; classes equally likely.

    The classes have means of their own and one covariance, (1 - s) W + s tr(W) / d I: that within
    the classes, shrunk to a multiple of the identity (Friedman, 1989, "Regularized discriminant
    analysis"). Speakers differ within a class, so directions in which they do count less. The
    logits are linear in the input, so gradients and an ONNX graph come as of any linear layer.

    Args:
        spec: Its size and shrinkage.
    """

    def __init__(self, spec: LdaSpec) -> None:
        super().__init__()
        self.spec = spec
        self.fc = nn.Linear(spec.channels * spec.bins, spec.classes)
        nn.init.zeros_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)

    @torch.no_grad()
    def fit(
        self,
        inputs: Floats,
        classes: npt.NDArray[np.integer[Any]],
        *,
        seed: int,  # noqa: ARG002  (nothing is drawn)
        weights: Floats | None = None,
    ) -> None:
        """Solve for the weights.

        Args:
            inputs: Shape (clips, channels * bins), as `embed` gives them.
            classes: Number of the class of each clip, shape (clips,).
            seed: Unused.
            weights: Of the clips, shape (clips,); equal when None.
        """
        x, of = torch.as_tensor(inputs).double(), torch.as_tensor(classes)
        share = torch.as_tensor(np.ones(len(x)) if weights is None else weights).double()
        member = nn.functional.one_hot(of, self.spec.classes).double() * share[:, None]
        count = member.sum(0)
        means = (member.T @ x) / count.clamp(min=1e-12)[:, None]
        around = (x - means[of]) * share.sqrt()[:, None]
        within = around.T @ around / share.sum()
        mean_variance = within.diagonal().mean().clamp(min=1e-12)
        within *= 1 - self.spec.shrinkage
        within.diagonal().add_(self.spec.shrinkage * mean_variance)
        solved = torch.cholesky_solve(means.T, torch.linalg.cholesky(within)).T
        bias = -0.5 * (means * solved).sum(1)
        self.fc.weight.copy_(solved)
        # What all classes have in common changes nothing, and is left out.
        seen = count > 0
        self.fc.bias.copy_(torch.where(seen, bias - bias[seen].mean(), NEVER))

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Mean of each bin, (batch, channels, bins, n) -> (batch, channels * bins).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        return mean_of_own(x, frames)

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.embed(x, frames))
        return logits


__all__ = ["LdaNet", "LdaSpec"]
