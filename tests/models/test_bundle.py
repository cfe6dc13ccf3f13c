from __future__ import annotations

import json
import os

import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors import SafetensorError

from ser_core.audio import load
from ser_core.core import ModelError, demo_corpus
from ser_core.features.representations import make
from ser_core.inference.cached_features import cache_features
from ser_core.models.bundle import Bundle, architecture, load_bundle
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from ser_core.models.predictor import checked
from ser_core.models.shared_features import probabilities_of

CLASSES = ("anger", "sadness", "neutral")
LAST = "network.fc.weight"


@pytest.fixture
def bundle():
    torch.manual_seed(0)
    rep = make("melspectrogram", n_mels=32, hop_length=320)
    model = EmotionClassifier(rep, "clip", ResNetSpec(width=4, classes=3), CLASSES)
    torch.nn.init.normal_(model.network.fc.weight)
    return Bundle(model.eval(), architecture(model))


@pytest.fixture
def sounds():
    paths = sorted((demo_corpus() / "samples").glob("EB0_*.flac"))[:3]
    return [load(path) for path in paths]


def test_saved_and_loaded_it_predicts_the_same(bundle, sounds, tmp_path):
    folder = bundle.save(tmp_path / "a model żółty")
    loaded = load_bundle(folder)
    assert loaded.classes == CLASSES
    np.testing.assert_array_equal(loaded.predict(sounds), bundle.predict(sounds))
    names = ["README.md", "bundle.json", "model.safetensors"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_sound_is_predicted_alike_whatever_stands_beside_it(bundle, sounds):
    together = bundle.predict(sounds)
    alone = np.concatenate([bundle.predict([sound]) for sound in sounds])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1)
    assert len({tuple(row.round(3)) for row in together}) == 3


def test_other_sample_rates_are_resampled(bundle, sounds):
    path = sorted((demo_corpus() / "samples").glob("EB0_*.flac"))[0]
    high = load(path, sample_rate=48_000)
    answers = bundle.predict_proba([high.samples], 48_000)
    np.testing.assert_allclose(answers, bundle.predict(sounds[:1]), atol=0.02)


def test_saving_replaces_an_older_one(bundle, tmp_path):
    folder = bundle.save(tmp_path / "model")
    (folder / "old.txt").touch()
    bundle.save(folder)
    assert not (folder / "old.txt").exists()


@pytest.mark.parametrize(
    "full", [SafetensorError("I/O error: No space left on device"), OSError(28, "No space left")]
)
def test_one_that_cannot_be_written_leaves_the_older_one(bundle, tmp_path, monkeypatch, full):
    folder = bundle.save(tmp_path / "model")

    def save_file(*_args):
        raise full

    monkeypatch.setattr("ser_core.models.bundle.save_file", save_file)
    with pytest.raises(ModelError, match=r"model: cannot be written \(.*No space.* Free"):
        bundle.save(folder)
    assert load_bundle(folder).classes == CLASSES
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_enrolled_speaker_changes_the_prediction_of_a_model_that_normalises_by_speaker(sounds):
    torch.manual_seed(0)
    rep = make("melspectrogram", n_mels=32, hop_length=320)
    model = EmotionClassifier(rep, "speaker", ResNetSpec(width=4, classes=3), CLASSES)
    torch.nn.init.normal_(model.network.fc.weight)
    bundle = Bundle(model.eval(), architecture(model))
    statistics = bundle.enrol(sounds)
    assert bundle.enrols
    assert [each.shape for each in statistics] == [(3, 1, 32)]
    enrolled, unknown = bundle.predict(sounds, statistics), bundle.predict(sounds)
    assert not np.allclose(enrolled, unknown)
    # A speaker of whom nothing is known may stand beside one who is.
    rows = torch.from_numpy(statistics[0]).repeat(3, 1, 1, 1)
    rows[1] = 0
    mixed = bundle.predict_each(sounds, rows)
    np.testing.assert_allclose(mixed[[0, 2]], enrolled[[0, 2]], atol=1e-6)
    np.testing.assert_allclose(mixed[1], unknown[1], atol=1e-6)


def test_a_model_that_cannot_enrol_says_so(bundle, sounds):
    assert not bundle.enrols
    with pytest.raises(ModelError, match="does not use enrolment"):
        bundle.enrol(sounds)


def said(**changed):
    return lambda data: json.dumps(json.loads(data) | changed).encode()


