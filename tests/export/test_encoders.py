"""Models on pretrained encoders as files: every family, any length, all precisions."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch

from ser_core.audio import Waveform
from ser_core.core import REPOSITORY, AudioError, ModelError, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.export.acceptance import accept
from ser_core.export.encoder_quantisation import products
from ser_core.export.onnx_writer import converted, export, file_name, quantised, write
from ser_core.export.parity import verify
from ser_core.features.representations import make
from ser_core.inference.classify import open_model
from ser_core.inference.confidence import confidence
from ser_core.models import onnx as opening
from ser_core.models import onnx_bytes
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.ensemble import Ensemble
from ser_core.models.networks import NETWORKS
from ser_core.models.networks.logistic import LogisticSpec
from ser_core.models.normalisation import Moments
from ser_core.models.onnx import content_of, open_onnx
from ser_core.models.onnx_metadata import GATES
from ser_core.models.pooling import Pool
from tests.export.nets import ABOUT, CLASSES, METRICS
from tests.features.encoders.conftest import KINDS, make_encoder  # noqa: F401  (a fixture)

LENGTHS = (1, 40, 161, 700, 9_000, 9_001, 15_999, 33_333)
"""Samples; the tiny Whisper hears one second, and frames begin at 40 to 80 samples elsewhere."""

QUICK = "wav2vec2, group norm"
"""Kind of encoder that is traced soonest, where it is not what is tested."""


def encoder_bundle(folder, sounds, seed=0, normalise="speaker", **layers):
    """A logistic regression on an encoder whose weights are not those of its folder."""
    rep = make("encoder", encoder=str(folder), **layers)
    channels, bins, _ = rep.silence.shape
    spec = LogisticSpec(c=0.1, channels=channels, bins=bins, classes=len(CLASSES))
    model = EmotionClassifier(rep, normalise, spec, CLASSES).eval()
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.front_end.modules():
            if isinstance(module, torch.nn.Linear):  # as they begin, layers change next to nothing
                noise = torch.randn(module.weight.shape, generator=draw)
                module.weight.copy_((module.weight * 8 + 0.1 * noise).half())
        features = torch.cat([model.front_end(torch.from_numpy(s.samples)[None]) for s in sounds])
        model.normaliser.fit(Moments.of(features, torch.ones(len(features))))
        inputs = model.network.embed(model.normaliser(features)).numpy()
    along = inputs @ np.linalg.svd(inputs - inputs.mean(0))[2][0]  # most of what tells them apart
    numbers = along.argsort().argsort() * len(CLASSES) // len(sounds)
    model.network.fit(inputs, numbers, seed=0)
    return Bundle(model, {**architecture(model), **ABOUT})


@pytest.fixture(scope="module")
def whisper(make_encoder, sounds):  # noqa: F811
    """Of the tiny Whisper's two layers the first."""
    return encoder_bundle(make_encoder("whisper", seconds=10), sounds, last=1)


@pytest.fixture(scope="module")
def files(whisper, sounds, tmp_path_factory):
    """It in all precisions, by name."""
    folder = tmp_path_factory.mktemp("encoder-files")
    made = export(whisper, folder, "fp32")
    found = {"fp32": made.path}
    for precision in ("fp16", "w8", "int8"):
        model = onnx.ModelProto.FromString(onnx_bytes.graph(content_of(made.path)))
        graph, spec = converted(model, made.spec, precision, sounds[:32], "bundled clips")
        found[precision] = folder / file_name(precision)
        write(found[precision], graph.SerializeToString(), spec)
    return found


@pytest.fixture(scope="module")
def family(make_encoder, sounds, whisper, files, tmp_path_factory):  # noqa: F811
    """Maker of a model on a kind of encoder, its file and the encoder's folder; each once."""
    made = {"whisper": (whisper, files["fp32"])}

    def make(kind):
        if kind not in made:
            bundle = encoder_bundle(make_encoder(kind), sounds, last=1)
            made[kind] = bundle, export(bundle, tmp_path_factory.mktemp("family")).path
        return made[kind]

    return make


def cut(sounds):
    return [
        Waveform(np.resize(sound.samples, length), 16_000)
        for sound, length in zip(sounds, LENGTHS, strict=False)
    ]


