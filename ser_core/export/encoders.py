"""Pretrained encoders as torch's exporter can follow them, and as runtimes compute them quickly.

A graph is given sounds of one length, so every frame is a sound's own, but for the windows that
Whisper hears a longer sound in (`ser_core.features.encoders.pooling`): some are a sample shorter
than others. What follows the last layer that is asked for is not computed, and so it is not in the
graph.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ser_core.core import ModelError
from ser_core.export.fourier import tables
from ser_core.features.encoders.wav2vec2 import Wav2Vec2Encoder
from ser_core.features.encoders.whisper import (
    HOP,
    N_FFT,
    REACH,
    SAMPLE_RATE,
    STRIDE,
    Layer,
    WhisperEncoder,
)
from ser_core.features.representations import filters


def traceable(layers: nn.Module) -> nn.Module:
    """Layers of a front-end with the same weights and the same numbers, in a form for graphs.

    Args:
        layers: `front_end.layers` of a model. Those of an encoder that is not known here stay.
    """
    encoder = getattr(layers, "encoder", None)
    form = FORMS.get(type(encoder))
    if form is None:
        return layers
    if layers.statistics != "mean, spread":
        raise ModelError(
            f"has statistics ({layers.statistics}) that no graph can hold yet",
            subject="encoder",
            remedy="Train on statistics = mean, spread",
        )
    own = copy.deepcopy(encoder)  # weights get names of their own, and may be put together
    first, last = int(layers.first), int(layers.last)  # type: ignore[arg-type]
    return Statistics(form(own, last), first)


HIDDEN = -1e4
"""Added to what the attention to a frame is decided by, where nobody may look."""

WINDOWS = 4
"""Windows that a graph hears a sound in at most: it holds the attention of all of them at once."""


def longest_of(layers: nn.Module | None) -> int | None:
    """Samples of a sound that a graph of these layers gives the model's answer for; None for any.

    Args:
        layers: `front_end.layers` of a model.
    """
    encoder = getattr(layers, "encoder", None)
    longest = getattr(encoder, "longest", None)
    if longest is None:
        return None
    return int(longest) * (WINDOWS if isinstance(encoder, WhisperEncoder) else 1)


def traced_samples(layers: nn.Module | None) -> int:
    """Least samples of the sound that a graph of these layers is traced with.

    The exporter takes whatever is 1 for a constant, so a sound that Whisper is traced with has two
    windows.
    """
    encoder = getattr(layers, "encoder", None)
    return encoder.longest * 5 // 4 if isinstance(encoder, WhisperEncoder) else 0


class Statistics(nn.Module):
    """Mean and standard deviation over time of the states of some layers.

    Args:
        states: (batch, samples) -> list of (batch, frames, size), one a layer, from layer 0 on,
            and which of the frames are a sound's own, (frames,); None for all.
        first: Layer that the statistics begin with.
    """

    def __init__(self, states: nn.Module, first: int) -> None:
        super().__init__()
        self.states, self.first = states, first

    def forward(self, waveforms: Tensor, _lengths: Tensor | None = None) -> Tensor:
        """(batch, samples) -> (batch, layers, 2 * size, 1), as `EncoderStatistics`."""
        found, own = self.states(waveforms)
        rows = []
        for states in found[self.first :]:
            mean = _mean(states, own)
            around = _mean((states - mean).square(), own)[:, 0]
            rows.append(torch.cat([mean[:, 0], around.clamp(min=1e-10).sqrt()], dim=-1))
        return torch.stack(rows, dim=1).unsqueeze(-1)


def _mean(values: Tensor, own: Tensor | None) -> Tensor:
    """Mean over the own frames, (batch, frames, size) -> (batch, 1, size)."""
    if own is None:
        return values.mean(1, keepdim=True)
    inside = own.to(values.dtype)
    return (values * inside[:, None]).sum(1, keepdim=True) / inside.sum()


def gelu(x: Tensor) -> Tensor:
    """Gaussian error linear unit, in the order of steps that onnxruntime computes as one."""
    return x * (torch.erf(x / math.sqrt(2)) + 1) * 0.5


class WhisperBlock(nn.Module):
    """A layer of Whisper with one product for queries, keys and values.

    Args:
        layer: With its weights.
    """

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        attention = layer.self_attn
        query, key, value = attention.q_proj, attention.k_proj, attention.v_proj
        self.heads = attention.heads
        size = query.in_features
        scale = (size // self.heads) ** -0.5
        weights = [query.weight * scale, key.weight, value.weight]
        biases = [query.bias * scale, torch.zeros(size), value.bias]
        self.norm, self.after = layer.self_attn_layer_norm, layer.final_layer_norm
        self.projection = _linear(torch.cat(weights), torch.cat(biases))
        self.out, self.fc1, self.fc2 = attention.out_proj, layer.fc1, layer.fc2

    def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
        """(batch, frames, size) -> the same; `hidden` is added to what attention is decided by."""
        parts = self.projection(self.norm(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        found = (query @ key.transpose(-1, -2) + hidden).softmax(-1) @ value
        x = x + self.out(found.transpose(1, 2).flatten(2))
        out: Tensor = x + self.fc2(gelu(self.fc1(self.after(x))))
        return out


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    made = nn.Linear(weight.shape[1], weight.shape[0])
    made.weight, made.bias = (nn.Parameter(each.detach().clone()) for each in (weight, bias))
    return made


class Whisper(nn.Module):
    """Hidden states of a Whisper encoder.

    The spectrum is a product with cosines and sines; see `fourier`.

    Args:
        encoder: With its weights.
        last: Layer behind which nothing is computed.
    """

    cosines: Tensor
    sines: Tensor
    bank: Tensor

    def __init__(self, encoder: WhisperEncoder, last: int) -> None:
        super().__init__()
        self.most = encoder.most
        self.conv1, self.conv2 = encoder.conv1, encoder.conv2
        self.positions = encoder.embed_positions
        self.blocks = nn.ModuleList(
            WhisperBlock(cast("Layer", each)) for each in list(encoder.layers)[:last]
        )
        ends = last == len(encoder.layers)
        self.norm = encoder.layer_norm if ends else None
        cosines, sines = tables(N_FFT, N_FFT)
        bank = filters.mel(SAMPLE_RATE, N_FFT, encoder.bands, 0.0, SAMPLE_RATE / 2)
        for name, table in (("cosines", cosines), ("sines", sines), ("bank", bank.T)):
            self.register_buffer(name, table.clone(), persistent=False)

    def forward(self, waveforms: Tensor) -> tuple[list[Tensor], Tensor]:
        """States of layers 0 to `last`, each (batch, frames, size), and which are own frames."""
        batch, samples = waveforms.shape  # len() would make the batch a constant of the graph
        longest = self.most * STRIDE
        windows = (samples + longest - 1) // longest
        heard, own = _windows(waveforms, windows, longest)
        count = (heard.shape[-1] + STRIDE - 1) // STRIDE
        numbers = torch.arange(count, device=waveforms.device)
        inside = numbers < ((own + STRIDE - 1) // STRIDE)[:, None]
        hidden = (~inside).to(waveforms.dtype) * HIDDEN
        hidden = hidden.repeat(batch, 1)[:, None, None, :]
        states = self._states(heard.flatten(0, 1), count, hidden)
        found = [each.unflatten(0, (batch, windows)).flatten(1, 2) for each in states]
        return found, inside.flatten()

    def _states(self, heard: Tensor, count: int, hidden: Tensor) -> list[Tensor]:
        """Of windows, (windows, samples) -> list of (windows, frames, size)."""
        x = gelu(self.conv1(self._log_mel(heard, count).transpose(1, 2)))
        x = gelu(self.conv2(x))[..., :count].transpose(1, 2) + self.positions.weight[:count]
        found = [x]
        for block in self.blocks:
            found.append(block(found[-1], hidden))
        if self.norm is not None:
            found[-1] = self.norm(found[-1])
        return found

    def _log_mel(self, heard: Tensor, count: int) -> Tensor:
        """As `WhisperEncoder` scales it, (batch, samples) -> (batch, frames of log-mel, bands)."""
        wanted = F.pad(heard, (0, (2 * count + REACH) * HOP - heard.shape[1]))
        sound = wanted[:, : 2 * self.most * HOP]
        half = N_FFT // 2
        edges = sound[:, 1 : half + 1].flip(-1), sound[:, -half - 1 : -1].flip(-1)
        frames = _framed(torch.cat([edges[0], sound, edges[1]], dim=-1), sound.shape[1] // HOP)
        late, early = frames[..., half:], frames[..., 1 : half + 1].flip(-1)
        power = ((late + early) @ self.cosines).square() + ((late - early) @ self.sines).square()
        level = (power @ self.bank).clamp(min=1e-10).log10()
        loudest = level.amax(dim=(-2, -1), keepdim=True)
        return (level.maximum(loudest - 8.0) + 4.0) / 4.0


def _windows(waveforms: Tensor, count: int, longest: int) -> tuple[Tensor, Tensor]:
    """Consecutive parts of sounds, as `pooling.windows` cuts them, zero behind their own samples.

    Several are padded to `longest`: the exporter follows no length that a division by their number
    decides.

    Returns:
        The parts, (batch, count, samples), and own samples of each, (count,).
    """
    samples, size = waveforms.shape[1], waveforms[:, :longest].shape[1]
    ends = (torch.arange(count + 1, dtype=torch.float64) * samples / count).round().long()
    begin, end = ends[:-1, None], ends[1:, None]
    index = begin + torch.arange(size)
    inside = (index < end).to(waveforms.dtype)
    found = F.pad(waveforms, (0, longest)).index_select(1, index.flatten())
    return found.unflatten(1, (count, size)) * inside, (end - begin)[:, 0]


def _framed(padded: Tensor, frames: int) -> Tensor:
    """Frames of `N_FFT` samples every hop, (batch, frames * HOP + N_FFT) -> (batch, frames, N_FFT).

    Everything is cut by fixed numbers: torch's exporter proves for each cut at a computed place
    that it lies within, which took most of the time of an export.
    """
    more = N_FFT // HOP
    blocks = padded[:, : more * HOP - N_FFT].unflatten(-1, (frames + more, HOP))
    parts = [blocks[:, i : i - more or None] for i in range(more + 1)]
    return torch.cat(parts, dim=-1)[..., :N_FFT]


class Wav2Vec2(nn.Module):
    """Hidden states of an encoder of the kin of wav2vec 2.0.

    Args:
        encoder: With its weights.
        last: Layer behind which nothing is computed.
    """

    def __init__(self, encoder: Wav2Vec2Encoder, last: int) -> None:
        super().__init__()
        self.model, self.last = encoder.model, last
        self.least, self.normalised = encoder.least, encoder.normalised
        for module in list(self.model.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, nn.Conv1d) and parametrize.is_parametrized(child, "weight"):
                    setattr(module, name, _without_norm(child))

    def forward(self, waveforms: Tensor) -> tuple[list[Tensor], None]:
        """States of layers 0 to `last`, each (batch, frames, size); all frames are own ones."""
        sounds = waveforms
        if self.normalised:
            around = sounds - sounds.mean(-1, keepdim=True)
            sounds = around / (around.square().mean(-1, keepdim=True) + 1e-7).sqrt()
        short: Any = torch.sym_max(0, self.least - sounds.shape[-1])
        states = self.model(F.pad(sounds, (0, short)), output_hidden_states=True).hidden_states
        return list(states[: self.last + 1]), None


def _without_norm(conv: nn.Conv1d) -> nn.Conv1d:
    """A convolution with weight norm, with one weight instead of two factors.

    torch takes a parametrisation off the class, and so off all copies; hence a new one.
    """
    with torch.device("meta"):
        made = nn.Conv1d(
            conv.in_channels, conv.out_channels, conv.kernel_size[0], conv.stride[0],
            conv.padding[0], conv.dilation[0], conv.groups,
        )  # fmt: skip
    made.weight = nn.Parameter(conv.weight.detach().clone())
    made.bias = conv.bias
    return made


FORMS: dict[type, Callable[[Any, int], nn.Module]] = {
    WhisperEncoder: Whisper,
    Wav2Vec2Encoder: Wav2Vec2,
}
"""Encoders that have a form of their own for graphs: (encoder, last layer) -> states."""
