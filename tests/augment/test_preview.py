from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.augment.picture import PICTURE_AUGMENTS
from ser_core.augment.preview import names_for, preview
from ser_core.augment.waveform import WAVE_AUGMENTS
from ser_core.errors import ParameterError, UnknownNameError
from ser_core.representations import make, represent

MEL = make("melspectrogram")


@pytest.mark.parametrize("name", [name for name in WAVE_AUGMENTS if name != "recorded_noise"])
def test_sound_is_heard_and_seen(name, demo_waveform):
    sound, picture = preview(name, {}, demo_waveform, MEL, seed=1)
    assert sound.sample_rate == demo_waveform.sample_rate
    np.testing.assert_array_equal(picture, represent(sound, [MEL])[0])
    same_length = len(sound.samples) == len(demo_waveform.samples)
    assert same_length == (name != "speed")


@pytest.mark.parametrize("name", [name for name in PICTURE_AUGMENTS if name in names_for(MEL)])
def test_a_change_of_the_picture_is_only_seen(name, demo_waveform):
    sound, picture = preview(name, {"probability": 0.0}, demo_waveform, MEL)
    plain = represent(Waveform(demo_waveform.samples.copy()), [MEL])[0]
    assert sound is None
    assert picture.shape == plain.shape
    assert not np.allclose(picture, plain)


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
