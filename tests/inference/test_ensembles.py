"""An ensemble is a model like any other: it answers, learns a voice, and is judged."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ser_core.audio import load
from ser_core.inference.classify import Recording, classify, open_model
from ser_core.inference.enrolment import Enrolment
from ser_core.inference.model_evaluation import Choice, evaluate_model
from ser_core.models.ensemble import Ensemble
from ser_core.models.pooling import Pool

FIGURE = {"value": 0.6, "low": 0.5, "high": 0.7}


@pytest.fixture(scope="module")
def saved(make_bundle, tmp_path_factory):
    bundles = (make_bundle("speaker", seed=1), make_bundle("clip", seed=2))
    members = [{"name": f"m{i}", "bundles": [f"members/{i}/model-0"]} for i in range(2)]
    about = {
        "name": "both",
        "classes": list(bundles[0].classes),
        "pooling": "linear",
        "weights": [0.75, 0.25],
        "temperature": 1.0,
        "threshold": 0.5,
        "members": members,
        "corpus": {**bundles[0].about["corpus"], "test_clips": 200},
        "split": bundles[0].about["split"],
        "metrics": {"uar": FIGURE, "wa": FIGURE},
    }
    ensemble = Ensemble(tuple((each,) for each in bundles), Pool("linear", (0.75, 0.25)), about)
    root = tmp_path_factory.mktemp("ensembles") / "both"
    for number, bundle in enumerate(bundles):
        bundle.save(root / "members" / str(number) / "model-0")
    # Without its card, which tells of a search that never was.
    (root / "ensemble.json").write_text(json.dumps({"version": 1, **about}))
    return root, ensemble


def test_it_predicts_with_its_own_threshold(saved, demo):
    folder, ensemble = saved
    model = open_model(folder)
    assert (model.confidence.temperature, model.confidence.threshold) == (1.0, 0.5)
    clip = demo.usable.index[0]
    row = classify(model, [Recording(clip, demo.path(clip))]).iloc[0]
    expected = ensemble.predict([load(demo.path(clip))])[0]
    np.testing.assert_allclose(row.filter(like="p_").to_numpy(float), expected, atol=1e-6)


def test_it_is_evaluated_with_speakers_and_knows_its_clips(saved, demo):
    folder, _ensemble = saved
    found = evaluate_model(folder, demo, Choice(part="test"), Enrolment((0, 1), draws=2))
    assert (found.badge, found.overlap.trained) == ("", 0)
    assert found.predictions[1].table["speaker"].unique().tolist() == ["EB0"]
    assert found.name == "both"
