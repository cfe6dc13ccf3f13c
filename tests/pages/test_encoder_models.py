"""A model on a speech encoder on the pages Explain and Robustness."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks import NETWORKS
from tests.explain.nets import CLASSES
from tests.features.encoders.conftest import make_encoder  # noqa: F401

WHISPER, SAMPLES = "whisper", "wav2vec2, layer norm"


@pytest.fixture
def trained_on(make_encoder, ser_home):  # noqa: F811
    """Maker of a run of a model on a tiny encoder; gives its key."""

    def make_run(kind, network="linear"):
        rep = make("encoder", encoder=str(make_encoder(kind, seconds=10)))
        spec = NETWORKS[network].made(rep, len(CLASSES))
        model = EmotionClassifier(rep, "corpus", spec, CLASSES)
        if network == "logistic":
            numbers = np.random.default_rng(0).standard_normal((12, 96))
            model.network.fit(numbers, np.arange(12) % 3, seed=0)
        folder = ser_home / "runs" / "00000000000000ee"
        Bundle(model.eval(), architecture(model)).save(folder / "fold-0-seed-0" / "bundle")
        (folder / "recipe.yaml").write_text("name: on an encoder\ncorpus: demo\n")
        return "00000000000000ee:fold-0-seed-0"

    return make_run


@pytest.mark.parametrize("kind", [WHISPER, SAMPLES])
def test_methods_that_apply_are_shown_on_what_the_encoder_takes(visit, said, trained_on, kind):
    app = visit("explain", model=trained_on(kind))
    words = said(app)
    assert not app.error
    assert "Not applicable" not in words
    assert "**Attention rollout**\n" in words  # of no class
    assert "not why the model decides" in words
    assert "**Integrated gradients** for" in words
    about = "The maps lie on the log-mel" if kind == WHISPER else "each step of 20 ms against noise"
    assert about in words
    assert "No deletion test on the sound" not in words
    assert words.count("The model now predicts") == 2
    names = [str(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert any("relevance" in name for name in names)


def test_what_does_not_apply_is_said_with_what_the_model_is(visit, said, trained_on):
    app = visit("explain", model=trained_on(WHISPER), methods=["Grad-CAM", "LRP"])
    assert not app.error
    assert (
        "Not applicable: Grad-CAM and LRP need convolutional layers, and the model is a speech "
        "encoder with a linear layer"
    ) in said(app)


def test_two_clips_are_compared_by_a_method_that_applies(visit, said, trained_on):
    app = visit("explain", model=trained_on(WHISPER), tab="Compare")
    assert not app.error
    (methods,) = (each for each in app.selectbox if each.label == "Method")
    assert methods.value == "integrated_gradients"  # the slow one and those that fail come last
    assert "Not applicable" not in said(app)


def test_its_sound_is_attacked_and_drawn_as_the_log_mel(visit, said, trained_on):
    key = trained_on(WHISPER)
    clip = "samples/EB0_anger_82.flac"
    app = visit("robustness", model=key, on="One clip", clip=clip, **{"one-place": "on the sound"})
    assert not app.error
    words = said(app)
    assert "Attacked, encoder log-mel (dB)" in words
    assert "no feature map" not in words


def test_without_gradients_no_attack_is_offered(visit, said, trained_on):
    key = trained_on(WHISPER, "logistic")
    app = visit("robustness", model=key, on="One clip")
    assert not app.error
    if NETWORKS["logistic"].spec.differentiable:
        return
    assert "which gives no gradients" in said(app)
