"""Small models with random weights and different predictions for different clips."""

from __future__ import annotations

import torch

from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.linear import LinearSpec
from ser_core.models.networks.resnet import ResNetSpec

CLASSES = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")
FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6, "method": "bootstrap over 50 clips"}
METRICS = {"uar": FIGURE, "wa": FIGURE}
AUDIT = {"grade": "E", "validation_grade": "E", "reading": "The same voices.", "worst": []}
ABOUT = {
    "recipe": {"name": "a small model", "corpus": "/somewhere/private"},
    "corpus": {"name": "demo", "licence": "CC BY-NC-SA 4.0", "train_clips": 40,
               "validation_clips": 6, "test_clips": 70},
    "split": {"policy": "random", "seed": 0, "fold": "split", "hash": "0" * 16, "audit": AUDIT},
    "metrics": METRICS,
    "confidence": {"temperature": 1.7, "threshold": 0.4, "source": "Calibrated by hand."},
    "confidence_enrolled": {"temperature": 0.8, "threshold": 0.5, "source": "By hand, too."},
}  # fmt: skip

SMALL = {
    "melspectrogram": {"n_mels": 16, "hop_length": 400},
    "hpss": {"n_mels": 16, "harmonic_kernel": 7, "percussive_kernel": 7},
    "fusion": {"parts": "melspectrogram(n_mels=16), chroma, rms", "hop_length": 400},
}
"""Parameters that make graphs small, and so tests quick."""


def bundle(
    representation="melspectrogram", normalise="speaker", seed=0, classes=CLASSES, *, linear=False
):
    """A bundle of a ResNet, or of a linear layer."""
    torch.manual_seed(seed)
    rep = make(representation, **SMALL.get(representation, {}))
    channels, bins, _ = rep.silence.shape
    if rep.summary or linear:
        spec = LinearSpec(channels=channels, bins=bins, classes=len(classes))
    else:
        spec = ResNetSpec(depth="resnet10", width=4, channels=channels, classes=len(classes))
    model = EmotionClassifier(rep, normalise, spec, classes)
    torch.nn.init.normal_(model.network.fc.weight, std=0.05 if rep.summary else 1.0)
    for module in model.modules():  # as if trained: no layer is the identity
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.running_mean, std=0.1)
    if rep.summary:  # as fitted, since functionals are of all sizes
        with torch.no_grad():
            model.normaliser.mean.copy_(rep(0.1 * torch.randn(1, 9_000))[0, ..., 0])
            model.normaliser.spread.copy_(1 + model.normaliser.mean.abs() / 2)
    else:
        model.normaliser.mean.normal_(-60.0, 5.0)
        model.normaliser.spread.uniform_(8.0, 15.0)
    return Bundle(model.eval(), {**architecture(model), **ABOUT})
