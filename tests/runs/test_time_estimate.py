"""An estimate counts the work as the training does, and times real steps."""

import pytest

from ser_core.core import demo_corpus
from ser_core.corpora import make_split, open_corpus
from ser_core.recipes.recipe import parse
from ser_core.runs import time_estimate
from tests.ensemble.conftest import Maker


def recipe(**changes):
    return parse(
        {
            "corpus": str(demo_corpus()),
            "representation": {"name": "melspectrogram", "n_mels": 16, "hop_length": 400},
            "network": {"name": "resnet10", "width": 4},
            "train": {"epochs": 2, "batch": 8, "threads": 1, "precision": "float32"},
            **changes,
        }
    )


@pytest.mark.parametrize("speeds", [[], [0.9]])
def test_a_plan_counts_the_steps_that_are_made(tmp_path, speeds):
    from ser_core.runs.execute import run

    asked = recipe(seeds=[0, 1], augment={"speeds": speeds})
    told = []
    run(asked, tmp_path / "run", progress=lambda done, total: told.append((done, total)))
    todo = time_estimate.plan(asked, make_split(open_corpus(demo_corpus()), "random"))
    assert told[-1] == (todo.steps, todo.steps)
    assert todo.trainings == 2


def test_a_plan_of_folds_counts_those_that_are_trained():
    split = make_split(open_corpus(demo_corpus()), "leave-one-speaker-out")
    few = recipe(split={"policy": "leave-one-speaker-out", "only": [0, 3]})
    assert time_estimate.plan(few, split).trainings == 2
    sizes = [len(split.fold(fold)["train"]) for fold in (0, 3)]
    assert list(time_estimate.plan(few, split).training) == sizes


def test_seconds_add_up():
    todo = time_estimate.Plan(2, (40, 60), 20, 8, 110, 10, 8)
    pace = time_estimate.Pace(train=0.01, judge=0.1, prepare=0.02, cost=1.0, source="")
    trained, judged, prepared = 10 * 100 * 0.01, (10 * 8 + 20) * 0.1, 110 * 0.02
    assert todo.seconds(pace) == pytest.approx(time_estimate.START + trained + judged + prepared)
    # Trials of a sweep are trained and scored each; the clips are prepared for all of them.
    thrice = time_estimate.START + 3 * (trained + judged) + prepared
    assert todo.seconds(pace, 3) == pytest.approx(thrice)


def test_a_measurement_is_kept_and_carried_over_in_proportion(ser_home):
    asked = recipe()
    assert time_estimate.known_pace(asked, []) is None
    asked.save(ser_home / "recipe.yaml")
    time_estimate.main(ser_home / "recipe.yaml", time_estimate.file_of(asked))
    pace = time_estimate.known_pace(asked, [])
    assert pace.source == time_estimate.MEASURED
    assert min(pace.train, pace.judge, pace.prepare) > 0
    assert pace.peak > 100
    assert pace.held == 0, "training needs features alone"
    assert 0.001 < pace.features < pace.sounds < 1  # of a clip of two seconds, in MB
    wider = recipe(network={"name": "resnet10", "width": 64})
    found = time_estimate.known_pace(wider, [])
    assert found.source == time_estimate.ROUGH
    factor = time_estimate.cost(wider) / time_estimate.cost(asked)
    assert factor > 1.2
    assert found.train == pytest.approx(factor * pace.train)


def test_a_run_whose_recipe_is_not_whole_tells_no_pace(ser_home):
    told = Maker(ser_home)("of another version", 1.5)
    assert (
        time_estimate.known_pace(parse({"name": "a", "corpus": str(demo_corpus())}), [told]) is None
    )


def test_the_cost_of_a_network_is_that_of_timed_steps_within_a_third():
    def cost(representation, **network):
        steps = {"crop_s": 2.0}
        form = {"name": representation}
        return time_estimate.cost(recipe(representation=form, network=network, train=steps))

    usual = cost("melspectrogram", width=32)
    # Milliseconds a clip on two cores: log-mel of 80 bands, 2 s; width 32 took 5.0.
    timed = [
        (3.3, cost("melspectrogram", width=16)),
        (17.0, cost("melspectrogram", width=64)),
        (2.9, cost("melspectrogram", width=32, name="resnet10")),
        (0.38, cost("functionals", name="linear")),
    ]
    for ms, found in timed:
        assert found / usual == pytest.approx(ms / 5.0, rel=0.34)


def test_the_name_and_the_split_change_no_pace():
    shape = time_estimate.shape_of(recipe())
    assert (
        time_estimate.shape_of(recipe(name="other", split={"policy": "speaker-disjoint"})) == shape
    )
    assert time_estimate.shape_of(recipe(network={"width": 8})) != shape
