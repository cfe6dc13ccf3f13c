from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
import soundfile

from ser_core.audio import Waveform, load, to_wav
from ser_core.core import AudioError, ParameterError
from ser_core.inference.classify import (
    InferenceModel,
    Recording,
    check,
    classify,
    narrow_band,
    open_model,
    recordings,
    warm,
)
from ser_core.inference.confidence import Confidence


@pytest.fixture
def model(make_bundle, tmp_path):
    return InferenceModel(make_bundle(), Confidence(threshold=0.9), tmp_path)


def _tone(seconds: float, peak: float = 0.5) -> Waveform:
    samples = peak * np.sin(np.arange(round(16_000 * seconds)) * 0.2)
    return Waveform(samples.astype(np.float32))


def test_sound_of_less_band_than_the_model_is_named(model, demo_clip):
    narrow = Recording("narrow", to_wav(Waveform(_tone(1.0).samples, 8_000)))
    full, text = Recording("speech", demo_clip), Recording("text", b"no sound at all")
    assert narrow_band(model, [full, text]) == ""
    assert "has a sample rate of 8,000 Hz" in narrow_band(model, [narrow])
    assert "nothing above 4,000 Hz" in narrow_band(model, [narrow, full, text])


def test_every_recording_has_its_row_in_order(model, demo_clip):
    several = [
        Recording("silence", to_wav(_tone(1.0, 0.0))),
        Recording("speech", demo_clip),
        Recording("click", to_wav(_tone(0.1))),
        Recording("text", b"no sound at all"),
        Recording("none", b""),
    ]
    table = classify(model, several)
    assert list(table["file"]) == [each.name for each in several]
    assert list(table["answer"] != "") == [False, True, False, False, False]
    begins = ["is silent", "", "is 0.10 s long", "it is not a sound file", "the file is empty"]
    assert all(map(str.startswith, table["problem"], begins))
    assert table.filter(like="p_").loc[1].sum() == pytest.approx(1)
    assert table.filter(like="p_").loc[[0, 2, 3, 4]].isna().all().all()
    assert not table["uncertain"][[0, 2, 3, 4]].any()


def test_the_row_says_what_the_model_says(model, demo_clip):
    row = classify(model, [Recording("speech", demo_clip)]).iloc[0]
    expected = model.predictor.predict([load(demo_clip)])[0]
    np.testing.assert_allclose(row.filter(like="p_").to_numpy(float), expected)
    assert row["answer"] == model.classes[expected.argmax()]
    assert row["confidence"] == pytest.approx(expected.max())
    assert row["uncertain"] == (expected.max() < 0.9)


def test_more_than_one_batch_keeps_the_order_and_counts(model, demo):
    several = [Recording(c, demo.path(c)) for c in demo.usable.index[:18]]
    steps = []
    table = classify(model, several, progress=lambda *both: steps.append(both))
    assert steps == [(16, 18), (18, 18)]
    alone = classify(model, several[17:])
    np.testing.assert_allclose(
        table.filter(like="p_").iloc[17], alone.filter(like="p_").iloc[0], atol=1e-5
    )
    assert classify(model, []).empty


class Moody:
    """A predictor that answers some sounds wrongly, as a damaged or a half-supported one does."""

    classes, sample_rate, enrols, about = ("anger", "neutral"), 16_000, False, {"name": "moody"}

    def predict(self, waveforms, speaker=None, *, seen=False):
        lengths = np.array([len(each.samples) for each in waveforms])
        if (lengths == 8_000).any():
            raise IndexError("index 3 is out of bounds\nand more")
        found = np.tile([0.25, 0.75], (len(waveforms), 1))
        found[lengths == 12_000] = np.nan
        return found


def test_a_recording_that_the_model_fails_on_costs_its_own_row_and_no_other(tmp_path, caplog):
    model = InferenceModel(Moody(), Confidence(threshold=0.5), tmp_path)
    lengths = [16_000, 8_000, 16_000, 12_000] * 9
    several = [
        Recording(f"{n}.wav", to_wav(_tone(each / 16_000))) for n, each in enumerate(lengths)
    ]
    table = classify(model, several)
    assert list(table["answer"]) == ["neutral", "", "neutral", ""] * 9
    assert list(table["file"]) == [each.name for each in several]
    problems = list(table["problem"])
    assert problems[1].startswith("failed unexpectedly (IndexError: index 3 is out of bounds)")
    assert problems[3].startswith("gives no answer: its probabilities are not finite")
    assert problems[::2][::2] == [""] * 9
    assert table.loc[table["answer"] == "", "confidence"].isna().all()
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    "samples", [[np.nan], [1e38], [-np.inf], np.linspace(-32_768, 32_767, 16_000)]
)
def test_a_float_file_that_is_no_sound_is_a_row_with_its_problem(model, demo_clip, samples):
    content = io.BytesIO()
    samples = np.resize(np.float32(samples), 16_000)
    soundfile.write(content, samples, 16_000, format="WAV", subtype="FLOAT")
    several = [Recording("speech", demo_clip), Recording("odd", content.getvalue())]
    table = classify(model, several)
    assert list(table["answer"] != "") == [True, False]
    assert any(part in table["problem"][1] for part in ("NaN", "full scale"))
    assert not table["uncertain"][1]


def test_files_are_found_in_folders(demo_clip, tmp_path):
    for name in ("b.flac", "sub/a ż.FLAC", ".hidden/c.flac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(demo_clip, tmp_path / name)
    (tmp_path / "notes.txt").write_text("no sound")
    (tmp_path / "empty").mkdir()
    found = [each.source.relative_to(tmp_path).as_posix() for each in recordings([tmp_path])]
    assert found == ["b.flac", "sub/a ż.FLAC"]
    assert recordings([tmp_path / "notes.txt"])[0].name.endswith("notes.txt")
    with pytest.raises(ParameterError, match="holds no sound"):
        recordings([tmp_path / "empty"])
    with pytest.raises(ParameterError, match="no such file"):
        recordings([tmp_path / "nowhere"])


def test_what_says_nothing_is_refused_with_what_to_do():
    check(_tone(0.3), "fine")
    with pytest.raises(AudioError, match=r"mine: is silent.* Check the microphone"):
        check(_tone(1, 0.0005), "mine")
    with pytest.raises(AudioError, match=r"0\.20 s long, too short"):
        check(_tone(0.2), "mine")


def test_a_speaker_is_enrolled_from_recordings(model, demo, sounds):
    clips = demo.usable.index[demo.usable["speaker"] == "EB0"]
    statistics = model.enrol([Recording(clip, demo.path(clip)) for clip in clips])
    np.testing.assert_allclose(statistics[0], model.predictor.enrol(sounds)[0])


def test_a_warm_model_is_opened_once_until_it_changes(make_bundle, tmp_path):
    folder = make_bundle().save(tmp_path / "model")
    assert warm(folder, 1.0) is warm(folder, 1.0)
    assert warm(folder, 2.0) is not warm(folder, 1.0)
    assert "No test scores" in open_model(folder).confidence.doubt
