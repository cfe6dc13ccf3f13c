"""Pretrained encoders on the pages: choosing and fetching one, and what is said of models on it."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from ser_core import jobs
from ser_core.core import demo_corpus
from ser_core.features.encoders import catalogue, hub
from ser_core.features.encoders.recent import recent_encoders, remember_encoder
from ser_core.recipes import draft
from ser_core.recipes.recipe import parse
from ser_core.runs.launch import job_of
from tests.features.encoders.conftest import make_encoder
from tests.features.encoders.fake_hub import FakeHub

__all__ = ["make_encoder"]

ON_ENCODER = {"representation.name": "encoder", "network.name": "logistic"}
NAME = "someone/tiny"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "_cache", lambda: tmp_path / "hub")


@pytest.fixture
def folder(make_encoder):
    return str(make_encoder("whisper"))


def recipe(app):
    text = next(t for t in app.text_area if t.key == "recipe-text")
    return yaml.safe_load(text.value)


def by_key(app, key):
    kinds = (
        app.selectbox, app.text_input, app.number_input, app.slider, app.checkbox, app.toggle
    )  # fmt: skip
    return next(w for kind in kinds for w in kind if w.key == key)


def press(app, label):
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception


def badges(app):
    return [m.value for m in app.markdown if "Encoder may have heard this corpus" in m.value]


def test_choosing_the_representation_brings_what_serves_it_well(visit, said):
    app = visit("train")
    by_key(app, "recipe:representation.name").set_value("encoder").run()
    found = recipe(app)
    assert (found["network"]["name"], found["normalise"]) == ("logistic", "speaker")
    assert "Choose an encoder that is on this computer" in said(app)
    assert "Choose an encoder first" in said(app)
    assert not app.error
    table = next(each.value for each in app.dataframe if "Hub name" in each.value)
    assert set(table["Hub name"]) == set(catalogue.CATALOGUE)


def test_a_typed_folder_shows_its_card_and_its_layers(visit, said, folder):
    app = visit("train", **ON_ENCODER)
    by_key(app, "recipe:representation.encoder").set_value(folder).run()
    words = said(app)
    for part in ("unknown origin", "2 layers of 24", "a frame every 20 ms", "16,000 Hz"):
        assert part in words
    assert len(badges(app)) == 2  # in the card, and beside the leak grade
    assert "orange-badge[unknown]" in badges(app)[0]
    layers = by_key(app, "encoder-layers")
    assert (layers.min, layers.max, tuple(layers.value)) == (0, 2, (1, 2))
    layers.set_value((0, 1)).run()
    rep = recipe(app)["representation"]
    assert (rep["encoder"], rep["first"], rep["last"]) == (folder, 0, 1)
    assert not app.error


def test_a_recent_folder_is_one_choice_away(visit, folder):
    app = visit("train", **ON_ENCODER, **{"representation.encoder": folder})
    assert recent_encoders() == [folder]
    app = visit("train", **ON_ENCODER)
    by_key(app, "encoder-lately").set_value(folder).run()
    assert recipe(app)["representation"]["encoder"] == folder
    assert by_key(app, "recipe:representation.encoder").value == folder


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda where: None, "there is no such folder"),
        (lambda where: (where / "pytorch_model.bin").write_bytes(b"\x80"), "a pickle"),
        (lambda where: (where / "model.safetensors").write_bytes(b"\x80"), "config.json cannot"),
    ],
)
def test_what_cannot_be_used_is_said_beside_the_field_at_once(visit, tmp_path, make, told):
    where = tmp_path / "bad"
    if told != "there is no such folder":
        where.mkdir()
    make(where)
    app = visit("train", **ON_ENCODER)
    by_key(app, "recipe:representation.encoder").set_value(str(where)).run()
    assert told in app.error[0].value.replace("\\", "")
    assert recent_encoders() == []
    assert next(b for b in app.button if b.label == "Start").disabled


def test_another_encoder_gets_layers_that_it_has(visit, folder, make_encoder):
    """And nothing that was found in the folder of the one before."""
    own = {"representation.encoder": folder, "representation.last": "7"}
    app = visit("train", **ON_ENCODER, **own, **{"representation.weights": "0123456789abcdef"})
    assert any("names layers 1 to 7" in error.value for error in app.error)
    other = str(make_encoder("hubert"))
    by_key(app, "recipe:representation.encoder").set_value(other).run()
    rep = recipe(app)["representation"]
    assert (rep["encoder"], rep["last"], rep.get("weights", "")) == (other, 2, "")
    assert not app.error


def test_every_field_of_fine_tuning_has_a_control_with_help(visit, folder):
    app = visit("train", **ON_ENCODER, **{"representation.encoder": folder})
    shown = {each.key for kind in (app.number_input, app.toggle) for each in kind}
    assert not any("fine_tune." in str(key) for key in shown)
    by_key(app, "recipe:fine_tune.method").set_value("lora").run()
    assert recipe(app)["network"]["name"] == "linear"  # trained together with the encoder
    assert not app.error
    for name in (each for each in draft.fields() if each.startswith("fine_tune.")):
        assert by_key(app, f"recipe:{name}").help, name
    by_key(app, "recipe:fine_tune.method").set_value("layers").run()
    with pytest.raises(StopIteration):
        by_key(app, "recipe:fine_tune.rank")


@pytest.fixture
def served(monkeypatch, tmp_path, folder):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    fake = FakeHub()
    monkeypatch.setenv("HF_ENDPOINT", fake.url)
    shutil.copytree(folder, tmp_path / "repository")
    fake.repositories[NAME] = tmp_path / "repository"
    fake.cards[NAME] = {"license": "mit"}
    yield fake
    fake.close()


def test_a_hub_name_is_fetched_after_licence_and_size_are_agreed(visit, said, served):
    app = visit("train", **ON_ENCODER, **{"representation.encoder": NAME})
    assert served.asked == []
    press(app, "Look it up on the hub")
    assert "Licence **mit** · size **1 MB**" in said(app)
    assert next(b for b in app.button if b.label == "Fetch 1 MB").disabled
    assert not any("/resolve/" in path for path in served.asked)
    by_key(app, f"encoder-agreed-{NAME}").check().run()
    press(app, "Fetch 1 MB")
    job = jobs.find(f"encoder:{NAME}", running=False)
    assert str(job.wait(60)) == "finished", job.log()
    app = visit("train", **ON_ENCODER, **{"representation.encoder": NAME})
    assert f"**{NAME}**" in said(app).replace("\\", "")
    assert NAME in by_key(app, "encoder-lately").options


def test_a_hub_that_does_not_answer_is_reported(visit, served):
    served.close()
    app = visit("train", **ON_ENCODER, **{"representation.encoder": NAME})
    press(app, "Look it up on the hub")
    assert any("cannot be reached" in error.value for error in app.error)


def test_emotion2vec_says_why_not_and_what_else(visit):
    own = {"representation.encoder": "emotion2vec/emotion2vec_base"}
    app = visit("train", **ON_ENCODER, **own)
    assert "fairseq and FunASR" in app.error[0].value
    assert not any(b.label == "Look it up on the hub" for b in app.button)


def test_a_model_on_an_encoder_says_wherever_it_is_shown_what_the_encoder_may_have_heard(
    visit, said, folder, ser_home
):
    own = {"representation.encoder": folder, "normalise": "speaker"}
    app = visit("train", **ON_ENCODER, **own, **{"split.policy": "random"})
    wanted = parse(recipe(app))
    press(app, "Start")
    job = job_of(wanted.hash)
    assert str(job.wait(120)) == "finished", job.log()
    bundle = ser_home / "runs" / wanted.hash / "fold-0-seed-0" / "bundle"
    about = json.loads((bundle / "bundle.json").read_text())
    assert about["encoder"]["weights"] == about["representation"]["weights"]
    card = (bundle / "README.md").read_text()
    assert "## Encoder\n\n- Origin: unknown origin." in card
    assert card.count("ncoder may have heard this corpus: unknown") == 2
    for page, params in (
        ("results", {"run": wanted.hash}),
        ("predict", {"model": f"{wanted.hash}:fold-0-seed-0"}),
    ):
        assert badges(visit(page, **params)), page
    assert "Leak grade **E**" in said(visit("results", run=wanted.hash)).replace("\\", "")
    table = next(e.value for e in visit("results").dataframe if "Encoder" in e.value)
    assert list(table["Encoder"]) == ["unknown"]


def test_a_model_without_an_encoder_says_nothing_of_one(visit, with_runs):
    run = with_runs["random"]
    assert not badges(visit("results", run=run))
    assert not badges(visit("predict", model=f"{run}:fold-0-seed-0"))
    assert not badges(visit("train"))


def test_the_demo_is_younger_than_a_public_encoder(visit, folder, monkeypatch):
    """So the badge is not only ever "unknown"."""
    known = catalogue.Origin("openai/whisper-tiny", certain=True)
    monkeypatch.setattr(catalogue, "identify", lambda _folder: known)
    remember_encoder(folder)
    app = visit("train", **ON_ENCODER, **{"representation.encoder": folder})
    assert demo_corpus().is_dir()
    assert all("gray-badge[unlikely]" in badge for badge in badges(app))
    assert len(badges(app)) == 2
