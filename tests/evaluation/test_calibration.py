"""Temperatures and thresholds come from validation clips, and do what they say elsewhere."""

import numpy as np
import pytest

from ser_core.core import EvaluationError, ParameterError
from ser_core.evaluation import (
    Predictions,
    apply_temperature,
    area_under_risk,
    calibrate,
    coverage_risk,
    fit_temperature,
    metrics,
    reject,
    threshold_for,
)
from tests.evaluation.tables import SIX, answered, drawn


def both_parts(validation: Predictions, test: Predictions) -> Predictions:
    parts = {"test": test, "validation": validation}
    tables = [Predictions(one.table.assign(part=part)) for part, one in parts.items()]
    return Predictions.concat(tables)


def test_temperature_of_known_probabilities():
    np.testing.assert_allclose(apply_temperature(np.array([[0.8, 0.2]]), 2.0), [[2 / 3, 1 / 3]])
    np.testing.assert_allclose(apply_temperature(np.array([[2 / 3, 1 / 3]]), 0.5), [[0.8, 0.2]])
    np.testing.assert_allclose(apply_temperature(np.array([[1.0, 0.0]]), 1.0), [[1, 0]], atol=1e-9)
    with pytest.raises(ParameterError, match="not above 0"):
        apply_temperature(np.array([[0.8, 0.2]]), 0.0)


def test_temperature_is_division_of_scores():
    scores = np.random.default_rng(0).standard_normal((20, 6))
    softmax = [np.exp(scores / t) / np.exp(scores / t).sum(1, keepdims=True) for t in (1.0, 3.0)]
    np.testing.assert_allclose(apply_temperature(softmax[0], 3.0), softmax[1])


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_applied_is_found(sharpness):
    """`drawn` is calibrated at sharpness 1 where speakers do not differ."""
    found = fit_temperature(drawn(4000, spread=0.0, sharpness=sharpness, part="validation"))
    assert found == pytest.approx(sharpness, rel=0.08)


def test_no_other_temperature_has_less_nll():
    found = drawn(300, sharpness=2.0, part="validation")
    best = fit_temperature(found)
    losses = {
        t: metrics.nll(found.true, apply_temperature(found.probabilities, t))
        for t in [best, *np.geomspace(0.1, 10, 60)]
    }
    assert min(losses, key=losses.get) == best


def test_test_clips_are_refused():
    with pytest.raises(EvaluationError, match="validation clips only"):
        fit_temperature(drawn(30))
    with pytest.raises(EvaluationError, match="validation clips only"):
        threshold_for(drawn(30), 0.1)


def test_calibration_helps_clips_it_has_not_seen():
    found = calibrate(
        both_parts(drawn(800, seed=1, sharpness=3.0), drawn(800, seed=2, sharpness=3.0))
    )
    for part in ("validation", "test"):
        for figure in ("ece", "nll", "brier"):
            assert found.after[part][figure] < found.before[part][figure]
    assert found.after["test"]["ece"] < 0.5 * found.before["test"]["ece"]
    assert found.temperatures[0, 0] > 1


def test_calibration_never_looks_at_test_clips():
    validation = drawn(300, seed=1, sharpness=3.0)
    one, two = (calibrate(both_parts(validation, drawn(100, seed=seed))) for seed in (2, 3))
    assert one.temperatures == two.temperatures


def test_predictions_stay_as_they_were():
    before = both_parts(drawn(300, seed=1), drawn(300, seed=2))
    np.testing.assert_array_equal(calibrate(before).calibrated.predicted, before.predicted)


def test_every_fold_has_its_own_temperature():
    sharp, soft = (
        Predictions(both_parts(drawn(2000, seed=fold, spread=0.0, sharpness=sharpness),
                               drawn(50, seed=9)).table.assign(fold=fold))
        for fold, sharpness in ((0, 3.0), (1, 0.5))
    )  # fmt: skip
    found = calibrate(Predictions.concat([sharp, soft]))
    assert found.temperatures[0, 0] == pytest.approx(3.0, rel=0.15)
    assert found.temperatures[1, 0] == pytest.approx(0.5, rel=0.15)
    expected = apply_temperature(soft.probabilities, found.temperatures[1, 0])
    np.testing.assert_allclose(found.calibrated.fold(1).probabilities, expected)


def test_a_fold_without_validation_clips_is_refused():
    with pytest.raises(EvaluationError, match="validation part of fold 0"):
        calibrate(drawn(30))


def at_confidence(sures, rights, part="validation") -> Predictions:
    """One clip of "anger" for each confidence, answered right or wrong."""
    several = [
        Predictions(
            answered(["anger"], ["anger" if right else "neutral"], confidence=sure, part=part)
            .table.rename(columns={"p_fear": "p_neutral"}).assign(clip=f"{number}.wav")
        )
        for number, (sure, right) in enumerate(zip(sures, rights, strict=True))
    ]  # fmt: skip
    return Predictions.concat(several)


def test_coverage_and_risk_worked_out_by_hand():
    found = at_confidence([0.9, 0.8, 0.8, 0.6], [True, True, False, False])
    curve = coverage_risk(found)
    np.testing.assert_allclose(curve["threshold"], [0.9, 0.8, 0.6])
    np.testing.assert_allclose(curve["coverage"], [0.25, 0.75, 1.0])
    np.testing.assert_allclose(curve["risk"], [0, 1 / 3, 1 / 2])
    assert area_under_risk(found) == pytest.approx(0.25 * 0 + 0.5 / 3 + 0.25 / 2)


def test_the_threshold_predicts_as_much_as_the_risk_allows():
    found = at_confidence([0.9, 0.8, 0.7, 0.6], [True, True, False, True])
    chosen = threshold_for(found, 0.3)
    assert (chosen.threshold, chosen.coverage, chosen.risk) == (pytest.approx(0.6), 1.0, 0.25)
    strict = threshold_for(found, 0.1)
    assert (strict.threshold, strict.coverage, strict.risk) == (pytest.approx(0.8), 0.5, 0.0)


def test_a_threshold_from_validation_keeps_its_risk_on_test_clips():
    validation, test = (drawn(3000, seed=n, spread=0.0, part=p) for n, p in
                        ((1, "validation"), (2, "test")))  # fmt: skip
    chosen = threshold_for(validation, 0.1)
    measured = reject(test, chosen.threshold)
    assert measured.risk == pytest.approx(0.1, abs=0.02)
    assert measured.risk_low < 0.1 < measured.risk_high
    assert measured.coverage == pytest.approx(chosen.coverage, abs=0.03)
    assert measured.risk < reject(test, 0.0).risk


def test_a_sure_threshold_predicts_less():
    validation = drawn(400, part="validation")
    safe = threshold_for(validation, 0.15, sure=True)
    assert safe.coverage < threshold_for(validation, 0.15).coverage
    assert safe.risk_high <= 0.15


def test_a_risk_that_no_threshold_keeps_to_is_refused():
    found = at_confidence([0.9, 0.8], [False, True])
    with pytest.raises(ParameterError, match=r"share of wrong predictions to 0\.1.*0\.500"):
        threshold_for(found, 0.1)
    with pytest.raises(ParameterError, match="not between 0 and 1"):
        threshold_for(found, 1.1)


def test_withholding_everything_has_no_risk():
    nothing = reject(drawn(20), 1.1)
    assert (nothing.coverage, nothing.answered, nothing.risk) == (0, 0, None)
    assert len(SIX) == len(drawn(20).classes)
