"""Waveforms of good files, and errors of bad ones."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core import audio
from ser_core.audio.readers import PyAVReader
from ser_core.audio.waveform import LOUDEST
from ser_core.core import AudioError, ParameterError
from tests.audio.files import ENCODERS, by_pyav, by_soundfile, encoded, tone, video_without_sound


def peak_hertz(waveform: audio.Waveform) -> float:
    spectrum = np.abs(np.fft.rfft(waveform.samples * np.hanning(len(waveform.samples))))
    return float(np.argmax(spectrum) * waveform.sample_rate / len(waveform.samples))


def middle_level(waveform: audio.Waveform) -> float:
    """RMS of the middle half, where no codec or filter has its edges."""
    quarter = len(waveform.samples) // 4
    return float(np.sqrt(np.mean(waveform.samples[quarter:-quarter] ** 2)))


@pytest.mark.parametrize("kind", ENCODERS)
def test_every_format_gives_the_tone_that_was_encoded(kind):
    waveform = audio.load(ENCODERS[kind](tone(1000, sample_rate=48_000), 48_000))

    assert waveform.sample_rate == 16_000
    assert waveform.samples.dtype == np.float32
    assert waveform.duration == pytest.approx(0.5, abs=0.06)  # codecs pad to whole frames
    assert peak_hertz(waveform) == pytest.approx(1000, abs=3)
    assert middle_level(waveform) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


@pytest.mark.parametrize("source_rate", [8_000, 11_025, 22_050, 24_000, 44_100, 48_000, 96_000])
def test_resampling_keeps_frequency_and_level(source_rate):
    wav = by_soundfile("WAV", "FLOAT")(tone(1000, sample_rate=source_rate), source_rate)

    waveform = audio.load(wav)

    assert len(waveform.samples) == pytest.approx(8000, abs=1)
    assert peak_hertz(waveform) == pytest.approx(1000, abs=2)
    assert middle_level(waveform) == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)


def test_resampling_removes_what_the_new_rate_cannot_hold():
    wav = by_soundfile("WAV", "FLOAT")(tone(12_000, sample_rate=48_000), 48_000)

    assert middle_level(audio.load(wav)) < 1e-4


def test_mono_is_the_mean_of_the_channels():
    stereo = np.array([[0.5, 0.25], [-0.5, 0.5], [0.0, -1.0]], np.float32)
    wav = by_soundfile("WAV", "FLOAT")(stereo, 16_000)

    assert audio.load(wav).samples.tolist() == [0.375, 0.0, -0.5]


def test_samples_that_were_never_scaled_are_kept_up_to_what_a_format_holds():
    loud = np.full((10, 2), LOUDEST, np.float32)

    mixed = audio.load(by_soundfile("WAV", "FLOAT")(loud, 16_000))

    assert np.all(mixed.samples == LOUDEST)


def test_decode_keeps_the_channels_and_the_rate():
    stereo = np.array([[0.5, 0.25], [-0.5, 0.5]], np.float32)

    sound = audio.decode(by_soundfile("WAV", "FLOAT")(stereo, 44_100))

    assert (sound.sample_rate, sound.channels) == (44_100, 2)
    assert np.array_equal(sound.samples, stereo)


def test_no_sample_rate_keeps_that_of_the_file():
    waveform = audio.load(encoded("wav"), sample_rate=None)

    assert (waveform.sample_rate, len(waveform.samples)) == (48_000, 12_000)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2, 9])
def test_both_libraries_read_the_same_samples(subtype, channels, monkeypatch):
    noise = np.random.default_rng(0).uniform(-1, 1, (500, channels)).astype(np.float32)
    wav = by_soundfile("WAV", subtype)(noise, 16_000)
    expected = audio.decode(wav).samples

    monkeypatch.setattr("ser_core.audio.loading.READERS", (PyAVReader(),))

    assert np.array_equal(audio.decode(wav).samples, expected)


def test_eight_planar_channels_are_read():
    """PyAV's own conversion ends the process here."""
    surround = np.stack([tone(1000, sample_rate=48_000)] * 8, axis=1)

    sound = audio.decode(by_pyav("matroska", "aac")(surround, 48_000))

    assert sound.channels == 8


def test_values_above_full_scale_are_kept():
    wav = by_soundfile("WAV", "FLOAT")(np.array([1.5, -2.0], np.float32), 16_000)

    assert audio.load(wav).samples.tolist() == [1.5, -2.0]


def test_aiff_under_the_name_of_wav_is_read_by_its_content(tmp_path):
    path = tmp_path / "really-aiff.wav"
    path.write_bytes(encoded("aiff"))

    assert audio.load(path).duration == pytest.approx(0.25)
    assert audio.info(path).format == "AIFF"


@pytest.mark.parametrize("kind", ENCODERS)
def test_path_and_bytes_give_the_same(kind, tmp_path):
    path = tmp_path / f"zażółć gęślą jaźń.{kind}"
    path.write_bytes(encoded(kind))

    by_path, by_text = audio.load(path), audio.load(str(path))
    by_content = audio.load(encoded(kind))

    assert np.array_equal(by_path.samples, by_content.samples)
    assert np.array_equal(by_text.samples, by_content.samples)
    assert audio.info(path) == audio.info(encoded(kind))


@pytest.mark.parametrize("kind", ENCODERS)
def test_the_header_agrees_with_the_sound(kind):
    header, sound = audio.info(encoded(kind)), audio.decode(encoded(kind))

    assert (header.sample_rate, header.channels) == (sound.sample_rate, sound.channels)
    assert header.duration == pytest.approx(sound.duration, abs=0.05)


