"""What a sweep's file may say."""

from __future__ import annotations

import pytest

from ser_core.core import ParameterError
from ser_core.recipes.recipe import parse
from ser_core.sweeps.launch import id_of
from ser_core.sweeps.space import Options, Range, Sweep, choice_of, load_sweep, to_yaml

RECIPE = {"corpus": "artifacts/demo", "representation": {"name": "functionals"},
          "network": {"name": "lda"}}  # fmt: skip
SPACE = {"network.shrinkage": Range(0.1, 0.9), "normalise": Options(("corpus", "speaker"))}


def sweep(**changes):
    return Sweep(parse({"name": "one", **RECIPE}), **{"space": SPACE, "name": "s", **changes})


def test_what_is_written_is_read_back(tmp_path):
    file = tmp_path / "sweep.yaml"
    file.write_text(to_yaml(sweep(trials=7, seed=3)))
    found = load_sweep(file)
    assert found.space == SPACE
    assert (found.trials, found.seed, found.recipe.name) == (7, 3, "one")
    assert load_sweep(file, ["network.shrinkage=0.3"], 9).trials == 9


def test_more_trials_are_the_same_sweep():
    assert id_of(sweep(trials=5)) == id_of(sweep(trials=50)) != id_of(sweep(seed=1))


def test_whole_ends_draw_whole_numbers_and_text_may_be_a_number():
    assert choice_of("x", {"low": 1, "high": 5}) == Range(1, 5, whole=True)
    assert choice_of("x", {"low": "1e-4", "high": 0.1, "log": True}) == Range(1e-4, 0.1, log=True)


def test_a_trial_is_the_recipe_with_its_values():
    drawn = {"network.shrinkage": 0.25, "normalise": "speaker"}
    found = sweep().recipe_of(drawn)
    assert (found.network_choices["shrinkage"], found.normalise) == (0.25, "speaker")
    assert found.name == "one"


@pytest.mark.parametrize(
    ("space", "problem"),
    [
        ({}, "varies nothing"),
        ({"split.policy": Options(("random",))}, "split.policy: cannot be varied"),
        ({"no.field": Range(0, 1)}, "no.field: cannot be varied"),
        ({"network.shrinkage": Range(0.1, 7.0)}, "shrinkage"),
        ({"network.name": Options(("lda", "nothing"))}, "nothing"),
    ],
)
def test_what_makes_no_recipe_is_refused_before_anything_is_trained(space, problem):
    with pytest.raises(ParameterError, match=problem):
        sweep(space=space)


@pytest.mark.parametrize(
    "values",
    [
        3,
        [],
        {"low": 0},
        {"low": 2, "high": 1},
        {"low": "a", "high": 2},
        {"low": 0, "high": 1, "log": True},
        {"low": 0, "high": float("nan")},
    ],
)
def test_a_range_has_two_ends_in_order(values):
    with pytest.raises(ParameterError, match="x: cannot"):
        choice_of("x", values)


def test_enrolled_validation_needs_a_model_that_enrols():
    with pytest.raises(ParameterError, match="normalises by speaker"):
        sweep(enrolled=True)
