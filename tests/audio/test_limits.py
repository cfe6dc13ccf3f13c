"""Bounds stop a file while it is decoded, not after."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile

from ser_core import audio
from ser_core.audio.limits import Intake
from ser_core.audio.readers import BLOCK
from ser_core.core import AudioError, ParameterError
from tests.audio.files import ENCODERS, by_soundfile, silent_flac, tone


def test_the_defaults_are_50_megabytes_and_10_minutes():
    assert (audio.Limits().max_bytes, audio.Limits().max_seconds) == (50 * 2**20, 600)


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(audio.Limits)])
def test_a_limit_that_is_not_positive_is_refused(field):
    with pytest.raises(ParameterError, match=field):
        audio.Limits(**{field: 0})


def test_a_large_file_is_refused_by_its_size_alone(tmp_path, monkeypatch):
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)  # sparse: takes no space
    monkeypatch.setattr("ser_core.audio.loading._read", pytest.fail)

    with pytest.raises(AudioError, match=r"the file has 100\.0 MB, more than 50 MB"):
        audio.load(path)
    with pytest.raises(AudioError, match=r"100\.0 MB"):
        audio.info(path)


def test_large_content_is_refused_by_its_size():
    with pytest.raises(AudioError, match="more than"):
        audio.load(bytes(2000), limits=audio.Limits(max_bytes=1999))


def test_two_hours_of_silence_in_a_small_file_are_left_after_ten_minutes(monkeypatch):
    bomb = silent_flac(7200)
    frames_read = 0
    read = soundfile.SoundFile.read

    def counting_read(self, *args, **kwargs):
        nonlocal frames_read
        block = read(self, *args, **kwargs)
        frames_read += len(block)
        return block

    monkeypatch.setattr(soundfile.SoundFile, "read", counting_read)
    with pytest.raises(AudioError, match="longer than 600 s"):
        audio.load(bomb, name="bomb.flac")

    assert len(bomb) < 2**20
    assert 600 * 8000 < frames_read <= 600 * 8000 + BLOCK


@pytest.mark.parametrize("kind", ["m4a", "webm"])
def test_decoding_by_pyav_stops_at_the_limit_too(kind, monkeypatch):
    file = ENCODERS[kind](tone(440, sample_rate=48_000, seconds=5), 48_000)
    taken = 0
    add = Intake.add

    def counting_add(self, block):
        nonlocal taken
        taken += len(block)
        add(self, block)

    monkeypatch.setattr(Intake, "add", counting_add)
    with pytest.raises(AudioError, match="longer than 1 s"):
        audio.load(file, limits=audio.Limits(max_seconds=1))

    assert 48_000 < taken < 1.1 * 48_000


def test_the_header_already_shows_what_is_too_long():
    with pytest.raises(AudioError, match="longer than 600 s"):
        audio.info(silent_flac(700))


def test_sound_of_exactly_the_limit_passes():
    wav = by_soundfile("WAV")(np.zeros(16_000, np.float32), 16_000)

    assert audio.load(wav, limits=audio.Limits(max_seconds=1)).duration == 1


def test_what_is_kept_in_memory_is_bounded_apart_from_its_length():
    wide = by_soundfile("WAV")(np.zeros((16_000, 4), np.float32), 16_000)
    limits = audio.Limits(max_decoded_bytes=16_000 * 4)

    assert audio.load(wide, limits=limits).duration == 1  # one channel of it is kept
    with pytest.raises(AudioError, match="of memory"):
        audio.decode(wide, limits=limits)


@pytest.mark.parametrize("verb", [audio.load, audio.info])
def test_a_forged_sample_rate_or_channel_count_allocates_nothing(verb):
    honest = by_soundfile("WAV")(np.zeros(4000, np.float32), 16_000)
    fast = honest[:24] + (2_000_000_000).to_bytes(4, "little") + honest[28:]
    wide = by_soundfile("WAV")(np.zeros((100, 1000), np.float32), 16_000)

    with pytest.raises(AudioError, match="2000000000 Hz is outside 1000 to 192000 Hz"):
        verb(fast)
    with pytest.raises(AudioError, match="1000 channels are outside 1 to 32"):
        verb(wide)
