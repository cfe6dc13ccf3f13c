"""What an encoder is, in words and numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from ser_core.features.encoders.families import family
from ser_core.features.encoders.folder import open_folder


def describe(path: Path) -> dict[str, Any]:
    """Facts of the encoder in a folder, in the order in which they are read.

    Args:
        path: As for `open_folder`.

    Raises:
        ModelError: If the folder holds no encoder that can be used.
    """
    source = open_folder(path.expanduser())
    kind = family(source.model_type)
    with torch.device("meta"):  # architecture without weights
        module: Any = kind.build(source.config, source.preparation, None)
    states, size = module.shape
    own = module.state_dict()
    found = kind.state(source.tensors())
    parameters = sum(math.prod(each.shape) for each in module.parameters())
    seconds = module.longest / module.sample_rate
    return {
        "family": kind.title,
        "type": source.model_type,
        "folder": str(source.path),
        "weights": source.weights_hash,
        "layers": states - 1,
        "size": size,
        "numbers_a_layer": {"mean, spread": 2 * size, "mean, spread, quantiles": 5 * size},
        "parameters": parameters,
        "megabytes": sum(file.stat().st_size for file in source.files) / 1e6,
        "missing_weights": sorted(own.keys() - found.keys()),
        "sample_rate_hz": module.sample_rate,
        "frames_a_second": round(int(module.frames(torch.tensor(module.longest))) / seconds, 1),
        "seconds_at_once": seconds,
        "pretrained_on": kind.pretrained_on,
    }
