"""A scan measures every clip once, remembers it, and lists what it cannot read."""

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core import audio
from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus, scanning
from ser_core.corpora.measure import bandwidth, measure
from ser_core.corpora.scanning import scan
from tests.corpora.synthetic import sound


def write(path: Path, samples: np.ndarray, sample_rate: int = 16000) -> Path:
    soundfile.write(path, samples, sample_rate, subtype="PCM_16")
    return path


def harmonics(pitch: float, seconds: float, sample_rate: int = 16000) -> np.ndarray:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return sum(np.sin(2 * np.pi * k * pitch * time) / k for k in range(1, 8)) * 0.2


@pytest.mark.parametrize("pitch", [80, 125, 220, 400])
def test_pitch_of_a_harmonic_sound_is_its_fundamental(tmp_path, pitch):
    measures = measure(write(tmp_path / "a.wav", harmonics(pitch, 4.0)))
    assert measures.f0 == pytest.approx(pitch, rel=0.01)


def test_levels_have_their_known_values(tmp_path):
    square = np.tile([0.5, -0.5], 8000)
    measures = measure(write(tmp_path / "a.wav", square))
    assert measures.peak == 0.5
    assert measures.rms_db == pytest.approx(-6.0206, abs=1e-3)
    assert measures.clipped == 0
    square[:160] = 1
    assert measure(write(tmp_path / "b.wav", square)).clipped == pytest.approx(0.01)


def test_silence_around_the_sound_is_timed(tmp_path):
    parts = [np.zeros(3200), harmonics(200, 1.0), np.zeros(8000)]
    measures = measure(write(tmp_path / "a.wav", np.concatenate(parts)))
    assert (measures.silent_start, measures.silent_end) == pytest.approx((0.2, 0.5), abs=0.011)


@pytest.mark.parametrize("seconds", [1 / 16000, 0.005, 0.1, 1.0])
def test_silence_has_a_level_and_no_pitch(tmp_path, seconds):
    measures = measure(write(tmp_path / "a.wav", np.zeros(round(16000 * seconds))))
    assert (measures.peak, measures.rms_db) == (0, -120)
    assert measures.silent_start == measures.silent_end == measures.duration
    assert math.isnan(measures.f0)


def test_content_is_hashed_as_it_is_loaded(tmp_path):
    stereo = np.stack([harmonics(200, 0.5, 44100), harmonics(300, 0.5, 44100)], axis=1)
    path = write(tmp_path / "a.wav", stereo, 44100)
    measures = measure(path)
    assert measures.sha256 == audio.sha256(audio.load(path))
    assert (measures.sample_rate, measures.channels, measures.duration) == (44100, 2, 0.5)


def test_a_scan_has_a_row_for_every_clip():
    corpus = open_corpus(demo_corpus(), include="_(anger|fear)_")
    seen = []
    table = scan(corpus, progress=lambda done, total: seen.append((done, total)))
    assert table.index.equals(corpus.clips.index)
    assert (table["problem"] == "").all()
    assert table["sha256"].is_unique
    assert table["f0"].between(60, 500).all()
    assert seen[0] == (0, len(corpus))
    assert seen[-1] == (len(corpus), len(corpus))


def test_processes_measure_what_one_process_measures(tmp_path, monkeypatch):
    corpus = open_corpus(demo_corpus(), include="EB0_")
    alone = scan(corpus, workers=1)
    monkeypatch.setenv("SER_HOME", str(tmp_path / "another"))
    assert scan(corpus, workers=2).equals(alone)


def test_only_what_changed_is_measured_again(tmp_path, monkeypatch):
    for name in "abc":
        sound(tmp_path / f"angry/{name}.wav")
    sound(tmp_path / "sad/d.wav")
    before = scan(open_corpus(tmp_path))
    sound(tmp_path / "angry/b.wav", seconds=0.5)
    measured = []
    monkeypatch.setattr(
        scanning, "_measured", lambda _root, clips, _workers: measured.extend(clips) or iter(())
    )
    after = scan(open_corpus(tmp_path))
    assert measured == ["angry/b.wav"]
    unchanged = ["angry/a.wav", "angry/c.wav", "sad/d.wav"]
    assert after.loc[unchanged].equals(before.loc[unchanged])


