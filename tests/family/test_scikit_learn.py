"""A scikit-learn classifier, registered from outside: fitted, kept without pickle, refused where
gradients are needed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from ser_core.core import ModelError, parameter
from ser_core.explain import attribute
from ser_core.export.graph import graph_members
from ser_core.features.representations import FEATURES, SUMMARY
from ser_core.models.bundle import load_bundle
from ser_core.models.networks import network
from ser_core.models.networks.estimator import SCIKIT_LEARN, EstimatorSpec
from ser_core.robustness.attack_domains import attackable
from ser_core.runs.catalogue import learning_curves

FUNCTIONALS = {"name": "functionals"}


@pytest.fixture
def logistic():
    @network("toy-logistic", title="Logistic regression", accepts=(SUMMARY, FEATURES),
             learner=SCIKIT_LEARN)  # fmt: skip
    @dataclass(frozen=True, kw_only=True)
    class LogisticSpec(EstimatorSpec):
        penalty: float = parameter(0.01, 1e-4, 10, "Inverse of the L2 penalty")

        def estimator(self, seed):
            return LogisticRegression(C=self.penalty, max_iter=200, random_state=seed)

        @property
        def words(self):
            return "a logistic regression of scikit-learn"

    return LogisticSpec


@pytest.fixture
def forest():
    @network("toy-forest", title="Forest", accepts=(SUMMARY,), learner=SCIKIT_LEARN)
    @dataclass(frozen=True, kw_only=True)
    class ForestSpec(EstimatorSpec):
        def estimator(self, seed):
            return RandomForestClassifier(3, max_depth=3, random_state=seed)

    return ForestSpec


def test_it_goes_all_the_way(logistic, journey, plain, tmp_path):
    model = journey("logistic", representation=FUNCTIONALS, network={"name": "toy-logistic"})
    model.check_answers()
    model.check_evaluation()
    model.check_ensemble(plain, tmp_path / "ensemble")
    model.check_pages()
    (course,) = learning_curves(model.outcome.folder)
    assert course.finished
    assert len(course.history) == 1


def test_it_enrols_voices_as_every_model_does(logistic, journey):
    model = journey(
        "enrolling", representation=FUNCTIONALS, normalise="speaker",
        network={"name": "toy-logistic"},
    )  # fmt: skip
    statistics = model.bundle.enrol(model.sounds)
    assert model.bundle.predict(model.sounds, statistics).shape == (5, 6)
    assert model.outcome.folder.joinpath("enrolled.parquet").exists()


def test_what_needs_gradients_or_a_graph_is_refused_in_words(logistic, journey):
    model = journey("logistic", representation=FUNCTIONALS, network={"name": "toy-logistic"})
    said = "logistic regression of scikit-learn, which gives no gradients"
    with pytest.raises(ModelError, match=said):
        attribute(model.bundle, model.sounds[0], "integrated_gradients")
    with pytest.raises(ModelError, match=said):
        attackable(model.bundle, "gradients")
    with pytest.raises(ModelError, match="cannot be written as an ONNX graph yet"):
        graph_members(model.bundle, 1.0, None)
    assert attribute(model.bundle, model.sounds[0], "occlusion").values.size


def test_types_that_are_not_trusted_are_not_loaded(forest, journey, monkeypatch):
    monkeypatch.setattr(forest, "trusted", ("sklearn.tree._tree.Tree",))
    model = journey("forest", representation=FUNCTIONALS, network={"name": "toy-forest"})
    model.check_answers()
    monkeypatch.setattr(forest, "trusted", ())
    with pytest.raises(ModelError, match="types that are not trusted"):
        load_bundle(model.folder)


def test_the_page_train_asks_for_no_epochs(logistic, train_form):
    recipe = {"network.name": "toy-logistic", "representation.name": "functionals"}
    app = train_form(**recipe)
    keys = [each.key for each in app.number_input]
    assert "recipe:network.penalty" in keys
    assert "recipe:train.epochs" not in keys
    assert "recipe:optim.lr" not in keys
