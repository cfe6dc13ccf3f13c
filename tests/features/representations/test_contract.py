"""What holds for every representation, whatever it computes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_core.audio import Waveform
from ser_core.core import ParameterError, UnknownNameError
from ser_core.features.representations import REPRESENTATIONS, Analysis, FrontEnd, make, represent

EVERY = list(REPRESENTATIONS)
ORDINARY = [name for name in EVERY if "tempogram" not in name]  # whose padding is exact to the bit


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", EVERY)
def test_shape_axis_and_channels_agree(name):
    rep = make(name)
    features = rep(noise(2, 8000))
    assert features.shape == (
        2,
        len(rep.channel_names),
        len(rep.bin_axis().values),
        1 + 8000 // rep.hop_length,
    )
    assert features.dtype == torch.float32
    assert rep.title
    assert rep.describe


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("samples", [1, 2, 159, 160, 161, 511, 1300])
def test_short_clips_and_silence_are_finite(name, samples):
    rep = make(name)
    for wave in (torch.zeros(1, samples), noise(1, samples), torch.ones(1, samples)):
        features = rep(wave)
        assert features.shape[-1] == 1 + samples // rep.hop_length
        assert torch.isfinite(features).all()


@pytest.mark.parametrize("name", EVERY)
def test_padding_in_a_batch_changes_nothing_and_reads_as_silence(name):
    rep = make(name)
    lengths = [9000, 1, 4321, 700]
    waves = [noise(1, n, seed=n) for n in lengths]
    batch = torch.zeros(len(waves), max(lengths))
    for row, wave in zip(batch, waves, strict=True):
        row[: wave.shape[1]] = wave[0]
    together = rep(batch, torch.tensor(lengths))
    for features, wave in zip(together, waves, strict=True):
        alone = rep(wave)[0]
        frames = alone.shape[-1]
        np.testing.assert_allclose(features[..., :frames], alone, atol=2e-3)
        assert (features[..., frames:] == rep.silence).all()


@pytest.mark.parametrize("name", EVERY)
def test_sharing_an_analysis_gives_the_same(name):
    wave = noise(1, 8000)
    sound = Analysis(wave, 16_000)
    for other in EVERY:
        make(other)(sound)
    assert torch.equal(make(name)(sound), make(name)(wave))


def test_represent_gives_one_array_for_each():
    wave = Waveform(noise(8000).numpy(), 16_000)
    features = represent(wave, [make(name) for name in EVERY])
    for name, feature_map in zip(EVERY, features, strict=True):
        np.testing.assert_array_equal(
            feature_map, make(name)(torch.from_numpy(wave.samples)[None])[0]
        )


@pytest.mark.parametrize("name", EVERY)
def test_gradients_reach_the_waveform_where_the_mathematics_allows(name):
    rep = make(name)
    wave = noise(1, 4000).requires_grad_()
    features = FrontEnd(rep)(wave)
    if not rep.differentiable:
        assert not features.requires_grad
        return
    features.sum().backward()
    assert torch.isfinite(wave.grad).all()
    assert wave.grad.abs().max() > 0


@pytest.mark.parametrize("name", [n for n in EVERY if make(n).differentiable])
def test_gradient_of_silence_is_finite(name):
    wave = torch.zeros(1, 4000, requires_grad=True)
    make(name)(wave).sum().backward()
    assert torch.isfinite(wave.grad).all()


@pytest.mark.parametrize("name", ["melspectrogram", "mfcc", "rms", "cqt", "hpss"])
def test_gradient_is_the_slope(name):
    rep = make(name)
    wave, direction = noise(1, 2000).double(), noise(1, 2000, seed=1).double()
    start = wave.clone().requires_grad_()
    rep(start).mean().backward()
    step = 1e-6
    slope = (rep(wave + step * direction).mean() - rep(wave - step * direction).mean()) / (2 * step)
    assert (start.grad * direction).sum().item() == pytest.approx(slope.item(), rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(samples=st.integers(1, 3000), scale=st.floats(0, 10), name=st.sampled_from(ORDINARY))
def test_any_finite_sound_gives_a_finite_feature_map(samples, scale, name):
    assert torch.isfinite(make(name)(scale * noise(1, samples))).all()


@pytest.mark.parametrize("name", EVERY)
def test_hash_depends_on_every_parameter_and_the_name(name):
    rep = make(name)
    hashes = {make(other).hash for other in EVERY}
    assert len(hashes) == len(EVERY)
    assert rep.hash == make(name).hash
    assert dataclasses.replace(rep, hop_length=128).hash != rep.hash


def test_frame_times_are_in_seconds():
    assert make("rms", hop_length=160).frame_times(3).tolist() == [0, 0.01, 0.02]


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("mfcc", {"n_mfcc": 90}, ["n_mfcc = 90", "n_mels = 80", "fewer"]),
        ("melspectrogram", {"n_mels": 200}, ["n_mels = 200", "n_fft = 512", "longer window"]),
        ("melspectrogram", {"fmax": 9000.0}, ["fmax = 9000", "8000 Hz"]),
        ("melspectrogram", {"fmin": 8000.0}, ["fmin = 8000", "fmax"]),
        ("spectrogram", {"n_fft": 511}, ["n_fft = 511", "even", "512"]),
        ("spectrogram", {"hop_length": 0}, ["hop_length = 0", "between 16 and 4096"]),
        ("spectral_contrast", {"n_bands": 9}, ["n_bands = 9", "fewer bands"]),
        ("hpss", {"harmonic_kernel": 30}, ["harmonic_kernel = 30", "power of two", "31"]),
        ("cqt", {"n_bins": 100}, ["n_bins = 100", "8000 Hz", "fewer bands"]),
        ("delta_mfcc", {"width": 8}, ["width = 8", "odd", "9"]),
        ("rms", {"hop": 80}, ["no parameter 'hop'", "hop_length"]),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value_rule_and_remedy(name, parameters, words):
    with pytest.raises(ParameterError) as caught:
        make(name, **parameters)
    for word in words:
        assert word in str(caught.value)


def test_an_unknown_name_suggests_the_one_that_was_meant():
    with pytest.raises(UnknownNameError, match="Did you mean 'melspectrogram'"):
        make("melspectogram")


@pytest.mark.parametrize(
    ("wave", "lengths"),
    [
        (torch.zeros(100), None),
        (torch.zeros(1, 0), None),
        (torch.zeros(0, 10), None),
        (torch.zeros(1, 10), torch.tensor([11])),
        (torch.zeros(1, 10), torch.tensor([0])),
        (torch.zeros(2, 10), torch.tensor([5])),
    ],
)
def test_batches_of_another_shape_are_refused(wave, lengths):
    with pytest.raises(ParameterError):
        make("rms")(wave, lengths)


def test_another_sample_rate_is_refused():
    with pytest.raises(ParameterError, match="22050 Hz"):
        make("rms")(Analysis(torch.zeros(1, 100), 22_050))
