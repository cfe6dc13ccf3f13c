"""Cached features of one network: computed once, however often its sounds are classified."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ser_core.audio import Waveform, resampled
from ser_core.inference.cached_features import Rows
from ser_core.models.abilities import name_of
from ser_core.models.bundle import Bundle
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.normalisation import Moments
from ser_core.models.predictor import Probabilities, checked

BATCH = 64


class CachedNetworkFeatures:
    """Feature maps of sounds, with what they add to the statistics of a speaker.

    Args:
        bundle: A network.
        waveforms: The sounds.
    """

    def __init__(self, bundle: Bundle, waveforms: Sequence[Waveform]) -> None:
        self.bundle = bundle
        self.features = [_picture(bundle.model, wave) for wave in waveforms]
        parts = [Moments.of(each[None], _frames([each])) for each in self.features]
        self.moments = Moments.concatenated(parts)

    def predict(
        self,
        rows: Rows,
        speaker: Rows | None = None,
        *,
        seen: bool = False,  # noqa: ARG002
    ) -> Probabilities:
        """As `CachedFeatures`; `seen` makes no difference to one network."""
        own = None if speaker is None else self._statistics(speaker)
        result = np.zeros((len(rows), len(self.bundle.classes)))
        order = sorted(range(len(rows)), key=lambda i: self.features[rows[i]].shape[-1])
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            result[chosen] = self._probabilities([self.features[rows[i]] for i in chosen], own)
        return checked(result, name_of(self.bundle.about))

    def _statistics(self, rows: Rows) -> Tensor:
        # The model says why, where it cannot enrol speakers.
        if not self.bundle.enrols:
            self.bundle.enrol([])
        return self.moments[torch.from_numpy(np.asarray(rows))].statistics()

    def _probabilities(self, features: list[Tensor], speaker: Tensor | None) -> Probabilities:
        frames = _frames(features)
        batch = pad_sequence([each.permute(2, 0, 1) for each in features], batch_first=True)
        own = None if speaker is None else speaker.expand(len(features), *speaker.shape)
        with torch.inference_mode():
            logits = self.bundle.model.logits(batch.permute(0, 2, 3, 1).contiguous(), frames, own)
        probabilities: Probabilities = logits.double().softmax(-1).numpy()
        return probabilities


def _picture(model: EmotionClassifier, waveform: Waveform) -> Tensor:
    """Feature map of a sound alone, (channels, bins, frames)."""
    samples = resampled(waveform, model.representation.sample_rate).samples
    with torch.inference_mode():
        feature_map: Tensor = model.front_end(torch.from_numpy(samples)[None])[0]
    return feature_map


def _frames(features: Sequence[Tensor]) -> Tensor:
    return torch.tensor([feature_map.shape[-1] for feature_map in features])
