"""Networks small enough to be computed by hand, and untrained models."""

import torch
from torch import nn

from ser_core.explain import METHODS
from ser_core.features.representations import make
from ser_core.models.abilities import ATTENTION
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.ensemble import Ensemble
from ser_core.models.networks.linear import LinearSpec
from ser_core.models.networks.resnet import ResNetSpec
from ser_core.models.pooling import Pool

CONVOLUTIONAL = [name for name, method in METHODS.items() if ATTENTION not in method.needs]
"""Methods that apply to a residual network."""

CLASSES = ("anger", "sadness", "neutral")


class Weighted(nn.Module):
    """Logits that are weighted sums of the feature map: every relevance is known."""

    def __init__(self, weights, bias=None):
        super().__init__()
        self.weights = nn.Parameter(weights)
        self.bias = nn.Parameter(torch.zeros(len(weights)) if bias is None else bias)

    def forward(self, x, frames=None):
        own = x[..., : self.weights.shape[-1]]
        return torch.einsum("kcbf,ncbf->nk", self.weights, own) + self.bias


def lively(network, seed=0):
    """The network with random weights and statistics, as if trained."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            shape = module.weight.shape
            module.weight.data = 0.5 + torch.rand(shape, generator=generator)
            module.bias.data = 0.3 * torch.randn(shape, generator=generator)
            module.running_mean = 0.2 * torch.randn(shape, generator=generator)
            module.running_var = 0.5 + torch.rand(shape, generator=generator)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            fan_in = module.weight[0].numel()
            module.weight.data = (
                torch.randn(module.weight.shape, generator=generator) * (2 / fan_in) ** 0.5
            )
            if module.bias is not None:
                module.bias.data.fill_(0.1)
    return network.eval()


def bundle_of(name="melspectrogram", normalise="corpus", seed=0, width=2, **parameters):
    """An untrained bundle."""
    if name == "melspectrogram":
        parameters = {"n_mels": 16, "hop_length": 400, **parameters}
    rep = make(name, **parameters)
    channels, _, _ = rep.silence.shape
    spec = ResNetSpec(depth="resnet10", width=width, channels=channels, classes=len(CLASSES))
    model = EmotionClassifier(rep, normalise, spec, CLASSES)
    lively(model.network, seed)
    model.normaliser.mean.fill_(-50.0 if rep.unit == "dB" else 0.0)
    model.normaliser.spread.fill_(20.0 if rep.unit == "dB" else 1.0)
    return Bundle(model.eval(), architecture(model))


def linear_bundle():
    """A bundle of a linear network, which sees a clip as one column of numbers."""
    rep = make("functionals")
    spec = LinearSpec(channels=1, bins=rep.silence.shape[1], classes=len(CLASSES))
    model = EmotionClassifier(rep, "corpus", spec, CLASSES).eval()
    return Bundle(model, architecture(model))


def pair_of(one, two, weights, kind="linear", temperature=1.0):
    """Two bundles as one ensemble."""
    about = {"classes": list(CLASSES), "name": "pair", "threshold": None}
    return Ensemble(((one,), (two,)), Pool(kind, tuple(weights), temperature), about)
