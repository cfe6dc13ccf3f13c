"""Trials that are trained elsewhere: the same values, one writer, stopped where they are poor."""

from __future__ import annotations

from itertools import islice

import optuna
import pandas as pd
import pytest

from ser_core.core import ParameterError
from ser_core.recipes.recipe import parse
from ser_core.storage import write_json
from ser_core.sweeps import cluster, study
from ser_core.sweeps.space import Options, Range, Sweep
from ser_core.sweeps.study import carry_out, read_sweep
from ser_core.sweeps.trial import Work
from tests.sweeps.test_study import RECIPE, sweep


def learning(**changes):
    """A sweep that learns something in no time, so that trials differ in value."""
    linear = {
        **RECIPE,
        "split": {"policy": "random", "fractions": [0.4, 0.4, 0.2]},
        "representation": {"name": "functionals"},
        "normalise": "speaker",
        "network": {"name": "linear"},
        "optim": {"lr": 0.02},
        "train": {"epochs": 6, "batch": 16, "threads": 1, "precision": "float32"},
    }
    rates = {"optim.lr": Range(1e-4, 1.0, log=True)}
    return Sweep(parse(linear), rates, **{"trials": 3, "name": "s", **changes})


def two_at_a_time(_recipe, trials, look):
    """As a cluster with room for two, of which the later one is ready first."""
    trials, at_work = iter(trials), []
    while True:
        at_work += islice(trials, 2 - len(at_work))
        if not at_work:
            return
        yield cluster.train_trial(at_work.pop())
        look()


def test_trials_of_others_have_the_values_of_one_after_another(tmp_path):
    alone, spread, said = tmp_path / "alone", tmp_path / "spread", []
    asked = learning()
    carry_out(asked, alone)
    carry_out(asked, spread, lambda *each: said.append(each), two_at_a_time)
    one, other = (read_sweep(each).trials.drop(columns="minutes") for each in (alone, spread))
    pd.testing.assert_frame_equal(other, one)
    assert len(set(one["value"])) == 3
    assert (alone / study.BEST).read_text() == (spread / study.BEST).read_text()
    assert not list((spread / study.TRIALS).iterdir())
    done = [each for each, *_ in said]
    assert done == sorted(done)
    assert said[-1][0] == said[-1][1]


def test_a_sweep_that_was_cut_off_trains_the_rest_alone(tmp_path, monkeypatch):
    trained = []

    def cut(_recipe, trials, _look):
        trials = iter(trials)
        first, _second = next(trials), next(trials)
        yield first.number, trained_at_once(first)[1]
        raise KeyboardInterrupt

    def trained_at_once(work):
        trained.append(work.recipe.hash)
        return work.number, study.Judged(0.1 * len(trained), 0.0, 1.0, 0.0)

    with pytest.raises(KeyboardInterrupt):
        carry_out(sweep(), tmp_path, elsewhere=cut)
    assert len(read_sweep(tmp_path).trials) == 1
    carry_out(
        sweep(), tmp_path, elsewhere=lambda _recipe, trials, _look: map(trained_at_once, trials)
    )
    assert len(trained) == len(set(trained)) == 4
    assert read_sweep(tmp_path).best["value"] == pytest.approx(0.4)


def test_equal_trials_at_a_time_do_not_share_a_folder(tmp_path):
    homes = []

    def all_at_once(_recipe, trials, _look):
        works = list(trials)
        homes.extend(work.home for work in works)
        return ((work.number, study.Judged(0.5, None, None, 0.0)) for work in works)

    carry_out(sweep(space={"train.batch": Options((16,))}), tmp_path, elsewhere=all_at_once)
    assert len(homes) == len(set(homes)) == 4


def test_values_that_do_not_go_together_are_refused_elsewhere_too(tmp_path, monkeypatch):
    def refuse(*_given):
        raise ParameterError("these do not go together")

    monkeypatch.setattr("ser_core.sweeps.space.Sweep.recipe_of", refuse)
    carry_out(sweep(trials=2), tmp_path, elsewhere=two_at_a_time)
    assert list(read_sweep(tmp_path).trials["state"]) == ["refused"] * 2


def finished(uar):
    """A whole trial whose epochs gave this."""
    return optuna.trial.create_trial(value=uar, intermediate_values={1: uar, 2: uar})


@pytest.mark.parametrize(("uar", "stopped"), [(0.2, True), (0.9, False)])
def test_a_poor_trial_is_told_to_stop_and_does(tmp_path, uar, stopped):
    many = optuna.create_study(
        direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=1)
    )
    many.add_trials([finished(0.5 + number / 100) for number in range(study.FIRST_WHOLE)])
    trial = many.ask()
    under_way = study._UnderWay(trial, tmp_path)
    write_json(tmp_path / cluster.EPOCHS, {"epochs": [(1, uar)]})
    under_way.look(study.FIRST_WHOLE - 1)
    assert not (tmp_path / cluster.STOP).exists()
    write_json(tmp_path / cluster.EPOCHS, {"epochs": [(1, uar), (2, uar)]})
    under_way.look(study.FIRST_WHOLE)
    assert (tmp_path / cluster.STOP).exists() is stopped
    assert many.trials[-1].intermediate_values == {1: uar, 2: uar}
    if stopped:
        number, found = cluster.train_trial(Work(trial.number, sweep().recipe, tmp_path, False))
        assert (number, found) == (trial.number, None)
        _, course = cluster.seen(tmp_path)
        assert [epoch for epoch, _ in course] == [1], "it ends with its next epoch"
