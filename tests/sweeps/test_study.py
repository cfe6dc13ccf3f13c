"""Trials of a sweep: chosen on validation clips, resumed to the same numbers, test left alone."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from ser_core.core import CorpusError, ParameterError, demo_corpus
from ser_core.recipes.recipe import load, parse
from ser_core.runs import execute
from ser_core.sweeps import trial
from ser_core.sweeps.space import Options, Range, Sweep
from ser_core.sweeps.study import BEST, carry_out, caution, read_sweep

SPACE = {"optim.lr": Range(1e-4, 1e-1, log=True), "train.label_smoothing": Options((0.0, 0.1))}
RECIPE = {
    "name": "demo",
    "corpus": str(demo_corpus()),
    "split": {"policy": "random", "fractions": [0.5, 0.3, 0.2]},
    "representation": {"name": "melspectrogram", "n_mels": 16, "hop_length": 800},
    "network": {"name": "resnet10", "width": 4},
    "optim": {"lr": 0.002},
    "train": {
        "epochs": 2,
        "batch": 16,
        "threads": 1,
        "label_smoothing": 0.0,
        "precision": "float32",
    },
}  # fmt: skip


def sweep(**changes):
    return Sweep(**{"recipe": parse(RECIPE), "space": SPACE, "trials": 4, "name": "s", **changes})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    carry_out(sweep(), folder)
    return folder


def test_the_recipe_itself_is_the_first_trial_and_the_best_is_written(whole):
    found = read_sweep(whole)
    assert len(found.trials) == 4
    first = found.trials.iloc[0]
    assert (first["optim.lr"], first["train.label_smoothing"]) == (0.002, 0.0)
    best = found.trials.loc[found.trials["value"].idxmax()]
    chosen = load(whole / BEST)
    assert chosen.optim.lr == best["optim.lr"]
    assert chosen == found.recipe
    assert found.importances == {}  # of four trials nothing is said


def test_nothing_of_the_test_clips_is_kept(whole):
    assert not list((whole / "trials").iterdir())
    assert not list(whole.rglob("*.parquet"))


def test_a_value_is_the_validation_uar_of_a_run_of_the_same_recipe(whole, tmp_path):
    found = read_sweep(whole)
    outcome = execute.run(found.recipe, tmp_path)
    validation = outcome.predictions.part("validation")
    true, answers = validation.true, validation.probabilities.argmax(axis=1)
    recalls = [(answers[true == each] == each).mean() for each in set(true)]
    assert found.best["value"] == pytest.approx(sum(recalls) / len(recalls))


def test_a_killed_sweep_ends_at_the_numbers_of_one_that_was_not(whole, tmp_path, monkeypatch):
    run, asked = execute.run, []

    def killed(*given, **more):
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return run(*given, **more)

    with monkeypatch.context() as during:
        during.setattr(trial.execute, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            carry_out(sweep(), tmp_path)
    assert len(read_sweep(tmp_path).trials) == 2
    carry_out(sweep(), tmp_path)
    ends, before = (
        read_sweep(folder).trials.drop(columns="minutes") for folder in (tmp_path, whole)
    )
    pd.testing.assert_frame_equal(ends, before)


def test_more_trials_go_on_and_another_sweep_is_refused(whole, monkeypatch):
    monkeypatch.setattr(trial.execute, "run", lambda *_given, **_more: pytest.fail("trained"))
    carry_out(sweep(trials=2), whole)  # there are four already
    with pytest.raises(ParameterError, match="holds another sweep"):
        carry_out(sweep(seed=5), whole)
    carry_out(sweep(), whole)


def test_a_folder_whose_sweep_had_no_corpus_takes_the_mended_one(tmp_path):
    absent = parse({**RECIPE, "corpus": str(tmp_path / "absent")})
    with pytest.raises(CorpusError, match="absent"):
        carry_out(sweep(recipe=absent), tmp_path / "sweep")
    carry_out(sweep(trials=1), tmp_path / "sweep")
    assert len(read_sweep(tmp_path / "sweep").trials) == 1


def test_values_that_do_not_go_together_are_refused_and_counted(tmp_path, monkeypatch):
    def refuse(*_given):
        raise ParameterError("these do not go together")

    monkeypatch.setattr(Sweep, "recipe_of", refuse)
    carry_out(sweep(trials=2), tmp_path)
    trials = read_sweep(tmp_path).trials
    assert list(trials["state"]) == ["refused"] * 2
    assert "these do not go together" in trials["note"][0]
    assert not (tmp_path / BEST).exists()


def test_a_choice_by_folds_that_test_each_other_s_validation_clips_is_called_optimistic():
    assert caution(sweep()) == ""
    recipe = parse({**RECIPE, "split": {"policy": "leave-one-speaker-out"}})
    assert "somewhat too high" in caution(replace(sweep(), recipe=recipe))
