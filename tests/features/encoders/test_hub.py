"""Encoders by their hub name: what is here is opened, what is not is fetched when confirmed."""

from __future__ import annotations

import shutil

import pytest
import torch

from ser_core.core import ModelError
from ser_core.features.encoders import hub, open_folder
from ser_core.features.encoders.catalogue import identify
from ser_core.features.encoders.recent import recent_encoders, remember_encoder
from ser_core.features.representations import make

from .fake_hub import COMMIT, FakeHub

NAME = "someone/tiny-whisper"


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    """A cache of the hub's library that nothing else fills."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def fake(monkeypatch):
    served = FakeHub()
    monkeypatch.setenv("HF_ENDPOINT", served.url)
    yield served
    served.close()


@pytest.fixture
def offered(fake, make_encoder, tmp_path):
    """A tiny Whisper at the fake hub: its folder, with files beside it that nobody needs."""
    folder = tmp_path / "repository"
    shutil.copytree(make_encoder("whisper"), folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Tiny\n")
    (folder / "pytorch_model.bin").write_bytes(b"\x80")
    (folder / "modeling_own.py").write_text("raise SystemExit")
    fake.repositories[NAME] = folder
    fake.cards[NAME] = {"license": "mit"}
    return folder


def cached(cache, name, source, revision="a" * 40):
    """Put an encoder into the cache of the hub's library."""
    repository = cache / f"models--{name.replace('/', '--')}"
    shutil.copytree(source, repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)


def nothing_is_left():
    folder = hub.folder_of_encoders()
    return not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize(
    ("text", "is_name"),
    [
        (NAME, True),
        ("/a/b", False),
        ("a", False),
        ("a/b/c", False),
        ("../a", False),
        ("~/a", False),
    ],
)
def test_what_is_a_hub_name(text, is_name):
    assert hub.is_name(text) is is_name


def test_a_cached_encoder_is_opened_by_its_name_without_the_network(
    empty_cache, make_encoder, fake
):
    source = make_encoder("whisper")
    cached(empty_cache, NAME, source)
    wave = torch.ones(1, 2_000)
    by_name, by_folder = make("encoder", encoder=NAME), make("encoder", encoder=str(source))
    assert by_name.hash == by_folder.hash
    torch.testing.assert_close(by_name(wave), by_folder(wave))
    assert hub.on_this_computer() == [NAME]
    found = identify(open_folder(hub.local(NAME)))
    assert (found.name, found.certain) == (NAME, True)
    assert fake.asked == []


def test_what_is_cached_without_safetensors_or_of_another_family_is_not_offered(
    empty_cache, make_encoder, tmp_path
):
    pickled = tmp_path / "pickled"
    shutil.copytree(make_encoder("whisper"), pickled)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    cached(empty_cache, "someone/pickled", pickled)
    text = tmp_path / "text"
    text.mkdir()
    (text / "config.json").write_text('{"model_type": "bert"}')
    (text / "model.safetensors").write_bytes(b"")
    cached(empty_cache, "someone/bert", text)
    assert hub.on_this_computer() == []
    with pytest.raises(ModelError, match="a pickle"):
        make("encoder", encoder="someone/pickled")


def test_a_name_that_is_not_here_is_not_fetched_by_itself(fake, offered):
    with pytest.raises(ModelError, match=r"not on this computer|ser encoder fetch"):
        make("encoder", encoder=NAME)
    with pytest.raises(ModelError, match=r"151 MB, licence Apache-2.0"):
        make("encoder", encoder="openai/whisper-tiny")
    with pytest.raises(ModelError, match=r"fairseq and FunASR.*wavlm-large"):
        make("encoder", encoder="emotion2vec/emotion2vec_base")
    assert fake.asked == []


def test_it_is_fetched_when_it_was_offered(offered, fake):
    offer = hub.ask(NAME)
    assert (offer.revision, offer.licence, offer.megabytes) == (COMMIT, "mit", 1)
    seen = []
    folder = hub.fetch(offer, lambda done, total: seen.append((done, total)))
    assert sorted(each.name for each in folder.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "origin.json",
    ]
    assert seen[-1] == (offer.size, offer.size)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert make("encoder", encoder=NAME).hash == make("encoder", encoder=str(offered)).hash
    found = identify(open_folder(folder))
    assert (found.name, found.certain, found.licence) == (NAME, True, "mit")
    assert hub.on_this_computer() == [NAME]
    assert not any("pytorch_model" in path or "modeling" in path for path in fake.asked)


def test_a_repository_with_a_pickle_only_is_refused_with_the_way_to_convert(offered):
    (offered / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"pickle only.*refs/pr/1.*save_pretrained"):
        hub.ask(NAME)
    (offered / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match="no safetensors"):
        hub.ask(NAME)


def test_what_cannot_be_offered_is_said_in_words(offered, fake, monkeypatch):
    with pytest.raises(ModelError, match="no such encoder on the hub"):
        hub.ask("someone/else")
    with pytest.raises(ModelError, match="no such revision"):
        hub.ask(NAME, "refs/pr/7")
    with pytest.raises(ModelError, match="no hub name"):
        hub.ask("just words")
    monkeypatch.setattr(hub, "LARGEST", 1_000)
    with pytest.raises(ModelError, match="larger than"):
        hub.ask(NAME)
    (offered / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="'bert' cannot be used"):
        hub.ask(NAME)
    fake.close()
    with pytest.raises(ModelError, match="cannot be reached"):
        hub.ask(NAME)


def test_other_bytes_than_were_offered_leave_nothing(offered, fake):
    offer = hub.ask(NAME)
    fake.spoiled.add("model.safetensors")
    with pytest.raises(ModelError, match=r"model\.safetensors is not what the hub offered"):
        hub.fetch(offer)
    assert nothing_is_left()


def test_weights_that_lack_leave_nothing(offered):
    from safetensors.torch import load_file, save_file

    tensors = load_file(offered / "model.safetensors")
    del tensors["encoder.conv2.weight"]
    save_file(tensors, offered / "model.safetensors")
    with pytest.raises(ModelError, match=r"lacks 1 weights.*conv2"):
        hub.fetch(hub.ask(NAME))
    assert nothing_is_left()


def test_a_download_that_is_stopped_leaves_nothing(offered):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.fetch(hub.ask(NAME), stop)
    assert nothing_is_left()


def test_what_a_killed_download_left_is_taken_away_by_the_next(offered):
    left = hub.folder_of_encoders() / ".someone--tiny-whisper.0123abcd"
    left.mkdir(parents=True)
    hub.fetch(hub.ask(NAME))
    assert [each.name for each in hub.folder_of_encoders().iterdir()] == ["someone--tiny-whisper"]


def test_folders_used_lately_are_remembered_while_they_are_there(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    for each in (one, two, one):
        remember_encoder(str(each))
    assert recent_encoders() == [str(one), str(two)]
    one.rmdir()
    assert recent_encoders() == [str(two)]
