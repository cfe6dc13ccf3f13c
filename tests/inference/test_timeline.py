from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import Waveform, stream, to_wav
from ser_core.core import ParameterError
from ser_core.corpora.annotations import Segment
from ser_core.inference.classify import InferenceModel, Recording
from ser_core.inference.confidence import Confidence
from ser_core.inference.timeline import AT_ONCE, Windows, timeline, timeline_parts
from ser_core.inference.training_domain import fitted, measures
from ser_core.inference.turns import predict_turns


@pytest.fixture
def model(make_bundle, tmp_path):
    return InferenceModel(make_bundle(), Confidence(), tmp_path)


@pytest.fixture
def long(sounds):
    """A voice, three seconds of nothing, and the voice again."""
    silence = np.zeros(3 * 16_000, np.float32)
    return Waveform(np.concatenate([sounds[0].samples, silence, sounds[1].samples]))


def test_each_window_is_predicted_as_if_it_were_alone(model, long):
    table = timeline(model, long, Windows(window=1.0, hop=0.5))
    row = table.iloc[2]
    part = Waveform(long.samples[16_000 : 2 * 16_000])
    np.testing.assert_allclose(
        row.filter(like="p_").to_numpy(float), model.predictor.predict([part])[0], atol=1e-5
    )
    assert (row["start"], row["end"]) == (1.0, 2.0)
    assert table["end"].iloc[-1] == pytest.approx(long.duration, abs=1e-3)


def test_silence_has_no_prediction(model, long, sounds):
    table = timeline(model, long, Windows(window=0.5, hop=0.5))
    quiet = table["problem"] == "silent"
    assert quiet.sum() in (5, 6)  # of three seconds, by where windows fall
    assert table.loc[quiet, "confidence"].isna().all()
    assert table.loc[quiet, "start"].min() >= sounds[0].duration


def test_a_short_recording_is_one_window(model, sounds):
    table = timeline(model, sounds[0], Windows(window=10))
    assert len(table) == 1
    assert table["end"][0] == pytest.approx(sounds[0].duration, abs=1e-3)


@pytest.mark.parametrize(("duration", "count"), [(3.0, 1), (3.1, 2), (4.0, 2), (600.0, 598)])
def test_windows_reach_the_end_and_none_is_there_twice(duration, count):
    starts = Windows().starts(duration)
    assert len(starts) == count
    assert starts[-1] == duration - 3.0
    assert all(np.diff(starts) > 0)


def test_lengths_have_bounds():
    with pytest.raises(ParameterError, match=r"hop = 0 must lie between 0\.1 and 30"):
        Windows(hop=0)


def test_a_stream_gives_the_table_of_the_whole(model, long, tmp_path):
    windows = Windows(window=0.5, hop=0.1)
    (tmp_path / "long.wav").write_bytes(to_wav(long))
    sound = model.stream(Recording("long", tmp_path / "long.wav"))
    done = []
    tables = list(timeline_parts(model, sound, windows, progress=lambda *at: done.append(at)))
    whole = timeline(model, stream_whole(tmp_path / "long.wav"), windows)
    pd.testing.assert_frame_equal(pd.concat(tables, ignore_index=True), whole, atol=1e-6)
    assert len(tables[0]) == AT_ONCE
    assert done[-1] == (len(whole), len(whole))


def stream_whole(path) -> Waveform:
    return Waveform(np.concatenate(list(stream(path, sample_rate=16_000).blocks())))


@pytest.fixture(scope="module")
def domain(sounds):
    """What low-pass filtered copies of the voices are unlike."""
    rng = np.random.default_rng(0)
    clips = [
        measures(Waveform(wave.samples + rng.normal(0, 1e-3, len(wave.samples)).astype(np.float32)))
        for wave in sounds
        for _ in range(10)
    ]
    return fitted(np.stack(clips), ["a", "b", "c"] * (len(clips) // 3), "sounds")


def test_windows_unlike_the_training_are_said_and_short_ones_are_not_judged(model, domain):
    known = replace(model, domain=domain)
    tone = Waveform(0.3 * np.sin(np.arange(6 * 16_000) * 0.3).astype(np.float32))
    table = timeline(known, tone, Windows(window=2.0, hop=2.0))
    assert list(table["unlike_training"]) == [True] * 3
    assert list(table.columns)[-1] == "problem"
    assert not timeline(known, tone, Windows(window=1.9, hop=2.0))["unlike_training"].any()
    assert "unlike_training" not in timeline(model, tone, Windows(window=2.0, hop=2.0))


def test_silent_windows_are_not_unlike(model, domain, long):
    known = replace(model, domain=domain)
    table = timeline(known, long, Windows(window=2.0, hop=0.5))
    quiet = table["problem"] == "silent"
    assert quiet.any()
    assert not table.loc[quiet, "unlike_training"].any()


def test_a_turn_is_unlike_where_most_of_its_pieces_are(model, domain, monkeypatch):
    known = replace(model, domain=domain)
    tone = 0.3 * np.sin(np.arange(40 * 16_000) * 0.3).astype(np.float32)
    sound = stream(to_wav(Waveform(tone)), sample_rate=16_000, name="tone.wav")
    called = iter([[True, False, False, True]])
    monkeypatch.setattr(
        type(domain), "unlike_parts", lambda _self, waves: np.array(next(called)[: len(waves)])
    )
    turns = [Segment(0.0, 39.0, "A"), Segment(39.2, 40.0, "B")]  # the first in three pieces
    table = predict_turns(known, sound, turns)
    assert list(table["unlike_training"]) == [False, True]
