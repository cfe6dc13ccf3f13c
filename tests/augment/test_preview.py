from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.audio import Waveform
from ser_core.augment.feature import FEATURE_AUGMENTS, strategy
from ser_core.augment.preview import (
    default_parameters,
    made,
    names_for,
    preview,
    preview_recipe,
    works_alone,
)
from ser_core.augment.waveform import WAVE_AUGMENTS, wave_chain
from ser_core.core import ParameterError, UnknownNameError
from ser_core.features.representations import REPRESENTATIONS, make, represent

MEL = make("melspectrogram")


@pytest.mark.parametrize("name", [name for name in WAVE_AUGMENTS if name != "recorded_noise"])
def test_sound_is_heard_and_seen(name, demo_waveform):
    sound, feature_map = preview(name, {}, demo_waveform, MEL, seed=1)
    assert sound.sample_rate == demo_waveform.sample_rate
    np.testing.assert_array_equal(feature_map, represent(sound, [MEL])[0])
    same_length = len(sound.samples) == len(demo_waveform.samples)
    assert same_length == (name != "speed")


@pytest.mark.parametrize("name", [name for name in FEATURE_AUGMENTS if name in names_for(MEL)])
def test_a_change_of_the_feature_map_is_only_seen(name, demo_waveform):
    sound, feature_map = preview(name, {"probability": 0.0}, demo_waveform, MEL)
    plain = represent(Waveform(demo_waveform.samples.copy()), [MEL])[0]
    assert sound is None
    assert feature_map.shape == plain.shape
    assert not np.allclose(feature_map, plain)


def test_the_seed_decides(demo_waveform):
    first, again, other = (preview("warp", {}, demo_waveform, MEL, seed)[1] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_only_what_has_a_meaning_is_offered():
    assert "tempo_warp" in names_for(make("tempogram"))
    assert "tempo_warp" not in names_for(MEL)
    assert names_for(MEL)["time_mask"] == "Time mask"


def test_errors_name_what_was_meant(demo_waveform):
    with pytest.raises(UnknownNameError, match="Did you mean 'reverb'"):
        preview("reverp", {}, demo_waveform, MEL)
    with pytest.raises(ParameterError, match="no parameter 'rt60'"):
        preview("reverb", {"rt60": 1}, demo_waveform, MEL)


def test_a_preview_starts_where_the_default_recipe_does():
    assert default_parameters("speed", MEL) == {"slowest": 0.92, "fastest": 1.08}
    assert default_parameters("picture_noise", make("rms")) == {"level": 0.002}
    assert default_parameters("telephone", MEL) == {
        "low": 300.0,
        "high": 3400.0,
        "bits": 8,
    }  # not in the recipe


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_all_that_works_alone_can_be_made_as_it_usually_is(name):
    representation = make(name)
    for each in filter(works_alone, names_for(representation)):
        made(each, default_parameters(each, representation), representation)


def test_the_recipe_is_the_chain_on_the_sound_and_then_the_strategy_on_its_feature_map(
    demo_waveform,
):
    sound, feature_map, steps = preview_recipe(demo_waveform, MEL, seed=5)
    generator = torch.Generator().manual_seed(5)
    samples = torch.from_numpy(demo_waveform.samples.copy())[None]
    changed, _ = wave_chain()(samples, None, generator)
    np.testing.assert_array_equal(sound.samples, changed[0])
    plain = torch.from_numpy(represent(sound, [MEL])[0])[None]
    np.testing.assert_array_equal(feature_map, strategy(MEL)(plain, None, generator)[0][0])
    assert [step.augment.name for step in steps] == [*wave_chain().names, *strategy(MEL).names]


def test_a_step_that_was_left_out_says_so(demo_waveform):
    draws = [preview_recipe(demo_waveform, make("rms"), seed) for seed in range(12)]
    for sound, _, steps in draws:
        happened = {step.augment.name: step.happened for step in steps}
        assert happened["gain"]  # its chance is 1
        same_length = len(sound.samples) == len(demo_waveform.samples)
        assert same_length != happened["speed"]
    assert len({tuple(step.happened for step in steps) for *_, steps in draws}) > 1
