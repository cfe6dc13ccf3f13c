"""One layer on what a clip is on average: the quick model for functionals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from ser_core.core import parameter
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.frame_mask import mean_of_own
from ser_core.models.networks.base import NetworkSpec, network

LARGEST = 5.0
"""Spreads from the mean beyond which a value counts no more: a single one must not decide."""


@network("linear", title="linear", accepts=(FEATURES, SUMMARY))
@dataclass(frozen=True, kw_only=True)
class LinearSpec(NetworkSpec):
    """What a `LinearNet` is built from.

    Attributes:
        dropout: Share of the inputs that is dropped in training.
        channels: Channels of the features.
        bins: Bins of the features.
        classes: Number of classes.
    """

    linear = True
    legacy: ClassVar[Mapping[str, Any]] = {"width": 64}

    dropout: float = parameter(0.2, 0, 0.99, "Share of features dropped")
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def build(self) -> LinearNet:
        """Linear network."""
        return LinearNet(self)

    def cost(self, values: float) -> float:
        """A pass over the numbers, and what every clip costs."""
        return 0.3 + 1e-4 * values

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"a linear layer on {self.channels * self.bins} numbers"


class LinearNet(nn.Module):
    """Multinomial logistic regression on the mean of each bin over a clip.

    Dropping inputs keeps it from leaning on a few of hundreds of functionals that say nearly the
    same; for a linear model that is a penalty on weights, larger where inputs scatter more: Wager,
    Wang & Liang (2013).

    Args:
        spec: Its size.
    """

    def __init__(self, spec: LinearSpec) -> None:
        super().__init__()
        self.spec = spec
        self.clamp = nn.Hardtanh(-LARGEST, LARGEST)
        self.dropout = nn.Dropout(spec.dropout)
        self.fc = nn.Linear(spec.channels * spec.bins, spec.classes)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Mean of each bin, (batch, channels, bins, n) -> (batch, channels * bins).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        return mean_of_own(self.clamp(x), frames)

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.dropout(self.embed(x, frames)))
        return logits


__all__ = ["LinearNet", "LinearSpec"]
