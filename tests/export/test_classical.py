"""Classical learners and the librosa vector as graphs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.export.onnx_writer import export
from ser_core.features.representations import make
from ser_core.inference.confidence import confidence
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks import NETWORKS
from ser_core.models.networks.linear import LinearSpec
from ser_core.models.onnx import open_onnx
from ser_core.models.onnx_metadata import gate_of
from tests.export.nets import ABOUT, CLASSES

CHOICES = {
    "svm-linear": {},
    "svm-rbf": {},
    "forest": {"trees": 20},
    "boosting": {"iterations": 10},
    "knn": {},
}


def on_vector(spec, sounds, rep):
    """A model on a summary, normalised by the sounds themselves."""
    model = EmotionClassifier(rep, "corpus", spec, CLASSES)
    seen = torch.cat([rep(torch.from_numpy(sound.samples)[None]) for sound in sounds])[..., 0]
    with torch.no_grad():
        model.normaliser.mean.copy_(seen.mean(0))
        model.normaliser.spread.copy_(seen.std(0) + 1)
    return model


@pytest.mark.parametrize("name", CHOICES)
def test_a_learner_as_a_graph_gives_what_it_gives(tmp_path, sounds, name):
    rep = make("librosa_vector")
    model = on_vector(NETWORKS[name].made(rep, len(CLASSES), **CHOICES[name]), sounds[:6], rep)
    draw = np.random.default_rng(0)
    true = np.resize(np.arange(len(CLASSES)), 120)
    inputs = draw.standard_normal((120, 288)).astype(np.float32)
    inputs[:, :6] += 2 * np.eye(len(CLASSES))[true]
    model.network.fit(inputs, true, seed=0)
    model.network.calibrate(inputs, true)
    bundle = Bundle(model.eval(), {**architecture(model), **ABOUT})
    made = export(bundle, tmp_path, whole=False)
    expected = confidence(bundle).applied(bundle.predict(sounds[:6]))
    np.testing.assert_allclose(open_onnx(made.path).predict(sounds[:6]), expected, atol=1e-4)
    assert np.ptp(expected, axis=0).max() > 0.01
    # Where a feature lies within rounding of a threshold, a tree may answer otherwise.
    assert made.spec.gate == gate_of("fp32", steps=name in {"forest", "boosting", "knn"})


@pytest.mark.parametrize("name", ["librosa_vector", "librosa_flat"])
def test_the_librosa_vector_is_computed_in_the_graph(tmp_path, sounds, name):
    rep = make(name)
    spec = LinearSpec(bins=rep.silence.shape[1], classes=len(CLASSES))
    model = on_vector(spec, sounds[:6], rep)
    torch.manual_seed(0)
    torch.nn.init.normal_(model.network.fc.weight, std=0.1)
    bundle = Bundle(model.eval(), {**architecture(model), **ABOUT})
    made = export(bundle, tmp_path)
    assert [each.name for each in made.spec.inputs] == ["waveform"]
    expected = confidence(bundle).applied(bundle.predict(sounds[:6]))
    found = open_onnx(made.path).predict(sounds[:6])
    # Of two lags that are as good, rounding may choose the other.
    assert np.median(np.abs(found - expected)) < 1e-3
    assert np.abs(found - expected).max() < 0.05
