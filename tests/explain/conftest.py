"""Clips before small networks."""

import numpy as np
import pytest
import torch

from ser_core.audio import Waveform
from ser_core.explain.model_input import NetworkInput
from ser_core.features.representations import make
from ser_core.models.networks.resnet import AudioResNet, ResNetSpec
from tests.explain.nets import CLASSES, Weighted, bundle_of, lively
from tests.features.encoders.conftest import make_encoder

__all__ = ["make_encoder"]


@pytest.fixture
def network_input_of():
    """A `NetworkInput` of a feature map and a network."""

    def network_input_of(network, seen, *, silence=-2.0, frames=None, classes=CLASSES):
        rep = make("melspectrogram", n_mels=seen.shape[-2], n_fft=1024)
        quiet = torch.full((1, *seen.shape[1:3], 1), silence)
        network = network.eval().requires_grad_(requires_grad=False)
        return NetworkInput(network, seen, quiet, seen[0].numpy(), rep, classes, frames)

    return network_input_of


@pytest.fixture
def weighted(network_input_of):
    """A `NetworkInput` of a weighted sum: 1 channel, 8 bins, 12 frames."""
    numbers = torch.Generator().manual_seed(0)
    weights = torch.randn(3, 1, 8, 12, generator=numbers)
    seen = torch.randn(1, 1, 8, 12, generator=numbers)
    return network_input_of(Weighted(weights), seen)


@pytest.fixture
def resnet():
    """A tiny residual network that is far from its initial state."""
    return lively(AudioResNet(ResNetSpec(depth="resnet10", width=2, classes=3)))


@pytest.fixture
def residual(resnet, network_input_of):
    """A `NetworkInput` of it: 1 channel, 16 bins, 24 frames."""
    seen = torch.randn(1, 1, 16, 24, generator=torch.Generator().manual_seed(1))
    return network_input_of(resnet, seen)


@pytest.fixture
def bundle():
    return bundle_of()


@pytest.fixture
def speech(demo_waveform):
    """A second of real speech."""
    return Waveform(np.array(demo_waveform.samples[8000:24000]), demo_waveform.sample_rate)


@pytest.fixture
def others(demo_waveform):
    """Two more pieces of real speech for enrolment."""
    rate, samples = demo_waveform.sample_rate, demo_waveform.samples
    return [Waveform(np.array(part), rate) for part in (samples[:9000], 0.3 * samples[20000:])]
