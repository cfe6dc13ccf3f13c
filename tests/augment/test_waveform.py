"""What holds for every augmentation of sound."""

from __future__ import annotations

import dataclasses

import hypothesis.strategies as st
import pytest
import soundfile
import torch
from hypothesis import given, settings

from ser_core.augment.waveform import WAVE_AUGMENTS, make_wave, wave_chain
from ser_core.augment.waveform.noise import _recordings
from ser_core.core import AudioError, ParameterError, UnknownNameError
from tests.augment.helpers import RATE, noise, seeded

EVERY = list(WAVE_AUGMENTS)
KEEPING_LENGTH = [name for name in EVERY if name != "speed"]
CHEAP = [name for name in EVERY if name not in {"codec", "recorded_noise"}]


@pytest.fixture
def folder(tmp_path):
    """Folder of the user's own noises, one of them shorter than any clip."""
    for number, samples in enumerate((4_000, 50_000)):
        wave = noise(samples, seed=number).numpy()
        soundfile.write(tmp_path / f"{number}.wav", wave, RATE)
    (tmp_path / "notes.txt").write_text("recorded in the yard")
    return str(tmp_path)


def augmentation(name, folder, **parameters):
    return make_wave(name, **({"folder": folder} if name == "recorded_noise" else {}), **parameters)


@pytest.mark.parametrize("name", EVERY)
def test_every_clip_changes_and_padding_stays_silent(name, speech, folder):
    x, lengths = speech
    before = x.clone()
    result, new = augmentation(name, folder)(x, lengths, seeded())
    assert torch.equal(x, before)
    assert torch.isfinite(result).all()
    assert result.dtype == torch.float32
    assert result.is_contiguous()
    for old, clip, own in zip(x, result, new.tolist(), strict=True):
        assert own >= 1
        assert (clip[own:] == 0).all()
        shorter = min(own, len(old))
        assert (clip[:shorter] - old[:shorter]).abs().max() > 1e-3


@pytest.mark.parametrize("name", KEEPING_LENGTH)
def test_length_is_kept(name, speech, folder):
    x, lengths = speech
    result, new = augmentation(name, folder)(x, lengths, seeded())
    assert result.shape == x.shape
    assert torch.equal(new, lengths)


