"""One layer on what a clip is on average: the quick model for functionals."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ser_core.errors import ParameterError

LARGEST = 5.0
"""Spreads from the mean beyond which a value counts no more: a single one must not decide."""


@dataclass(frozen=True, kw_only=True)
class LinearSpec:
    """What a `LinearNet` is built from.

    Attributes:
        dropout: Share of the inputs that is dropped in training.
        channels: Channels of the pictures.
        bins: Bins of the pictures.
        classes: Number of classes.
    """

    dropout: float = 0.5
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def __post_init__(self) -> None:
        rules = (
            (0 <= self.dropout < 1, "dropout", "be at least 0 and below 1"),
            (self.channels >= 1, "channels", "be at least 1"),
            (self.bins >= 1, "bins", "be at least 1"),
            (self.classes >= 2, "classes", "be at least 2"),
        )
        for holds, name, rule in rules:
            if not holds:
                raise ParameterError(f"{name} = {getattr(self, name)!r} must {rule}")


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
        x = self.clamp(x)
        if frames is None:
            return x.mean(-1).flatten(1)
        return x.sum(-1).flatten(1) / frames.unsqueeze(-1).to(x.dtype)

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.dropout(self.embed(x, frames)))
        return logits


__all__ = ["LinearNet", "LinearSpec"]
