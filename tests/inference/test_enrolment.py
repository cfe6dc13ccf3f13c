from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import load
from ser_core.core import ModelError, ParameterError
from ser_core.inference.enrolment import Enrolment, predict_with_enrolment, prediction_count


@pytest.fixture(scope="module")
def two_voices(demo):
    return list(demo.usable.index[demo.usable["speaker"].isin(["EB0", "IC0"])])


def test_all_numbers_of_clips_are_evaluated_on_the_same_clips(make_bundle, demo, two_voices):
    found = predict_with_enrolment(make_bundle(), demo, two_voices, Enrolment((0, 1, 2), draws=3))
    keys = [set(map(tuple, each.table[["clip", "seed"]].to_numpy())) for each in found.values()]
    assert keys[0] == keys[1] == keys[2]
    # Of six clips of each voice, two are left out of every draw.
    assert len(keys[0]) == 2 * (6 - 2) * 3
    assert sorted(found[1].table["seed"].unique()) == [0, 1, 2]


def test_an_unenrolled_speaker_is_predicted_as_ever(make_bundle, demo, two_voices):
    bundle = make_bundle()
    (found,) = predict_with_enrolment(bundle, demo, two_voices).values()
    expected = bundle.predict([load(demo.path(clip)) for clip in found.table["clip"]])
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)


def test_the_speaker_comes_from_the_clips_left_out(make_bundle, demo, two_voices):
    bundle = make_bundle()
    (found,) = predict_with_enrolment(bundle, demo, two_voices, Enrolment((2,))).values()
    table = found.table[found.table["speaker"] == "IC0"]
    own = [clip for clip in two_voices if "IC0" in clip]
    enrolled = [clip for clip in own if clip not in set(table["clip"])]
    assert len(enrolled) == 2
    statistics = bundle.enrol([load(demo.path(clip)) for clip in enrolled])
    expected = bundle.predict([load(demo.path(clip)) for clip in table["clip"]], statistics)
    np.testing.assert_allclose(table.filter(like="p_").to_numpy(), expected, atol=1e-5)


def test_all_enrols_what_is_predicted_too(make_bundle, demo, two_voices):
    found = predict_with_enrolment(make_bundle(), demo, two_voices, Enrolment((None, 0)))
    assert len(found[None]) == len(two_voices)
    assert np.abs(found[None].probabilities - found[0].probabilities).max() > 0.01


def test_only_clips_of_a_wanted_emotion_are_enrolled(make_bundle, demo, two_voices):
    (found,) = predict_with_enrolment(
        make_bundle(), demo, two_voices, Enrolment((1,), among="neutral")
    ).values()
    assert set(demo.usable.loc[two_voices, "emotion"]) - set(found.table["true"]) == {"neutral"}


def test_progress_counts_what_was_promised(make_bundle, demo, two_voices):
    enrolment, on_progress = Enrolment((0, 1, 2, None), draws=2), []
    predict_with_enrolment(
        make_bundle(), demo, two_voices, enrolment, on_progress=on_progress.append
    )
    assert sum(on_progress) == prediction_count(len(two_voices), 2, enrolment)


def test_what_cannot_be_enrolled_is_refused(make_bundle, demo, two_voices):
    with pytest.raises(ParameterError, match="speaker EB0: has 6 clips, too few"):
        predict_with_enrolment(make_bundle(), demo, two_voices, Enrolment((6,)))
    with pytest.raises(ModelError, match="a test: does not use enrolment"):
        predict_with_enrolment(make_bundle("clip"), demo, two_voices, Enrolment((1,)))
    with pytest.raises(ParameterError):
        Enrolment((-1,))
