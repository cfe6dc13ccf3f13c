"""Models on a speech encoder under attack: gradients run through the encoder to the sound."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.core import ModelError
from ser_core.robustness.assessment import Plan, tried
from ser_core.robustness.attack_domains import ATTACK_DOMAINS, attackable
from ser_core.robustness.attack_sweep import probabilities, statuses
from ser_core.robustness.attacks import ATTACKS
from ser_core.robustness.single_clip import attacked
from tests.features.encoders.conftest import make_encoder, untrained_on  # noqa: F401

from .conftest import CLASSES

KINDS = ("whisper", "wav2vec2, layer norm", "wav2vec2, group norm")


@pytest.fixture(scope="module")
def encoder_bundle(make_encoder):  # noqa: F811
    """Maker of an untrained model on a tiny encoder."""

    def make_bundle(kind, network="linear"):
        return untrained_on(make_encoder(kind), CLASSES, network=network)

    return make_bundle


@pytest.mark.parametrize("kind", KINDS)
def test_fgsm_on_the_sound_harms_each_clip_more_than_random_signs(encoder_bundle, subset, kind):
    bundle, where = encoder_bundle(kind), ATTACK_DOMAINS["sound"]
    clips = subset.rows([0, 1, 2, 3])
    (batch,) = where.batches(attackable(bundle), clips)
    assert statuses(batch) == [""] * 4
    epsilon = where.epsilon(batch, 60.0)

    def right(changed):
        found = probabilities(batch, changed)
        return found[np.arange(4), batch.target.true.numpy()]

    changed = ATTACKS["fgsm"](batch.target, epsilon)
    assert float(((changed - batch.target.x).abs() - epsilon).max()) < 1e-7
    behind = batch.target.mask == 0
    assert torch.equal(changed[behind], batch.target.x[behind])
    clean, random = right(batch.target.x), right(ATTACKS["random"](batch.target, epsilon))
    assert (right(changed) < clean).all()
    assert (right(changed) < random).mean() >= 0.75


@pytest.mark.parametrize("kind", KINDS)
def test_an_attacked_sound_is_drawn_as_what_the_encoder_takes(encoder_bundle, subset, kind):
    bundle = encoder_bundle(kind)
    found = attacked(bundle, subset.rows([0]), "fgsm", "sound", 30.0)
    assert found.snr > 29.5  # this tiny Whisper takes the first second alone
    name = "whisper_log_mel" if kind == "whisper" else "sound_steps"
    assert found.representation.name == name
    assert found.before.shape == found.after.shape
    assert not np.array_equal(found.before, found.after)
    on_statistics = attacked(bundle, subset.rows([0]), "fgsm", "representation", 0.05)
    assert on_statistics.sound is None
    assert on_statistics.before.shape == (2, 48, 1)


def test_a_card_of_a_model_on_an_encoder(encoder_bundle, corpus, tmp_path):
    plan = Plan(
        model=tmp_path,
        corpus=corpus.root,
        clips=6,
        kinds=("white", "clipping"),
        attacks=("fgsm",),
        few=True,
        shortcuts=True,
    )
    card = tried(plan, encoder_bundle("whisper"), corpus, lambda _done, _total: None)
    assert [curve.name for curve in card.curves] == [
        "white", "clipping", "fgsm-representation", "fgsm-sound",
    ]  # fmt: skip
    assert not card.left_out


def test_a_head_without_gradients_is_not_attacked_and_says_so(encoder_bundle, subset, corpus):
    bundle = encoder_bundle("whisper", "logistic")
    numbers = np.random.default_rng(0).standard_normal((12, 96))
    bundle.model.network.fit(numbers, np.arange(12) % 6, seed=0)
    if bundle.model.spec.differentiable:
        assert attacked(bundle, subset.rows([0]), "fgsm", "sound", 30.0).status == ""
        return
    with pytest.raises(ModelError, match=r"a speech encoder with .* which gives no gradients"):
        attacked(bundle, subset.rows([0]), "fgsm", "sound", 30.0)
    plan = Plan(model=corpus.root, corpus=corpus.root, clips=6, kinds=("white",), attacks=("fgsm",))
    card = tried(plan, bundle, corpus, lambda _done, _total: None)
    assert [curve.name for curve in card.curves] == ["white"]
    assert "gives no gradients" in card.left_out[0]
