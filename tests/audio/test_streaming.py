"""Sounds decoded block by block, against those that are decoded as a whole."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import soundfile

from ser_core import audio
from ser_core.core import AudioError, ParameterError
from tests.audio.files import ENCODERS, tone


def whole(sound: audio.SoundStream) -> np.ndarray:
    return np.concatenate(list(sound.blocks()))


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "opus", "m4a", "webm"])
def test_the_blocks_are_the_samples_of_the_whole(kind, tmp_path):
    rng = np.random.default_rng(0)
    samples = tone(300, sample_rate=48_000, seconds=4, level=0.3)
    both = np.stack([samples, rng.normal(0, 0.05, len(samples)).astype(np.float32)], axis=1)
    (tmp_path / "sound").write_bytes(ENCODERS[kind](both, 48_000))
    expected = audio.load(tmp_path / "sound").samples
    stream = audio.stream(tmp_path / "sound", sample_rate=16_000)
    found = whole(stream)
    assert abs(len(found) - len(expected)) <= 1
    assert stream.duration == pytest.approx(len(expected) / 16_000, abs=1e-4)
    shared = min(len(found), len(expected))
    np.testing.assert_allclose(found[:shared], expected[:shared], atol=1e-5)
    assert whole(stream).tolist() == found.tolist()  # again from the beginning


def test_channels_that_cancel_give_the_louder_one():
    samples = tone(300, sample_rate=16_000, seconds=6)
    data = ENCODERS["float.wav"](np.stack([samples, -0.9 * samples], axis=1), 16_000)
    stream = audio.stream(data, sample_rate=16_000)
    np.testing.assert_array_equal(whole(stream), samples)


def test_memory_does_not_grow_with_the_length(tmp_path):
    path = tmp_path / "long.flac"
    quiet = np.zeros(16_000 * 60, np.float32)
    peaks = {}
    for minutes in (1, 12):
        with soundfile.SoundFile(path, "w", 16_000, 1) as file:
            for _ in range(minutes):
                file.write(quiet)
        tracemalloc.start()
        stream = audio.stream(path, sample_rate=8_000)
        assert stream.duration == 60 * minutes
        assert sum(map(len, stream.blocks())) == 8_000 * 60 * minutes
        peaks[minutes] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    with pytest.raises(AudioError, match="longer than 600 s"):
        audio.load(path)
    assert peaks[12] < 1.1 * peaks[1] < 8e6


def test_damage_anywhere_is_found_before_the_first_block(tmp_path):
    data = ENCODERS["flac"](tone(300, sample_rate=16_000, seconds=10), 16_000)
    (tmp_path / "cut.flac").write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError, match="damaged or cut short"):
        audio.stream(tmp_path / "cut.flac", sample_rate=16_000)


def test_a_file_that_is_exchanged_meanwhile_is_an_error(tmp_path):
    path = tmp_path / "a.flac"
    path.write_bytes(ENCODERS["flac"](tone(300, sample_rate=16_000), 16_000))
    stream = audio.stream(path, sample_rate=16_000)
    path.write_bytes(b"fLaC")
    with pytest.raises(AudioError, match=r"a\.flac"):
        whole(stream)


def test_limits_hold_while_it_is_measured(tmp_path):
    data = ENCODERS["wav"](tone(300, sample_rate=16_000, seconds=3), 16_000)
    with pytest.raises(AudioError, match="longer than 2 s"):
        audio.stream(data, sample_rate=16_000, limits=audio.Limits(max_seconds=2))
    with pytest.raises(ParameterError, match="sample_rate"):
        audio.stream(data, sample_rate=10)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_parts_are_those_of_the_whole_however_it_comes(block):
    samples = np.arange(95, dtype=np.float32)
    spans = [(0, 2), (0.5, 3), (0.5, 0.6), (4, 9), (9, 12), (9.4, 9.5), (9.5, 9.7), (30, 31)]
    blocks = [samples[at : at + block] for at in range(0, len(samples), block)]
    found = list(audio.parts(blocks, 10, spans))
    assert [None if part is None else part.samples.tolist() for part in found] == [
        samples[round(10 * start) : round(10 * end)].tolist() or None for start, end in spans
    ]
