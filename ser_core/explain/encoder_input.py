"""Where attributions of a model on a speech encoder live: on sound, not on its statistics.

Such a model decides by thousands of statistics without names. What it computes before them has a
time, and with Whisper a frequency: its own log-mel. Other families take samples; there a clip is
explained in steps of 20 ms, each of which can be replaced by noise of the clip's spectrum.
`EncoderInput` is what follows: from there to the logits, with gradients.
"""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from ser_core.core import ParameterError
from ser_core.features.encoders.whisper import WhisperEncoder
from ser_core.features.representations import Representation, WhisperLogMel
from ser_core.features.representations.inner import levels
from ser_core.models.abilities import encoder_of, explained_on
from ser_core.models.classifier import EmotionClassifier


class EncoderInput(nn.Module):
    """A model from the input on which it is explained to its logits, for one clip.

    The encoder is the model's own and not a copy: nothing here changes it.

    Args:
        start: From the input to the encoder's statistics: a `FromLogMel` or a `FromSteps`.
        model: The rest is its normalisation and network.
        network: A private copy of its network.
        speaker: Statistics of the clip's speaker, (1, 3, channels, bins); None without enrolment.
    """

    def __init__(
        self, start: FromLogMel | FromSteps, model: EmotionClassifier, network: nn.Module,
        speaker: Tensor | None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.start, self.normaliser, self.network = start, model.normaliser, network
        self.spec, self.speaker = model.spec, speaker

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, 1, bins, n) -> (batch, classes).

        Args:
            x: As `start` takes it.
            frames: The clip's own; what is behind them is left out.
        """
        own = x if frames is None else x[..., : int(frames.max())]
        features = self.start(own)
        speakers = None if self.speaker is None else self.speaker.expand(len(x), -1, -1, -1)
        logits: Tensor = self.network(self.normaliser(features, None, speakers))
        return logits

    def attention(self, x: Tensor) -> list[Tensor]:
        """Attention weights of each layer, (batch, heads, frames of the encoder, the same)."""
        return self.start.attention(x)

    @property
    def cascade(self) -> dict[str, str]:
        """Submodules from the output down, by what they are called; the last holds all the rest."""
        lists = [
            name
            for name, module in self.start.named_modules()
            if isinstance(module, nn.ModuleList) and name.rpartition(".")[2] == "layers"
        ]
        layers = max(lists, key=lambda name: len(cast(nn.ModuleList, self._at(name))))
        count = len(cast(nn.ModuleList, self._at(layers)))
        within = {f"layer {i + 1}": f"start.{layers}.{i}" for i in reversed(range(count))}
        return {"network": "network", **within, "first layers": "start"}

    def _at(self, name: str) -> nn.Module:
        return self.start.get_submodule(name)


class FromLogMel(nn.Module):
    """From the log-mel of Whisper to the statistics of its layers.

    The input is that of the model, each band minus its mean over the clip, so that zero is the
    mean as with other inputs. The frames behind the clip's own are what they are in it.

    Args:
        layers: The front-end of the model.
        waveforms: The clip, (1, samples).
    """

    def __init__(self, layers: nn.Module, waveforms: Tensor) -> None:
        super().__init__()
        encoder: WhisperEncoder = layers.encoder  # type: ignore[assignment]
        self.layers = copy.copy(layers)
        self.layers._modules = {**layers._modules, "encoder": _AfterLogMel(encoder)}
        self.samples = waveforms.shape[-1]
        own = encoder.frames(torch.tensor([self.samples]))
        whole = encoder.log_mel(waveforms, int(own))
        frames = min(1 + self.samples // WhisperLogMel().hop_length, whole.shape[-1])
        self.log_mel, self.behind = whole[..., :frames], whole[..., frames:]
        self.centre = self.log_mel.mean(dim=-1, keepdim=True)

    @property
    def seen(self) -> Tensor:
        """The clip, (1, 1, bands, frames)."""
        return (self.log_mel - self.centre).unsqueeze(1)

    @property
    def silence(self) -> Tensor:
        """What silence within the clip gives: 80 dB below its loudest, (1, 1, bands, 1)."""
        quiet = max(float(self.log_mel.max()) - 2.0, -1.5)
        return (quiet - self.centre).unsqueeze(1)

    @property
    def shown(self) -> Tensor:
        """The feature map that maps are drawn on, (1, 1, bands, frames)."""
        return levels(self.log_mel).unsqueeze(1)

    @property
    def representation(self) -> Representation:
        """What the feature map is."""
        return WhisperLogMel(bands=self.log_mel.shape[1])

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 1, bands, frames) -> (batch, layers, statistics, 1)."""
        lengths = torch.full((len(x),), self.samples)
        features: Tensor = self.layers(self._whole(x), lengths)
        return features

    def attention(self, x: Tensor) -> list[Tensor]:
        """Attention weights of each layer."""
        encoder: WhisperEncoder = self.layers.encoder.encoder  # type: ignore[union-attr, assignment]
        return encoder.attention(
            self._whole(x), encoder.frames(torch.full((len(x),), self.samples))
        )

    def _whole(self, x: Tensor) -> Tensor:
        return torch.cat([x[:, 0] + self.centre, self.behind.expand(len(x), -1, -1)], dim=-1)


