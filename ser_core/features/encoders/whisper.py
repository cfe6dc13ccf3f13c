"""The encoder of Whisper, run on the frames that are there instead of on 30 seconds.

Radford et al. (2022). The original pads every sound to 30 s; here a clip costs what its own
length costs, and frames behind its end are masked as keys of the attention. On a sound of 30 s
both are the same. Submodules have the names of `transformers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ser_core.features.encoders.masking import SpecAugment
from ser_core.features.representations import filters

SAMPLE_RATE, N_FFT, HOP = 16_000, 400, 160
STRIDE = 2 * HOP
"""Samples from one frame of the encoder to the next: 20 ms."""

REACH = 4
"""Frames of log-mel behind a clip's end that the two convolutions look at, rounded up."""


class SelfAttention(nn.Module):
    """Multi-head attention of each frame to all of its own clip."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.k_proj = nn.Linear(size, size, bias=False)
        self.v_proj = nn.Linear(size, size)
        self.q_proj = nn.Linear(size, size)
        self.out_proj = nn.Linear(size, size)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, frames, size) -> the same; mask (batch, 1, 1, frames), true for own frames."""
        q, k, v = (self._by_head(project(x)) for project in (self.q_proj, self.k_proj, self.v_proj))
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        out: Tensor = self.out_proj(found.transpose(1, 2).flatten(2))
        return out

    def weights(self, x: Tensor, mask: Tensor) -> Tensor:
        """Attention weights: how much each frame takes from each, (batch, heads, frames, frames).

        Rows sum to 1. `forward` computes the same without keeping them.
        """
        q, k = self._by_head(self.q_proj(x)), self._by_head(self.k_proj(x))
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        found: Tensor = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
        return found

    def _by_head(self, y: Tensor) -> Tensor:
        return y.view(*y.shape[:-1], self.heads, -1).transpose(1, 2)


