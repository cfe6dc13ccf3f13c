"""Where an encoder comes from, and whether it may have heard a corpus."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from ser_core.features.encoders import catalogue, open_folder
from ser_core.features.encoders.catalogue import (
    CATALOGUE,
    Origin,
    contamination,
    encoder_of,
    identify,
    origin_from,
    origin_of,
)
from ser_core.features.encoders.facts import facts, facts_of, missing_weights
from ser_core.features.encoders.families import FAMILIES
from ser_core.features.representations import make

from .conftest import KINDS


def certain(name):
    return Origin(name, certain=True)


@pytest.fixture
def whisper(make_encoder, tmp_path):
    """A folder of its own with a tiny Whisper, and a way to change its configuration."""
    folder = tmp_path / "encoder"
    shutil.copytree(make_encoder("whisper"), folder)
    return folder


def configured(folder, **changes):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    return open_folder(folder)


def shaped(row):
    """Changes of a configuration that give it the shape of a row."""
    if row.family == "whisper":
        return {"encoder_layers": row.layers, "d_model": row.size, "vocab_size": row.vocabulary}
    return {"model_type": row.family, "num_hidden_layers": row.layers, "hidden_size": row.size}


def test_every_row_is_of_a_family_that_can_be_opened():
    for name, row in CATALOGUE.items():
        assert row.name == name
        assert row.family in FAMILIES
        assert row.licence
        assert row.pretrained_on
        assert row.megabytes > 4 * row.layers * row.size**2 * 4 / 1e6  # attention alone
        assert not set(row.heard) & set(row.overlaps)


@pytest.mark.parametrize(
    ("name", "corpus", "answer"),
    [
        ("audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim", "MSP-Podcast", "yes"),
        ("audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim", "my msp_podcast copy", "yes"),
        ("audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim", "RAVDESS", "unlikely"),
        ("ehcalabres/wav2vec2-lg-xlsr-en-speech-emotion-recognition", "ravdess-song", "yes"),
        ("openai/whisper-tiny", "RAVDESS", "unknown"),
        ("openai/whisper-tiny", "nEMO", "unlikely"),  # published later
        ("facebook/wav2vec2-base", "RAVDESS", "unlikely"),
        ("microsoft/wavlm-large", "MSP-Podcast", "unknown"),  # trained on podcasts
        ("microsoft/wavlm-base", "MSP-Podcast", "unlikely"),
        ("someone/unheard-of", "RAVDESS", "unknown"),
    ],
)
def test_whether_an_encoder_heard_a_corpus(name, corpus, answer):
    found = contamination(certain(name), corpus)
    assert found.answer == answer
    assert found.badge == f"encoder may have heard this corpus: {answer}"
    assert found.said.endswith(".")


def test_a_corpus_is_recognised_as_a_word_and_not_inside_one():
    row = certain("ehcalabres/wav2vec2-lg-xlsr-en-speech-emotion-recognition")
    assert contamination(row, "bravdessa").answer == "unlikely"


def test_an_encoder_that_only_resembles_a_public_one_is_never_unlikely_to_have_heard():
    """It may have been trained further on anything."""
    for name in CATALOGUE:
        assert contamination(Origin(name), "nEMO").answer == "unknown"


def test_a_configuration_that_names_a_public_encoder_is_believed(whisper):
    row = CATALOGUE["openai/whisper-base"]
    found = identify(configured(whisper, _name_or_path=row.name, **shaped(row)))
    assert (found.name, found.certain, found.licence) == (row.name, True, row.licence)
    assert found.pretrained_on == row.pretrained_on


def test_a_name_on_another_shape_is_not_believed(whisper):
    found = identify(configured(whisper, _name_or_path="openai/whisper-base"))
    assert found.title == "unknown origin"


def test_a_head_that_the_public_encoder_has_not_tells_of_further_training(make_encoder, tmp_path):
    row = CATALOGUE["facebook/wav2vec2-base"]
    folder = tmp_path / "tuned"
    shutil.copytree(make_encoder("wav2vec2, group norm"), folder)
    named = {"_name_or_path": row.name, **shaped(row)}
    tuned = configured(folder, **named, architectures=["Wav2Vec2ForSequenceClassification"])
    assert not identify(tuned).certain
    assert "trained further" in identify(tuned).how
    plain = configured(folder, **named, architectures=["Wav2Vec2ForPreTraining"])
    assert identify(plain).certain


def test_a_shape_alone_proves_nothing(whisper):
    row = CATALOGUE["openai/whisper-small"]
    found = identify(configured(whisper, **shaped(row)))
    assert found.title == "unknown origin, resembles openai/whisper-small"
    assert found.licence == "not known"


def test_nothing_is_said_of_a_folder_of_which_nothing_is_known(whisper):
    found = identify(open_folder(whisper))
    assert found.title == "unknown origin"
    assert contamination(found, "nEMO").answer == "unknown"


def test_its_values_are_recognised_in_another_file(whisper, monkeypatch, tmp_path):
    source = open_folder(whisper)
    row = CATALOGUE["openai/whisper-tiny"]
    monkeypatch.setitem(catalogue.PRINTS, catalogue.fingerprint(source), row.name)
    monkeypatch.setattr(catalogue, "_shape", lambda config: catalogue._shape_of_row(row))
    other = tmp_path / "other"
    shutil.copytree(whisper, other)
    tensors = load_file(whisper / "model.safetensors")
    only = {f"model.{n}": v.half() for n, v in tensors.items() if n.startswith("encoder.")}
    save_file(only, other / "model.safetensors")
    found = identify(open_folder(other))
    assert (found.name, found.certain) == (row.name, True)
    assert found.weights != source.weights_hash
    only["model.encoder.conv1.bias"] += 1
    save_file(only, other / "model.safetensors")
    assert not identify(open_folder(other)).certain


def test_the_published_run_names_its_encoder():
    """Its weights are known by their hash, though its folder is not here."""
    found = origin_of({"name": "encoder", "weights": "91979053ded8cdfe"})
    assert found.name == "openai/whisper-tiny.en"
    assert contamination(found, "nEMO").answer == "unlikely"


def test_a_model_card_in_the_folder_is_shown(whisper):
    (whisper / "README.md").write_text(
        "---\nlicense: cc-by-4.0\ndatasets:\n- IEMOCAP\npretrained_on: telephone calls\n---\n# A\n"
    )
    found = identify(open_folder(whisper))
    assert found.licence == "cc-by-4.0"
    assert found.pretrained_on == "IEMOCAP, telephone calls, by the model card in its folder"
    assert contamination(found, "IEMOCAP").answer == "yes"
    assert contamination(found, "RAVDESS").answer == "unknown"


@pytest.mark.parametrize("text", ["", "---\n", "---\n: [\n---\n", "---\n- a\n---\n", "# Title\n"])
def test_a_model_card_that_says_nothing_or_is_broken_is_left_out(whisper, text):
    (whisper / "README.md").write_text(text)
    assert open_folder(whisper).card == {}


def test_an_origin_goes_through_json():
    found = Origin("a/b", certain=True, declared=("IEMOCAP",))
    assert origin_from(json.loads(json.dumps({**found.as_dict(), "later": 1}))) == found


def test_the_origin_of_a_model_is_as_it_was_when_it_was_trained(whisper):
    rep = make("encoder", encoder=str(whisper))
    about = {"representation": {"name": "encoder", **rep.parameters}}
    assert encoder_of(about).weights == rep.weights
    written = certain("openai/whisper-base").as_dict()
    assert encoder_of({**about, "encoder": written}).name == "openai/whisper-base"
    assert encoder_of({"representation": {"name": "mfcc"}}) is None
    shutil.rmtree(whisper)
    assert encoder_of(about).title == "unknown origin"


@pytest.mark.parametrize("kind", KINDS)
def test_facts_are_those_of_the_encoder(make_encoder, kind):
    folder = open_folder(make_encoder(kind))
    found = facts(folder)
    rep = make("encoder", encoder=str(folder.path))
    assert (found.layers, found.size, found.sample_rate) == (2, 24, 16_000)
    assert found == facts_of(rep.config)
    assert found.hop == (320 if kind == "whisper" else 40)
    assert found.parameters == sum(each.numel() for each in rep.layers().parameters())
    assert found.good_layers == (1, 2)


def test_weights_that_lack_are_named_without_reading_them_all(whisper):
    tensors = load_file(whisper / "model.safetensors")
    del tensors["encoder.conv2.weight"]
    save_file(tensors, whisper / "model.safetensors")
    assert missing_weights(open_folder(whisper)) == ["conv2.weight"]


def test_weights_of_before_torch_2_are_read_under_their_new_names(make_encoder, tmp_path):
    source = make_encoder("wavlm")
    folder = tmp_path / "old"
    shutil.copytree(source, folder)
    tensors = load_file(source / "model.safetensors")
    old = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): value
        for name, value in tensors.items()
    }
    assert old.keys() != tensors.keys()
    save_file(old, folder / "model.safetensors")
    wave = torch.randn(1, 4_000, generator=torch.Generator().manual_seed(0))
    one, two = make("encoder", encoder=str(source)), make("encoder", encoder=str(folder))
    torch.testing.assert_close(one(wave), two(wave))
