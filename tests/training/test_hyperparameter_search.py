"""Settings are chosen within the training part, speakers whole, and never made worse there."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import recall_score

from ser_core.core import EvaluationError, ParameterError
from ser_core.models.bundle import Bundle, architecture, load_bundle
from ser_core.models.networks import NETWORKS
from ser_core.runs.execute import run
from ser_core.training.data import moments_of
from ser_core.training.distributed import ProcessGroup
from ser_core.training.estimator_inputs import both_inputs
from ser_core.training.fresh import new_model
from ser_core.training.hyperparameter_search import inner_folds, searched, with_choices
from ser_core.training.plan import planned
from ser_core.training.sources import Prepared
from tests.training.test_scikit_learn import recipe


def asking(network="logistic", trials=6, **changes):
    return recipe(
        network={"name": network},
        search={"trials": trials, "folds": 3},
        split={"policy": "leave-one-speaker-out", "only": [0]},
        **changes,
    )


@pytest.fixture(scope="module")
def plan():
    return planned(asking(), ProcessGroup())


def test_inner_folds_divide_the_training_part_by_speaker(plan):
    clips = plan.split.fold(0)["train"]
    folds, together = inner_folds(plan, clips, 3, seed=0)
    speaker = plan.corpus.usable["speaker"]
    assert together == "speaker"
    assert sorted(name for _, others in folds for name in others) == sorted(clips)
    for fitted, others in folds:
        assert not set(speaker[fitted]) & set(speaker[others])
        assert set(fitted) | set(others) == set(clips)


@pytest.mark.parametrize("speaker", ["one", None])
def test_clips_of_one_speaker_or_of_unknown_ones_are_dealt_one_by_one(speaker):
    names = [f"{number}.wav" for number in range(12)]
    table = pd.DataFrame({"emotion": ["anger", "fear"] * 6, "speaker": speaker}, index=names)
    plan = SimpleNamespace(corpus=SimpleNamespace(usable=table))
    folds, together = inner_folds(plan, names, 3, seed=0)
    assert together == "clip"
    assert sorted(name for _, others in folds for name in others) == sorted(names)
    assert all(len(set(table.loc[others, "emotion"])) == 2 for _, others in folds)
    with pytest.raises(EvaluationError, match="cannot be divided"):
        inner_folds(plan, names[:3], 3, seed=0)


def test_neither_validation_nor_test_clips_take_part(plan, monkeypatch):
    asked = set()
    for name in ("positions", "training"):
        own = getattr(Prepared, name)

        def watched(self, clips, own=own):
            asked.update(clips)
            return own(self, clips)

        monkeypatch.setattr(Prepared, name, watched)
    parts = plan.split.fold(0)
    searched(plan, parts["train"], 0, lambda _: None)
    assert asked == set(parts["train"])


def test_the_recipes_own_settings_are_tried_first_and_the_best_trial_is_used(plan):
    done = []
    found, record = searched(plan, plan.split.fold(0)["train"], 0, done.append)
    assert done == list(range(1, 7))
    assert record["trials"][0]["c"] == 0.01
    assert record["before"] == record["trials"][0]["uar"]
    assert record["uar"] == max(each["uar"] for each in record["trials"])
    assert found.network_choices["c"] == record["chosen"]["c"]
    low, high = NETWORKS["logistic"].searched["c"]
    assert all(low <= each["c"] <= high for each in record["trials"])


def test_the_same_seed_finds_the_same(plan):
    clips = plan.split.fold(0)["train"]
    one, two = (searched(plan, clips, 3, lambda _: None)[1] for _ in range(2))
    assert one == two


def test_a_trial_scores_whole_models_that_are_fitted_without_the_speakers(plan):
    """Against the plain way: the same recipe trained on the speakers of an inner fold alone."""
    clips = plan.split.fold(0)["train"]
    _, record = searched(plan, clips, 0, lambda _: None)
    uars = []
    for fitted, others in inner_folds(plan, clips, 3, seed=0)[0]:
        model = new_model(plan.recipe, plan.prepared)
        own = plan.prepared.positions(fitted)
        model.normaliser.fit(moments_of(plan.prepared.data.source, own))
        inputs, classes = both_inputs(model, plan.prepared.data, own)
        model.network.fit(inputs, classes, seed=0)
        sounds = [plan.prepared.waveforms[i] for i in plan.prepared.positions(others).tolist()]
        true = plan.corpus.usable.loc[others, "emotion"]
        voices = plan.corpus.usable.loc[others, "speaker"]
        bundle = Bundle(model.eval(), {**architecture(model), "classes": list(model.classes)})
        told = list(bundle.predict(sounds).argmax(1))
        for voice in voices.unique():
            mine = [s for s, each in zip(sounds, voices, strict=True) if each == voice]
            told += list(bundle.predict(mine, bundle.enrol(mine)).argmax(1))
        names = [*true, *(e for v in voices.unique() for e in true[voices == v])]
        wanted = [model.classes.index(each) for each in names]
        uars.append(recall_score(wanted, told, average="macro"))
    assert record["before"] == pytest.approx(np.mean(uars), abs=1e-6)


def test_a_run_uses_what_was_found_and_its_card_says_so(tmp_path):
    outcome = run(asking("knn", trials=4), tmp_path / "run")
    folder = outcome.folder / "fold-0-seed-0" / "bundle"
    about = json.loads((folder / "bundle.json").read_text())
    record = about["training"]["search"]
    assert len(record["trials"]) == 4
    model = load_bundle(folder)
    assert model.model.spec.k == record["chosen"]["k"]
    assert f"k = {record['chosen']['k']}" in model.card
    assert "No validation or test clip took part" in model.card


@pytest.mark.parametrize("network", [n for n, row in NETWORKS.items() if row.searched])
def test_every_range_lies_within_the_bounds_of_its_setting(network):
    for name, ends in NETWORKS[network].searched.items():
        for end in ends:
            kind = int if isinstance(asking(network).network_choices[name], int) else float
            assert with_choices(asking(network), {name: kind(end)}).network_choices[name] == end


def test_a_search_of_nothing_is_refused_and_none_changes_no_recipe():
    with pytest.raises(ParameterError, match="settings to search for"):
        asking("linear")
    assert recipe(search={"folds": 5}).hash == recipe().hash
    assert recipe(network={"name": "knn"}, search={"trials": 3}).hash != (
        recipe(network={"name": "knn"}).hash
    )
