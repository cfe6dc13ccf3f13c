"""Shared features: several models on the same sounds, with each representation computed once.

The models of a member's folds, and members with the same representation, share their front-end,
which is most of the work of small networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core import audio
from ser_core.audio import Waveform
from ser_core.models.abilities import name_of
from ser_core.models.bundle import BATCH, Bundle, pad_batch
from ser_core.models.predictor import Probabilities, SpeakerStatistics, checked


def probabilities_of(
    models: Sequence[Bundle],
    waveforms: Sequence[Waveform],
    speakers: Sequence[SpeakerStatistics | None],
) -> list[Probabilities]:
    """Probabilities of each model, as its own `predict` gives them.

    Args:
        models: Any; those of one representation share its feature maps.
        waveforms: Sounds of one speaker.
        speakers: The speaker's statistics for each model; None without enrolment.

    Returns:
        One array a model, (sounds, its classes).

    Raises:
        ModelError: If what comes out of one are no probabilities; see `checked`.
    """
    found = [np.zeros((len(waveforms), len(model.classes))) for model in models]
    for alike in _groups(models):
        first = models[alike[0]]
        for rows, features, frames in _pictures(first, waveforms):
            for number in alike:
                own = _rows(speakers[number], len(rows))
                found[number][rows] = _probabilities(models[number], features, frames, own)
    return [checked(each, name_of(model.about)) for model, each in zip(models, found, strict=True)]


def enrolled(models: Sequence[Bundle], waveforms: Sequence[Waveform]) -> SpeakerStatistics:
    """Statistics for each model, as its own `enrol` gives them, from features computed once."""
    arrays: dict[int, npt.NDArray[np.float32]] = {}
    for alike in _groups(models):
        (statistics,) = models[alike[0]].enrol(waveforms)
        arrays |= dict.fromkeys(alike, statistics)
    return tuple(arrays[number] for number in range(len(models)))


def _groups(models: Sequence[Bundle]) -> list[list[int]]:
    """Numbers of the models that see the same."""
    found: dict[str, list[int]] = {}
    for number, model in enumerate(models):
        found.setdefault(model.model.representation.hash, []).append(number)
    return list(found.values())


def _pictures(
    first: Bundle, waveforms: Sequence[Waveform]
) -> Iterator[tuple[list[int], Tensor, Tensor | None]]:
    """Batches of sounds of like length: their numbers, features and own frames."""
    rate, representation = first.sample_rate, first.model.representation
    sounds = [torch.from_numpy(audio.resampled(wave, rate).samples) for wave in waveforms]
    order = sorted(range(len(sounds)), key=lambda number: len(sounds[number]))
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        batch, lengths = pad_batch([sounds[number] for number in rows])
        with torch.inference_mode():
            features = first.model.front_end(batch, lengths)
        yield rows, features, None if lengths is None else representation.frames(lengths)


def _rows(speaker: SpeakerStatistics | None, count: int) -> Tensor | None:
    if speaker is None:
        return None
    (statistics,) = speaker
    return torch.from_numpy(statistics).expand(count, *statistics.shape)


def _probabilities(
    model: Bundle, features: Tensor, frames: Tensor | None, speakers: Tensor | None
) -> Probabilities:
    with torch.inference_mode():
        logits = model.model.logits(features, frames, speakers)
        probabilities: Probabilities = logits.double().softmax(-1).numpy()
    return probabilities
