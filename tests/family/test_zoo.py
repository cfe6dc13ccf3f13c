"""Every network of the zoo trains, answers, is explained, attacked and exported."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core import audio
from ser_core.core import ModelError, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.explain import attribute
from ser_core.export.onnx_writer import export
from ser_core.inference.evaluation_clips import choose
from ser_core.models.networks import NETWORKS
from ser_core.models.predictor import load
from ser_core.robustness.single_clip import CLEAN, attacked

MEL = {"name": "melspectrogram", "n_mels": 16, "hop_length": 400}
MFCC = {"name": "mfcc", "hop_length": 400}

ZOO = {
    "resnet34": (MEL, {"width": 2}),
    "resnet50": (MEL, {"width": 2}),
    "vgg16": (MEL, {"width": 2, "cells": 2}),
    "cnn": (MEL, {"filters": 4}),
    "wave-cnn": ({"name": "waveform"}, {"filters": 4}),
    "conv-bilstm": (MFCC, {"filters": 8, "hidden": 4}),
    "tim-net": (MFCC, {"filters": 6, "levels": 3}),
    "conformer": (MEL, {"size": 8, "heads": 2, "kernel": 5}),
    "residual-dense": (MFCC, {"units": 16}),
}
"""Networks with a representation and sizes that make a test quick."""


@pytest.fixture(params=list(ZOO))
def trained(request, journey):
    representation, own = ZOO[request.param]
    return journey(
        request.param,
        representation=representation,
        normalise="clip" if request.param == "wave-cnn" else "corpus",
        network={"name": request.param, **own},
        optim={"schedule": "plateau"},
    )


def test_it_goes_all_the_way(trained, tmp_path):
    """One test of many steps: what comes later needs the training."""
    bundle, sound = trained.bundle, trained.sounds[0]
    trained.check_answers()

    shape = bundle.model.front_end(torch.from_numpy(sound.samples)[None]).shape[1:]
    spec = bundle.model.spec
    for method, applies in (
        ("gradient_x_input", True),
        ("occlusion", True),
        ("grad_cam", bool(spec.stages)),
        ("lrp", bool(spec.propagation)),
    ):
        if applies:
            found = attribute(bundle, sound, method).values
            assert found.shape == shape
            assert np.isfinite(found).all()
        else:
            with pytest.raises(ModelError, match="it works on convolutional"):
                attribute(bundle, sound, method)

    clip = choose(bundle, open_corpus(demo_corpus()), 12).rows([0])
    found = attacked(bundle, clip, "fgsm", "sound", 30.0)
    assert found.status == ""
    assert found.sound is not None
    assert found.answers[CLEAN] != found.answers["attacked, as heard"]

    made = load(export(bundle, tmp_path, source=trained.folder).path)
    sounds = [audio.Waveform(sound.samples[:n], 16_000) for n in (300, 3_000, 20_000)]
    several = [*trained.sounds, *sounds, *sounds]  # equal lengths are answered together
    alone = np.concatenate([bundle.predict([each]) for each in several])
    assert np.abs(made.predict(several) - calibrated(made, alone)).max() < 1e-4


def calibrated(made, probabilities):
    """Probabilities at the temperature that is written into the file."""
    scaled = np.log(np.maximum(probabilities, 1e-12)) / made.spec.stranger.temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return scaled / scaled.sum(axis=1, keepdims=True)


def test_the_page_train_has_controls_for_the_choices_of_every_network(train_form):
    for name, own in (("vgg16", "cells"), ("tim-net", "levels"), ("conformer", "heads")):
        app = train_form(**{"network.name": name})
        keys = [each.key for each in app.number_input]
        assert f"recipe:network.{own}" in keys
        fields = NETWORKS[name].choices.model_fields
        assert app.number_input(key=f"recipe:network.{own}").value == fields[own].default