def test_the_header_of_a_stream_does_not_know_its_length():
    """Browsers record such WebM."""
    live = by_pyav("webm", "libopus", live="1")(tone(440, sample_rate=48_000), 48_000)

    assert np.isnan(audio.info(live).duration)
    assert audio.load(live).duration == 0.5


def test_the_header_of_a_demo_clip(demo_clip, demo_waveform):
    assert audio.info(demo_clip) == audio.AudioInfo(demo_waveform.duration, 16_000, 1, "FLAC")


def text() -> bytes:
    return b"This is not a sound, it is a letter to the editor.\n" * 100


def wav_of_nan() -> bytes:
    return by_soundfile("WAV", "FLOAT")(np.array([0, np.nan, 0], np.float32), 16_000)


def wav_of_infinity() -> bytes:
    return by_soundfile("WAV", "FLOAT")(np.array([0, np.inf, 0], np.float32), 16_000)


def wav_of_no_length() -> bytes:
    return by_soundfile("WAV")(np.zeros(0, np.float32), 16_000)


def wav_too_short() -> bytes:
    return by_soundfile("WAV")(np.zeros(1, np.float32), 96_000)


def wav_of_nan_late() -> bytes:
    samples = np.zeros(200_000, np.float32)  # more than is decoded at a time
    samples[-1] = np.nan
    return by_soundfile("WAV", "FLOAT")(samples, 16_000)


def wav_too_loud() -> bytes:
    return by_soundfile("WAV", "FLOAT")(np.full(1000, 3e38, np.float32), 44_100)


def playlist() -> bytes:
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


def script() -> bytes:
    return b"ffconcat version 1.0\nfile other.wav\n"


BAD = {
    "empty": (lambda: b"", "empty"),
    "text": (text, "not a sound file"),
    "playlist of other files": (playlist, "not a sound file"),
    "script that joins other files": (script, "not a sound file"),
    "no length": (wav_of_no_length, "holds no sound"),
    "NaN": (wav_of_nan, "NaN"),
    "infinity": (wav_of_infinity, "infinite"),
    "video only": (video_without_sound, "no sound track"),
    "cut FLAC": (lambda: encoded("flac")[:9000], "cut short"),
    "cut M4A": (lambda: encoded("m4a")[:-200], "not a sound file"),
    "cut fragmented M4A": (lambda: encoded("fragmented.m4a")[:-300], "cut short"),
    "cut header": (lambda: encoded("wav")[:20], "not a sound file"),
    "shorter than a sample": (wav_too_short, "shorter than one sample"),
    "far above full scale": (wav_too_loud, "above full scale"),
    "NaN late in the file": (wav_of_nan_late, "NaN"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named_with_its_reason_and_remedy(case, tmp_path):
    make, reason = BAD[case]
    path = tmp_path / "nagranie 7.wav"
    path.write_bytes(make())

    with pytest.raises(AudioError, match=reason) as caught:
        audio.load(path)

    assert caught.value.subject == str(path)
    assert caught.value.remedy


@pytest.mark.parametrize("kind", ["wav", "aiff", "mp3", "webm"])
def test_a_cut_file_whose_format_cannot_tell_gives_what_is_there(kind):
    whole = audio.load(encoded(kind))

    part = audio.load(encoded(kind)[: len(encoded(kind)) * 3 // 4])

    assert 0.5 < part.duration / whole.duration < 1


def test_there_is_no_such_file(tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        audio.load(tmp_path / "absent.wav")


@pytest.mark.parametrize("verb", [audio.load, audio.info])
def test_a_folder_a_pipe_and_an_impossible_path_are_refused_at_once(verb, tmp_path):
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for a writer

    for path in (tmp_path, tmp_path / "pipe", "null\0character.wav"):
        with pytest.raises(AudioError):
            verb(path)


def test_an_upload_is_called_by_the_name_that_was_given():
    with pytest.raises(AudioError) as caught:
        audio.load(text(), name="song.mp3")

    assert str(caught.value).startswith("song.mp3: it is not a sound file that can be read. Use")


def test_an_impossible_sample_rate_is_the_callers_mistake():
    with pytest.raises(ParameterError, match="7 Hz is outside 1000 to 192000 Hz"):
        audio.load(encoded("wav"), sample_rate=7)


def test_nothing_is_printed_about_a_damaged_file(capfd):
    damaged = bytearray(encoded("fragmented.m4a"))
    damaged[1500:1600] = bytes(100)

    with pytest.raises(AudioError):
        audio.load(bytes(damaged))

    assert capfd.readouterr() == ("", "")


def test_wav_survives_the_round_trip_unchanged(demo_waveform):
    again = audio.load(audio.to_wav(demo_waveform))

    assert np.array_equal(again.samples, demo_waveform.samples)


def test_wav_clips_instead_of_wrapping_round():
    loud = audio.Waveform(np.array([1.5, -1.5, 1.0, -1.0], np.float32))

    steps, rate = soundfile.read(io.BytesIO(audio.to_wav(loud)), dtype="int16")

    assert steps.tolist() == [32767, -32768, 32767, -32768]
    assert rate == 16_000


@pytest.mark.corpus
def test_every_clip_of_the_corpus_is_as_long_as_its_header_says(real_corpus):
    for path in sorted(Path(real_corpus, "samples").glob("*.flac"))[::40]:
        assert audio.load(path).duration == audio.info(path).duration
