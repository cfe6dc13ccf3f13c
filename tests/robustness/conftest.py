"""Small models with predictions that can be computed by hand, and clips of the demo."""

from __future__ import annotations

import pytest
import torch

from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.features.representations import make
from ser_core.inference.evaluation_clips import choose
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.linear import LinearSpec
from ser_core.models.networks.resnet import ResNetSpec
from tests.threads import one_thread  # noqa: F401  (for every test here)

CLASSES = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")


def made(representation="melspectrogram", normalise="clip", **parameters):
    """A bundle with random weights and different predictions for different clips."""
    torch.manual_seed(0)
    rep = make(representation, **{"hop_length": 320, **parameters})
    spec = ResNetSpec(depth="resnet10", width=4, channels=len(rep.channel_names))
    model = EmotionClassifier(rep, normalise, spec, CLASSES)
    torch.nn.init.normal_(model.network.fc.weight)
    return Bundle(model.eval(), architecture(model))


def made_linear(normalise="corpus"):
    """A linear model on functionals: one frame a clip."""
    torch.manual_seed(0)
    rep = make("functionals")
    channels, bins, _ = rep.silence.shape
    model = EmotionClassifier(rep, normalise, LinearSpec(channels=channels, bins=bins), CLASSES)
    return Bundle(model.eval(), architecture(model))


@pytest.fixture(scope="session")
def corpus():
    return open_corpus(demo_corpus())


@pytest.fixture(scope="session")
def bundle():
    return made(n_mels=24)


@pytest.fixture(scope="session")
def subset(bundle, corpus):
    """Twelve clips, two of each emotion."""
    return choose(bundle, corpus, 12)
