"""What an encoder is, in words and numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ser_core.features.encoders.facts import facts_of_folder, missing_weights
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
    kind, found = family(source.model_type), facts_of_folder(source)
    return {
        "family": found.family,
        "type": source.model_type,
        "folder": str(source.path),
        "weights": source.weights_hash,
        "layers": found.layers,
        "size": found.size,
        "numbers_a_layer": {
            "mean, spread": 2 * found.size,
            "mean, spread, quantiles": 5 * found.size,
        },
        "parameters": found.parameters,
        "megabytes": sum(file.stat().st_size for file in source.files) / 1e6,
        "missing_weights": missing_weights(source),
        "sample_rate_hz": found.sample_rate,
        "frames_a_second": round(found.sample_rate / found.hop, 1),
        "seconds_at_once": found.longest / found.sample_rate,
        "pretrained_on": kind.pretrained_on,
    }
