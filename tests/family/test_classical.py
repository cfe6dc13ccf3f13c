"""Classical learners go the way of every model: trained, asked, pooled, exported, refused."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.core import ModelError, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.explain import attribute
from ser_core.export.acceptance import accept
from ser_core.export.onnx_writer import export
from ser_core.models.onnx import open_onnx
from ser_core.robustness.attack_domains import attackable

FUNCTIONALS = {"name": "functionals"}
NETWORKS = {
    "svm-linear": {"c": 0.01},
    "svm-rbf": {},
    "forest": {"trees": 10, "leaf": 2},
    "boosting": {"iterations": 4},
    "knn": {},
}


@pytest.fixture(params=NETWORKS)
def model(request, journey):
    network = {"name": request.param, **NETWORKS[request.param]}
    return journey(request.param, representation=FUNCTIONALS, normalise="speaker", network=network)


def test_it_answers_enrols_is_evaluated_and_refused(model):
    model.check_answers()
    model.check_evaluation()
    statistics = model.bundle.enrol(model.sounds)
    enrolled = model.bundle.predict(model.sounds, statistics)
    assert np.abs(enrolled - model.bundle.predict(model.sounds)).max() > 0
    with pytest.raises(ModelError, match="which gives no gradients"):
        attribute(model.bundle, model.sounds[0], "integrated_gradients")
    with pytest.raises(ModelError, match="which gives no gradients"):
        attackable(model.bundle, "gradients")


def test_it_is_pooled_and_shown(journey, plain, tmp_path):
    network = {"name": "forest", **NETWORKS["forest"]}
    model = journey("forest", representation=FUNCTIONALS, network=network)
    model.check_ensemble(plain, tmp_path / "ensemble")
    model.check_pages()


def test_its_file_passes_the_acceptance_test(journey, tmp_path):
    network = {"name": "forest", **NETWORKS["forest"]}
    model = journey("exported", representation=FUNCTIONALS, network=network)
    made = export(model.bundle, tmp_path, source=model.folder)
    found = open_onnx(made.path)
    difference = np.abs(found.predict(model.sounds) - model.bundle.predict(model.sounds))
    # A feature beside a threshold may fall on its other side by rounding.
    assert difference.max() < 0.02
    report = accept(made.path, model.folder, open_corpus(demo_corpus()), clips=8)
    assert report.agreement == 1, report.broken


def test_the_page_train_offers_their_choices(train_form):
    app = train_form(**{"network.name": "svm-rbf", "representation.name": "functionals"})
    keys = [each.key for each in app.number_input]
    assert "recipe:network.gamma" in keys
    assert "recipe:train.epochs" not in keys
