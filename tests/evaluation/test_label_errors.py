"""Confident learning against figures worked out by hand, and labels that were made wrong."""

import numpy as np
import pandas as pd
import pytest

from ser_core.core import EvaluationError, ParameterError
from ser_core.evaluation import PRUNING, Predictions, held_out_answers, label_errors
from ser_core.evaluation.label_errors import confident_joint, estimated_joint, thresholds

GIVEN = np.array([0, 0, 0, 1, 1, 1])
BY_HAND = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8], [0.6, 0.4]])
# Thresholds: (0.9 + 0.8 + 0.1) / 3 = 0.6 and (0.7 + 0.8 + 0.4) / 3 = 0.6333.


def test_a_threshold_is_the_mean_self_confidence_of_a_label():
    assert thresholds(GIVEN, BY_HAND) == pytest.approx([0.6, 1.9 / 3])
    assert thresholds(np.array([0, 0]), BY_HAND[:2])[1] == np.inf


def test_the_confident_joint_of_an_example_done_by_hand():
    assert confident_joint(GIVEN, BY_HAND).tolist() == [[2, 1], [1, 2]]


def test_a_clip_below_every_threshold_is_not_counted():
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.55, 0.45]])
    given = np.array([0, 1, 0])
    # Thresholds 0.725 and 0.9: the third clip reaches neither.
    assert confident_joint(given, probabilities).tolist() == [[1, 0], [0, 1]]


def test_the_likeliest_of_several_emotions_that_are_reached_counts():
    probabilities = np.array([[0.4, 0.5, 0.1], [0.3, 0.4, 0.3], [0.1, 0.2, 0.7]])
    # Thresholds 0.4, 0.4 and 0.7: the first clip reaches two.
    assert confident_joint(np.array([0, 1, 2]), probabilities)[0].tolist() == [0, 1, 0]


def test_the_joint_has_the_labels_as_its_margin():
    counts = np.array([[3, 1, 0], [0, 0, 0], [1, 0, 1]])
    given = np.repeat([0, 1, 2], [8, 2, 10])
    joint = estimated_joint(counts, given)
    assert joint.sum(axis=1) == pytest.approx([0.4, 0.1, 0.5])
    assert joint[0] == pytest.approx([0.3, 0.1, 0])
    assert joint[1] == pytest.approx([0, 0.1, 0])  # none is confidently so: taken for right


def test_both_prunings_of_the_example_select_the_two_wrong_clips():
    joint = estimated_joint(confident_joint(GIVEN, BY_HAND), GIVEN)
    for select in PRUNING.values():
        assert np.flatnonzero(select(joint, GIVEN, BY_HAND)).tolist() == [2, 5]


def test_the_prunings_differ_where_margin_and_self_confidence_do():
    given = np.zeros(3, dtype=int)
    probabilities = np.array([[0.5, 0.3, 0.2], [0.2, 0.4, 0.4], [0.3, 0.7, 0.0]])
    joint = np.array([[2 / 3, 1 / 3, 0], [0, 0, 0], [0, 0, 0]])
    found = {name: np.flatnonzero(select(joint, given, probabilities)).tolist()
             for name, select in PRUNING.items()}  # fmt: skip
    assert found == {"by class": [1], "by noise rate": [2], "both": []}


def noisy(share=0.05, clips=1200, sharpness=3.0, seed=0):
    """Held-out answers of a good model to labels of which some were made wrong; and which."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 4, clips)
    logits = generator.standard_normal((clips, 4))
    logits[np.arange(clips), truth] += sharpness
    weights = np.exp(sharpness * logits)
    changed = generator.random(clips) < share
    given = np.where(changed, (truth + 1) % 4, truth)
    names = ["anger", "fear", "happiness", "sadness"]
    rows = pd.DataFrame(
        {"emotion": [names[code] for code in given]}, index=[f"{n:04}.wav" for n in range(clips)]
    )
    answers = held_out_answers(Predictions.of(rows, weights / weights.sum(1, keepdims=True), names))
    return answers, set(rows.index[changed]), dict(zip(rows.index, truth, strict=True))


def test_labels_that_were_made_wrong_are_found():
    answers, changed, truth = noisy()
    found = label_errors(answers)
    first = list(found.table.index[: len(changed)])
    assert len(changed & set(first)) / len(changed) > 0.8
    assert 0.03 < found.share < 0.09
    names = list(found.joint)
    assert names == ["anger", "fear", "happiness", "sadness"]
    right = [names.index(found.table.loc[clip, "suggested"]) == truth[clip]
             for clip in first if clip in changed]  # fmt: skip
    assert np.mean(right) > 0.95
    assert found.table["self_confidence"].is_monotonic_increasing
    assert (found.table["margin"] > 0).all()


def test_a_label_that_the_model_answers_is_no_suspect():
    answers, _, _ = noisy(share=0.3, sharpness=1.0)
    for method in PRUNING:
        suspects = label_errors(answers, method).table.index
        assert answers.loc[suspects, "wrong"].all()


def test_both_selects_what_the_two_others_do():
    answers, _, _ = noisy()
    one, two, both = (
        set(label_errors(answers, method).table.index)
        for method in ("by class", "by noise rate", "both")
    )
    assert both <= one & two
    assert both


def test_what_cannot_be_judged_is_refused():
    answers, _, _ = noisy(clips=40)
    with pytest.raises(ParameterError, match="Did you mean 'by class'"):
        label_errors(answers, "by clas")
    with pytest.raises(EvaluationError, match="held-out"):
        label_errors(answers.iloc[:0])
