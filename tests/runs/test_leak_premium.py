"""The leak premium compares like with like, and says what it costs."""

import pytest

from ser_core.core import demo_corpus
from ser_core.evaluation import Interval
from ser_core.recipes.recipe import parse
from ser_core.runs import leak_premium


def test_only_the_policy_differs():
    base = parse(
        {
            "corpus": str(demo_corpus()),
            "name": "mine, random",
            "split": {"policy": "grouped-k-fold", "folds": 4, "only": [1], "seed": 3},
            "train": {"epochs": 3},
        }
    )
    found = leak_premium.recipes(base)
    assert list(found) == list(leak_premium.COMPARED)
    for policy, recipe in found.items():
        assert recipe.name == f"mine, {policy}"
        assert (recipe.split.policy, recipe.split.seed) == (policy, 3)
        assert (recipe.split.folds, recipe.split.only) == (None, None)
        assert recipe.model_copy(update={"name": base.name, "split": base.split}) == base


def test_the_interval_of_a_difference_is_newcombes():
    # Equal half widths of 0.03 and 0.04 make one of 0.05.
    one, two = Interval("uar", 0.9, 0.87, 0.93), Interval("uar", 0.5, 0.46, 0.54)
    found = leak_premium.difference(one, two)
    assert (found.value, found.low, found.high) == pytest.approx((0.4, 0.35, 0.45))


def test_without_an_interval_there_is_a_difference_alone():
    found = leak_premium.difference(
        Interval("uar", 0.9, None, None), Interval("uar", 0.5, 0.4, 0.6)
    )
    assert (found.value, found.low, found.high) == (pytest.approx(0.4), None, None)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Interval("uar", 0.5, 0.46, 0.54, over="speakers"), "40 points (95 %: 35 to 45) below"),
        (Interval("uar", 0.89, 0.85, 0.93, over="speakers"), "which may be chance"),
        (Interval("uar", 0.5, 0.46, 0.54, over="clips"), "of one speaker"),
    ],
)
def test_the_sentence_says_how_much_and_how_surely(other, said):
    base = Interval("uar", 0.9, 0.87, 0.93)
    row = leak_premium.Premium(
        "speaker-disjoint", None, other, leak_premium.difference(base, other)
    )
    assert said in row.sentence
