"""Bundles and ensembles, whatever is in their files: a model that answers, or a `SerError`."""

from __future__ import annotations

import json
import shutil
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_core.audio import load
from ser_core.features.representations import make
from ser_core.inference.catalogue import models
from ser_core.inference.classify import open_model
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.linear import LinearSpec
from tests.fuzz.mutations import damaged, mutated, tried

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A small sound bundle."""
    torch.manual_seed(0)
    rep = make("melspectrogram", n_mels=8, hop_length=800)
    network = EmotionClassifier(
        rep, "corpus", LinearSpec(classes=3, bins=8), ("anger", "fear", "x")
    )
    about = {
        **architecture(network),
        "name": "small",
        "recipe": {"name": "small", "corpus": "somewhere"},
        "split": {"policy": "random", "seed": 0, "fold": "split", "hash": "0" * 16,
                  "audit": {"grade": "B", "reading": "so"}},
        "corpus": {"name": "c", "licence": "l", "train_clips": 5},
        "metrics": {"uar": {"value": 0.5, "low": 0.4, "high": 0.6}},
        "confidence": {"temperature": 1.5, "threshold": 0.4},
    }  # fmt: skip
    return Bundle(network.eval(), about).save(tmp_path_factory.mktemp("bundle") / "bundle")


@pytest.fixture
def copied(bundle, tmp_path_factory):
    """Maker of a copy with another content of one of its files."""
    place = tmp_path_factory.mktemp("copies") / "bundle"

    def copied(name, content):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(bundle, place)
        (place / name).write_bytes(content)
        return place

    return copied


@pytest.fixture(scope="module")
def speech(demo_clip):
    """A sound to be answered."""
    return load(demo_clip)


def check(folder, sound) -> None:
    """The contract: what is opened answers with probabilities; it and its card can be listed."""
    model = tried(lambda: open_model(folder))
    given = None if model is None else tried(lambda: model.probabilities([sound]))
    if given is not None:
        assert np.isfinite(given).all()
        assert given.sum() == pytest.approx(1)
        assert model.name
        assert model.predictor.card


def test_the_bundle_that_is_damaged_is_sound(bundle, demo_clip):
    assert open_model(bundle).probabilities([load(demo_clip)]).shape == (1, 3)


def fuzzed(function):
    """Hypothesis may use one copy again and again: each example writes it anew."""
    from hypothesis import HealthCheck

    return settings(
        max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )(function)  # fmt: skip


@fuzzed
@given(data=st.data())
def test_a_description_of_other_values(bundle, copied, speech, data):
    about = data.draw(mutated(json.loads((bundle / "bundle.json").read_text()), 2))
    check(copied("bundle.json", json.dumps(about).encode()), speech)


@fuzzed
@given(data=st.data())
def test_a_damaged_description(bundle, copied, speech, data):
    content = data.draw(damaged((bundle / "bundle.json").read_bytes()))
    check(copied("bundle.json", content), speech)


@fuzzed
@given(data=st.data())
def test_a_header_of_weights_of_other_values(bundle, copied, speech, data):
    whole = (bundle / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", whole[:8])[0]
    header = json.loads(whole[8 : 8 + length])
    changed = json.dumps(data.draw(mutated(header, 2))).encode()
    sizes = st.sampled_from([len(changed), 0, length, 2**40, 2**64 - 1])
    content = struct.pack("<Q", data.draw(sizes)) + changed + whole[8 + length :]
    check(copied("model.safetensors", content), speech)


@fuzzed
@given(data=st.data())
def test_damaged_weights(bundle, copied, speech, data):
    content = data.draw(damaged((bundle / "model.safetensors").read_bytes()))
    check(copied("model.safetensors", content), speech)


@fuzzed
@given(data=st.data())
def test_models_that_are_listed(bundle, tmp_path_factory, data):
    """The list of models reads every description there is: none may take the others with it."""
    about = data.draw(mutated(json.loads((bundle / "bundle.json").read_text()), 2))
    home = tmp_path_factory.getbasetemp() / "listed"
    own = home / "ensembles" / "one" / "ensemble"
    own.mkdir(parents=True, exist_ok=True)
    (own / "bundle.json").write_text(json.dumps(about))
    for each in models(home):
        assert each.title
        assert each.performance is not None


@settings(max_examples=200)
@given(data=st.data())
def test_wav_headers_of_any_numbers(data):
    """Sizes, rates and channels of a WAV header that lie."""
    number = st.sampled_from([0, 1, 2, 3, 8, 16, 24, 32, 255, 16000, 2**16 - 1])
    large = st.sampled_from([0, 1, 44, 16000, 2**31 - 1, 2**31, 2**32 - 1]) | st.integers(
        0, 2**32 - 1
    )
    form = struct.pack(
        "<HHIIHH", *(data.draw(each) for each in (number, number, large, large, number, number))
    )
    body = b"fmt " + struct.pack("<I", data.draw(large)) + form
    body += data.draw(st.sampled_from([b"", b"LIST\xff\xff\xff\x7f", b"fact\x04\0\0\0\0\0\0\0"]))
    body += b"data" + struct.pack("<I", data.draw(large)) + data.draw(st.binary(max_size=400))
    content = data.draw(st.sampled_from([b"RIFF", b"RIFX", b"RF64"]))
    content += struct.pack("<I", data.draw(large)) + b"WAVE" + body
    sound = tried(lambda: load(content))
    if sound is not None:
        assert len(sound.samples)
        assert np.isfinite(sound.samples).all()
