"""When the test of a model is enough to say how often it is right."""

import json

import pytest

from ser_core.inference.performance import (
    FEWEST_TEST_CLIPS,
    Estimate,
    Performance,
    performance,
    performance_of,
)

GOOD = Performance(
    Estimate(0.7, 0.6, 0.8), Estimate(0.7, 0.6, 0.8), "B", 300, speakers=9, classes=6
)


def changed(**other):
    return Performance(**{**vars(GOOD), **other})


def test_a_model_that_was_tested_on_enough_speakers_and_clips_is_not_in_doubt():
    assert GOOD.doubt == ""
    assert GOOD.said == "Correct in 7 of 10 clips of unseen speakers."
    assert changed(clips=FEWEST_TEST_CLIPS).doubt == ""
    assert changed(clips=None, speakers=None).doubt == ""  # not recorded is not few


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"wa": None}, "No test scores are recorded"),
        ({"clips": FEWEST_TEST_CLIPS - 1}, "Tested on 29 clips only"),
        ({"speakers": 1}, "the voice of a single speaker"),
        ({"uar": Estimate(0.3, 0.16, 0.5)}, "no better than chance, or may have been"),
        ({"uar": Estimate(0.16)}, "the UAR is 0.160"),
    ],
)
def test_a_model_whose_test_shows_too_little_is_in_doubt_and_gets_no_headline(other, said):
    found = changed(**other)
    assert said in found.doubt
    assert found.said == found.doubt
    assert "of 10" not in found.said


def test_a_model_of_a_run_rests_on_the_test_of_all_folds(tmp_path):
    figure = {"value": 0.7, "low": 0.6, "high": 0.8}
    about = {
        "classes": ["anger", "neutral"],
        "recipe": {"seeds": [0, 1]},
        "metrics": {"uar": figure, "wa": figure},
        "corpus": {"test_clips": 20, "test_speakers": 1},
        "split": {"audit": {"grade": "B"}},
    }
    assert "20 clips only" in performance(about).doubt
    folder = tmp_path / "fold-0-seed-0" / "bundle"
    assert performance_of(folder, about) == performance(about)  # the run is not finished
    (tmp_path / "summary.json").write_text(json.dumps({
        "split": {"audit": {"grade": "B"}}, "clips": 120, "speakers": 3,
        "members": 2, "minutes": 1.0, "finished": 1.0,
        "test": {"uar": figure, "wa": figure},
    }))  # fmt: skip
    found = performance_of(folder, about)
    assert (found.clips, found.speakers, found.doubt) == (60, 3, "")  # clips of one seed


@pytest.mark.parametrize("wrong", [None, True, 3, "many", ["a"]])
def test_a_description_of_other_values_has_no_figures(wrong):
    names = ("classes", "unseen", "unseen_enrolled", "metrics", "enrolled", "corpus", "split")
    for name in names:
        assert performance({name: wrong}).wa is None
