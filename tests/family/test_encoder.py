"""An encoder with weights as the front-end, registered from outside."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn

from ser_core.features.representations import FEATURES, Axis, Representation, make
from ser_core.features.representations.base import model_input
from ser_core.models.bundle import load_bundle

WINDOW, HOP, SIZE = 400, 320, 12


class Encoder(nn.Module):
    """Windows of 400 samples every 320, without any padding, as wav2vec2 counts frames."""

    def __init__(self, seed):
        super().__init__()
        self.conv = nn.Conv1d(1, SIZE, WINDOW, HOP, bias=False)
        draw = torch.Generator().manual_seed(seed)
        weights = torch.randn(self.conv.weight.shape, generator=draw)
        self.conv.weight.data = weights / WINDOW**0.5

    def forward(self, waveforms, lengths=None):
        short = max(0, WINDOW - waveforms.shape[-1])
        padded = nn.functional.pad(waveforms, (0, short))
        return torch.tanh(self.conv(padded[:, None]))[:, None]


@pytest.fixture
def registered():
    @model_input("toy-encoder", FEATURES)
    @dataclass(frozen=True, kw_only=True)
    class EncoderFeatures(Representation):
        title = "Toy encoder"
        describe = "Features of an encoder."
        family = "encoder"
        n_fft: int = field(default=WINDOW, init=False)
        hop_length: int = field(default=HOP, init=False)
        seed: int = 0

        def layers(self, *, pretrained=True):
            return Encoder(self.seed if pretrained else 0)

        def compute(self, sound):
            return Encoder(self.seed)(sound.waveforms, sound.lengths).detach()

        def bin_axis(self):
            return Axis("dimension", "", np.arange(SIZE))

        def frames(self, samples):
            return 1 + (samples - WINDOW).clamp(min=0) // HOP

        def samples(self, frames):
            return (frames - 1) * HOP + WINDOW

        def frame_times(self, frames):
            return (np.arange(frames) * HOP + WINDOW / 2) / self.sample_rate

        @property
        def silence(self):
            return torch.zeros(1, SIZE, 1)

    return EncoderFeatures


ENCODER = {"name": "toy-encoder", "seed": 3}


def test_it_goes_all_the_way(registered, journey, plain, tmp_path):
    model = journey(
        "encoder", representation=ENCODER, normalise="speaker",
        augment={"waveform": "default"}, network={"name": "linear"},
    )  # fmt: skip
    model.check_answers()
    model.check_evaluation()
    model.check_ensemble(plain, tmp_path / "ensemble")
    model.check_pages()


def test_its_weights_are_the_models_own(registered, journey):
    model = journey("encoder", representation=ENCODER, network={"name": "linear"})
    name = "front_end.layers.conv.weight"
    assert name in model.bundle.model.state_dict()
    before = model.bundle.predict(model.sounds)
    loaded = load_bundle(model.folder)
    np.testing.assert_allclose(loaded.predict(model.sounds), before, atol=1e-6)
    loaded.model.get_parameter(name).data.zero_()
    assert not np.allclose(loaded.predict(model.sounds), before)


@pytest.mark.parametrize("samples", [100, 400, 719, 720, 16_001])
def test_frames_and_padding_follow_the_encoder_and_not_a_step_of_ten_milliseconds(
    registered, samples
):
    rep = make(**ENCODER)
    waves = torch.randn(2, 20_000, generator=torch.Generator().manual_seed(0))
    waves[0, samples:] = 0
    lengths = torch.tensor([samples, 20_000])
    alone = rep(waves[:1, :samples])[0]
    padded = rep(waves, lengths)[0]
    own = int(rep.frames(torch.tensor([samples])))
    assert alone.shape[-1] == own
    torch.testing.assert_close(padded[..., :own], alone)
    assert not padded[..., own:].any()
    assert int(rep.frames(torch.tensor([rep.samples(own)]))) == own


def test_weights_of_the_front_end_are_not_trained(registered, journey):
    model = journey("encoder", representation=ENCODER, network={"name": "linear"})
    fresh = Encoder(3).conv.weight
    torch.testing.assert_close(model.bundle.model.front_end.layers.conv.weight, fresh)
