"""An ensemble is saved whole, answers the same when it is opened, and tells of damage."""

import json

import numpy as np
import pytest
import torch

from ser_core.audio import load as load_sound
from ser_core.core import ModelError, ParameterError, demo_corpus
from ser_core.ensemble import Options, gather, optimise
from ser_core.ensemble.assemble import assemble
from ser_core.models import predictor
from ser_core.models.bundle import load_bundle
from ser_core.models.ensemble import load_ensemble
from tests.ensemble.conftest import Maker

FEW = Options(trials=8, risk=0.5)


@pytest.fixture(scope="module")
def sounds():
    return [load_sound(path) for path in sorted((demo_corpus() / "samples").glob("EB0_*"))[:3]]


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    make_run = Maker(tmp_path_factory.mktemp("home"))
    return gather(
        [make_run("plain", 1.5, seed=1), make_run("enrolling", 1.2, seed=2, normalise="speaker")],
        "average",
    )


@pytest.fixture(scope="module")
def made(team):
    return assemble(optimise(team, Options(weights="equal", risk=0.5)), "both")


def test_saved_and_opened_it_predicts_the_same(made, sounds, tmp_path):
    folder = made.save(tmp_path / "an ensemble żółty")
    opened = predictor.load(folder)
    assert opened.classes == made.classes
    assert (opened.enrols, opened.sample_rate) == (True, 16_000)
    np.testing.assert_allclose(opened.predict(sounds), made.predict(sounds), atol=1e-12)
    names = ["README.md", "ensemble.json", "members", "predictions.parquet", "trials.parquet"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [path.name for path in tmp_path.iterdir() if path.name != "ser-home"] == [folder.name]
    assert not list(folder.rglob("*.pkl"))


def test_it_pools_what_its_members_say(made, team, sounds):
    members = [load_bundle(member.bundles[0]).predict(sounds) for member in team.members]
    np.testing.assert_allclose(made.predict(sounds), made.pool(np.stack(members)), atol=1e-9)


def test_stacked_members_are_saved_with_their_coefficients(team, sounds, tmp_path):
    made = assemble(optimise(team, Options(pooling="stacking", risk=0.5)), "both")
    folder = made.save(tmp_path / "stacked")
    opened = load_ensemble(folder)
    assert opened.pool == made.pool
    members = [load_bundle(member.bundles[0]).predict(sounds) for member in team.members]
    np.testing.assert_allclose(opened.predict(sounds), made.pool(np.stack(members)), atol=1e-9)
    assert "logistic regression" in made.card
    contestants = {row["contestant"] for row in made.about["results"]["comparison"]}
    assert {"equal weights", "best single member"} < contestants
    about = json.loads((folder / "ensemble.json").read_text())
    about["stacking"]["intercept"].pop()
    (folder / "ensemble.json").write_text(json.dumps(about))
    with pytest.raises(ModelError, match="damaged"):
        load_ensemble(folder)


def test_a_speaker_goes_to_the_members_that_use_it(made, team, sounds):
    statistics = made.enrol(sounds)
    plain, enrolling = (load_bundle(member.bundles[0]) for member in team.members)
    assert len(statistics) == 1
    wanted = made.pool(
        np.stack([plain.predict(sounds), enrolling.predict(sounds, enrolling.enrol(sounds))])
    )
    np.testing.assert_allclose(made.predict(sounds, statistics), wanted, atol=1e-9)
    with pytest.raises(ModelError, match="of another model"):
        made.predict(sounds, statistics * 2)


def test_models_of_all_folds_and_seeds_are_averaged(make_run, sounds):
    chosen = [
        make_run(name, seed=n, policy="grouped-k-fold", folds=3, seeds=(0, 1))
        for n, name in enumerate(("one", "two"))
    ]
    team = gather(chosen, "average")
    made = assemble(optimise(team, Options(weights="equal", fit_on="validation")), "both")
    assert [len(models) for models in made.models] == [6, 6]
    assert "each clip was tested with the model" in made.card.lower()
    means = [np.mean([load_bundle(p).predict(sounds) for p in m.bundles], 0) for m in team.members]
    np.testing.assert_allclose(made.predict(sounds), made.pool(np.stack(means)), atol=1e-9)


def test_a_member_without_weight_is_left_out_and_a_deployed_one_is_reported(make_run, tmp_path):
    good, poor = make_run("good", 6.0, seed=1), make_run("poor", 0.0, seed=2)
    other = make_run("refit", seed=3)
    study = optimise(gather([good, poor], "average"), FEW)
    made = assemble(study, "one", {"good": other.folder})
    assert study.pool.weights == (1.0, 0.0)
    assert [len(models) for models in made.models] == [1, 0]
    assert "another than was measured: tiny" in made.card
    assert "The scores are of models trained with" in made.card
    assert "speakers outside the corpus" in made.card
    assert "not used" in made.card
    assert load_ensemble(made.save(tmp_path / "e")).about["members"][0]["deployed"]
    with pytest.raises(ParameterError, match="is no member"):
        assemble(study, "one", {"bad": other.folder})


def test_members_may_have_their_classes_in_another_order(make_run, sounds):
    one = make_run("one", seed=1)
    two = make_run("two", seed=2, classes=("neutral", "surprise", "sadness", "happiness", "fear",
                                           "anger"))  # fmt: skip
    team = gather([one, two], "average")
    made = assemble(optimise(team, Options(weights="equal")), "both")
    plain, turned = (load_bundle(member.bundles[0]).predict(sounds) for member in team.members)
    wanted = made.pool(np.stack([plain, turned[:, ::-1]]))
    np.testing.assert_allclose(made.predict(sounds), wanted, atol=1e-9)


@pytest.fixture(scope="module")
def two_ways(tmp_path_factory):
    """Of two members, the plain one is better, but the other one is when it knows the voices."""
    make_run = Maker(tmp_path_factory.mktemp("two-ways"))
    plain = make_run("plain", 6.0, seed=1)
    enrolled = make_run("knowing", 0.0, seed=2, normalise="speaker", enrolled=9.0)
    team = gather([plain, enrolled], "average")
    studies = [optimise(each, FEW) for each in (team, team.enrolled_team())]
    return team, assemble(studies[0], "two ways", enrolled=studies[1])


def test_enrolled_speakers_have_weights_of_their_own(two_ways, sounds, tmp_path):
    team, made = two_ways
    assert made.pool.weights == (1.0, 0.0)
    assert made.pool_enrolled.weights[1] > 0.5
    plain, enrolled = (load_bundle(member.bundles[0]) for member in team.members)
    opened = load_ensemble(made.save(tmp_path / "e"))
    np.testing.assert_allclose(
        opened.predict(sounds), opened.pool(np.stack([plain.predict(sounds)] * 2)), atol=1e-9
    )
    statistics = opened.enrol(sounds)
    answers = np.stack([plain.predict(sounds), enrolled.predict(sounds, enrolled.enrol(sounds))])
    np.testing.assert_allclose(
        opened.predict(sounds, statistics), opened.pool_enrolled(answers), atol=1e-6
    )
    assert opened.threshold_for(enrolled=True) == opened.about["enrolled"]["threshold"]
    assert opened.predictions_enrolled is not None
    assert "With enrolment" in opened.card
    assert team.enrolled_team().enrolled_team() is None


def test_damaged_tables_of_enrolled_speakers_are_reported(two_ways, tmp_path):
    path = two_ways[1].save(tmp_path / "e") / "ensemble.json"
    about = json.loads(path.read_text())
    about["enrolled"]["weights"] = [0.5, 0.1]
    path.write_text(json.dumps(about))
    with pytest.raises(ModelError, match="damaged"):
        load_ensemble(tmp_path / "e")


def test_its_predictions_are_kept_as_they_were_measured(made, team):
    rows = made.predictions.table
    assert set(rows["part"]) == {"test"}
    assert set(rows["clip"]) == team.members[0].candidate.clips(0, ("test",))


def test_the_card_has_the_badge_and_compares_the_weights(made):
    assert "speakers shared" in made.card
    assert "leak grade E" in made.card
    assert "equal weights" in made.card
    assert "CC BY-NC-SA 4.0" in made.card


def edited(change):
    return lambda data: json.dumps(change(json.loads(data))).encode()


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("ensemble.json", lambda data: data[:100]),
        ("ensemble.json", edited(lambda about: about | {"version": 9})),
        ("ensemble.json", edited(lambda about: about | {"weights": [0.5]})),
        ("ensemble.json", edited(lambda about: about | {"weights": [0.5, 0.9]})),
        ("ensemble.json", edited(lambda about: about | {"weights": [float("nan"), 0.5]})),
        ("ensemble.json", edited(lambda about: about | {"weights": [1.5, -0.5]})),
        ("ensemble.json", edited(lambda about: about | {"temperature": 0})),
        ("ensemble.json", edited(lambda about: about | {"pooling": "loud"})),
        ("ensemble.json", edited(lambda about: about | {"temperature": 1e-320})),
        ("ensemble.json", edited(lambda about: about | {"temperature": "1"})),
        ("ensemble.json", edited(lambda about: about | {"split": 5})),
        ("ensemble.json", edited(lambda about: about | {"members": 5})),
        ("ensemble.json", edited(lambda about: about | {"classes": "anger"})),
        ("ensemble.json", edited(lambda about: about | {"classes": about["classes"] * 2})),
        ("ensemble.json", edited(lambda about: about | {"threshold": "0.5"})),
        ("ensemble.json", edited(lambda about: about | {"threshold": 2})),
        ("ensemble.json", edited(lambda about: about | {"classes": ["anger", "fear"]})),
        ("ensemble.json", edited(lambda about: {k: v for k, v in about.items() if k != "members"})),
        ("ensemble.json", lambda data: data.replace(b"members/0/", b"../0/")),
        ("members/0/fold-0-seed-0/model.safetensors", lambda data: data[: len(data) // 2]),
        ("predictions.parquet", lambda data: data[:50]),
        ("trials.parquet", lambda data: b""),
    ],
)
def test_a_damaged_ensemble_is_reported(made, tmp_path, file, damage):
    path = made.save(tmp_path / "e") / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelError, match="damaged"):
        load_ensemble(tmp_path / "e")


