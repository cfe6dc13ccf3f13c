"""What every kind of network must be able to do once it is registered, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ser_core import audio
from ser_core.core import REPOSITORY, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.ensemble import Options, gather, optimise
from ser_core.ensemble.assemble import assemble
from ser_core.features.representations import INPUTS
from ser_core.inference import catalogue
from ser_core.inference.model_evaluation import Choice, evaluate_model
from ser_core.models.networks import NETWORKS, SPECS
from ser_core.models.predictor import load
from ser_core.recipes.recipe import parse
from ser_core.runs import catalogue as runs
from ser_core.runs.execute import run

SHORT = {"epochs": 2, "batch": 8, "threads": 1, "precision": "float32", "parts": 1}


@pytest.fixture(autouse=True)
def registered_here_only(monkeypatch, tmp_path):
    """What a test registers is gone after it; pages show the models of the test alone."""
    for registry in (NETWORKS, SPECS, INPUTS):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    monkeypatch.setattr(catalogue, "bundled_folder", lambda: tmp_path / "nothing-bundled")
    monkeypatch.setenv("SER_WARM_UP", "0")
    monkeypatch.delenv("SER_CORPUS", raising=False)
    monkeypatch.chdir(REPOSITORY)


def recipe_of(name, **content):
    own = {"corpus": str(demo_corpus()), "name": name, "split": {"policy": "random"}}
    return parse({**own, "train": SHORT, **content})


class Journey:
    """A model from its recipe to the pages.

    Args:
        home: Runtime folder.
        recipe: What to train.
    """

    def __init__(self, home, recipe):
        self.recipe = recipe
        self.outcome = run(recipe, home / "runs" / recipe.hash)
        self.folder = self.outcome.folder / "fold-0-seed-0" / "bundle"
        self.bundle = load(self.folder)

    @property
    def sounds(self):
        clips = sorted((demo_corpus() / "samples").glob("*.flac"))
        return [audio.load(clip) for clip in clips[:5]]

    def check_answers(self):
        """Saved and loaded, it answers as it did; a clip in a batch as alone; rows sum to 1."""
        rows = self.outcome.predictions.part("test")
        sounds = [audio.load(demo_corpus() / clip) for clip in rows.table["clip"]]
        np.testing.assert_allclose(self.bundle.predict(sounds), rows.probabilities, atol=1e-5)
        together = self.bundle.predict(self.sounds)
        alone = np.concatenate([self.bundle.predict([sound]) for sound in self.sounds])
        np.testing.assert_allclose(together, alone, atol=1e-5)
        np.testing.assert_allclose(together.sum(axis=1), 1.0)

    def check_evaluation(self):
        """It is judged on its own test clips, and gets what its run says."""
        found = evaluate_model(self.folder, open_corpus(demo_corpus()), Choice(part="test"))
        (report,) = found.reports.values()
        assert report.n == len(self.outcome.predictions.part("test").table)

    def check_ensemble(self, other, folder):
        """Pooled with a run of another kind, it answers in the ensemble that is loaded again."""
        team = gather([runs.one(self.recipe.hash), runs.one(other.recipe.hash)], "average")
        made = assemble(optimise(team, Options(weights="equal", trials=4)), "both")
        made.save(folder)
        pooled = load(folder).predict(self.sounds)
        assert pooled.shape == (5, 6)
        np.testing.assert_allclose(made.predict(self.sounds), pooled, atol=1e-6)
        assert [len(models) for models in load(folder).members] == [1, 1]

    def check_pages(self):
        """The run is among the results, and Predict answers with it."""
        results = _visit("results", run=self.recipe.hash)
        assert self.recipe.name in _texts(results)
        predict = _visit("predict", model=f"run:{self.recipe.hash}")
        assert self.recipe.name in _texts(predict) + str([s.options for s in predict.selectbox])


def _visit(page, **params):
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60)
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(f"pages/{page}/page.py")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def _texts(app):
    kinds = ("title", "subheader", "markdown", "caption", "html", "info", "warning", "error")
    return "\n".join(str(each.value) for kind in kinds for each in app.get(kind))


@pytest.fixture
def journey(ser_home, mlflow_store):
    """Maker of journeys: recipe name and sections -> what came of it."""
    return lambda name, **content: Journey(ser_home, recipe_of(name, **content))


@pytest.fixture
def plain(journey):
    """A run of a network that the workbench has itself, to be pooled with."""
    return journey("plain", representation={"name": "functionals"}, network={"name": "linear"})


@pytest.fixture
def train_form():
    """The form of the page Train with a recipe in its address."""
    return lambda **params: _visit("train", **params)