@pytest.mark.parametrize("name", EVERY)
def test_the_generator_decides_everything(name, speech, folder):
    augment = augmentation(name, folder)
    first, again, other = (augment(*speech, seeded(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    if name != "telephone":  # which has nothing to draw
        assert first.shape != other.shape or not torch.equal(first, other)


@pytest.mark.parametrize("name", [name for name in CHEAP if name != "telephone"])
def test_clips_of_a_batch_draw_each_for_itself(name, speech):
    x, lengths = speech
    same = x[:1, : int(lengths[0])].repeat(3, 1)
    result, _ = make_wave(name)(same, None, seeded())
    assert not torch.allclose(result[0], result[1], atol=1e-4)


@pytest.mark.parametrize("name", EVERY)
def test_clips_of_one_sample_and_silence_are_finite(name, folder):
    for x in (torch.zeros(2, 1), torch.ones(2, 1), torch.zeros(2, 500), noise(2, 161)):
        result, new = augmentation(name, folder)(x, None, seeded())
        assert torch.isfinite(result).all()
        assert result.shape[1] == new.max()


@settings(max_examples=40)
@given(
    name=st.sampled_from(CHEAP),
    lengths=st.lists(st.integers(1, 5_000), min_size=1, max_size=4),
    scale=st.floats(0, 1),
    probability=st.floats(0, 1),
    seed=st.integers(0, 1_000),
)
def test_any_batch_gives_a_finite_batch_of_its_lengths(name, lengths, scale, probability, seed):
    x = torch.nn.utils.rnn.pad_sequence([scale * noise(n) for n in lengths], batch_first=True)
    result, new = make_wave(name, probability=probability)(x, torch.tensor(lengths), seeded(seed))
    assert torch.isfinite(result).all()
    assert len(result) == len(lengths) == len(new)
    assert new.max() <= result.shape[1]
    for clip, own in zip(result, new.tolist(), strict=True):
        assert (clip[own:] == 0).all()


def test_the_probability_is_the_share_of_clips_that_change():
    x = noise(1_000, 8)
    result, _ = make_wave("gain", probability=0.3, quietest=6)(x, None, seeded())
    share = (result != x).any(dim=1).float().mean()
    assert share == pytest.approx(0.3, abs=0.05)
    assert make_wave("gain", probability=0)(x, None, seeded())[0] is x


def test_clips_that_are_not_chosen_stay_as_they_are_beside_longer_ones():
    x = noise(20, 1_000)
    result, new = make_wave("speed", probability=0.5, fastest=0.9)(x, None, seeded())
    kept = new == 1_000
    assert 0 < kept.sum() < 20
    assert (new[~kept] > 1_100).all()
    assert torch.equal(result[kept, :1_000], x[kept])


def test_a_chain_applies_all_in_order():
    x = noise(3, 4_000)
    chain = wave_chain([{"name": "gain", "quietest": 6, "loudest": 6}, {"name": "telephone"}])
    by_hand = make_wave("telephone")(
        make_wave("gain", quietest=6)(x, None, seeded())[0], None, seeded()
    )
    assert chain.names == ["gain", "telephone"]
    assert torch.allclose(chain(x, None, seeded())[0], by_hand[0], atol=1e-1)


def test_the_default_chain_changes_every_clip(speech):
    result, new = wave_chain()(*speech, seeded())
    assert torch.isfinite(result).all()
    for old, clip, own in zip(speech[0], result, new.tolist(), strict=True):
        shorter = min(own, len(old))
        assert not torch.allclose(clip[:shorter], old[:shorter], atol=1e-3)


@pytest.mark.parametrize("name", CHEAP)
def test_the_sample_rate_may_be_another(name):
    x = noise(2, 8_000)
    result, _ = make_wave(name, sample_rate=44_100)(x, None, seeded())
    assert torch.isfinite(result).all()


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("gain", {"quietest": 9}, ["quietest = 9", "loudest = 6"]),
        ("speed", {"fastest": 20}, ["fastest = 20", "between 0.5 and 2.0 times"]),
        ("noise", {"snr": 3}, ["no parameter 'snr'", "Known are"]),
        ("codec", {"format": "gsm"}, ["format = 'gsm'", "mp3", "amr"]),
        ("recorded_noise", {}, ["needs folder"]),
        ("recorded_noise", {"folder": "/no/such"}, ["'/no/such'", "exists"]),
        ("equaliser", {"probability": 1.5}, ["probability = 1.5", "between 0.0 and 1.0"]),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value_and_rule(name, parameters, words):
    with pytest.raises(ParameterError) as caught:
        make_wave(name, **parameters)
    for word in words:
        assert word in str(caught.value)


def test_an_unknown_name_suggests_the_one_that_was_meant():
    with pytest.raises(UnknownNameError, match="Did you mean 'vocal_tract'"):
        wave_chain([{"name": "vocal_trakt"}])
    with pytest.raises(ParameterError, match="has no name"):
        wave_chain([{"reach": 3}])


@pytest.mark.parametrize(
    ("x", "lengths"),
    [
        (torch.zeros(10), None),
        (torch.zeros(1, 1, 10), None),
        (torch.zeros(1, 0), None),
        (torch.zeros(1, 10, dtype=torch.int16), None),
        (torch.zeros(1, 10), torch.tensor([11])),
        (torch.zeros(2, 10), torch.tensor([5])),
    ],
)
def test_a_batch_that_cannot_be_augmented_is_refused_not_passed_through(x, lengths):
    with pytest.raises(ParameterError):
        make_wave("gain")(x, lengths, seeded())


def test_a_folder_without_sound_is_refused(tmp_path):
    with pytest.raises(AudioError, match="no sound"):
        make_wave("recorded_noise", folder=str(tmp_path))(noise(1, 100), None, seeded())


@pytest.mark.parametrize("name", EVERY)
def test_controls_can_be_built_from_the_parameters(name):
    augment = WAVE_AUGMENTS[name]
    assert augment.title
    assert augment.describe
    for field in dataclasses.fields(augment):
        assert field.metadata["help"]


def test_more_noise_than_memory_should_hold_is_refused(folder, monkeypatch, speech):
    monkeypatch.setattr("ser_core.augment.waveform.noise.MOST_SAMPLES", 10)
    _recordings.cache_clear()
    x, lengths = speech
    with pytest.raises(AudioError, match="hours of sound"):
        augmentation("recorded_noise", folder)(x, lengths, seeded())
