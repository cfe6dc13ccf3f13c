"""A model that is fitted again with its validation clips: what is predicted by which, and said."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core import audio
from ser_core.core import ParameterError, demo_corpus
from ser_core.corpora import Split, open_corpus
from ser_core.inference.cross_validated import evaluate_runs
from ser_core.inference.provenance import corpus_overlap, provenance
from ser_core.models.bundle import load_bundle
from ser_core.models.card import card
from ser_core.recipes.recipe import parse
from ser_core.runs import catalogue
from ser_core.runs.execute import run


def recipe(**train):
    return parse(
        {
            "corpus": str(demo_corpus()),
            "representation": {"name": "functionals"},
            "normalise": "speaker",
            "network": {"name": "lda"},
            "split": {"policy": "leave-one-speaker-out", "only": [0]},
            "train": train,
        }
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same training without and with a refit."""
    folder = tmp_path_factory.mktemp("runs")
    return [run(recipe(refit=each), folder / str(each)).folder for each in (False, True)]


@pytest.mark.parametrize("enrolled", [False, True])
def test_validation_clips_are_predicted_by_a_model_that_has_not_met_them(runs, enrolled):
    plain, again = (
        catalogue.predictions_of(catalogue.open_run(each), enrolled=enrolled) for each in runs
    )
    for part, same in (("validation", True), ("test", False)):
        one, other = plain.part(part), again.part(part)
        assert list(one.table["clip"]) == list(other.table["clip"])
        assert np.allclose(one.probabilities, other.probabilities) == same


def test_the_model_that_is_kept_was_fitted_on_both_parts(runs):
    bundle = load_bundle(runs[1] / "fold-0-seed-0" / "bundle")
    rows = bundle.predictions.part("test")
    sounds = [audio.load(demo_corpus() / clip) for clip in rows.table["clip"]]
    np.testing.assert_allclose(bundle.predict(sounds), rows.probabilities, atol=1e-5)
    parts = Split.load(runs[1] / "split.json").fold(0)
    every = [*parts["train"], *parts["validation"]]
    mean = np.mean(
        [bundle.model.front_end(_samples(clip)).numpy()[0, ..., 0] for clip in every], axis=0
    )
    np.testing.assert_allclose(bundle.model.normaliser.mean.numpy(), mean, rtol=2e-3, atol=2e-3)


def _samples(clip):
    import torch

    return torch.from_numpy(audio.load(demo_corpus() / clip, sample_rate=16_000).samples)[None]


def test_provenance_and_card_count_them_as_training_clips(runs):
    demo = open_corpus(demo_corpus())
    plain, again = (
        provenance(load_bundle(each / "fold-0-seed-0" / "bundle").about, each / "x" / "y", demo)
        for each in runs
    )
    held_out = plain.of(list(plain.parts), "validation")
    assert held_out
    assert set(again.parts.values()) == {"train", "test"}
    assert set(again.of(held_out, "train")) == set(held_out)
    assert "fitted again" in again.how
    assert corpus_overlap(again, demo, held_out).audit.grade == "F"
    said = card(load_bundle(runs[1] / "fold-0-seed-0" / "bundle").about)
    assert f"and so did {len(held_out)} more" in said
    assert "chose the epoch" not in said


def test_the_models_are_not_evaluated_on_their_validation_clips(runs):
    assert evaluate_runs([runs[0]], part="validation").reports
    with pytest.raises(ParameterError, match="fitted again on their validation clips"):
        evaluate_runs([runs[1]], part="validation")


def test_predictions_that_are_gone_are_not_made_by_the_wrong_model(runs, tmp_path):
    import shutil

    folder = shutil.copytree(runs[1], tmp_path / "copy")
    (folder / "fold-0-seed-0" / catalogue.ENROLLED).unlink()
    with pytest.raises(ParameterError, match="is gone"):
        run(recipe(refit=True), folder)
