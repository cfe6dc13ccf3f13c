"""Where somebody speaks: the model on real speech, the rule on known probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_core import audio
from ser_core.audio import voice_activity
from ser_core.audio.voice_activity import (
    FRAME_S,
    VoiceActivity,
    speech_probabilities,
    stretches,
)
from ser_core.core import ModelError, ParameterError, demo_corpus

RATE = 16_000


@pytest.fixture(scope="module")
def talk():
    """Two clips between silence, noise and a tone, and where they are."""
    clips = [audio.load(path).samples for path in sorted((demo_corpus() / "samples").iterdir())[:2]]
    noise = np.random.default_rng(0).normal(0, 0.01, 3 * RATE).astype(np.float32)
    tone = 0.2 * np.sin(np.arange(3 * RATE) * 2 * np.pi * 440 / RATE).astype(np.float32)
    samples = np.concatenate([noise, clips[0], tone, clips[1], np.zeros(2 * RATE, np.float32)])
    first, second = 3.0, 6.0 + len(clips[0]) / RATE
    times = [(first, first + len(clips[0]) / RATE), (second, second + len(clips[1]) / RATE)]
    return samples, times


def test_speech_is_found_between_noise_tone_and_silence(talk):
    samples, times = talk
    found = stretches(speech_probabilities([samples]), len(samples) / RATE)
    assert len(found) == 2
    for (start, end), (first, last) in zip(found, times, strict=True):
        assert first - 0.2 < start < first + 0.6
        assert last - 0.8 < end < last + 0.2


@pytest.mark.parametrize("block", [1000, 40_000])
def test_it_is_the_same_however_the_sound_comes(talk, block):
    samples = talk[0]
    blocks = (samples[at : at + block] for at in range(0, len(samples), block))
    whole = speech_probabilities([samples])
    np.testing.assert_allclose(speech_probabilities(blocks), whole, atol=1e-5)
    assert len(whole) == -(-len(samples) // 512)


def test_nothing_at_all_has_no_speech():
    assert speech_probabilities([]).shape == (0,)
    assert stretches(np.zeros(0, np.float32), 0.0) == []


def test_a_pause_ends_a_stretch_and_a_hesitation_does_not():
    rule = VoiceActivity(pause=10 * FRAME_S, pad=0)
    speech, doubt, quiet = [0.9] * 20, [0.4] * 30, [0.1]
    values = np.float32(speech + quiet * 9 + speech + doubt + speech + quiet * 10 + speech)
    found = [(round(a / FRAME_S), round(b / FRAME_S)) for a, b in stretches(values, 9.0, rule)]
    assert found == [(0, 99), (109, 129)]


def test_a_long_stretch_is_cut_where_speech_is_least_probable():
    values = np.full(200, 0.9, np.float32)
    values[[60, 70, 130]] = 0.6, 0.55, 0.5
    rule = VoiceActivity(longest=2.56, pad=0)  # 80 frames
    found = [(round(a / FRAME_S), round(b / FRAME_S)) for a, b in stretches(values, 6.4, rule)]
    assert found == [(0, 70), (70, 130), (130, 200)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1, width=32), st.integers(1, 40)), max_size=12),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.sampled_from([0.1, 0.5]),
)
def test_stretches_follow_each_other_within_the_recording(runs, pad, pause):
    values = np.float32([value for value, many in runs for _ in range(many)])
    duration = len(values) * FRAME_S
    found = stretches(values, duration, VoiceActivity(pad=pad, pause=pause, longest=2.0))
    times = [time for stretch in found for time in stretch]
    assert times == sorted(times)
    assert all(0 <= start < end <= duration + 1e-3 for start, end in found)
    assert all(end - start <= 2.0 + 2 * pad + FRAME_S for start, end in found)


def test_a_damaged_model_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "model.onnx").write_bytes(voice_activity.FILE.read_bytes()[:-1] + b"\0")
    monkeypatch.setattr(voice_activity, "FILE", tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="damaged"):
        voice_activity._session.__wrapped__()
    with pytest.raises(ParameterError, match="pause"):
        VoiceActivity(pause=0)