def test_an_interrupted_scan_keeps_what_it_has(tmp_path):
    for name in "abc":
        sound(tmp_path / f"angry/{name}.wav")
        sound(tmp_path / f"sad/{name}.wav")

    def interrupt(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(open_corpus(tmp_path), workers=1, progress=interrupt)
    seen = []
    scan(open_corpus(tmp_path), progress=lambda done, _total: seen.append(done))
    assert seen == [4, 5, 6]


def test_saving_takes_a_small_part_of_a_scan_however_large_it_is(tmp_path, monkeypatch):
    """Each save writes all measures: after every 300 of 100,000 clips it would take the most."""
    for number in range(400):
        (tmp_path / "angry").mkdir(exist_ok=True)
        (tmp_path / "sad").mkdir(exist_ok=True)
        sound(tmp_path / ("angry" if number % 2 else "sad") / f"{number}.wav", seconds=0.02)
    now, saves = [0.0], []
    add = scanning._Store.add

    def slow(store, fresh):
        saves.append(len(fresh))
        now[0] += 0.01 * len(fresh)  # the more there is, the longer it takes
        add(store, fresh)

    monkeypatch.setattr(scanning.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(scanning._Store, "add", slow)
    monkeypatch.setattr(scanning, "SAVE_EVERY", 4)

    def measured(done, _total):
        now[0] += 0.01 * (done > 0)

    scan(open_corpus(tmp_path), workers=1, progress=measured)
    assert 2 < len(saves) < 12  # of the 100 that every fourth clip would make
    assert saves[0] == 4
    assert sum(saves[:-1]) <= 400 / scanning.WORK_PER_SAVE + saves[-2]
    assert saves[-1] == 400


def test_a_damaged_memory_is_forgotten(tmp_path, ser_home):
    sound(tmp_path / "angry/a.wav")
    sound(tmp_path / "sad/b.wav")
    before = scan(open_corpus(tmp_path))
    (file,) = (ser_home / "cache/scans").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert scan(open_corpus(tmp_path)).equals(before)


def test_what_cannot_be_read_is_listed(tmp_path):
    sound(tmp_path / "angry/a.wav")
    sound(tmp_path / "sad/b.flac", seconds=2.0)
    sound(tmp_path / "sad/ok.wav")
    (tmp_path / "angry/text.wav").write_text("no sound")
    data = (tmp_path / "sad/b.flac").read_bytes()
    (tmp_path / "sad/b.flac").write_bytes(data[: len(data) // 2])
    table = scan(open_corpus(tmp_path))
    problems = table["problem"]
    assert problems["angry/text.wav"] == "it is not a sound file that can be read"
    assert "cut short" in problems["sad/b.flac"]
    assert table.loc["angry/text.wav", "sha256"] == ""
    assert problems[["angry/a.wav", "sad/ok.wav"]].to_list() == ["", ""]


def test_an_unknown_label_does_not_keep_a_clip_from_being_measured(tmp_path):
    sound(tmp_path / "angry/a.wav")
    sound(tmp_path / "odd/b.wav")
    table = scan(open_corpus(tmp_path, "folders"))
    assert table["problem"].to_list() == ["", ""]


@pytest.mark.parametrize(("limit", "rate"), [(3000, 16000), (7000, 44100)])
def test_the_bandwidth_is_where_the_spectrum_ends(limit, rate):
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(2 * rate))
    spectrum[np.fft.rfftfreq(2 * rate, 1 / rate) > limit] = 0
    samples = 0.1 * np.fft.irfft(spectrum).astype(np.float32)
    assert bandwidth(samples, rate) == pytest.approx(limit, abs=6 * rate / 1024)
    assert bandwidth(1e-3 * samples, rate) == bandwidth(samples, rate)
    assert np.isnan(bandwidth(samples[:1000], rate))