class _AfterLogMel(nn.Module):
    """Whisper, given its log-mel in the place of waveforms."""

    def __init__(self, encoder: WhisperEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    @property
    def longest(self) -> int:
        """Samples that it takes at once."""
        return self.encoder.longest

    def frames(self, samples: Tensor) -> Tensor:
        """Frames of sounds of so many samples."""
        return self.encoder.frames(samples)

    def prepared(self, log_mel: Tensor, lengths: Tensor) -> Tensor:  # noqa: ARG002
        """The log-mel itself."""
        return log_mel

    def states(self, log_mel: Tensor, lengths: Tensor) -> Tensor:
        """Hidden states."""
        return self.encoder.from_log_mel(log_mel, self.encoder.frames(lengths))


class FromSteps(nn.Module):
    """From how much of each 20 ms of a sound is there to the statistics of the encoder's layers.

    The input is 1 in each step: the sound as it is. At 0 the step is noise of the clip's own
    spectrum: the clip without its course in time. Silence would be no baseline, since these
    encoders normalise a sound and its features, so that they hear a faint sound as the loud one.

    Args:
        model: The model.
        waveforms: The clip, (1, samples).
    """

    def __init__(self, model: EmotionClassifier, waveforms: Tensor) -> None:
        super().__init__()
        self.front_end, self.waveforms = model.front_end, waveforms
        self.noise = noise_like(waveforms)
        self.representation = explained_on(model)
        samples, hop = waveforms.shape[-1], self.representation.hop_length
        self.steps = 1 + samples // hop
        self.step_of = ((torch.arange(samples) + hop // 2) // hop).clamp(max=self.steps - 1)

    @property
    def seen(self) -> Tensor:
        """The clip, (1, 1, 1, steps)."""
        return torch.ones(1, 1, 1, self.steps)

    @property
    def silence(self) -> Tensor:
        """Nothing of the clip, (1, 1, 1, 1)."""
        return torch.zeros(1, 1, 1, 1)

    @property
    def shown(self) -> Tensor:
        """The level of each step, (1, 1, 1, steps)."""
        return self.representation(self.waveforms)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 1, 1, steps) -> (batch, layers, statistics, 1)."""
        features: Tensor = self.front_end(self._sounds(x))
        return features

    def attention(self, x: Tensor) -> list[Tensor]:
        """Attention weights of each layer."""
        encoder: Any = self.front_end.layers.encoder  # type: ignore[union-attr]
        sounds = self._sounds(x)
        lengths = torch.full((len(sounds),), sounds.shape[-1])
        found: list[Tensor] = encoder.attention(encoder.prepared(sounds, lengths))
        return found

    def _sounds(self, x: Tensor) -> Tensor:
        return torch.lerp(self.noise, self.waveforms, x[:, 0, 0][:, self.step_of])


def noise_like(waveforms: Tensor) -> Tensor:
    """Noise of the spectrum of a sound: its phases are drawn anew, always the same ones."""
    spectrum = torch.fft.rfft(waveforms)
    draw = torch.Generator().manual_seed(0)
    turns = 2 * torch.pi * torch.rand(spectrum.shape, generator=draw)
    noise: Tensor = torch.fft.irfft(torch.polar(spectrum.abs(), turns), waveforms.shape[-1])
    return noise


def encoder_input(
    model: EmotionClassifier, waveforms: Tensor, network: nn.Module, speaker: Tensor | None
) -> EncoderInput | None:
    """The input on which a model with an encoder is explained; None for other models.

    Args:
        model: In evaluation mode.
        waveforms: The clip, (1, samples), at the model's sample rate.
        network: A private copy of the model's network.
        speaker: As `EncoderInput` takes it.
    """
    encoder = encoder_of(model)
    if encoder is None:
        return None
    longest: Any = encoder.longest
    if waveforms.shape[-1] > longest:
        seconds = longest / model.representation.sample_rate
        raise ParameterError(
            f"a recording longer than the {seconds:g} s that the encoder hears at once is not "
            "explained as a whole",
            remedy="Explain a part of it",
        )
    start: FromLogMel | FromSteps
    if isinstance(encoder, WhisperEncoder):
        start = FromLogMel(cast(nn.Module, model.front_end.layers), waveforms)
    else:
        start = FromSteps(model, waveforms)
    return EncoderInput(start, model, network, speaker)


__all__ = ["EncoderInput", "FromLogMel", "FromSteps", "encoder_input"]
