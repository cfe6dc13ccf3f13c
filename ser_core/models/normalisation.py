"""Bring feature maps to zero mean and unit spread, from statistics that leak nothing.

Constants come from the training part alone and travel with the model. A clip's own statistics need
nobody else; a speaker's statistics come from its own unlabelled clips: enrolment.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ser_core.core import ParameterError
from ser_core.models.frame_mask import own_frames

BY = {
    "corpus": "by the mean and spread of each bin over the training part",
    "clip": "each bin by its own mean in the clip, the spread by the training part",
    "speaker": "each bin by the speaker's own mean and spread, from unlabelled clips of that "
    "voice; without any, as `clip`, or as `corpus` where a clip is one frame",
}
"""Ways to normalise, and what they do."""

MIN_SPREAD = 1e-3

PRIOR_FRAMES = 3.0
"""Where a clip is one frame, the corpus counts as this many in the statistics of a speaker: one or
two frames say little of a mean, and nothing of a spread."""


@dataclass(frozen=True)
class Moments:
    """Sums over the frames of clips, from which mean and spread of any group of them follow.

    Attributes:
        count: Frames, shape (...).
        total: Sum, shape (..., channels, bins), float64.
        squares: Sum of squares, alike.
    """

    count: Tensor
    total: Tensor
    squares: Tensor

    @classmethod
    def of(cls, features: Tensor, frames: Tensor) -> Moments:
        """Moments of each clip of a batch, (batch, channels, bins, n) and own frames (batch,)."""
        values = own_frames(features.double(), frames)
        return cls(frames.double(), values.sum(-1), values.square().sum(-1))

    @classmethod
    def concatenated(cls, parts: list[Moments]) -> Moments:
        """Moments of the clips of several batches."""
        return cls(
            torch.cat([part.count for part in parts]),
            torch.cat([part.total for part in parts]),
            torch.cat([part.squares for part in parts]),
        )

    def __getitem__(self, clips: Tensor) -> Moments:
        """Moments of some of the clips."""
        return Moments(self.count[clips], self.total[clips], self.squares[clips])

    def pooled(self) -> Moments:
        """Moments of all clips together."""
        return Moments(self.count.sum(0), self.total.sum(0), self.squares.sum(0))

    @property
    def mean(self) -> Tensor:
        """Mean of each bin, (..., channels, bins)."""
        return self.total / self.count[..., None, None]

    @property
    def spread(self) -> Tensor:
        """Standard deviation of each bin, at least `MIN_SPREAD`, (..., channels, bins)."""
        variance = self.squares / self.count[..., None, None] - self.mean.square()
        return variance.clamp(min=MIN_SPREAD**2).sqrt()

    @property
    def spread_within(self) -> Tensor:
        """Standard deviation of each bin around each clip's own mean, (channels, bins)."""
        around = self.squares - self.count[..., None, None] * self.mean.square()
        return (around.sum(0) / self.count.sum(0)).clamp(min=MIN_SPREAD**2).sqrt()

    def statistics(self) -> Tensor:
        """Mean and spread of all clips together, and over how many frames.

        Returns:
            Shape (3, channels, bins), float32; all zero where there are no clips: not enrolled.
        """
        if not len(self.count):
            return torch.zeros(3, *self.total.shape[1:])
        pooled = self.pooled()
        count = pooled.count.expand_as(pooled.mean)
        return torch.stack([pooled.mean, pooled.spread, count]).float()


LEAST_SHARE = 0.3
"""Share of the corpus's spread that a speaker's is held to be at least. A band that is empty in a
speaker's clips (a telephone's, or those of a slowed copy) would otherwise blow up what little stirs
in it."""


class Normaliser(nn.Module):
    """Normalise feature maps before a network.

    Args:
        by: Key of `BY`.
        channels: Channels of the feature maps.
        bins: Bins of the feature maps.
        summary: Whether each clip is one frame.

    Raises:
        ParameterError: If there is no such way, or it would leave nothing of a single frame.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, by: str, channels: int, bins: int, *, summary: bool = False) -> None:
        super().__init__()
        if by not in BY:
            raise ParameterError(f"normalise = {by!r} must be one of {', '.join(BY)}")
        if by == "clip" and summary:
            raise ParameterError(
                "normalise = 'clip' leaves nothing of a clip that is one frame",
                remedy="Choose speaker or corpus",
            )
        self.by = by
        self.summary = summary
        self.register_buffer("mean", torch.zeros(channels, bins))
        self.register_buffer("spread", torch.ones(channels, bins))

    def fit(self, training: Moments) -> None:
        """Take the constants from the clips of the training part, and from no other."""
        pooled = self.by == "corpus" or self.summary
        self.mean.copy_(training.pooled().mean)
        self.spread.copy_(training.pooled().spread if pooled else training.spread_within)

    def forward(
        self, features: Tensor, frames: Tensor | None = None, speakers: Tensor | None = None
    ) -> Tensor:
        """Normalised feature maps, zero behind each clip's own frames.

        Args:
            features: Shape (batch, channels, bins, n).
            frames: Each clip's own, shape (batch,); all n when absent.
            speakers: Statistics of each clip's speaker, shape (batch, 3, channels, bins), as
                `Moments.statistics` gives them; used by `speaker` alone.
        """
        mean, spread = self.constants(features, frames, speakers)
        return own_frames((features - mean.unsqueeze(-1)) / spread.unsqueeze(-1), frames)

    def constants(
        self, features: Tensor, frames: Tensor | None = None, speakers: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Mean and spread that these feature maps are normalised by; arguments as for `forward`.

        Returns:
            Both broadcast to (batch, channels, bins).
        """
        mean, spread = self.mean.expand_as(features[..., 0]), self.spread
        if self.by != "corpus" and not self.summary:
            mean = _own_mean(features, frames)
        if self.by == "speaker" and speakers is not None:
            mean, spread = self._enrolled(mean, spread, speakers)
        return mean, spread

    def _enrolled(self, mean: Tensor, spread: Tensor, speakers: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and spread, interpolated from the corpus's to the speakers' own by their counts."""
        theirs, scatter, count = speakers.unbind(dim=1)
        prior = PRIOR_FRAMES if self.summary else 0.0
        weight = count / (count + prior).clamp(min=MIN_SPREAD)
        variance = weight * scatter.square() + (1 - weight) * spread.square()
        return mean + weight * (theirs - mean), variance.sqrt().maximum(LEAST_SHARE * spread)


def _own_mean(features: Tensor, frames: Tensor | None) -> Tensor:
    if frames is None:
        return features.mean(dim=-1)
    return own_frames(features, frames).sum(dim=-1) / frames[:, None, None].to(features.dtype)
