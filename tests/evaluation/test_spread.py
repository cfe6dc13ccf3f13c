"""Seeds and folds are scored alone, and their mean is not the pooled figure."""

import pytest

from ser_core.core import EvaluationError, UnknownNameError
from ser_core.evaluation import Predictions, interval, spread
from tests.evaluation.tables import answered, drawn


def test_seeds_are_scored_alone():
    runs = [Predictions(drawn(100, seed=seed).table.assign(seed=seed)) for seed in range(3)]
    found = spread(Predictions.concat(runs))
    expected = [interval(run).value for run in runs]
    assert list(found.values.values()) == pytest.approx(expected)
    assert found.mean == pytest.approx(sum(expected) / 3)
    assert str(found).endswith("over 3 seeds")


def test_one_seed_has_no_spread():
    found = spread(drawn(100), "wa")
    assert found.sd is None
    assert str(found) == f"{found.mean:.3f} over 1 seed"


def test_the_mean_over_folds_is_not_the_pooled_figure():
    """Two folds worked out by hand: 1 of 1 right, and 1 of 3."""
    small = answered(["anger"], ["anger"], fold=0).table.assign(clip="x")
    large = answered(["anger"] * 3, ["anger", "neutral", "neutral"], fold=1)
    both = Predictions.concat([Predictions(small), large])
    assert spread(both, "wa", over="fold").mean == pytest.approx((1 + 1 / 3) / 2)
    assert interval(both, "wa").value == pytest.approx(2 / 4)


def test_nonsense_is_refused():
    with pytest.raises(EvaluationError, match="'seed' or 'fold'"):
        spread(drawn(20), over="clip")
    with pytest.raises(UnknownNameError):
        spread(drawn(20), "uarr")
