"""What the samples say counts, not what the header says or a reader guesses."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from ser_core import audio
from ser_core.audio import readers
from ser_core.audio.mp3 import guesses_length
from ser_core.audio.ogg import is_chained
from ser_core.core import AudioError
from ser_core.corpora import audit, open_corpus, scan

RATE = 16_000


def voice(seconds: float) -> np.ndarray:
    """A loud buzz with noise, which takes many bits."""
    time = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 12))
    noise = np.random.default_rng(0).standard_normal(len(time))
    return 0.1 * buzz + 0.01 * noise


def mp3(samples: np.ndarray, *, header: bool, tag: bytes = b"") -> bytes:
    """MP3 of varying bit rate, with or without the frame that says how long it is."""
    file = io.BytesIO()
    options = {"write_xing": str(int(header)), "id3v2_version": "0"}
    with av.open(file, "w", format="mp3", options=options) as container:
        stream = container.add_stream("libmp3lame", rate=RATE, layout="mono")
        stream.codec_context.flags |= 2  # AV_CODEC_FLAG_QSCALE: by quality, so the rate varies
        stream.codec_context.options = {"q": "2"}
        frame = av.AudioFrame.from_ndarray(
            (samples * 32767).astype(np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        sizes = av.AudioResampler(format="s16p", layout="mono", rate=RATE, frame_size=576)
        for part in [*sizes.resample(frame), *sizes.resample(None), None]:
            container.mux(stream.encode(part))
    return tag + file.getvalue()


SOUNDS = {
    "loud first": np.concatenate([voice(5), np.zeros(2 * RATE)]),
    "quiet first": np.concatenate([np.zeros(2 * RATE), voice(8)]),
}
COVER = b"ID3\x04\x00\x00" + bytes([0, 0, 0x20, 0]) + b"\xff\xfb Xing " + bytes(4096 - 8)
"""A tag of 4 kB with something in it that looks like a frame."""


@pytest.mark.parametrize("tag", [b"", COVER], ids=["plain", "cover"])
@pytest.mark.parametrize("name", SOUNDS)
def test_an_mp3_without_a_length_is_decoded_to_its_end(name, tag, tmp_path):
    samples, file = SOUNDS[name], tmp_path / "a.mp3"
    data = mp3(samples, header=False, tag=tag)
    file.write_bytes(data)
    seconds = len(samples) / RATE
    for source in (data, file, str(file)):
        assert audio.load(source).duration == pytest.approx(seconds, abs=0.15)
        assert audio.info(source).duration == pytest.approx(seconds, abs=0.15)
    heard = audio.load(data).samples
    loud = np.abs(heard[:RATE]).mean() > np.abs(heard[-RATE:]).mean()
    assert loud == (name == "loud first")


def test_an_mp3_that_says_its_length_is_believed():
    data = mp3(SOUNDS["loud first"], header=True)
    assert not guesses_length(data)
    assert guesses_length(mp3(SOUNDS["loud first"], header=False))
    assert audio.info(data).duration == pytest.approx(7, abs=0.15)


@pytest.mark.parametrize("data", [b"", b"RIFF" + bytes(40), b"fLaC" + b"\xff\xfb" * 20])
def test_other_files_guess_nothing(data):
    assert not guesses_length(data)


def unclosed(size: int) -> bytes:
    """WAV as a recorder leaves it that was not stopped: sizes of 0 or of the largest number."""
    samples = (voice(1.0) * 32767).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)
    head = b"RIFF" + struct.pack("<I", size) + b"WAVEfmt " + struct.pack("<I", 16) + form
    return head + b"data" + struct.pack("<I", size) + samples


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_that_was_not_closed_has_one_length_everywhere(tmp_path, size):
    for name, data in (("anger/a.wav", unclosed(size)), ("fear/b.wav", unclosed(size))):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(data)
    assert audio.info(tmp_path / "anger/a.wav").duration == pytest.approx(1.0)
    assert audio.load(tmp_path / "anger/a.wav").duration == pytest.approx(1.0)
    corpus = open_corpus(tmp_path)
    assert corpus.usable["duration"].to_list() == pytest.approx([1.0, 1.0])
    assert scan(corpus)["duration"].to_list() == pytest.approx([1.0, 1.0])


def test_an_empty_wav_is_still_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), RATE)
    with pytest.raises(audio.loading.AudioError, match="its length is zero"):
        audio.info(tmp_path / "a.wav")


def written(channels: list[np.ndarray], path: Path) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    soundfile.write(path, np.stack(channels, axis=1), RATE, subtype="FLOAT")
    return path


def test_channels_that_cancel_give_the_louder_one(tmp_path):
    loud, quiet = voice(0.5), -0.9 * voice(0.5)
    heard = audio.load(written([quiet, loud], tmp_path / "a.wav"))
    np.testing.assert_allclose(heard.samples, loud, atol=1e-6)


def test_speech_in_one_of_six_channels_is_that_channel(tmp_path):
    silent = np.zeros(RATE // 2)
    heard = audio.load(written([silent, silent, voice(0.5), *[silent] * 3], tmp_path / "a.wav"))
    np.testing.assert_allclose(heard.samples, voice(0.5), atol=1e-6)


@pytest.mark.parametrize("other", [voice(0.5), np.zeros(RATE // 2), 0.3 * voice(0.5)])
def test_other_channels_are_their_mean(tmp_path, other):
    heard = audio.load(written([voice(0.5), other], tmp_path / "a.wav"))
    np.testing.assert_allclose(heard.samples, (voice(0.5) + other) / 2, atol=1e-6)


def test_silence_in_two_channels_is_silence(tmp_path):
    silent = np.zeros(RATE // 2)
    assert not audio.load(written([silent, silent], tmp_path / "a.wav")).samples.any()


def test_the_audit_says_what_was_found(tmp_path):
    written([voice(0.5), -voice(0.5)], tmp_path / "anger/a.wav")
    soundfile.write(tmp_path / "anger/b.wav", voice(0.5), RATE, format="AIFF")
    (tmp_path / "fear").mkdir()
    soundfile.write(tmp_path / "fear/c.wav", voice(0.5), 8000)
    written([32768 * voice(0.5)], tmp_path / "fear/d.wav")
    corpus = open_corpus(tmp_path)
    cards = {card.title: card for card in audit(corpus, scan(corpus))}
    assert cards["1 clip with channels that cancel each other"].clips == ["anger/a.wav"]
    assert not any("silent" in title or "clipped" in title for title in cards)
    assert cards["1 clip not scaled to ±1"].clips == ["fear/d.wav"]
    named = cards["1 file named as another format than the content"]
    assert (named.clips, named.detail) == (["anger/b.wav"], "AIFF named .wav (1).")
    assert cards["1 clip with a sample rate below 16,000 Hz"].clips == ["fear/c.wav"]


def test_a_long_mp3_has_no_seams_where_it_is_read_in_blocks(tmp_path):
    """At a low bit rate frames use bits that earlier ones left over, so all must be decoded."""
    rng = np.random.default_rng(1)
    samples = 0.3 * rng.standard_normal(12 * RATE) * (rng.random(12 * RATE) > 0.7)
    path = tmp_path / "a.mp3"
    with soundfile.SoundFile(
        path, "w", RATE, 1, format="MP3", compression_level=0.99, bitrate_mode="CONSTANT"
    ) as file:
        file.write(samples)
    whole, _ = soundfile.read(path, dtype="float32")
    assert len(whole) > 2 * readers.BLOCK
    np.testing.assert_allclose(audio.load(path).samples, whole, atol=1e-5)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_files_joined_to_one_are_read_to_the_end(subtype, tmp_path):
    parts = []
    for level in (1.0, 0.3):
        file = io.BytesIO()
        soundfile.write(file, level * voice(1.0), RATE, format="OGG", subtype=subtype)
        parts.append(file.getvalue())
    path = tmp_path / "a.ogg"
    path.write_bytes(b"".join(parts))
    heard = audio.load(path)
    assert heard.duration == pytest.approx(2.0, abs=0.05)
    assert audio.info(path).duration == pytest.approx(heard.duration, abs=0.01)
    levels = [np.abs(part).mean() for part in np.array_split(heard.samples, 2)]
    assert levels[1] / levels[0] == pytest.approx(0.3, abs=0.05)
    assert not is_chained(parts[0])
    assert not is_chained(path.read_bytes()[: len(parts[0]) + 3])


def test_a_pointer_of_git_lfs_is_named_as_such(tmp_path):
    text = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 72862\n"
    (tmp_path / "a.wav").write_bytes(text)
    for source in (text, tmp_path / "a.wav"):
        for verb in (audio.load, audio.info):
            with pytest.raises(AudioError, match=r"pointer of Git LFS.*git lfs pull"):
                verb(source)
