"""Models that are asked together answer as each does alone."""

import numpy as np
import pytest
import torch

from ser_core.audio import load as load_sound
from ser_core.core import demo_corpus
from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from ser_core.models.shared_features import enrolled, probabilities_of


def model(seed, normalise="clip", **parameters):
    torch.manual_seed(seed)
    rep = make("melspectrogram", hop_length=400, **parameters)
    spec = ResNetSpec(depth="resnet10", width=4, classes=3)
    built = EmotionClassifier(rep, normalise, spec, ("anger", "sadness", "neutral"))
    torch.nn.init.normal_(built.network.fc.weight)
    return Bundle(built.eval(), architecture(built))


@pytest.fixture(scope="module")
def sounds():
    paths = sorted((demo_corpus() / "samples").glob("*.flac"))[:40]  # more than one batch
    return [load_sound(path) for path in paths]


@pytest.fixture(scope="module")
def models():
    return [
        model(0, n_mels=16),
        model(1, "speaker", n_mels=16),
        model(2, "speaker", n_mels=24),
        model(3, "corpus", n_mels=24),
    ]


def test_each_predicts_as_alone_enrolled_speaker_or_not(models, sounds):
    speakers = [model.enrol(sounds[:5]) if model.enrols else None for model in models]
    for given in (speakers, [None] * len(models)):
        for each, own, found in zip(
            models, given, probabilities_of(models, sounds, given), strict=True
        ):
            np.testing.assert_allclose(found, each.predict(sounds, own), atol=1e-6)


def test_what_models_see_alike_is_computed_once(models, sounds, monkeypatch):
    seen = []
    for each in models:
        front = each.model.front_end
        monkeypatch.setattr(
            front, "forward", lambda *given, f=front.forward: seen.append(1) or f(*given)
        )
    probabilities_of(models, sounds[:3], [None] * len(models))
    assert len(seen) == 2


def test_a_speaker_is_enrolled_for_each_model_that_uses_it(models, sounds):
    users = [each for each in models if each.enrols]
    together = enrolled(users, sounds[:4])
    alone = [array for each in users for array in each.enrol(sounds[:4])]
    assert len(together) == len(alone) == 2
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_no_sound_gives_no_row(models):
    assert [found.shape for found in probabilities_of(models, [], [None] * len(models))] == [
        (0, 3)
    ] * 4
