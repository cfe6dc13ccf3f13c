from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ser_core.core import CorpusError, ModelError, ParameterError
from ser_core.inference.cross_validated import evaluate_runs
from ser_core.inference.enrolment import Enrolment
from ser_core.inference.model_evaluation import Choice, evaluate_model
from ser_core.models.bundle import load_bundle


@pytest.fixture(scope="module")
def saved(make_bundle, tmp_path_factory):
    return make_bundle().save(tmp_path_factory.mktemp("models") / "a model")


@pytest.fixture(scope="module")
def run(make_run, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs"))


def test_clips_that_trained_the_model_wear_a_badge(saved, demo):
    found = evaluate_model(saved, demo)
    assert found.badge == "clips trained on"
    content = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert content["n"] == content["trained_on"]["clips"] == 53
    assert content["trained_on"]["trained_on"] == 41
    assert set(content["per_speaker"]) == set(demo.speakers)
    assert np.sum(content["confusion"]["counts"]) == 53
    assert content["uar"] == content["intervals"]["uar"]["value"]


def test_a_corpus_without_usable_clips_is_refused_at_once(demo, tmp_path):
    clips = demo.clips.assign(emotion=pd.NA, label="0", problem="unknown label 0")
    with pytest.raises(CorpusError, match=r"no usable clips: unknown label 0.*by --label: 0"):
        evaluate_model(tmp_path / "no model", replace(demo, clips=clips))


def test_its_own_test_part_wears_none(saved, demo):
    found = evaluate_model(saved, demo, Choice(part="test"))
    assert (found.badge, found.reports[0].n, found.overlap.trained) == ("", 6, 0)
    assert set(found.predictions[0].table["speaker"]) == {"EB0"}


def test_a_given_split_decides_which_clips(saved, demo, demo_split, tmp_path):
    file = demo_split.save(tmp_path / "split.json")
    by_name = evaluate_model(saved, demo, Choice(file, "KD0"))
    by_number = evaluate_model(saved, demo, Choice(file, str(demo_split.folds.index("KD0"))))
    assert set(by_name.predictions[0].table["speaker"]) == {"KD0"}
    assert by_name.reports == by_number.reports
    assert by_name.badge == "clips trained on"


def test_validation_clips_wear_a_badge_too(saved, demo):
    assert evaluate_model(saved, demo, Choice(part="validation")).badge.startswith("clips that ch")


def test_a_run_predicts_every_clip_by_the_model_that_did_not_train_on_it(run, demo):
    found = evaluate_runs([run], demo)
    assert (found.reports[0].n, found.badge, found.reports[0].speakers_shared) == (53, "", False)
    assert "models, with fewer than 50 predictions on validation clips" in found.calibration
    number = demo.speakers.index("KD0")
    rows = found.predictions[0].table
    mine = rows[rows["speaker"] == "KD0"]
    assert set(mine["fold"]) == {number}
    from ser_core.audio import load

    bundle = load_bundle(run / f"fold-{number}-seed-0" / "bundle")
    expected = bundle.predict([load(demo.path(clip)) for clip in mine["clip"]])
    np.testing.assert_allclose(mine.filter(like="p_").to_numpy(), expected, atol=1e-5)


def test_the_curve_says_what_enrolling_gains_on_the_same_clips(run):
    steps = []
    found = evaluate_runs(
        [run], enrolment=Enrolment((0, 1, 3), draws=2), progress=lambda *both: steps.append(both)
    )
    none, one, three = found.curve()
    assert [each["enrolled"] for each in (none, one, three)] == ["0", "1", "3"]
    assert none["answers"] == one["answers"] == three["answers"]
    assert none["gain"] is None
    assert three["gain"]["value"] == pytest.approx(three["uar"]["value"] - none["uar"]["value"])
    assert one["sd_over_draws"] is not None
    assert steps[-1][0] == steps[-1][1]


def test_several_runs_are_averaged_on_the_same_clips_and_draws(
    run, make_bundle, demo_split, tmp_path
):
    other = tmp_path / "other"
    demo_split.save(other / "split.json")
    for number, name in enumerate(demo_split.folds):
        home = other / f"fold-{number}-seed-0" / "bundle"
        home.parent.mkdir()
        make_bundle("clip", name, seed=50 + number).save(home)
    enrolment = Enrolment((0, 2), draws=2)
    with pytest.raises(ModelError, match="does not use enrolment"):
        evaluate_runs([other], enrolment=enrolment)
    assert evaluate_runs([run, other], enrolment=enrolment).curve()[1]["gain"]["value"] != 0
    one, two = (evaluate_runs([each]).predictions[0] for each in (run, other))
    both = evaluate_runs([run, other], weights=[3, 1]).predictions[0]
    for clip in ("samples/EB0_anger_82.flac", "samples/WR0_fear_42.flac"):
        first, second, mean = (
            each.probabilities[(each.table["clip"] == clip).to_numpy()] for each in (one, two, both)
        )
        np.testing.assert_allclose(mean, 0.75 * first + 0.25 * second)
    twice = evaluate_runs([run, run], enrolment=enrolment)
    alone = evaluate_runs([run], enrolment=enrolment)
    assert twice.curve() == alone.curve()
    with pytest.raises(ParameterError, match="1 weights for 2 runs"):
        evaluate_runs([run, other], weights=[1])


def test_the_validation_part_can_be_evaluated_for_calibration(run):
    found = evaluate_runs([run], part="validation")
    assert set(found.predictions[0].table["part"]) == {"validation"}


def test_what_is_no_run_is_refused(tmp_path, saved, demo):
    with pytest.raises(ModelError, match="no finished training"):
        evaluate_runs([tmp_path])
    unknown = load_bundle(saved)
    unknown.about["split"]["hash"] = "0" * 16
    folder = unknown.save(tmp_path / "unknown")
    with pytest.raises(ParameterError, match="not known which clips trained the model"):
        evaluate_model(folder, demo, Choice(part="test"))


def test_emotions_that_the_model_does_not_know_are_counted(make_bundle, demo, tmp_path):
    import torch

    from ser_core.features.representations import make
    from ser_core.models.bundle import Bundle, architecture
    from ser_core.models.classifier import EmotionClassifier
    from ser_core.models.networks.resnet import ResNetSpec

    torch.manual_seed(0)
    classes = ("anger", "sadness", "neutral")
    rep = make("melspectrogram", n_mels=16, hop_length=320)
    model = EmotionClassifier(rep, "clip", ResNetSpec(width=4, classes=3), classes)
    folder = Bundle(model.eval(), architecture(model)).save(tmp_path / "few")
    found = evaluate_model(folder, demo)
    assert found.left_out["the model does not know fear"] == 9
    assert found.badge == "split not audited"
