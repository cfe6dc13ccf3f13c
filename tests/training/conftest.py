from __future__ import annotations

import pytest
import torch

from ser_core.features.representations import make
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from ser_core.recipes.recipe import OptimChoice, TrainChoice
from ser_core.training.data import Data, Stored, moments_of
from ser_core.training.precision import Precision
from ser_core.training.trainer import Trainer

CLASSES = ("anger", "neutral", "sadness")
REP = make("melspectrogram", n_mels=16, hop_length=320)


@pytest.fixture
def data() -> Data:
    """Ninety clips whose class is the band that is loud, easy to learn."""
    draw = torch.Generator().manual_seed(0)
    targets = torch.arange(90) % 3
    features = []
    for target in targets.tolist():
        frames = int(torch.randint(20, 60, (1,), generator=draw))
        feature_map = -80 + 10 * torch.randn(1, 16, frames, generator=draw)
        feature_map[:, 5 * target : 5 * target + 5] += 12
        features.append(feature_map)
    return Data(Stored(REP, features), targets, classes=3)


@pytest.fixture
def trainer(data):
    """Maker of trainers that differ in what is given."""

    def make_trainer(callbacks=(), seed=0, optim=(), **train) -> Trainer:
        torch.manual_seed(seed)
        model = EmotionClassifier(REP, "corpus", ResNetSpec(width=4, classes=3), CLASSES)
        training, validation = torch.arange(60), torch.arange(60, 90)
        model.normaliser.fit(moments_of(data.source, training))
        return Trainer(
            model,
            data,
            training,
            validation,
            train=TrainChoice(**{"epochs": 4, "batch": 16, "crop_s": 0.6, **train}),
            optim=OptimChoice(**dict(optim)),
            seed=seed,
            precision=Precision("float32"),
            callbacks=callbacks,
        )

    return make_trainer
