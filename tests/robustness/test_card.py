"""A card holds all results and describes their clips."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ser_core.core import EvaluationError, ModelError, ParameterError, UnknownNameError, demo_corpus
from ser_core.export.onnx_writer import export
from ser_core.models.bundle import Bundle
from ser_core.robustness import assessment
from ser_core.robustness.assessment import FULL, PRESETS, Plan, every_kind, run
from ser_core.robustness.card import cards, load_card

from .conftest import made


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return made(n_mels=24).save(tmp_path_factory.mktemp("models") / "small")


def plan(model, **changes):
    given = {
        "clips": 12, "kinds": ("white", "gain"), "attacks": ("fgsm", "pgd"), "few": True,
        "shortcuts": True,
    }  # fmt: skip
    return Plan(model=model, corpus=demo_corpus(), **given | changes)


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def card(model, steps):
    return run(plan(model), lambda done, total: steps.append((done, total)))


def test_everything_of_the_plan_is_on_the_card(card):
    assert [curve.name for curve in card.line] == ["white", "gain"]
    assert {curve.name for curve in card.attacks} == {
        f"{attack}-{place}"
        for attack in ("fgsm", "pgd")
        for place in ("representation", "representation-heard", "sound")
    }
    assert len(card.shortcuts) == 6
    assert [each["asked"] for each in card.probes] == ["speaker", "sentence", "emotion"]
    assert set(card.maskings) == {"representation", "sound"}
    assert card.about["clips"] == 12
    assert "drawn evenly" in card.subset


def test_progress_goes_up_to_its_end(card, steps):
    done, totals = zip(*steps, strict=True)
    assert list(done) == sorted(done)
    assert len(set(totals)) == 1
    assert done[-1] == totals[-1]


def test_a_saved_card_is_the_same_card(card, tmp_path):
    back = load_card(card.save(tmp_path / "card"))
    assert back.as_dict() == card.as_dict()
    for one, two in zip(card.curves, back.curves, strict=True):
        for a, b in zip(one.points, two.points, strict=True):
            np.testing.assert_array_equal(a.predictions.probabilities, b.predictions.probabilities)
    (info,) = cards(tmp_path)
    assert info.about["model"] == card.title


def test_json_has_every_kind_and_level_with_both_figures_and_their_intervals(card):
    content = json.loads(json.dumps(card.as_dict(), allow_nan=False))
    levels = content["perturbations"]["white"]["levels"]
    assert [level["label"] for level in levels] == ["clean", "20 dB", "5 dB", "-5 dB"]
    for level in levels:
        for figure in ("wa", "uar"):
            low, value, high = (level[f"{figure}{end}"] for end in ("_low", "", "_high"))
            assert low is None or 0 <= low <= value <= high <= 1


def test_the_summary_names_the_worst_level_and_the_area(card):
    summary = card.summary().set_index("kind")
    curve = card.line[0]
    values = [curve.interval(point).value for point in curve.troubled]
    assert summary.loc["white", "worst_uar"] == min(values)
    assert summary.loc["white", "area_uar"] == curve.area()


def test_the_worst_group_has_the_lowest_uar_of_all_perturbations(card):
    column, group = card.worst()
    assert group.uar.value == min(
        each.uar.value for groups in card.groups.values() for each in groups.groups
    )
    pooled = sum(each.n for each in card.groups[column].groups)
    assert pooled == 12 * sum(len(curve.troubled) for curve in card.line)


def test_the_same_plan_gives_the_same_predictions(card, model):
    again = run(plan(model))
    for one, two in zip(card.curves, again.curves, strict=True):
        for a, b in zip(one.points, two.points, strict=True):
            np.testing.assert_allclose(
                a.predictions.probabilities, b.predictions.probabilities, atol=1e-6
            )


def test_what_a_model_does_not_allow_is_left_out_and_said(tmp_path):
    crossing = made("zcr").save(tmp_path / "zcr")
    found = run(plan(crossing, clips=3, shortcuts=False, kinds=()))
    assert {curve.name for curve in found.curves} == {"fgsm-representation", "pgd-representation"}
    (said,) = found.left_out
    assert "no gradient" in said
    with pytest.raises(ModelError, match="no gradient"):
        run(plan(crossing, clips=3, shortcuts=False, kinds=(), places=("sound",)))


def test_a_perturbation_that_fails_is_left_out_and_the_others_are_made(model, monkeypatch):
    whole = assessment.severity_curve

    def curve(predictor, subset, kind, **options):
        if kind == "white":
            raise ZeroDivisionError("division by zero")
        return whole(predictor, subset, kind, **options)

    monkeypatch.setattr(assessment, "severity_curve", curve)
    found = run(plan(model, clips=4, kinds=("white", "clipping"), attacks=(), shortcuts=False))
    assert [each.name for each in found.curves] == ["clipping"]
    assert found.left_out[0].endswith(
        ": failed unexpectedly (ZeroDivisionError: division by zero)."
    )


def test_a_clip_that_the_model_fails_on_is_left_out_of_all(model, monkeypatch):
    predict, lengths = Bundle.predict, []

    def moody(self, sounds, speaker=None, *, seen=False):
        lengths.extend(len(sound.samples) for sound in sounds)
        if any(len(sound.samples) == lengths[0] for sound in sounds):
            raise IndexError("a bug")
        return predict(self, sounds, speaker, seen=seen)

    monkeypatch.setattr(Bundle, "predict", moody)
    found = run(plan(model, clips=4, kinds=("clipping",), attacks=(), shortcuts=False))
    assert len(found.curves[0].points[0].predictions) == 3
    assert found.left_out[0].startswith("Of the clips, 1 clip is left out (")


def test_an_exported_file_is_troubled_but_not_attacked(tmp_path):
    file = export(made("rms"), tmp_path).path
    card = run(plan(file, clips=3, kinds=("white",), attacks=("fgsm",), shortcuts=True))
    assert [curve.name for curve in card.curves] == ["white"]
    assert card.shortcuts
    assert len(card.left_out) == 2
    assert all("exported file" in said for said in card.left_out)
    with pytest.raises(ModelError, match=r"it was exported from\.$"):
        run(plan(file, clips=3, shortcuts=False, kinds=()))


def test_shortcuts_alone_make_a_card(model, tmp_path):
    found = run(plan(model, clips=6, kinds=(), attacks=()))
    assert found.line == ()
    assert load_card(found.save(tmp_path / "card")).clean().value is not None


def test_plans_with_faults_are_refused(model):
    with pytest.raises(UnknownNameError, match="white"):
        plan(model, kinds=("whit",))
    with pytest.raises(ParameterError, match="nothing"):
        plan(model, kinds=(), attacks=(), shortcuts=False)
    with pytest.raises(ParameterError, match="no folder"):
        plan(model, noises=model / "nowhere")
    with pytest.raises(ParameterError, match="clips"):
        plan(model, clips=0)


def test_another_plan_or_another_training_has_another_folder(model, tmp_path):
    other = made(n_mels=24, hop_length=400).save(tmp_path / "other")
    hashes = {plan(model).hash, plan(model, clips=13).hash, plan(other).hash}
    assert len(hashes) == 3
    assert plan(model).hash == plan(model).hash


def test_presets_and_the_full_plan_are_plans(model):
    for _, fields in PRESETS.values():
        Plan(model=model, corpus=demo_corpus(), **fields)
    every = every_kind(plan(model))
    assert every.kinds == FULL["kinds"]


def test_what_is_no_card_is_reported(tmp_path):
    with pytest.raises(EvaluationError, match="card"):
        load_card(tmp_path)
    assert cards(tmp_path) == []
