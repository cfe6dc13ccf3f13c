"""Held-out answers: the test rows only, one a clip, beside the clips of a corpus."""

import numpy as np
import pandas as pd
import pytest

from ser_core.core import EvaluationError
from ser_core.corpora import Split
from ser_core.evaluation import Predictions, beside, held_out_answers, parts_of
from tests.evaluation.tables import answered


def rows(*given):
    """Predictions of (clip, part, seed, true, p_anger)."""
    table = pd.DataFrame(given, columns=["clip", "part", "seed", "true", "p_anger"])
    return Predictions(table.assign(fold=0, p_neutral=1 - table["p_anger"]))


def test_seeds_are_averaged_and_validation_does_not_count():
    found = held_out_answers(
        rows(
            ("a.wav", "test", 0, "anger", 0.9),
            ("a.wav", "test", 1, "anger", 0.2),
            ("b.wav", "test", 0, "anger", 0.3),
            ("c.wav", "validation", 0, "anger", 0.9),
        )
    )
    assert list(found.index) == ["a.wav", "b.wav"]
    assert found["answer"].to_list() == ["anger", "neutral"]
    assert found["confidence"].to_list() == pytest.approx([0.55, 0.7])
    assert found["self_confidence"].to_list() == pytest.approx([0.55, 0.3])
    assert found["wrong"].to_list() == [False, True]
    assert found["models"].to_list() == [2, 1]


def test_predictions_of_validation_alone_are_refused():
    with pytest.raises(EvaluationError, match="no predictions"):
        held_out_answers(rows(("a.wav", "validation", 0, "anger", 0.9)))


def test_clips_that_were_not_held_out_get_no_answer():
    answers = held_out_answers(answered(["anger", "neutral"], ["anger", "anger"]))
    clips = pd.DataFrame(
        {"emotion": ["neutral", "anger", "anger"]}, index=["1.wav", "2.wav", "0.wav"]
    )
    found = beside(clips, answers)
    assert list(found.index) == list(clips.index)
    assert found["wrong"].to_list() == [True, pd.NA, False]
    assert found["answer"].isna().to_list() == [False, True, False]
    assert np.isnan(found.loc["2.wav", "confidence"])


def test_a_clip_that_was_relabelled_is_judged_by_its_label_now():
    answers = held_out_answers(answered(["anger", "neutral"], ["neutral", "neutral"]))
    now = pd.DataFrame({"emotion": ["neutral", "calm"]}, index=["0.wav", "1.wav"])
    assert beside(now, answers)["wrong"].to_list() == [False, pd.NA]  # calm is no class


def test_parts_of_one_split_and_of_folds():
    clips = ["a", "b", "c"]
    single = pd.DataFrame({"split": ["train", "test", "unused"]}, index=clips)
    assert parts_of(Split("x", "random", 0, {}, single)).to_list() == ["train", "test", "unused"]
    folds = pd.DataFrame(
        {"S1": ["test", "train", "unused"], "S2": ["train", "validation", "unused"]}, index=clips
    )
    found = parts_of(Split("x", "leave-one-speaker-out", 0, {}, folds))
    assert found.to_dict() == {"a": "test in S1", "b": "train", "c": "unused"}