def test_a_member_linked_from_outside_is_refused(made, tmp_path):
    member = made.save(tmp_path / "e") / "members" / "0" / "fold-0-seed-0"
    member.rename(tmp_path / "elsewhere")
    member.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="link to outside"):
        load_ensemble(tmp_path / "e")


def test_an_ensemble_of_which_a_member_gives_nan_gives_no_answer(make_run, sounds):
    team = gather([make_run("one", 1.5, seed=1), make_run("two", 1.2, seed=2)], "average")
    ensemble = assemble(optimise(team, Options(weights="equal", risk=0.5)), "both")
    with torch.no_grad():
        ensemble.members[1][0].model.network.fc.bias.fill_(torch.nan)
    with pytest.raises(ModelError, match="not finite"):
        ensemble.predict(sounds)


def test_a_folder_without_one(tmp_path):
    with pytest.raises(ModelError, match="is no ensemble"):
        load_ensemble(tmp_path)


def test_one_that_cannot_be_written_leaves_nothing(made, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written"):
        made.save(tmp_path / "file" / "e")


@pytest.fixture(scope="module")
def of_seen_speakers(tmp_path_factory):
    """Two LOSO runs of which one is deployed by another run, and a third for seen speakers."""
    make_run = Maker(tmp_path_factory.mktemp("seen"))
    unseen = [
        make_run(name, skill, seed=number, policy="grouped-k-fold", folds=3, normalise=by)
        for number, (name, skill, by) in enumerate((("one", 3.0, "clip"), ("two", 3.0, "speaker")))
    ]
    seen = [make_run("one again", 1.0, seed=5), make_run("three", 7.0, seed=6)]
    studies = [optimise(gather(runs, "average"), FEW) for runs in (unseen, seen)]
    deploy = {"one": seen[0].folder / "fold-0-seed-0" / "bundle"}
    return assemble(studies[0], "seen", deploy, seen=studies[1]), seen


def test_speakers_of_the_training_have_weights_of_their_own(of_seen_speakers, sounds, tmp_path):
    made, (again, _) = of_seen_speakers
    opened = load_ensemble(made.save(tmp_path / "e"))
    assert [each["name"] for each in opened.about["members"]] == ["one", "two", "three"]
    assert (opened.pool.weights[2], opened.pool_seen.weights[1]) == (0.0, 0.0)
    assert opened.pool_seen.weights[2] > 0.9
    (one,) = opened.models[0]
    deployed = load_bundle(again.folder / "fold-0-seed-0" / "bundle")
    np.testing.assert_allclose(one.predict(sounds), deployed.predict(sounds))
    three = opened.models[2][0].predict(sounds)
    wanted = opened.pool_seen(np.stack([one.predict(sounds), np.zeros_like(three), three]))
    np.testing.assert_allclose(opened.predict(sounds, seen=True), wanted, atol=1e-9)
    assert not np.allclose(opened.predict(sounds), wanted, rtol=1e-3, atol=0)


def test_an_enrolled_speaker_of_the_training_is_an_enrolled_one(of_seen_speakers, sounds):
    made, _ = of_seen_speakers
    statistics = made.enrol(sounds)
    with_both = made.predict(sounds, statistics, seen=True)
    np.testing.assert_array_equal(with_both, made.predict(sounds, statistics))


def test_the_splits_of_the_models_in_use_travel_with_them(of_seen_speakers, tmp_path):
    made, (again, three) = of_seen_speakers
    folder = made.save(tmp_path / "e")
    for number, run in ((0, again), (2, three)):
        own = (folder / "members" / str(number) / "split.json").read_text()
        assert own == (run.folder / "split.json").read_text()


def test_the_card_says_what_holds_for_speakers_of_the_training(of_seen_speakers):
    card = of_seen_speakers[0].card
    before, _, after = card.partition("## Speakers who were in training")
    assert "| three | 0 | not measured |" in before
    assert "random split" in after
    assert "say nothing about other speakers" in after


def test_a_member_that_has_no_weight_is_not_asked(of_seen_speakers, sounds, monkeypatch):
    made, _ = of_seen_speakers
    asked = []
    (three,) = made.models[2]
    given = three.model.logits
    monkeypatch.setattr(three.model, "logits", lambda *a: asked.append(1) or given(*a))
    made.predict(sounds)
    assert not asked
    made.predict(sounds, seen=True)
    assert asked
