"""Relevance by aspect of speech: frequency band, kind of frame, and part of the clip.

Every figure is the share of positive relevance, beside the share of the feature map that the part
makes up: twice as much relevance as area means twice as important as an even map would say.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from ser_core.audio import Waveform, resampled
from ser_core.explain.attribution import Attribution
from ser_core.explain.filterbanks import bank_of
from ser_core.explain.masked_audio import parts_of
from ser_core.explain.model_input import Floats
from ser_core.features.representations import HPSS, Representation
from ser_core.features.representations.voicing import voicing

BANDS: dict[str, tuple[float, float]] = {
    "below 300 Hz": (0, 300),
    "300 to 1000 Hz": (300, 1000),
    "1 to 2.5 kHz": (1000, 2500),
    "2.5 to 4 kHz": (2500, 4000),
    "above 4 kHz": (4000, np.inf),
}
"""Roughly: the voice's pitch, the first formant, the second, the third, and hissing sounds."""

KINDS = ("voiced", "unvoiced", "silent")
THIRDS = ("beginning", "middle", "end")
PARTS = ("harmonic", "percussive")
ASPECTS = {
    "frequency": "Frequency",
    "frames": "Voiced, unvoiced, silent",
    "part": "Harmonic, percussive",
    "third": "Thirds of the utterance",
}

SILENT_DB, VOICED_DB, PERIODIC = -40.0, -35.0, 0.5
"""Silent frames are this far below the loudest; voiced ones at least so loud and so periodic."""

NOTHING_DB, TINY = -60.0, 1e-12
"""Energy of a frame, summed over its samples, under which a frame counts as silent."""


def relevance_by_aspect(attribution: Attribution, waveform: Waveform) -> pd.DataFrame:
    """Where positive relevance lies.

    Args:
        attribution: Of the waveform.
        waveform: The sound.

    Returns:
        A row a part: `aspect` (key of `ASPECTS`), `part`, `share` of the relevance and `area`, the
        share of the feature map, both 0 to 1 and summing to 1 within an aspect. Aspects that the
        representation has no axis for are left out, and all without positive relevance.
    """
    positive = attribution.positive.astype(np.float64)
    rep, total = attribution.representation, positive.sum()
    rows: list[dict[str, object]] = []
    if total > 0:
        for aspect, weights in aspects(rep, waveform, positive.shape).items():
            rows += _rows(aspect, weights, positive / total)
    return pd.DataFrame(rows, columns=["aspect", "part", "share", "area"])


def aspects(
    rep: Representation, waveform: Waveform, shape: tuple[int, ...]
) -> dict[str, dict[str, Floats]]:
    """How much of each value of a feature map belongs to each part, 0 to 1, by aspect and part."""
    found = {"frequency": _bands(rep)}
    if shape[-1] > 1:
        kinds = frame_kinds(waveform, rep, shape[-1])
        found |= {
            "frames": {kind: (kinds == kind).astype(float) for kind in KINDS},
            "part": _parts(rep, waveform, shape),
            "third": _thirds(kinds),
        }
    return {
        aspect: {part: np.broadcast_to(weights, shape) for part, weights in parts.items()}
        for aspect, parts in found.items()
        if parts
    }


def _rows(aspect: str, parts: dict[str, Floats], relevance: Floats) -> list[dict[str, object]]:
    area = sum(float(weights.sum()) for weights in parts.values())
    share = sum(float((weights * relevance).sum()) for weights in parts.values())
    return [
        {
            "aspect": aspect,
            "part": part,
            "share": float((weights * relevance).sum()) / share if share > 0 else np.nan,
            "area": float(weights.sum()) / area if area > 0 else np.nan,
        }
        for part, weights in parts.items()
    ]


def _bands(rep: Representation) -> dict[str, Floats]:
    """Bins in each band; none where the vertical axis is not a frequency."""
    axis = rep.bin_axis()
    centres = np.asarray(axis.values)
    if axis.unit != "Hz" or centres.dtype.kind == "U":
        return {}
    hz = centres.astype(np.float64)[None, :, None]
    found = {name: ((hz >= low) & (hz < high)).astype(float) for name, (low, high) in BANDS.items()}
    return {name: weights for name, weights in found.items() if weights.any()}


def frame_kinds(waveform: Waveform, rep: Representation, frames: int) -> npt.NDArray[np.str_]:
    """Kind of every frame, one of `KINDS`: silent, or with or without the voice.

    Args:
        waveform: The sound.
        rep: Whose frames are meant.
        frames: How many.
    """
    samples = torch.from_numpy(resampled(waveform, rep.sample_rate).samples)[None]
    analysed = voicing(samples, rep.sample_rate, rep.hop_length)
    energy, periodicity = analysed.energy[0].numpy(), analysed.periodicity[0].numpy()
    level = energy - energy.max()
    voiced = (level > VOICED_DB) & (periodicity > PERIODIC)
    silent = (level < SILENT_DB) | (energy < NOTHING_DB)
    kinds = np.where(silent, "silent", np.where(voiced, "voiced", "unvoiced"))
    return np.resize(kinds, frames) if len(kinds) < frames else kinds[:frames]


def _thirds(kinds: npt.NDArray[np.str_]) -> dict[str, Floats]:
    """Frames of each third of what lies between the first and the last sound."""
    sounding = np.flatnonzero(kinds != "silent")
    if len(sounding) < len(THIRDS):
        return {}
    first, last = sounding[0], sounding[-1] + 1
    position = (np.arange(len(kinds)) - first) / (last - first)
    third = np.floor(position * len(THIRDS))
    return {name: (third == number).astype(float) for number, name in enumerate(THIRDS)}


def _parts(rep: Representation, waveform: Waveform, shape: tuple[int, ...]) -> dict[str, Floats]:
    """How harmonic each value is: the channels of HPSS, or its share in the power of the bin."""
    if isinstance(rep, HPSS):
        channels = np.arange(shape[0])[:, None, None]
        return {name: (channels == number).astype(float) for number, name in enumerate(PARTS)}
    bank = bank_of(rep)
    if bank is None:
        return {}
    samples = torch.from_numpy(resampled(waveform, rep.sample_rate).samples)[None]
    harmonic, percussive = (bank @ part for part in parts_of(rep, samples))
    share = (harmonic + TINY) / (harmonic + percussive + 2 * TINY)
    values = share.numpy().astype(np.float64)[None, :, : shape[-1]]
    return {"harmonic": values, "percussive": 1 - values}
