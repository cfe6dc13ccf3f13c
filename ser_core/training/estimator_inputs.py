"""What networks that are fitted in one go are given: one row of normalised numbers a clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.estimator import FittedAtOnce
from ser_core.training.data import Data

Inputs = npt.NDArray[np.float32]


def both_inputs(
    model: EmotionClassifier, data: Data, clips: Tensor
) -> tuple[Inputs, npt.NDArray[np.int64]]:
    """Inputs of clips, and again without enrolment where speakers can be enrolled."""
    inputs, classes = normalised_inputs(model, data, clips, enrolled=True)
    if data.speaker_moments is None:
        return inputs, classes
    unseen, again = normalised_inputs(model, data, clips, enrolled=False)
    return np.concatenate([inputs, unseen]), np.concatenate([classes, again])


def fitted_network(model: EmotionClassifier) -> FittedAtOnce:
    """The network of a model whose row names the learner that fits in one go."""
    network = model.network
    assert isinstance(network, FittedAtOnce)  # noqa: S101
    return network


def normalised_inputs(
    model: EmotionClassifier, data: Data, clips: Tensor, *, enrolled: bool
) -> tuple[Inputs, npt.NDArray[np.int64]]:
    """What the estimator is given of clips, (clips, features), and their classes."""
    network, found, order = fitted_network(model), [], []
    for batch in data.evaluation(clips):
        speakers = batch.speakers if enrolled else None
        normal = model.normaliser(batch.features, batch.frames, speakers)
        found.append(network.embed(normal, batch.frames))
        order.append(batch.clips)
    return torch.cat(found).numpy(), data.targets[torch.cat(order)].numpy()
