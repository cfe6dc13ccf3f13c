"""Statistics over time of what a pretrained encoder makes of a clip, layer by layer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ser_core.core import choice, parameter
from ser_core.features.encoders.pooling import STATISTICS, pooled
from ser_core.features.representations.analysis import Analysis
from ser_core.features.representations.base import SUMMARY, Axis, Representation, model_input

if TYPE_CHECKING:
    from ser_core.features.encoders import EncoderFolder


@model_input("encoder", SUMMARY)
@dataclass(frozen=True, kw_only=True)
class EncoderStatistics(Representation):
    """Mean and standard deviation over time of the hidden states of a speech encoder.

    Shape (batch, layers, statistics * size, 1): the state before the first layer and after each of
    the layers from `first` to `last`; of longer sounds than the encoder takes at once, over the
    frames of consecutive windows. What identifies it is the weights and the configuration, not the
    folder; both are filled in from the folder where they are empty, so a model that was trained on
    it needs the folder no more.

    Raises:
        ModelError: If the folder holds no encoder that can be used.
    """

    title = "Encoder statistics"
    describe = (
        "What a pretrained speech encoder (Whisper, wav2vec 2.0, HuBERT, WavLM) makes of the clip: "
        "mean and spread over time of each layer."
    )
    family = "Encoder"
    in_batches = True

    n_fft: int = field(default=400, init=False, repr=False)
    hop_length: int = field(default=320, init=False, repr=False)
    encoder: str = field(
        default="",
        metadata={"help": "Folder of the encoder: config.json and weights as safetensors"},
    )
    first: int = parameter(1, 0, 200, "First layer; 0 is what goes into layer 1", "")
    last: int = parameter(-1, -1, 200, "Last layer; -1 for the last there is", "")
    statistics: str = choice(
        "mean, spread", tuple(STATISTICS), "Over time; the quantiles are 0.1, the median and 0.9"
    )
    # Filled in from the folder.
    weights: str = ""
    config: str = ""
    # Weights of the folder, where `weights` are what a fine-tuning made of them.
    tuned_from: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.config:
            folder = self._folder()
            content = {"config": folder.config, "preparation": folder.preparation}
            object.__setattr__(self, "config", json.dumps(content, sort_keys=True))
            object.__setattr__(self, "weights", folder.weights_hash)
        skeleton = _skeleton(self.config, None)
        self.require(
            self.sample_rate == skeleton.sample_rate,
            "sample_rate",
            f"be that of the encoder, {skeleton.sample_rate} Hz",
            "Leave it out",
        )
        states, _ = skeleton.shape
        last = states - 1 if self.last == -1 else self.last
        object.__setattr__(self, "last", last)
        self.require(
            0 <= self.first <= last < states,
            "last",
            f"be a layer from {self.first} to {states - 1}",
            "Choose layers that the encoder has",
        )

    def _folder(self) -> EncoderFolder:
        from ser_core.features.encoders import open_folder

        self.require(
            bool(self.encoder), "encoder", "name a folder", "Give the folder of an encoder"
        )
        return open_folder(Path(self.encoder).expanduser())

    @property
    def hash(self) -> str:
        """Of configuration, weights and layers; not of the folder."""
        identity = [self.name, self.version, self.config, self.weights, self.first, self.last]
        if self.statistics != "mean, spread":  # those that were there first have no word for it
            identity.append(self.statistics)
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]

    @property
    def tunable(self) -> int:
        """Layers up to the last one that is used."""
        return max(self.last, 1)

    def tuned(self, weights: str) -> EncoderStatistics:
        """The same with the weights that a fine-tuning left, known by their hash."""
        return replace(self, encoder="", weights=weights, tuned_from=self.weights)

    @property
    def silence(self) -> Tensor:
        """Zeros: padding never reaches a clip's one frame."""
        _, size = _skeleton(self.config, None).shape
        return torch.zeros(self.last - self.first + 1, len(STATISTICS[self.statistics]) * size, 1)

    @property
    def whole(self) -> EncoderStatistics:
        """All layers: one entry of the store serves every choice of them."""
        return replace(self, first=0, last=-1)

    def part(self, values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
        """Own layers of all."""
        return values[self.first : self.last + 1]

    def frames(self, samples: Tensor) -> Tensor:
        """One each, however long."""
        return torch.ones_like(samples)

    def layers(self, *, pretrained: bool = True) -> nn.Module:
        """Encoder up to the last layer, with the weights of its folder or those it begins with."""
        encoder = (
            _pretrained(self.encoder, self.weights, self.config, self.last)
            if pretrained
            else _built(self.config, self.last).eval()
        )
        return _Pooled(encoder, self.first, self.last, self.statistics)

    def compute(self, sound: Analysis) -> Tensor:
        with torch.no_grad():
            pooled: Tensor = _shared(self)(sound.waveforms, sound.lengths)
        return pooled

    def bin_axis(self) -> Axis:
        _, size = _skeleton(self.config, None).shape
        statistics = STATISTICS[self.statistics]
        names = [f"{statistic} of {number}" for statistic in statistics for number in range(size)]
        return Axis("statistic", "", np.array(names))


class _Pooled(nn.Module):
    """An encoder followed by the statistics of its layers."""

    def __init__(self, encoder: nn.Module, first: int, last: int, statistics: str) -> None:
        super().__init__()
        self.first, self.last, self.statistics = first, last, statistics
        self.encoder = encoder
        self.register_state_dict_post_hook(_halved)  # type: ignore[no-untyped-call]

    def forward(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(batch, samples) -> (batch, layers, statistics * size, 1)."""
        layers = slice(self.first, self.last + 1)
        found = pooled(self.encoder, waveforms, lengths, layers, self.statistics)  # type: ignore[arg-type]
        return found.unsqueeze(-1)


def _halved(
    _module: nn.Module, state: dict[str, Tensor], prefix: str, _metadata: dict[str, Any]
) -> None:
    """Frozen weights are stored in half precision where that loses nothing."""
    for name, value in state.items():
        if name.startswith(prefix) and value.dtype == torch.float32:
            half = value.half()
            if torch.equal(half.float(), value):
                state[name] = half


@lru_cache(maxsize=8)
def _skeleton(config: str, last: int | None) -> Any:
    """Encoder without weights, to ask for its shape."""
    with torch.device("meta"):
        return _built(config, last)


def _built(config: str, last: int | None) -> nn.Module:
    from ser_core.features.encoders.families import family

    content = json.loads(config)
    own = content["config"]
    return family(str(own.get("model_type", ""))).build(own, content["preparation"], last)


def _pretrained(folder: str, weights: str, config: str, last: int) -> nn.Module:
    """Encoder up to a layer, with the weights of the folder.

    Raises:
        ModelError: If the folder is not named, is gone, lacks weights or holds other ones.
    """
    from ser_core.core import ModelError
    from ser_core.features.encoders import open_folder
    from ser_core.features.encoders.families import family

    if not folder:
        raise ModelError(
            f"the folder of the encoder is not named (weights {weights})",
            subject="encoder",
            remedy="Give it as representation.encoder",
        )
    source = open_folder(Path(folder).expanduser())
    if source.weights_hash != weights:
        raise ModelError(
            "holds other weights than before",
            subject=folder,
            remedy="Give the folder of the encoder that the features were made with",
        )
    module = _built(config, last).eval()
    state, own = family(source.model_type).state(source.tensors()), module.state_dict()
    missing = sorted(own.keys() - state.keys())
    if missing:
        raise ModelError(
            f"lacks {len(missing)} weights, the first is {missing[0]}",
            subject=folder,
            remedy="Fetch the encoder again",
        )
    module.load_state_dict({name: state[name] for name in own})
    return module


@lru_cache(maxsize=2)
def _shared(rep: EncoderStatistics) -> nn.Module:
    """One copy for filling the store."""
    return rep.layers().eval()
