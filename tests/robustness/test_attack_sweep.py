"""Predictions under attack: curves, resynthesised sound, and clips without a gradient."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ser_core.audio import Waveform
from ser_core.core import ModelError
from ser_core.features.representations import make
from ser_core.models.abilities import GRADIENTS
from ser_core.robustness.attack_domains import ATTACK_DOMAINS, attackable
from ser_core.robustness.attack_sweep import (
    FLAT,
    NOT_FINITE,
    SILENT,
    attack_curves,
    smallest_epsilon,
)
from ser_core.robustness.clip_predictions import predict_clips
from ser_core.robustness.curve import Curve, Gathering
from ser_core.robustness.gradient_masking import masking

from .conftest import made, made_linear


@pytest.fixture(scope="module")
def curves(bundle, subset):
    """Of FGSM on the representation: on the feature map, and resynthesised."""
    return attack_curves(bundle, subset, "fgsm", "representation", levels=[0.1, 3.0])


def with_own_answers_as_truth(bundle, subset):
    """The subset with predictions as labels, so that all clips are right."""
    answers = predict_clips(bundle, subset)
    names = np.array(bundle.classes)[answers.predicted]
    return replace(subset, clips=subset.clips.assign(emotion=names))


def with_sounds(subset, *sounds):
    return replace(
        subset,
        sounds=tuple(sounds),
        clips=subset.clips.iloc[: len(sounds)],
        enrolled=subset.enrolled,
    )


def test_the_clean_point_is_what_the_model_answers(bundle, subset, curves):
    expected = bundle.predict(subset.sounds)
    np.testing.assert_array_equal(curves[0].clean.predictions.probabilities, expected)


def test_an_attack_turns_more_the_larger_it_is(bundle, subset):
    own = with_own_answers_as_truth(bundle, subset.rows(range(4)))
    for domain in ATTACK_DOMAINS:
        levels = [ATTACK_DOMAINS[domain].levels(bundle.model)[number] for number in (0, -1)]
        curve, *_ = attack_curves(bundle, own, "pgd", domain, levels=levels)
        success = [curve.success(point).value for point in curve.points]
        assert success[0] == 0
        assert success[-1] >= 0.5
        assert success[1] <= success[-1]


def test_success_counts_only_clips_that_were_right(curves):
    seen = curves[0]
    last = seen.points[-1]
    right = seen.right_before
    turned = right & (last.predictions.predicted != last.predictions.true)
    expected = turned.sum() / right.sum() if right.any() else None
    assert seen.success(last).value == pytest.approx(expected)
    assert seen.flows(last).to_numpy().sum() == right.sum()


def test_flows_say_what_each_emotion_turned_into(bundle, subset):
    own = with_own_answers_as_truth(bundle, subset)
    curve, *_ = attack_curves(bundle, own, "fgsm", "representation", levels=[5.0])
    last = curve.points[-1]
    for true, answer in zip(last.predictions.true, last.predictions.predicted, strict=True):
        assert curve.flows(last).iloc[true, answer] >= 1


def test_the_smallest_level_that_turns_a_clip_is_one_that_does(bundle, subset):
    own = with_own_answers_as_truth(bundle, subset)
    curve, *_ = attack_curves(bundle, own, "fgsm", "representation", levels=[0.5, 2.0, 8.0])
    smallest = curve.smallest()
    assert len(smallest) == len(own)
    wrong = {
        p.level: set(p.predictions.table["clip"][p.predictions.predicted != p.predictions.true])
        for p in curve.troubled
    }
    for clip, level in smallest.dropna().items():
        assert clip in wrong[level]
        assert not any(clip in wrong[milder] for milder in wrong if milder < level)


@pytest.mark.parametrize("domain", list(ATTACK_DOMAINS))
def test_one_clip_s_smallest_epsilon_lies_within_the_levels(bundle, subset, domain):
    own = with_own_answers_as_truth(bundle, subset)
    found = smallest_epsilon(bundle, own.rows([0]), "fgsm", domain, steps=3)
    levels = ATTACK_DOMAINS[domain].levels(bundle.model)
    assert found is not None
    assert min(levels) / 10 <= found <= max(levels) + 20
    wrong = replace(own, clips=own.clips.assign(emotion="surprise")).rows([0])
    answers = predict_clips(bundle, wrong)
    if answers.predicted[0] != answers.true[0]:
        assert smallest_epsilon(bundle, wrong, "fgsm", domain) is None


def test_the_model_is_as_it_was(bundle, subset):
    before = copy.deepcopy(bundle.model.state_dict())
    answers = bundle.predict(subset.sounds)
    for attack in ("fgsm", "pgd"):
        for domain in ATTACK_DOMAINS:
            attack_curves(bundle, subset.rows([0, 1]), attack, domain, levels=[1.0])
    after = bundle.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert "num_batches_tracked" in " ".join(before)
    assert all(parameter.requires_grad for parameter in bundle.model.parameters())
    np.testing.assert_array_equal(bundle.predict(subset.sounds), answers)


def test_attacked_sound_is_classified_as_its_file_would_be(bundle, subset):
    """Steps of 16 bits: what could be played, not what floats allow."""
    domain = ATTACK_DOMAINS["sound"]
    model = attackable(bundle)
    (batch, *_) = domain.batches(model, subset)
    assert ((batch.target.x * 32768) % 1 == 0).all()  # clips of the demo are 16-bit files
    (curve,) = attack_curves(bundle, subset, "fgsm", "sound", levels=[150.0])
    last = curve.points[-1].predictions
    # 150 dB below the speech is far below a step, so nothing of it is left in a file.
    np.testing.assert_allclose(last.probabilities, curve.clean.predictions.probabilities, atol=1e-6)


def test_a_silent_clip_is_said_to_have_nothing_to_attack(bundle, subset):
    quiet = with_sounds(subset, Waveform(np.zeros(8000, np.float32)), subset.sounds[0])
    (curve,) = attack_curves(bundle, quiet, "pgd", "sound", levels=[20.0])
    assert curve.status[0] == SILENT
    assert curve.status[1] == ""
    answers = curve.points[-1].predictions.probabilities
    assert np.isfinite(answers).all()
    np.testing.assert_array_equal(answers[0], curve.clean.predictions.probabilities[0])


def test_a_gradient_that_is_no_number_is_said(subset, bundle, monkeypatch):
    model = attackable(bundle)
    (batch, *_) = ATTACK_DOMAINS["representation"].batches(model, subset.rows([0, 1]))
    forward = batch.target.forward

    def broken(x):
        return forward(x) + (x[:1] * 0).sqrt().sum()

    from ser_core.robustness.attack_sweep import statuses

    bad = replace(batch, target=replace(batch.target, forward=broken))
    assert NOT_FINITE in statuses(bad)
    flat = replace(
        batch, target=replace(batch.target, forward=lambda x: forward(x.detach()) + 0 * x.sum())
    )
    assert statuses(flat) == [FLAT, FLAT]


def test_a_model_that_answered_before_can_be_attacked_after():
    """Cached constants must serve gradients, though predictions need none."""
    wave = torch.randn(1, 4000, generator=torch.Generator().manual_seed(0))
    for name in ("mfcc", "cqt"):
        rep = make(name, n_fft=406)  # of no other test, so nothing of it is kept yet
        with torch.inference_mode():
            rep(wave, torch.tensor([4000]))
        sound = wave.clone().requires_grad_()
        rep(sound, torch.tensor([4000])).sum().backward()
        assert sound.grad.isfinite().all()


def test_models_without_a_gradient_are_refused_with_a_way_out(subset):
    lacks = {GRADIENTS: "this model is a forest, which gives no gradients"}
    forest = SimpleNamespace(about={"recipe": {"name": "forest"}}, lacks=lacks)
    with pytest.raises(ModelError, match="single trained network"):
        attack_curves(forest, subset, "fgsm", "sound")


def test_a_representation_without_a_gradient_cannot_carry_an_attack_on_the_sound(subset):
    crossing = made("zcr")
    with pytest.raises(ModelError, match="representation"):
        attack_curves(crossing, subset, "fgsm", "sound")
    (curve,) = attack_curves(crossing, subset.rows([0, 1]), "fgsm", "representation", levels=[0.1])
    assert curve.unit == "σ"


@pytest.mark.parametrize("name", ["mfcc", "chroma", "rms", "hpss", "delta_mfcc"])
def test_other_representations_are_attacked_too(subset, name):
    few = subset.rows([0, 1])
    for domain in ATTACK_DOMAINS:
        curve, *_ = attack_curves(made(name), few, "pgd", domain, levels=[20.0])
        assert np.isfinite(curve.points[-1].predictions.probabilities).all()


def test_a_linear_model_on_functionals_is_attacked_too(subset):
    few = subset.rows([0, 1, 2])
    for domain in ATTACK_DOMAINS:
        found = attack_curves(made_linear(), few, "fgsm", domain, levels=[30.0])
        (curve,) = found
        assert np.isfinite(curve.points[-1].predictions.probabilities).all()
        assert set(curve.status) == {""}


def test_a_model_that_normalises_by_speaker_is_attacked_with_its_speakers(corpus):
    from ser_core.inference.evaluation_clips import choose

    own = made(normalise="speaker", n_mels=24)
    few = choose(own, corpus, 6)
    assert set(few.enrolled) == set(few.speakers)
    curve, *_ = attack_curves(own, few, "fgsm", "representation", levels=[0.001])
    clean, faint = (point.predictions.probabilities for point in curve.points)
    np.testing.assert_allclose(faint, clean, atol=0.02)


def curve_of(predictions, answers, levels=(1.0, 2.0), status=None):
    """A curve whose predictions at each level are given as masks of what stays right."""
    gathering = Gathering(predictions)
    for level, kept in zip(levels, answers, strict=True):
        share = np.where(
            kept[:, None], np.eye(6)[predictions.true], np.eye(6)[(predictions.true + 1) % 6]
        )
        gathering.add(level, "dB", predictions.with_probabilities(share))
    return Curve("x", "x", "attack", "dB", gathering.ordered(), status=status)


@pytest.fixture
def all_right():
    from ser_core.evaluation.example import example

    found = example(60, 6)
    return found.with_probabilities(np.eye(6)[found.true])


def test_resisting_fgsm_and_falling_to_pgd_is_masking(all_right):
    every, none = np.ones(60, bool), np.zeros(60, bool)
    found = masking(curve_of(all_right, [every, every]), curve_of(all_right, [every, none]))
    assert found.masked
    assert "2 dB" in found.sentence


def test_falling_to_both_is_not(all_right):
    none = np.zeros(60, bool)
    found = masking(curve_of(all_right, [none, none]), curve_of(all_right, [none, none]))
    assert found.masked is False


def test_clips_without_a_gradient_are_masking(all_right):
    every = np.ones(60, bool)
    lost = curve_of(all_right, [every, every], status=(FLAT,) * 20 + ("",) * 40)
    assert masking(lost, lost).masked


def test_random_signs_that_do_more_harm_are_masking(all_right):
    every, none = np.ones(60, bool), np.zeros(60, bool)
    one = curve_of(all_right, [every, every])
    assert masking(one, one, curve_of(all_right, [every, none])).masked
