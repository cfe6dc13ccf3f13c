from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core.core import EvaluationError
from ser_core.evaluation import Predictions
from ser_core.inference.classify import open_model
from ser_core.inference.confidence import Confidence, confidence, fitted
from ser_core.models.bundle import Bundle

FIGURE = {"value": 0.8, "low": 0.7, "high": 0.9}
CORPUS = {"name": "x", "licence": "", "train_clips": 9, "validation_clips": 9, "test_clips": 200}
TESTED = {"metrics": {"uar": FIGURE, "wa": FIGURE}, "corpus": CORPUS}
"""What a model says of itself whose test shows that it works."""


def _answers(part: str, sure: float, right: float, n: int = 200) -> Predictions:
    """Two classes, answered with one confidence and right in a share of the clips."""
    clips = pd.DataFrame({"emotion": "anger"}, index=[f"{i}.wav" for i in range(n)])
    correct = np.arange(n) < right * n
    first = np.where(correct, sure, 1 - sure)
    return Predictions.of(clips, np.stack([first, 1 - first], 1), ["anger", "neutral"], part=part)


def test_an_overconfident_model_is_softened_to_its_accuracy():
    found = fitted(_answers("validation", sure=0.99, right=0.8))
    np.testing.assert_allclose(found.applied(np.array([[0.99, 0.01]])), [[0.8, 0.2]], atol=0.01)
    assert found.threshold is None  # wrong in a fifth, however sure: no threshold helps


def test_below_the_threshold_a_prediction_is_uncertain():
    found = Confidence(1.0, 0.6)
    assert found.unsure(np.array([[0.55, 0.45], [0.7, 0.3]])).tolist() == [True, False]
    without = Confidence()
    assert without.unsure(np.array([[0.5, 0.5], [1.0, 0.0]])).all()
    assert "no confidence above which" in without.why_unsure
    assert found.why_unsure == ""


def test_a_model_that_was_not_tested_enough_is_always_uncertain(make_bundle):
    known = {"confidence": {"temperature": 2.0, "threshold": 0.5, "source": "By hand."}}
    assert confidence(make_bundle(**TESTED, **known)).threshold == 0.5
    for about in ({"metrics": {}}, {**TESTED, "corpus": {**CORPUS, "test_clips": 6}}):
        found = confidence(make_bundle(**about, **known))
        assert found.threshold is None
        assert found.temperature == 2.0  # the probabilities stay calibrated
        assert found.unsure(np.array([[1.0, 0.0]])).all()
        assert found.why_unsure == found.doubt != ""


def test_a_bundle_learns_it_from_its_validation_predictions_or_is_reported(make_bundle):
    bundle = make_bundle(**TESTED)
    assert confidence(bundle) == Confidence()
    both = Predictions.concat([_answers("validation", 0.99, 0.8), _answers("test", 0.99, 0.1)])
    knowing = Bundle(bundle.model, bundle.about, both)
    assert confidence(knowing) == fitted(both.part("validation"))
    told = make_bundle(
        **TESTED, confidence={"temperature": 2.0, "threshold": 0.5, "source": "By hand."}
    )
    assert confidence(told) == Confidence(2.0, 0.5, "By hand.")
    pooled = Bundle(bundle.model, {**bundle.about, "pooling": "linear", "threshold": 0.6}, both)
    assert (confidence(pooled).temperature, confidence(pooled).threshold) == (1.0, 0.6)
    assert confidence(pooled).coverage is None
    counted = {**pooled.about, "results": {"rejection": {"coverage": 0.25}}}
    assert confidence(Bundle(bundle.model, counted, both)).coverage == 0.25


def test_enrolled_speakers_have_a_confidence_of_their_own(make_bundle, tmp_path):
    bundle = make_bundle(**TESTED)
    strangers, known = _answers("validation", 0.99, 0.6), _answers("validation", 0.99, 0.9)
    home = tmp_path / "fold-0-seed-0"
    folder = Bundle(bundle.model, bundle.about, strangers).save(home / "bundle")
    opened = open_model(folder)
    assert opened.enrolled == opened.confidence == fitted(strangers)
    known.save(home / "enrolled.parquet")
    opened = open_model(folder)
    assert opened.enrolled == fitted(known)
    assert opened.reading(None) == fitted(strangers)
    assert opened.reading((np.zeros(1, np.float32),)) == fitted(known)


def test_test_clips_teach_nothing():
    with pytest.raises(EvaluationError):
        fitted(_answers("test", 0.9, 0.9))