def expected_of(bundle, sounds, speaker=None):
    alone = [bundle.predict([sound], speaker) for sound in sounds]
    known = confidence(bundle, enrolled=speaker is not None)
    return known.applied(np.concatenate(alone))


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_predicts_as_the_model_at_any_length(family, sounds, kind):
    bundle, path = family(kind)
    model, given = open_onnx(path, threads=1), [*cut(sounds), *sounds[:3]]
    expected = expected_of(bundle, given)
    assert np.abs(model.predict(given) - expected).max() < 1e-4
    assert np.ptp(expected, axis=0).max() > 0.3
    own, theirs = model.enrol(sounds[:4]), bundle.enrol(sounds[:4])
    np.testing.assert_allclose(own[0], theirs[0], rtol=1e-3, atol=1e-4)
    known = expected_of(bundle, given, theirs)
    assert np.abs(model.predict(given, own) - known).max() < 1e-3
    assert np.abs(known - expected).max() > 0.05
    folder = bundle.model.representation.encoder
    assert folder.encode() not in path.read_bytes()
    names = {each.name for each in onnx.load(path).graph.initializer}
    first = {name for name in names if re.search(r"(blocks|encoder\.layers)\.0\.", name)}
    second = {name for name in names if re.search(r"(blocks|encoder\.layers)\.1\.", name)}
    assert first
    assert not second


@pytest.mark.parametrize("network", ["mlp", "layer-weights", "layer-attention"])
def test_every_head_predicts_as_the_model(make_encoder, sounds, tmp_path, network):  # noqa: F811
    plain = encoder_bundle(make_encoder(QUICK), sounds, last=2).model
    model = EmotionClassifier(
        plain.representation,
        "speaker",
        NETWORKS[network].made(plain.representation, len(CLASSES)),
        CLASSES,
    )
    model.front_end, model.normaliser = plain.front_end, plain.normaliser
    torch.manual_seed(0)
    with torch.no_grad():
        for weights in model.network.parameters():
            weights.normal_(std=0.05)
    bundle = Bundle(model.eval(), {**architecture(model), **ABOUT})
    written, given = open_onnx(export(bundle, tmp_path).path, threads=1), cut(sounds)
    expected = expected_of(bundle, given)
    assert np.abs(written.predict(given) - expected).max() < 1e-3
    assert np.ptp(expected, axis=0).max() > 0.1
    theirs = bundle.enrol(sounds[:4])
    known = expected_of(bundle, given, theirs)
    assert np.abs(written.predict(given, written.enrol(sounds[:4])) - known).max() < 5e-3
    assert np.abs(known - expected).max() > 0.05


def test_whisper_hears_a_long_sound_in_windows_to_its_end(make_encoder, sounds, tmp_path):  # noqa: F811
    """The tiny one has positions for one second: up to four windows of unequal length."""
    bundle = encoder_bundle(make_encoder("whisper"), sounds, last=2)
    model = open_onnx(export(bundle, tmp_path).path, threads=1)
    given = [
        Waveform(np.resize(sound.samples, length), 16_000)
        for sound, length in zip(sounds, (16_000, 16_001, 33_333, 47_999, 64_000), strict=False)
    ]
    expected = expected_of(bundle, given)
    assert np.abs(model.predict(given) - expected).max() < 1e-4
    firsts = [Waveform(each.samples[:16_000], 16_000) for each in given[2:]]
    assert np.abs(expected[2:] - expected_of(bundle, firsts)).max() > 0.02  # the end counts
    own, theirs = model.enrol(given), bundle.enrol(given)
    np.testing.assert_allclose(own[0], theirs[0], rtol=1e-3, atol=1e-4)
    assert model.spec.longest == 4.0
    with pytest.raises(AudioError, match="is 5 s long; this ONNX file takes up to 4 s"):
        model.predict([Waveform(np.resize(sounds[0].samples, 80_000), 16_000)])


def test_a_batch_gives_what_each_clip_gives_alone(files, sounds):
    model = open_onnx(files["fp32"], threads=1)
    equal = [Waveform(np.resize(sound.samples, 9_001), 16_000) for sound in sounds[:4]]
    alone = np.concatenate([model.predict([each]) for each in equal])
    np.testing.assert_allclose(model.predict(equal), alone, atol=1e-5)
    mixed = [*equal, *sounds[:2]]
    np.testing.assert_allclose(model.predict(mixed)[:4], alone, atol=1e-5)


@pytest.mark.parametrize("precision", ["fp16", "w8", "int8"])
def test_other_precisions_are_smaller_and_pass_the_gate(files, whisper, clips, tmp_path, precision):
    app = open_model(whisper.save(tmp_path / "bundle"))
    found = verify(open_onnx(files[precision], threads=1), app, clips)
    assert found.limits == GATES[precision]
    assert found.passed, found.said
    assert found.mean_abs_probability > 1e-6
    weights = {p: stored(file) for p, file in files.items()}
    assert weights[precision] <= weights["fp32"] * {"fp16": 0.5, "w8": 0.35, "int8": 0.5}[precision]


def stored(file):
    """Bytes of the weights of the encoder."""
    return sum(
        len(each.raw_data)
        for each in onnx.load(file).graph.initializer
        if each.name.startswith("encoders.") and ".weight" in each.name and len(each.dims) > 1
    )


def test_all_products_of_a_layer_are_of_integers(files):
    plain = onnx.load(files["fp32"])
    whole = [node.op_type for node in onnx.load(files["int8"]).graph.node]
    assert len(products(plain)) == whole.count("MatMulInteger") == 4
    assert whole.count("DynamicQuantizeLinear") == 4


