"""wav2vec 2.0 and its kin (XLSR, HuBERT, WavLM, data2vec), as `transformers` computes them.

Baevski et al. (2020), Hsu et al. (2021), Chen et al. (2022). Families whose feature extractor has a
group norm over time (`feat_extract_norm` = "group") answer otherwise when a sound is padded, and
so does data2vec, whose positional convolutions read behind the end of a sound: there only sounds
of one length share a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ser_core.features.encoders.masking import SpecAugment

LONGEST_SECONDS = 60
"""Sound that goes through at once: attention takes memory by the square of it."""


class Wav2Vec2Encoder(nn.Module):
    """Samples to the hidden states of all layers.

    Args:
        config: Content of `config.json`.
        preparation: Content of `preprocessor_config.json`: `do_normalize` and `sampling_rate`.
        last: Number of layers that are kept; all when None.
    """

    def __init__(
        self, config: Mapping[str, Any], preparation: Mapping[str, Any], last: int | None = None
    ) -> None:
        super().__init__()
        from transformers import AutoConfig, AutoModel

        own = dict(config)
        every = int(own["num_hidden_layers"])
        self.count = every if last is None else min(last, every)
        # Attention is dropped by torch's global generator, which a training in parts cannot seed;
        # what is masked in training comes from `mask` alone.
        fixed = {"layerdrop": 0.0, "attention_dropout": 0.0, "apply_spec_augment": False}
        built = AutoConfig.for_model(**{**own, **fixed})
        built._attn_implementation = "eager"
        self.model = AutoModel.from_config(built).eval()
        self.size = int(built.hidden_size)
        self.sample_rate = int(preparation.get("sampling_rate", 16_000))
        self.normalised = bool(preparation.get("do_normalize", True))
        self.one_by_one = (
            getattr(built, "feat_extract_norm", "layer") == "group"
            or built.model_type == "data2vec-audio"
        )
        self.mask = SpecAugment()
        self._checkpointing = False
        kernels, strides = built.conv_kernel, built.conv_stride
        self.windows = list(zip(kernels, strides, strict=True))

    @property
    def shape(self) -> tuple[int, int]:
        """Hidden states and their size: (layers + 1, size)."""
        return self.count + 1, self.size

    @property
    def convolutions(self) -> list[nn.Module]:
        """What turns the sound into frames; a fine-tuning leaves it as it is."""
        return [self.model.feature_extractor]

    @property
    def depths(self) -> list[list[nn.Module]]:
        """What a fine-tuning can change: before layer 1, then layer by layer."""
        encoder = self.model.encoder
        before = [self.model.feature_projection, encoder.pos_conv_embed, encoder.layer_norm]
        return [before, *([each] for each in encoder.layers[: self.count])]

    @property
    def checkpointing(self) -> bool:
        """Whether a training computes layers again instead of keeping what they gave."""
        return self._checkpointing

    @checkpointing.setter
    def checkpointing(self, value: bool) -> None:
        if value != self._checkpointing:
            switch = "enable" if value else "disable"
            getattr(self.model, f"activation_checkpointing_{switch}")()
        self._checkpointing = value

    @property
    def least(self) -> int:
        """Samples that the first frame needs."""
        needed = 1
        for kernel, stride in reversed(self.windows):
            needed = (needed - 1) * stride + kernel
        return needed

    @property
    def longest(self) -> int:
        """Samples that it is given at once."""
        return LONGEST_SECONDS * self.sample_rate

    def frames(self, samples: Tensor) -> Tensor:
        """Frames of sounds of so many samples; shorter ones than a window are padded to one."""
        count = samples.clamp(min=self.least)
        for kernel, stride in self.windows:
            count = (count - kernel) // stride + 1
        return count

    def forward(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Hidden states, (batch, samples) -> (batch, layers + 1, frames, size).

        Args:
            waveforms: Full scale ±1, zero behind each sound's own samples.
            lengths: Samples of each sound, shape (batch,); full length when absent.
        """
        if lengths is None:
            lengths = torch.full((len(waveforms),), waveforms.shape[-1], device=waveforms.device)
        return self.states(self.prepared(waveforms, lengths), lengths)

    def prepared(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """Sounds of zero mean and unit variance, where the encoder was pretrained on such."""
        return _normalised(waveforms, lengths) if self.normalised else waveforms

    def states(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Hidden states of prepared sounds; shapes as for `forward`."""
        if self.one_by_one and len(set(lengths.tolist())) > 1:
            return self._apart(prepared, lengths)
        states = self._run(prepared, lengths, output_hidden_states=True).hidden_states
        return torch.stack(states[: self.count + 1], dim=1)

    def attention(self, prepared: Tensor) -> list[Tensor]:
        """Attention weights of each layer for prepared sounds of one length, rows sum to 1.

        How much each frame takes from each, (batch, heads, frames, frames).
        """
        lengths = torch.full((len(prepared),), prepared.shape[-1], device=prepared.device)
        found = self._run(prepared, lengths, output_attentions=True).attentions
        return list(found[: self.count])

    def _run(self, prepared: Tensor, lengths: Tensor, **wanted: bool) -> Any:
        """What the model of `transformers` gives for sounds that may share a batch."""
        short = max(0, self.least - prepared.shape[-1])
        sounds = nn.functional.pad(prepared, (0, short))
        own = torch.arange(sounds.shape[-1], device=sounds.device) < lengths[:, None].clamp(
            min=self.least
        )
        mask = None if self.one_by_one else own.long()
        hidden = None
        if hasattr(self.model, "masked_spec_embed"):  # learned in pretraining; some have none
            count = int(self.frames(torch.tensor(sounds.shape[-1])))
            hidden = self.mask.times(self.frames(lengths), count)
        self.model.config.apply_spec_augment = hidden is not None
        return self.model(sounds, attention_mask=mask, mask_time_indices=hidden, **wanted)

    def _apart(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Sounds of each length by themselves, zero behind each one's own frames."""
        frames = self.frames(lengths)
        shape = (len(prepared), self.count + 1, int(frames.max()), self.size)
        found = prepared.new_zeros(shape)
        for length in lengths.unique():
            rows = (lengths == length).nonzero().flatten()
            states = self.states(prepared[rows, : int(length)], lengths[rows])
            found[rows, :, : states.shape[2]] = states
        return found


def _normalised(sounds: Tensor, lengths: Tensor) -> Tensor:
    """Zero mean and unit variance over each sound's own samples, zero behind them."""
    own = torch.arange(sounds.shape[-1], device=sounds.device) < lengths[:, None]
    count = lengths[:, None].to(sounds.dtype)
    mean = (sounds * own).sum(-1, keepdim=True) / count
    variance = ((sounds - mean).square() * own).sum(-1, keepdim=True) / count
    return (sounds - mean) / (variance + 1e-7).sqrt() * own
