"""What can be said of an encoder before it is run: layers, sizes, frames."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from ser_core.core import ModelError, files
from ser_core.features.encoders.families import FAMILIES, family
from ser_core.features.encoders.folder import EncoderFolder

GOOD_SHARE = 0.75
"""Share of the layers from below that is used where nothing else is chosen.

The last layers of these encoders turn to words; what tells emotions apart is strongest in the
middle (Pasad et al., 2021; layers 1 to 3 of 4 in the published run)."""

SPAN = 5_120
"""Samples by whose frames the step from one frame to the next is found."""


@dataclass(frozen=True)
class EncoderFacts:
    """Facts of an encoder.

    Attributes:
        family: For people.
        layers: Transformer layers.
        size: Of a hidden state.
        parameters: Of the encoder, without decoder and heads.
        sample_rate: In Hz.
        hop: Samples from one frame to the next.
        longest: Samples that it takes at once.
    """

    family: str
    layers: int
    size: int
    parameters: int
    sample_rate: int
    hop: int
    longest: int

    @property
    def hop_ms(self) -> float:
        """Milliseconds from one frame to the next."""
        return 1000 * self.hop / self.sample_rate

    @property
    def good_layers(self) -> tuple[int, int]:
        """First and last layer to begin with."""
        return 1, max(1, round(GOOD_SHARE * self.layers))


def facts(folder: EncoderFolder) -> EncoderFacts:
    """Facts of an encoder, whose weights are all there.

    Only the heads of its files are read, so that it takes no longer for a large one.

    Raises:
        ModelError: If its family is not known, its configuration cannot be used, or weights lack.
    """
    found = facts_of_folder(folder)
    missing = missing_weights(folder)
    if missing:
        raise ModelError(
            f"lacks {len(missing)} weights, the first is {missing[0]}",
            subject=str(folder.path),
            remedy="Fetch the encoder again",
        )
    return found


def facts_of_folder(folder: EncoderFolder) -> EncoderFacts:
    """Facts of an encoder, whether or not its weights are all there.

    Raises:
        ModelError: If its family is not known, or its configuration cannot be used.
    """
    return _of_config(folder.config, folder.preparation)


def facts_of(config: str) -> EncoderFacts:
    """Facts from the text that the representation `encoder` keeps (its parameter `config`).

    Raises:
        ModelError: If its family is not known, or the configuration cannot be used.
    """
    content = json.loads(config)
    return _of_config(content["config"], content["preparation"])


def missing_weights(folder: EncoderFolder) -> list[str]:
    """Names of weights that the encoder needs and the folder lacks.

    Raises:
        ModelError: If a file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    there: dict[str, torch.Tensor] = {}
    nothing = torch.empty(0, device="meta")
    try:
        for file in folder.files:
            with safe_open(files.regular(file, files.WEIGHTS), framework="pt") as content:
                there |= dict.fromkeys(content.keys(), nothing)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"its weights cannot be read ({error})",
            subject=str(folder.path),
            remedy="Fetch the encoder again",
        ) from error
    needed = _skeleton(_text(folder.config, folder.preparation)).state_dict().keys()
    return sorted(needed - family(folder.model_type).state(there).keys())


def _of_config(config: dict[str, Any], preparation: dict[str, Any]) -> EncoderFacts:
    try:
        built = _skeleton(_text(config, preparation))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"its configuration cannot be used ({type(error).__name__}: {error})",
            subject="config.json",
            remedy="Fetch the encoder again",
        ) from error
    states, size = built.shape
    short, long = built.frames(torch.tensor([SPAN, 2 * SPAN])).tolist()
    return EncoderFacts(
        family=FAMILIES[str(config["model_type"])].title,
        layers=states - 1,
        size=size,
        parameters=sum(each.numel() for each in built.parameters()),
        sample_rate=built.sample_rate,
        hop=round(SPAN / max(1, long - short)),
        longest=built.longest,
    )


def _text(config: dict[str, Any], preparation: dict[str, Any]) -> str:
    return json.dumps({"config": config, "preparation": preparation}, sort_keys=True)


@lru_cache(maxsize=8)
def _skeleton(content: str) -> Any:
    """Encoder without weights."""
    read = json.loads(content)
    own = read["config"]
    with torch.device("meta"):
        return family(str(own.get("model_type", ""))).build(own, read["preparation"], None)
