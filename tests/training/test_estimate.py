"""An estimate counts the work as the training does, and times real steps."""

import pytest

from ser_core.corpora import make_split, open_corpus
from ser_core.settings import demo_corpus
from ser_core.training import estimate
from ser_core.training.recipe import parse


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


def test_a_plan_counts_the_steps_that_are_made(tmp_path):
    from ser_core.training.run import run

    asked = recipe(seeds=[0, 1])
    told = []
    run(asked, tmp_path / "run", progress=lambda done, total: told.append((done, total)))
    todo = estimate.plan(asked, make_split(open_corpus(demo_corpus()), "random"))
    assert told[-1] == (todo.steps, todo.steps)
    assert todo.trainings == 2


def test_a_plan_of_folds_counts_those_that_are_trained():
    split = make_split(open_corpus(demo_corpus()), "leave-one-speaker-out")
    few = recipe(split={"policy": "leave-one-speaker-out", "only": [0, 3]})
    assert estimate.plan(few, split).trainings == 2
    sizes = [len(split.fold(fold)["train"]) for fold in (0, 3)]
    assert list(estimate.plan(few, split).training) == sizes


def test_seconds_add_up():
    todo = estimate.Plan(2, (40, 60), 20, 8, 110, 10, 8)
    pace = estimate.Pace(train=0.01, judge=0.1, prepare=0.02, cost=1.0, source="")
    trained, judged, prepared = 10 * 100 * 0.01, (10 * 8 + 20) * 0.1, 110 * 0.02
    assert todo.seconds(pace) == pytest.approx(estimate.START + trained + judged + prepared)


def test_a_measurement_is_kept_and_carried_over_in_proportion(ser_home):
    asked = recipe()
    assert estimate.known_pace(asked, []) is None
    asked.save(ser_home / "recipe.yaml")
    estimate.main(ser_home / "recipe.yaml", estimate.file_of(asked))
    pace = estimate.known_pace(asked, [])
    assert pace.source == estimate.MEASURED
    assert min(pace.train, pace.judge, pace.prepare) > 0
    wider = estimate.known_pace(recipe(network={"name": "resnet10", "width": 8}), [])
    assert wider.source == estimate.ROUGH
    assert wider.train == pytest.approx(4 * pace.train)


def test_the_name_and_the_split_change_no_pace():
    shape = estimate.shape_of(recipe())
    assert estimate.shape_of(recipe(name="other", split={"policy": "speaker-disjoint"})) == shape
    assert estimate.shape_of(recipe(network={"width": 8})) != shape
