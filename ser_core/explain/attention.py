"""Attention rollout: where the attention of an encoder goes, layer upon layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ser_core.explain.method import Method, Progress, Relevance, method, silently
from ser_core.explain.model_input import NetworkInput
from ser_core.models.abilities import ATTENTION


@method("attention_rollout")
@dataclass(frozen=True, kw_only=True)
class AttentionRollout(Method):
    """Attention rollout: attention weights of all layers multiplied, mean over heads and frames.

    In each layer half of a frame counts as passed by the residual connection. Abnar & Zuidema
    (2020), "Quantifying attention flow in transformers". It tells which moments the encoder
    attends to, not why the model decides: it is the same for every class, has a time and no
    frequency, and knows nothing of the values that are attended to.
    """

    title = "Attention rollout"
    describe = (
        "Where the attention of the speech encoder goes over time: not why the model decides, and "
        "the same for every class."
    )
    signed = False
    specific = False
    needs = (ATTENTION,)

    def relevance(
        self,
        network_input: NetworkInput,
        target: int,  # noqa: ARG002  (it is of no class)
        progress: Progress = silently,
    ) -> Relevance:
        self.require_applicable(network_input)
        if network_input.encoder is None:
            raise TypeError("a network with attention is an EncoderInput")
        channels, bins, frames = network_input.shape
        with torch.no_grad():
            rolled = rollout(network_input.encoder.attention(own_part(network_input)))
        own = network_input.frames
        over_time = spread_over(rolled, frames if own is None else int(own.max()))
        values = torch.zeros(channels, bins, frames)
        values[..., : len(over_time)] = over_time / (channels * bins)
        progress(1, 1)
        return Relevance(values, {"frames": float(len(rolled))})


def own_part(network_input: NetworkInput) -> Tensor:
    """What goes into the network, without padding."""
    own = network_input.frames
    return network_input.seen if own is None else network_input.seen[..., : int(own.max())]


def rollout(weights: list[Tensor]) -> Tensor:
    """Share of each frame in what the last layer gives on average, (frames,), sum 1.

    Args:
        weights: Attention of each layer, first to last, (1, heads, frames, frames), rows sum to 1.
    """
    rolled = torch.eye(weights[0].shape[-1])
    for each in weights:
        passed = 0.5 * each[0].mean(dim=0) + 0.5 * torch.eye(len(rolled))
        rolled = passed @ rolled
    return rolled.mean(dim=0)


def spread_over(shares: Tensor, frames: int) -> Tensor:
    """Shares of one number of frames as shares of another over the same time.

    >>> spread_over(torch.tensor([0.5, 0.25, 0.25]), 6).tolist()
    [0.25, 0.25, 0.125, 0.125, 0.125, 0.125]
    """
    edges = np.concatenate([[0.0], np.cumsum(shares.double().numpy())])
    positions = np.linspace(0, len(shares), frames + 1)
    return torch.from_numpy(np.diff(np.interp(positions, np.arange(len(edges)), edges))).float()
