"""Families of encoders: how each is built from its configuration, prepared and run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ser_core.core import ModelError, Registry, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor, nn


Config = Mapping[str, Any]

MOST_LAYERS = 200
"""Layers of the largest encoder; XLSR of two billion parameters has 48."""

MOST_ENTRIES = 1_000
"""Entries of the longest list in a configuration: sizes of convolutions, numbers of tokens."""

MOST = 1_000_000
"""Largest whole number in a configuration; vocabularies and 30 s of samples lie below."""


@dataclass(frozen=True)
class Family:
    """A family of encoders.

    Attributes:
        name: `model_type` of `config.json`.
        title: For people.
        build: (config, preparation, last layer or None) -> module whose forward takes (batch,
            samples) and lengths and gives (batch, layers + 1, frames, size), with `frames`,
            `shape` and `sample_rate`.
        prefixes: What names of weights may begin with in a checkpoint; the rest is the module's.
        marker: Beginning of a name that each checkpoint of the family has, after its prefix.
        inside: What the module's own names begin with.
        pretrained_on: What the public checkpoints were pretrained on, in words.
    """

    name: str
    title: str
    build: Callable[[Config, Config, int | None], nn.Module]
    prefixes: tuple[str, ...]
    marker: str
    pretrained_on: str
    inside: str = ""

    def state(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights under the module's own names, float32."""
        for prefix in self.prefixes:
            if any(name.startswith(prefix + self.marker) for name in tensors):
                return {
                    self.inside + _today(name[len(prefix) :]): value.float()
                    for name, value in tensors.items()
                    if name.startswith(prefix)
                }
        return {}


def _today(name: str) -> str:
    """Name of a weight today: checkpoints from before torch 2 name weight norm otherwise."""
    for old, new in (("weight_g", "original0"), ("weight_v", "original1")):
        if name.endswith(f".{old}"):
            return f"{name.removesuffix(old)}parametrizations.weight.{new}"
    return name


FAMILIES: Registry[Family] = Registry("family of encoders")


def family(model_type: str) -> Family:
    """Family by `model_type`.

    Raises:
        ModelError: If it is not known.
    """
    if model_type not in FAMILIES:
        raise ModelError(
            f"encoders of the type {model_type!r} cannot be used",
            subject="config.json",
            remedy=did_you_mean(model_type, FAMILIES),
        )
    return FAMILIES[model_type]


def checked_config(config: Config) -> Config:
    """A configuration whose sizes are those of an encoder, so that its modules can be made.

    Raises:
        ModelError: If a size in it is out of bounds.
    """
    for name, value in config.items():
        sizes = value if isinstance(value, list) else [value]
        most = MOST_LAYERS if name.endswith("layers") else MOST
        whole = [each for each in sizes if isinstance(each, int)]
        if len(sizes) > MOST_ENTRIES or any(not -most <= each <= most for each in whole):
            raise ModelError(
                f"{name} is {value!r:.60}, more than any encoder has",
                subject="config.json",
                remedy="Choose another encoder",
            )
    return config


def _whisper(config: Config, _preparation: Config, last: int | None) -> nn.Module:
    from ser_core.features.encoders.whisper import WhisperEncoder

    return WhisperEncoder(checked_config(config), last)


def _wav2vec2(config: Config, preparation: Config, last: int | None) -> nn.Module:
    from ser_core.features.encoders.wav2vec2 import Wav2Vec2Encoder

    return Wav2Vec2Encoder(checked_config(config), preparation, last)


READ_SPEECH = "audiobooks (LibriSpeech or Libri-Light), by the public checkpoints"

FAMILIES.register("whisper")(
    Family(
        "whisper",
        "Whisper (encoder)",
        _whisper,
        ("model.encoder.", "encoder.", ""),
        "conv1.",
        "680,000 hours of audio with transcripts from the internet, which are not published",
    )
)
for _name, _title, _prefix, _more in (
    ("wav2vec2", "wav2vec 2.0, XLSR", "wav2vec2.", "; XLSR: CommonVoice, BABEL and MLS besides"),
    ("hubert", "HuBERT", "hubert.", ""),
    ("wavlm", "WavLM", "wavlm.", "; large: GigaSpeech and VoxPopuli besides"),
    ("data2vec-audio", "data2vec (audio)", "data2vec_audio.", ""),
):
    FAMILIES.register(_name)(
        Family(
            _name,
            _title,
            _wav2vec2,
            (_prefix, ""),
            "feature_extractor.",
            READ_SPEECH + _more,
            "model.",
        )
    )
