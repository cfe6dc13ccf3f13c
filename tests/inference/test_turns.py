"""Turns of a recording: each as if it were a clip, long ones pooled, speakers enrolled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import Waveform, to_wav
from ser_core.core import CorpusError, ModelError
from ser_core.corpora.annotations import Segment
from ser_core.inference.classify import InferenceModel, Recording
from ser_core.inference.confidence import Confidence
from ser_core.inference.turns import as_segments, found_turns, predict_turns

RATE = 16_000


@pytest.fixture(scope="module")
def model(make_bundle, tmp_path_factory):
    return InferenceModel(make_bundle(), Confidence(threshold=0.3), tmp_path_factory.mktemp("m"))


@pytest.fixture(scope="module")
def recording(sounds):
    """Six clips with two seconds of nothing between them, twice."""
    silence = np.zeros(2 * RATE, np.float32)
    parts = [part for wave in sounds for part in (wave.samples, silence)]
    wave = Waveform(np.concatenate(parts * 2))
    return Recording("talk.wav", to_wav(wave)), wave


@pytest.fixture(scope="module")
def clips(sounds):
    """Where the first six clips are."""
    starts = np.cumsum([0, *(wave.duration + 2 for wave in sounds)])
    return [
        Segment(start, start + wave.duration, "", f"s{number % 2}")
        for number, (start, wave) in enumerate(zip(starts[:-1].tolist(), sounds, strict=True))
    ]


def probabilities(table) -> np.ndarray:
    return table.filter(like="p_").to_numpy(float)


def test_a_turn_is_answered_as_the_clip_that_it_is(model, recording, clips):
    done = []
    table = predict_turns(
        model, model.stream(recording[0]), clips[::-1], progress=lambda *at: done.append(at)
    )
    assert table["start"].is_monotonic_increasing
    assert table["speaker"].tolist() == ["s0", "s1"] * 3
    assert done[-1] == (6, 6)
    for row, turn in zip(probabilities(table), clips, strict=True):
        first, last = round(turn.start * RATE), round(turn.end * RATE)
        alone = model.probabilities([Waveform(recording[1].samples[first:last])])
        # 16 bits of the file
        np.testing.assert_allclose(row, alone[0], atol=2e-3)


def test_a_long_turn_is_the_mean_of_its_pieces(model, recording):
    turns = [Segment(0, 40), Segment(0, 40 / 3), Segment(40 / 3, 80 / 3), Segment(80 / 3, 40)]
    table = predict_turns(model, model.stream(recording[0]), turns)
    whole = table[table["end"] == 40].iloc[[0]]
    pieces = table.drop(whole.index)
    np.testing.assert_allclose(
        probabilities(whole)[0], probabilities(pieces).mean(axis=0), atol=1e-5
    )


def test_silence_and_turns_outside_say_why_they_have_no_prediction(model, recording, clips):
    quiet = Segment(clips[0].end + 0.1, clips[1].start - 0.1)
    turns = [clips[0], quiet, Segment(9000, 9001), Segment(1.0, 1.01)]
    table = predict_turns(model, model.stream(recording[0]), turns)
    assert table["problem"].tolist() == ["", "", "silent", "after the end of the recording"]
    assert table["answer"].astype(bool).tolist() == [True, True, False, False]
    with pytest.raises(CorpusError, match="no turns"):
        predict_turns(model, model.stream(recording[0]), [])


def test_speakers_are_enrolled_with_their_own_turns(model, recording, clips):
    turns = [*clips, Segment(0, 0.5, "", "brief"), Segment(3, 4)]
    plain = predict_turns(model, model.stream(recording[0]), turns)
    table = predict_turns(model, model.stream(recording[0]), turns, enrol_own=True)
    counts = table.groupby("speaker")["voice_clips"].first()
    assert counts.to_dict() == {"": 0, "brief": 0, "s0": 3, "s1": 3}
    own = [clips[0], clips[2], clips[4]]
    waves = [
        Waveform(recording[1].samples[round(each.start * RATE) : round(each.end * RATE)])
        for each in own
    ]
    expected = model.probabilities(waves, model.predictor.enrol(waves))
    mine = table[table["speaker"] == "s0"]
    np.testing.assert_allclose(probabilities(mine), expected, atol=3e-3)
    changed = np.abs(probabilities(plain) - probabilities(table)).max(axis=1) > 1e-6
    assert changed.tolist() == table["speaker"].str.startswith("s").tolist()


def test_a_model_without_enrolment_is_refused(make_bundle, recording, clips, tmp_path):
    model = InferenceModel(make_bundle("clip"), Confidence(), tmp_path)
    with pytest.raises(ModelError, match="does not use enrolment"):
        predict_turns(model, model.stream(recording[0]), clips, enrol_own=True)


def test_speech_is_found_where_the_clips_are(recording, clips):
    found = found_turns(recording[0])
    inside = [any(c.start - 0.3 < t.start < c.end for c in clips) for t in found[:6]]
    assert all(inside)
    assert {t.speaker for t in found} == {""}


def test_windows_become_segments_that_follow_each_other():
    table = pd.DataFrame(
        {
            "start": [0.0, 1.0, 2.0, 3.0, 4.0],
            "end": [3.0, 4.0, 5.0, 6.0, 7.0],
            "answer": ["anger", "anger", "", "fear", "anger"],
        }
    )
    assert as_segments(table) == [
        Segment(0, 3, "anger"), Segment(4, 5, "fear"), Segment(5, 7, "anger"),
    ]  # fmt: skip
    assert as_segments(table.assign(speaker="A"))[1] == Segment(1, 4, "anger", "A")
    assert as_segments(table.iloc[[2]]) == []