def weights(change):
    """Change the weights of the last layer."""

    def damage(data):
        tensors = safetensors.torch.load(data)
        return safetensors.torch.save(tensors | {LAST: change(tensors[LAST])})

    return damage


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("model.safetensors", lambda data: data[: len(data) // 2]),
        ("model.safetensors", lambda data: b""),
        ("bundle.json", lambda data: data[:100]),
        ("bundle.json", lambda data: data.replace(b"resnet18", b"resnet99")),
        ("bundle.json", lambda data: data.replace(b'"width": 4', b'"width": 8')),
        ("bundle.json", lambda data: b"[" * 100_000),
        ("bundle.json", lambda data: b"[1, 2]"),
        ("bundle.json", said(classes="anger")),
        ("bundle.json", said(classes=["anger", "anger", "neutral"])),
        ("bundle.json", said(classes=[])),
        ("bundle.json", said(classes=[f"emotion {n}" for n in range(200_000)])),
        ("bundle.json", said(classes=["anger", "sadness", 7])),
        ("bundle.json", said(classes=["anger", "sadness"])),
        ("bundle.json", said(split=5)),
        ("bundle.json", said(recipe="none")),
        ("bundle.json", said(metrics=[1])),
        ("bundle.json", said(version=99)),
        ("bundle.json", said(version=True)),
        ("bundle.json", said(confidence={"temperature": 1e-320})),
        ("bundle.json", said(confidence={"temperature": float("nan")})),
        ("bundle.json", said(confidence={"threshold": "high"})),
        ("bundle.json", said(confidence_enrolled=[1])),
        ("bundle.json", said(network=None)),
        ("bundle.json", said(representation={"name": ["melspectrogram"]})),
        ("bundle.json", said(normalise=4)),
        ("bundle.json", said(metrics={"wa": {"value": "high"}})),
        ("bundle.json", said(metrics={"wa": [1]})),
        ("bundle.json", said(split={"audit": False})),
        ("bundle.json", said(split={"audit": {"grade": [[]]}})),
        ("bundle.json", said(corpus={"test_clips": {"a": 1}})),
        ("model.safetensors", weights(lambda each: each * torch.nan)),
        ("model.safetensors", weights(lambda each: each + torch.inf)),
        ("model.safetensors", weights(lambda each: each.int())),
    ],
)
def test_a_damaged_bundle_is_reported(bundle, tmp_path, file, damage):
    path = bundle.save(tmp_path / "model") / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelError, match="damaged"):
        load_bundle(tmp_path / "model")


def test_a_network_larger_than_its_file_is_refused_before_it_is_made(bundle, tmp_path):
    """Each value is within its bounds, and together they would take 5 GB."""
    path = bundle.save(tmp_path / "model") / "bundle.json"
    huge = {"depth": "resnet34", "width": 512, "channels": 1, "classes": 3}
    path.write_bytes(said(network=huge)(path.read_bytes()))
    with pytest.raises(ModelError, match="weights, more than its file of"):
        load_bundle(path.parent)


@pytest.mark.parametrize("file", ["model.safetensors", "bundle.json"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_refused_at_once(bundle, tmp_path, file, make):
    path = bundle.save(tmp_path / "model") / file
    path.unlink()
    make(path)
    with pytest.raises(ModelError, match=r"damaged .it is a (pipe|folder)"):
        load_bundle(tmp_path / "model")


def test_what_is_no_probability_is_no_answer(bundle, sounds):
    with torch.no_grad():
        bundle.model.network.fc.weight[0] = torch.nan
    for ask in (
        bundle.predict,
        lambda some: probabilities_of([bundle], some, [None]),
        lambda some: cache_features(bundle, some).predict(np.arange(len(some))),
    ):
        with pytest.raises(ModelError, match="gives no answer: its probabilities are not finite"):
            ask(sounds)


@pytest.mark.parametrize(
    "wrong", [[np.nan, 1.0], [np.inf, 0.0], [0.7, 0.7], [0.0, 0.0], [1.5, -0.5]]
)
def test_probabilities_are_checked_row_by_row(wrong):
    with pytest.raises(ModelError, match=r"a model: gives no answer.*1 of 2 sounds"):
        checked(np.array([[0.25, 0.75], wrong]), "a model")
    right = np.array([[0.25, 0.75], [1.0004, 0.0]])  # a softmax in half precision
    assert checked(right, "a model") is right


def test_statistics_of_a_speaker_are_finite(sounds):
    rep = make("melspectrogram", n_mels=32, hop_length=320)
    model = EmotionClassifier(rep, "speaker", ResNetSpec(width=4, classes=3), CLASSES)
    bundle = Bundle(model.eval(), architecture(model))
    model.front_end.forward = lambda waves, lengths: torch.full((len(waves), 1, 32, 9), torch.nan)
    with pytest.raises(ModelError, match="cannot enrol the speaker"):
        bundle.enrol(sounds)


def test_a_description_that_lacks_something_has_a_card_that_says_so(bundle, tmp_path):
    folder = bundle.save(tmp_path / "model")
    about = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(
        json.dumps(about | {"corpus": {"name": "x"}, "split": {"policy": "y"}})
    )
    assert "not complete" in load_bundle(folder).card


def test_a_folder_without_a_bundle(tmp_path):
    with pytest.raises(ModelError, match="is no bundle"):
        load_bundle(tmp_path)


def test_a_model_of_another_front_end_is_refused(bundle, tmp_path):
    path = bundle.save(tmp_path / "model") / "bundle.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps({**about, "representation_hash": "0" * 16}))
    with pytest.raises(ModelError, match="computes otherwise"):
        load_bundle(tmp_path / "model")
