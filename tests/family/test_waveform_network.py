"""A network on samples, registered from outside: it learns its own front-end."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from torch import nn

from ser_core.core import ParameterError, parameter
from ser_core.features.representations import WAVEFORM
from ser_core.models.frame_mask import own_frames
from ser_core.models.networks import NetworkSpec, network
from ser_core.recipes.recipe import parse

STRIDE = 160


@pytest.fixture
def registered():
    @network("toy-wave", title="Toy on samples", accepts=(WAVEFORM,))
    @dataclass(frozen=True, kw_only=True)
    class WaveSpec(NetworkSpec):
        filters: int = parameter(8, 1, 64, "Filters of the learned front-end")
        classes: int = 6

        def build(self):
            return WaveNet(self)

    return WaveSpec


class WaveNet(nn.Module):
    """A strided convolution of samples, squared and averaged over each clip's own windows."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        self.front = nn.Conv1d(1, spec.filters, STRIDE, STRIDE, bias=False)
        self.fc = nn.Linear(spec.filters, spec.classes)

    def forward(self, x, frames=None):
        energy = self.front(x[:, 0]).square()[:, :, None, :]
        windows = None if frames is None else frames // STRIDE
        total = own_frames(energy, windows).sum((-2, -1))
        count = energy.shape[-1] if windows is None else windows[:, None].to(x.dtype)
        return self.fc((total / count + 1e-4).log())


def test_it_goes_all_the_way(registered, journey, plain, tmp_path):
    wave = journey(
        "wave",
        representation={"name": "waveform"},
        normalise="clip",
        augment={"waveform": "default", "speeds": [1.1]},
        network={"name": "toy-wave"},
    )
    wave.check_answers()
    wave.check_evaluation()
    wave.check_ensemble(plain, tmp_path / "ensemble")
    wave.check_pages()
    assert "network.front.weight" in wave.bundle.model.state_dict()


def test_the_store_keeps_no_samples(registered, journey, ser_home):
    journey("wave", representation={"name": "waveform"}, network={"name": "toy-wave"})
    assert not list((ser_home / "store").rglob("*waveform*"))


def test_it_takes_samples_alone_and_samples_go_to_nothing_else():
    base = {"corpus": "somewhere"}
    with pytest.raises(ParameterError, match=r"must be wave-cnn where a clip is samples"):
        parse({**base, "representation": {"name": "waveform"}, "network": {"name": "resnet18"}})


def test_mel_spectra_are_refused(registered):
    with pytest.raises(ParameterError, match="where a clip is frames of features"):
        parse({"corpus": "somewhere", "network": {"name": "toy-wave"}})
