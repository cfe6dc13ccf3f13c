from __future__ import annotations

import pytest

from ser_core.core import ParameterError, demo_corpus
from ser_core.recipes.recipe import parse
from ser_core.training.scikit_learn import ScikitLearn


def recipe(**changes):
    return parse(
        {
            "corpus": str(demo_corpus()),
            "representation": {"name": "functionals"},
            "normalise": "speaker",
            "network": {"name": "lda"},
            **changes,
        }
    )


@pytest.mark.parametrize("network", ["linear", "mlp"])
def test_a_refit_of_what_is_trained_step_by_step_is_refused(network):
    with pytest.raises(ParameterError, match=f"{network} is trained step by step"):
        recipe(train={"refit": True}, network={"name": network})


def test_a_refit_is_counted_in_the_estimate():
    learner = ScikitLearn()
    assert learner.epochs(recipe(train={"refit": True})) == 2 * learner.epochs(recipe())
