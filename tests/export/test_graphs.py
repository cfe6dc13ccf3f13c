"""Every representation and every kind of model as a graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.core import ModelError
from ser_core.export.graph import INEXPRESSIBLE
from ser_core.export.onnx_writer import export
from ser_core.features.representations import REPRESENTATIONS
from ser_core.inference.classify import open_model
from ser_core.inference.confidence import confidence
from ser_core.models.ensemble import Ensemble
from ser_core.models.onnx import open_onnx
from ser_core.models.pooling import Pool, Stacking
from ser_core.models.predictor import load
from tests.export.nets import CLASSES, METRICS, bundle


def ensemble(models, pool, knowing=None):
    about = {
        "name": "a small ensemble", "classes": list(CLASSES), "threshold": 0.3,
        "temperature": pool.temperature, "pooling": pool.kind, "weights": list(pool.weights),
        "members": [{"name": str(number), "bundles": ["x"] * len(each), "enrols": False,
                     "representation": "", "deployed": None} for number, each in enumerate(models)],
        "results": {"weights": []}, "corpus": {"name": "demo", "licence": "CC0"},
        "enrolled": {"threshold": 0.6}, "metrics": METRICS,
        "split": {"policy": "random", "seed": 0, "hash": "0", "folds": 5,
                  "audit": {"grade": "E", "reading": "", "worst": []}},
    }  # fmt: skip
    return Ensemble(models, pool, about, pool_enrolled=knowing)


@pytest.fixture(autouse=True)
def plain_card(monkeypatch):
    """These ensembles have no results to make a card of."""
    monkeypatch.setattr(Ensemble, "card", "# A card")


@pytest.fixture(scope="module")
def lengths(sounds):
    """Sounds of many lengths, two of them equal, and with digital silence in them."""
    parts = [(0, 1), (1, 160), (2, 161), (3, 700), (4, 9_000), (5, 9_000), (6, 33_333)]
    cut = [np.resize(sounds[i].samples, n) for i, n in parts]
    gaps = np.where(np.arange(20_000) // 2_000 % 2, np.float32(0), np.resize(cut[-1], 20_000))
    click = np.concatenate([np.zeros(5_000, np.float32), cut[3], np.zeros(5_000, np.float32)])
    every = [*cut, gaps, click, np.zeros(4_000, np.float32)]
    return [Waveform(each, 16_000) for each in every]


def test_all_thirteen_in_one_graph_of_any_length(tmp_path, lengths):
    models = tuple(
        (bundle(name, "corpus", seed=i, linear=True),) for i, name in enumerate(REPRESENTATIONS)
    )
    pool = Pool("linear", tuple([1 / len(models)] * len(models)), 0.3)
    together = ensemble(models, pool)
    made = export(together, tmp_path)
    assert [each.name for each in made.spec.inputs] == ["waveform"]
    assert len(made.spec.representations) == len(REPRESENTATIONS) == 13
    found, expected = load(made.path).predict(lengths), together.predict(lengths)
    assert np.abs(found - expected).max() < 2e-3
    assert np.ptp(expected, axis=0).max() > 0.05


def test_early_fusion_is_one_graph_from_the_waveform(tmp_path, lengths):
    one = ensemble(((bundle("fusion"),),), Pool("linear", (1.0,)))
    made = export(one, tmp_path)
    assert [each.name for each in made.spec.inputs] == ["waveform", "voice"]
    found, expected = load(made.path).predict(lengths), one.predict(lengths)
    assert np.abs(found - expected).max() < 2e-3
    assert np.ptp(expected, axis=0).max() > 0.05


def test_an_ensemble_with_a_member_of_no_weight_and_a_speaker(tmp_path, sounds, lengths):
    models = (
        (bundle("rms", "corpus", seed=1, linear=True),),
        (),
        (bundle(seed=2), bundle(seed=3, classes=CLASSES[::-1])),
    )
    together = ensemble(
        models, Pool("log-linear", (1.5, 0.0, 0.7), 2.0), Pool("linear", (0.2, 0.0, 0.8), 0.9)
    )
    made = export(together, tmp_path)
    assert [each.name for each in made.spec.inputs] == ["waveform", "voice"]
    model = open_onnx(made.path)
    assert np.abs(model.predict(sounds[:5]) - together.predict(sounds[:5])).max() < 1e-4
    assert np.abs(model.predict(lengths) - together.predict(lengths)).max() < 1e-4
    statistics, theirs = model.enrol(sounds[:3]), together.enrol(sounds[:3])
    known = together.predict(sounds[:5], theirs)
    assert np.abs(model.predict(sounds[:5], statistics) - known).max() < 1e-4
    assert model.spec.enrolled.threshold == 0.6


def test_an_ensemble_whose_members_vote(tmp_path, sounds):
    models = tuple((bundle("rms", "clip", seed=seed, linear=True),) for seed in range(3))
    together = ensemble(models, Pool("vote", (0.4, 0.35, 0.25), 1.4))
    found = open_onnx(export(together, tmp_path).path).predict(sounds[:6])
    assert np.abs(found - together.predict(sounds[:6])).max() < 1e-4


@pytest.mark.parametrize("members", [1, 3])
def test_an_ensemble_whose_members_are_stacked(tmp_path, sounds, members):
    models = tuple((bundle("rms", "clip", seed=seed, linear=True),) for seed in range(members))
    values = np.random.default_rng(0).standard_normal((members, len(CLASSES), len(CLASSES)))
    stacking = Stacking.of(values, np.linspace(-1, 1, len(CLASSES)))
    together = ensemble(models, Pool("stacking", stacking.shares, 1.4, stacking))
    found = open_onnx(export(together, tmp_path).path).predict(sounds[:6])
    assert np.abs(found - together.predict(sounds[:6])).max() < 1e-4


def test_an_ensemble_with_weights_for_speakers_of_its_training(tmp_path, sounds):
    models = ((bundle("rms", "corpus", seed=1, linear=True),), (bundle(seed=2),))
    pools = [Pool("linear", weights, t) for weights, t in (((1.0, 0.0), 2.0), ((0.4, 0.6), 0.5))]
    plain = ensemble(models, pools[0], Pool("linear", (0.2, 0.8), 0.9))
    about = {**plain.about, "seen": {"threshold": 0.7, "results": {}}}
    together = replace(plain, pool_seen=pools[1], about=about)
    made = export(together, tmp_path)
    assert [each.name for each in made.spec.inputs] == ["waveform", "voice", "seen"]
    model = open_onnx(made.path)
    for seen in (False, True):
        wanted = together.predict(sounds[:5], seen=seen)
        assert np.abs(model.predict(sounds[:5], seen=seen) - wanted).max() < 1e-4
    known = together.predict(sounds[:5], together.enrol(sounds[:3]), seen=True)
    own = model.predict(sounds[:5], model.enrol(sounds[:3]), seen=True)
    assert np.abs(own - known).max() < 1e-4
    assert model.about["confidence_seen"]["threshold"] == 0.7
    opened = open_model(made.path).for_seen_speakers()
    assert opened.reading(None).threshold == 0.7
    found = opened.probabilities(sounds[:5])
    assert np.abs(found - together.predict(sounds[:5], seen=True)).max() < 1e-4


def test_what_no_graph_can_hold_goes_in_as_a_feature_map(tmp_path, sounds, monkeypatch):
    monkeypatch.setitem(INEXPRESSIBLE, "functionals", "it is a secret")
    one = bundle("functionals", "corpus")
    made = export(one, tmp_path)
    assert [each.name for each in made.spec.inputs] == ["picture"]
    (note,) = made.spec.notes
    assert "Functionals, computed outside of the file" in note
    assert "it is a secret" in note
    found = open_onnx(made.path).predict(sounds[:5])
    assert np.abs(found - confidence(one).applied(one.predict(sounds[:5]))).max() < 1e-5


def test_the_network_alone_takes_the_feature_map(tmp_path, sounds):
    one = bundle(normalise="corpus")
    made = export(one, tmp_path, whole=False)
    assert made.path.name == "model-network.onnx"
    model = open_onnx(made.path)
    assert [(i.name, i.kind) for i in model.spec.inputs] == [("picture", "picture")]
    expected = confidence(one).applied(one.predict(sounds[:4]))
    assert np.abs(model.predict(sounds[:4]) - expected).max() < 1e-5
    assert not model.enrols
    with pytest.raises(ModelError, match="does not use enrolment"):
        model.enrol(sounds[:1])


def test_a_file_is_not_exported_again(model, tmp_path):
    with pytest.raises(ModelError, match="bundle or an ensemble"):
        export(model, tmp_path)


def test_members_of_different_sample_rates(tmp_path, sounds):
    slow = bundle("rms", "clip")
    object.__setattr__(slow.model.representation, "sample_rate", 8_000)
    object.__setattr__(slow.model.representation, "hop_length", 81)  # another hash
    with pytest.raises(ModelError, match="8000, 16000 Hz"):
        export(ensemble(((slow,), (bundle(),)), Pool("linear", (0.5, 0.5))), tmp_path)
