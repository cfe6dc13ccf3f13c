"""Masked audio: kept parts stay, removed parts are gone."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from ser_core.audio import Waveform
from ser_core.core import ModelError, ParameterError
from ser_core.explain import attribute, model_input
from ser_core.explain.filterbanks import BANKS, bank_of, to_spectrum
from ser_core.explain.masked_audio import (
    deletion_test,
    is_invertible,
    mask_audio,
    most_relevant,
    resynthesised,
)
from ser_core.features.representations import REPRESENTATIONS, Analysis, make, represent
from tests.explain.nets import bundle_of, pair_of

RATE = 16_000


def tone(hz, seconds=1.0):
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def shape(rep, waveform):
    return represent(waveform, [rep])[0].shape


def level(samples):
    return 10 * np.log10(np.square(samples, dtype=np.float64).mean() + 1e-12)


@pytest.mark.parametrize("name", list(BANKS))
def test_everything_kept_is_the_sound_itself(name, speech):
    rep = make(name)
    new = resynthesised(speech, rep, np.ones(shape(rep, speech), bool))
    np.testing.assert_allclose(new.samples, speech.samples, atol=2e-6)


@pytest.mark.parametrize("name", list(BANKS))
def test_nothing_kept_is_silence(name, speech):
    rep = make(name)
    new = resynthesised(speech, rep, np.zeros(shape(rep, speech), bool))
    assert np.abs(new.samples).max() < 1e-6
    assert len(new.samples) == len(speech.samples)


@pytest.mark.parametrize("name", list(BANKS))
def test_kept_and_removed_together_are_the_sound(name, speech):
    rep = make(name)
    mask = np.random.default_rng(0).random(shape(rep, speech)) < 0.4
    parts = [resynthesised(speech, rep, each).samples for each in (mask, ~mask)]
    np.testing.assert_allclose(sum(parts), speech.samples, atol=2e-6)


@pytest.mark.parametrize("name", ["spectrogram", "melspectrogram", "cqt"])
def test_of_two_tones_the_marked_one_stays(name):
    both = Waveform(0.3 * tone(440) + 0.3 * tone(2500), RATE)
    rep = make(name)
    mask = np.zeros(shape(rep, both), bool)
    low = rep.bin_axis().values < 1000
    mask[:, low] = True
    kept, removed = (resynthesised(both, rep, each).samples for each in (mask, ~mask))
    inner = slice(RATE // 4, -RATE // 4)
    assert level((kept - 0.3 * tone(440))[inner]) < level(kept[inner]) - 30
    assert level((removed - 0.3 * tone(2500))[inner]) < level(removed[inner]) - 30


def test_in_time_the_marked_half_stays():
    rep = make("rms")
    sound = Waveform(0.3 * tone(440), RATE)
    mask = np.zeros(shape(rep, sound), bool)
    mask[..., 50:] = True
    kept = resynthesised(sound, rep, mask).samples
    assert level(kept[: RATE // 2 - 800]) < -60
    np.testing.assert_allclose(kept[RATE // 2 + 800 :], sound.samples[RATE // 2 + 800 :], atol=1e-5)


def test_of_hpss_the_channels_are_the_two_parts(speech):
    rep = make("hpss")
    mask = np.zeros(shape(rep, speech), bool)
    mask[0] = True
    click = speech.samples.copy()
    click[8000:8004] += 0.9
    sound = Waveform(click, RATE)
    harmonic = resynthesised(sound, rep, mask).samples
    percussive = resynthesised(sound, rep, ~mask).samples
    assert np.abs(percussive[8000:8004]).max() > 2 * np.abs(harmonic[8000:8004]).max()


def test_the_weights_of_the_spectrum_undo_the_filters():
    for name in BANKS:
        rep = make(name)
        weights, bank = to_spectrum(rep), bank_of(rep)
        assert weights.shape == (rep.n_fft // 2 + 1, bank.shape[0])
        torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(weights)))
        assert float(weights.min()) >= 0


def test_the_banks_are_what_the_representations_are_made_with(speech):
    samples = torch.from_numpy(speech.samples)[None]
    power = Analysis(samples, RATE).power(512, 160)
    level = make("melspectrogram")(samples)[0, 0]
    bands = (bank_of(make("melspectrogram")) @ power)[0]
    torch.testing.assert_close(10 * torch.log10(bands / 128**2).clamp(min=-120), level)


def test_representations_without_a_way_to_the_sound_say_so(speech):
    silent = [name for name in REPRESENTATIONS if not is_invertible(make(name))]
    assert silent == ["mfcc", "delta_mfcc", "tonnetz", "tempogram", "delta_tempogram"]
    rep = make("mfcc")
    with pytest.raises(ModelError, match="no part of it can be played alone"):
        resynthesised(speech, rep, np.ones(shape(rep, speech), bool))


def test_the_most_relevant_share_is_that_share_of_the_largest_values():
    values = np.arange(20, dtype=np.float32).reshape(1, 4, 5)
    assert most_relevant(values, 0.25).ravel().nonzero()[0].tolist() == [15, 16, 17, 18, 19]
    assert most_relevant(np.zeros((1, 4, 5), np.float32), 0.5).sum() == 10
    assert not most_relevant(values, 0).any()
    assert most_relevant(values, 1).all()
    with pytest.raises(ParameterError, match="between 0 and 1"):
        most_relevant(values, 20)


def test_what_is_turned_down_is_as_loud_as_it_usually_is_at_that_frequency(speech):
    rep = make("spectrogram")
    down = resynthesised(speech, rep, np.zeros(shape(rep, speech), bool), "usual")
    before, after = (represent(each, [rep])[0][0] for each in (speech, down))
    usual = np.median(before, axis=1, keepdims=True)
    loud = before > usual + 12
    assert np.median((after - usual)[:, 8:-8][loud[:, 8:-8]]) == pytest.approx(0, abs=3)
    assert level(down.samples) < level(speech.samples) - 6


def test_steady_sound_is_left_alone_where_nothing_stands_out():
    hum = Waveform(0.3 * tone(440), RATE)
    rep = make("spectrogram")
    down = resynthesised(hum, rep, np.zeros(shape(rep, hum), bool), "usual")
    inner = slice(RATE // 4, -RATE // 4)
    np.testing.assert_allclose(down.samples[inner], hum.samples[inner], atol=5e-3)


def test_the_model_hears_the_new_sound(speech):
    bundle = bundle_of()
    input_of = partial(model_input, bundle)
    found = attribute(bundle, speech, "gradient_x_input")
    whole = mask_audio(input_of, speech, found, 1.0, keep=True)
    np.testing.assert_allclose(whole.after, whole.before, atol=1e-3)
    np.testing.assert_array_equal(whole.before, whole.mapped_before)
    assert whole.energy == pytest.approx(1, abs=1e-4)
    nothing = mask_audio(input_of, speech, found, 1.0, keep=False, rest="silence")
    silence = bundle.predict([Waveform(np.zeros_like(speech.samples), RATE)])[0]
    np.testing.assert_allclose(nothing.after, silence, atol=1e-6)
    part = mask_audio(input_of, speech, found, 0.2, keep=False)
    np.testing.assert_allclose(part.after, bundle.predict([part.waveform])[0], atol=1e-6)
    assert 0 < part.energy < 1


def test_with_an_enrolled_speaker_the_new_sound_is_of_that_voice(speech, others):
    bundle = bundle_of(normalise="speaker")
    statistics = bundle.enrol(others)
    found = attribute(bundle, speech, "gradient_x_input", speaker=statistics)
    part = mask_audio(
        partial(model_input, bundle, speaker=statistics), speech, found, 0.2, keep=True
    )
    np.testing.assert_allclose(part.before, bundle.predict([speech], statistics)[0], atol=1e-6)
    np.testing.assert_allclose(
        part.after, bundle.predict([part.waveform], statistics)[0], atol=1e-6
    )
    stranger = bundle.predict([part.waveform])[0]
    assert not np.allclose(part.after, stranger, rtol=0.01, atol=0)


def test_of_an_ensemble_the_networks_of_the_map_answer_too(speech):
    one, two = bundle_of(), bundle_of("spectrogram", seed=5)
    pair = pair_of(one, two, [0.6, 0.4])
    found = attribute(pair, speech, "gradient_x_input")
    part = mask_audio(partial(model_input, pair), speech, found, 0.3, keep=True)
    np.testing.assert_allclose(part.after, pair.predict([part.waveform])[0], atol=1e-6)
    np.testing.assert_allclose(part.mapped_before, one.predict([speech])[0], atol=1e-6)
    np.testing.assert_allclose(part.mapped_after, one.predict([part.waveform])[0], atol=1e-6)


class OfTheFirstHalf:
    """A model whose probability is the share of the sound in its first half."""

    def __init__(self, whole, sound):
        half = len(sound.samples) // 2
        self.share = np.square(sound.samples[:half]).sum() / np.square(whole.samples).sum()

    def target(self, _emotion):
        return 0

    def probabilities_through(self, _representation):
        return np.array([self.share, 1 - self.share])


def test_a_map_is_held_against_the_same_marks_elsewhere(speech):
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    sound = Waveform(noise, RATE)
    found = attribute(bundle_of(), sound, "gradient_x_input")
    frames = found.values.shape[-1]
    right, wrong = np.zeros_like(found.values), np.zeros_like(found.values)
    right[..., : frames // 4] = wrong[..., -frames // 4 :] = 1
    input_of = partial(OfTheFirstHalf, sound)
    for values, bears_out in ((right, True), (wrong, False)):
        trial = deletion_test(input_of, sound, replace(found, values=values), 0.25, rest="silence")
        assert trial.keeps_more is trial.loses_more is bears_out
        assert trial.kept + trial.removed == pytest.approx(0.5, abs=0.05)
        assert trial.draws == 6