class Layer(nn.Module):
    """A pre-norm transformer layer."""

    def __init__(self, size: int, heads: int, inner: int) -> None:
        super().__init__()
        self.self_attn = SelfAttention(size, heads)
        self.self_attn_layer_norm = nn.LayerNorm(size)
        self.fc1 = nn.Linear(size, inner)
        self.fc2 = nn.Linear(inner, size)
        self.final_layer_norm = nn.LayerNorm(size)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, frames, size) -> the same."""
        x = x + self.self_attn(self.self_attn_layer_norm(x), mask)
        inner = F.gelu(self.fc1(self.final_layer_norm(x)))
        out: Tensor = x + self.fc2(inner)
        return out


class WhisperEncoder(nn.Module):
    """Samples to the hidden states of all layers.

    Args:
        config: Content of `config.json`.
        last: Number of layers that are kept; all when None. The final norm follows the last only.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, config: Mapping[str, Any], last: int | None = None) -> None:
        super().__init__()
        size, bands = int(config["d_model"]), int(config["num_mel_bins"])
        every = int(config["encoder_layers"])
        heads, inner = int(config["encoder_attention_heads"]), int(config["encoder_ffn_dim"])
        self.bands = bands
        self.most = int(config["max_source_positions"])
        self.conv1 = nn.Conv1d(bands, size, 3, padding=1)
        self.conv2 = nn.Conv1d(size, size, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(self.most, size)
        kept = every if last is None else min(last, every)
        self.layers = nn.ModuleList(Layer(size, heads, inner) for _ in range(kept))
        self.layer_norm = nn.LayerNorm(size) if kept == every else None
        self.mask = SpecAugment()
        self.checkpointing = False

    @property
    def shape(self) -> tuple[int, int]:
        """Hidden states and their size: (layers + 1, size)."""
        return len(self.layers) + 1, self.conv1.out_channels

    @property
    def convolutions(self) -> list[nn.Module]:
        """What turns the sound into frames; a fine-tuning leaves it as it is."""
        return [self.conv1, self.conv2]

    @property
    def depths(self) -> list[list[nn.Module]]:
        """What a fine-tuning can change: before layer 1, then layer by layer."""
        found: list[list[nn.Module]] = [[self.embed_positions], *([each] for each in self.layers)]
        if self.layer_norm is not None:
            found[-1].append(self.layer_norm)
        return found

    @property
    def longest(self) -> int:
        """Samples that it has positions for: those of 30 s in the public checkpoints."""
        return self.most * STRIDE

    def prepared(self, waveforms: Tensor, lengths: Tensor) -> Tensor:  # noqa: ARG002
        """Nothing: the log-mel of each window is scaled by its own loudest band."""
        return waveforms

    def states(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """As `forward`."""
        found: Tensor = self(prepared, lengths)
        return found

    def frames(self, samples: Tensor) -> Tensor:
        """Frames of sounds of so many samples: one for every 20 ms begun, at least 1."""
        return ((samples + STRIDE - 1) // STRIDE).clamp(1, self.most)

    def forward(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Hidden states, (batch, samples) -> (batch, layers + 1, frames, size).

        Args:
            waveforms: Full scale ±1, 16 kHz, zero behind each sound's own samples. What is beyond
                `longest` is left out; `ser_core.features.encoders.pooling` cuts such sounds.
            lengths: Samples of each sound, shape (batch,); full length when absent.
        """
        if lengths is None:
            lengths = torch.full((len(waveforms),), waveforms.shape[-1], device=waveforms.device)
        own = self.frames(lengths)
        log_mel = self.mask(self.log_mel(waveforms, int(own.max())), 2 * own)
        return self.from_log_mel(log_mel, own)

    def from_log_mel(self, log_mel: Tensor, own: Tensor) -> Tensor:
        """Hidden states of what `log_mel` gives, (batch, layers + 1, frames, size).

        Args:
            log_mel: Shape (batch, bands, n), for the longest of the sounds.
            own: Frames of each sound, from `frames`, shape (batch,).
        """
        x, mask = self._embedded(log_mel, own)
        found = [x]
        again = self.checkpointing and self.training  # computed again instead of kept
        for number, layer in enumerate(self.layers, start=1):
            x = checkpoint(layer, x, mask, use_reentrant=False) if again else layer(x, mask)
            is_end = number == len(self.layers) and self.layer_norm is not None
            found.append(self.layer_norm(x) if is_end and self.layer_norm is not None else x)
        return torch.stack(found, dim=1)

    def attention(self, log_mel: Tensor, own: Tensor) -> list[Tensor]:
        """Attention weights of each layer, (batch, heads, frames, frames); as `from_log_mel`."""
        x, mask = self._embedded(log_mel, own)
        found = []
        for layer in cast("Iterable[Layer]", self.layers):
            found.append(layer.self_attn.weights(layer.self_attn_layer_norm(x), mask))
            x = layer(x, mask)
        return found

    def _embedded(self, log_mel: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        """What goes into the first layer, and the mask of each sound's own frames."""
        count = int(own.max())
        mask = (torch.arange(count, device=own.device) < own[:, None])[:, None, None, :]
        x = F.gelu(self.conv1(log_mel))
        x = F.gelu(self.conv2(x))[..., :count].transpose(1, 2)
        return x + self.embed_positions.weight[:count], mask

    def log_mel(self, waveforms: Tensor, count: int) -> Tensor:
        """Log-mel as Whisper scales it, with what silence gives behind each sound's own frames.

        Two frames to one of the encoder, and a few behind at which its convolutions look.

        Args:
            waveforms: As for `forward`.
            count: Frames of the encoder, those of the longest sound.

        Returns:
            Shape (batch, bands, n), n at least 2 * `count`.
        """
        return log_mel(waveforms, min(2 * count + REACH, 2 * self.most), self.bands)


def log_mel(waveforms: Tensor, frames: int, bands: int) -> Tensor:
    """Log-mel as Whisper scales it, (batch, samples) -> (batch, bands, frames).

    A frame every 10 ms. Always in float32: the logarithm of a power in bfloat16 would have three
    digits. A value is (level + 40) / 40: the level in dB of the power of an STFT
    without scale, not under 80 below the sound's loudest.
    """
    with torch.autocast(waveforms.device.type, enabled=False):
        return _levels(waveforms, frames, bands)


def _levels(waveforms: Tensor, frames: int, bands: int) -> Tensor:
    wanted = frames * HOP
    padded = F.pad(waveforms[:, :wanted], (0, max(0, wanted - waveforms.shape[-1])))
    window = torch.hann_window(N_FFT, device=waveforms.device)
    spectrum = torch.stft(padded, N_FFT, HOP, window=window, return_complex=True)[..., :-1]
    bank = filters.mel(SAMPLE_RATE, N_FFT, bands, 0.0, SAMPLE_RATE / 2).to(padded)
    level = (bank @ spectrum.abs().square()).clamp(min=1e-10).log10()
    loudest = level.amax(dim=(-2, -1), keepdim=True)
    return (level.maximum(loudest - 8.0) + 4.0) / 4.0