@pytest.mark.parametrize(("kind", "count"), [("wavlm", 6), ("data2vec", 7)])
def test_the_products_of_other_families_are_found(family, sounds, tmp_path, kind, count):
    bundle, path = family(kind)
    made = quantised(path, tmp_path / "int8.onnx", "int8", sounds[:32])
    (note,) = made.spec.notes
    assert note == "Quantisation was calibrated on 32 clips."
    kinds = [node.op_type for node in onnx.load(made.path).graph.node]
    assert kinds.count("MatMulInteger") >= count  # projection, attention, two of the feed-forward
    difference = open_onnx(made.path).predict(sounds) - expected_of(bundle, sounds)
    assert 1e-6 < np.abs(difference).mean() < 0.03


def test_a_graph_that_was_changed_is_refused(files, whisper, tmp_path):
    graph = onnx.ModelProto.FromString(onnx_bytes.graph(content_of(files["fp32"])))
    (weight,) = (t for t in graph.graph.initializer if t.name.endswith("blocks.0.fc1.weight"))
    values = onnx.numpy_helper.to_array(weight)
    weight.CopyFrom(onnx.numpy_helper.from_array(1.3 * values, weight.name))
    path = tmp_path / "changed.onnx"
    write(path, graph.SerializeToString(), open_onnx(files["fp32"]).spec)
    folder = whisper.save(tmp_path / "bundle")
    found = accept(path, folder, open_corpus(demo_corpus()), clips=12)
    assert not found.passed
    assert open_onnx(path).spec.status == "failed"
    assert accept(files["fp32"], folder, open_corpus(demo_corpus()), clips=12).passed


def test_the_network_of_an_encoder_is_not_exported_alone(whisper, tmp_path):
    with pytest.raises(ModelError, match=r"weights of its own.*Export the whole model"):
        export(whisper, tmp_path, whole=False)


def test_a_model_that_no_file_could_hold_is_refused(whisper, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "LARGEST", 1_000)
    with pytest.raises(ModelError, match=r"has weights of .* GB.*representation\.last"):
        export(whisper, tmp_path)


def test_encoders_of_one_folder_with_different_weights_in_an_ensemble(
    make_encoder, sounds, tmp_path, monkeypatch  # noqa: F811
):  # fmt: skip
    monkeypatch.setattr(Ensemble, "card", "# A card")
    folder = make_encoder(QUICK)
    two = [encoder_bundle(folder, sounds, seed=seed, last=1) for seed in (1, 2)]
    about = {
        "name": "two", "classes": list(CLASSES), "threshold": None, "temperature": 1.0,
        "pooling": "linear", "weights": [0.5, 0.5], "results": {"weights": []},
        "members": [{"name": str(n), "bundles": ["x"], "enrols": True, "representation": "",
                     "deployed": None} for n in (0, 1)],
        "corpus": {"name": "demo", "licence": "CC0"}, "metrics": METRICS,
        "split": {"policy": "random", "seed": 0, "hash": "0", "folds": 5,
                  "audit": {"grade": "E", "reading": "", "worst": []}},
    }  # fmt: skip
    pool = Pool("linear", (0.5, 0.5), 1.0)
    together = Ensemble(tuple((each,) for each in two), pool, about, pool_enrolled=pool)
    model = open_onnx(export(together, tmp_path).path, threads=1)
    assert [each.name for each in model.spec.inputs] == ["waveform", "voice_0", "voice_1"]
    each = [bundle.predict(sounds[:5]) for bundle in two]
    assert np.abs(each[0] - each[1]).max() > 0.1
    np.testing.assert_allclose(model.predict(sounds[:5]), np.mean(each, axis=0), atol=1e-4)
    known = [bundle.predict(sounds[:5], bundle.enrol(sounds[5:8])) for bundle in two]
    found = model.predict(sounds[:5], model.enrol(sounds[5:8]))
    np.testing.assert_allclose(found, np.mean(known, axis=0), atol=1e-3)


TORCHLESS = """
import sys
from pathlib import Path
from ser_core.audio import load as hear
from ser_core.models.predictor import load
model, sound = load(Path(sys.argv[1])), hear(Path(sys.argv[2]))
known = model.predict([sound], model.enrol([sound, sound]))
print(round(float(model.predict([sound]).sum() + known.sum()), 6))
print(*(name in sys.modules for name in ("torch", "onnx", "transformers", "sklearn", "pandas")))
"""


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_it_is_loaded_enrols_and_predicts_without_torch(files, demo_clip, precision):
    told = subprocess.run(
        [sys.executable, "-c", TORCHLESS, str(files[precision]), str(demo_clip)],
        capture_output=True, text=True, check=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert told.stdout.split() == ["2.0", *["False"] * 4, "False"]
