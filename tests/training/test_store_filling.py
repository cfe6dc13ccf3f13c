"""The store filled in advance: the training that follows computes nothing."""

import pytest

from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.recipes.recipe import parse
from ser_core.storage.feature_store import FeatureStore
from ser_core.training import sources, store_filling
from ser_core.training.sources import prepare
from ser_core.training.store_filling import fill_store

from ..features.encoders.conftest import make_encoder  # noqa: F401  (a fixture)

LINEAR = {"name": "linear"}
SMALL = {"name": "melspectrogram", "n_mels": 16, "hop_length": 400}


def recipe(representation, corpus=None, **changes):
    return parse(
        {"corpus": str(corpus or demo_corpus()), "representation": representation, **changes}
    )


@pytest.fixture
def nothing_missing(monkeypatch):
    """From its call on, the store has to hold all that is asked for."""

    def from_now_on():
        def fill(store, representation, missing, **_):
            assert [*missing] == []

        monkeypatch.setattr(sources, "fill", fill)

    return from_now_on


def test_a_training_finds_every_clip_at_every_speed(nothing_missing, monkeypatch):
    monkeypatch.setattr(store_filling, "STRETCH", 7)
    wanted, said = recipe(SMALL, augment={"speeds": [0.9, 1.1]}), []
    filled = fill_store(wanted, workers=1, progress=lambda *each: said.append(each))
    clips = len(open_corpus(demo_corpus()).usable)
    assert (filled.computed, filled.found) == (3 * clips, 0)
    assert said[0] == (0, clips)
    assert said[-1] == (clips, clips)
    assert FeatureStore().size().entries == 3 * clips
    nothing_missing()
    assert fill_store(wanted, workers=1).found == 3 * clips
    prepare(open_corpus(demo_corpus()), wanted)


def test_encoder_features_are_those_that_every_layer_is_read_from(make_encoder, nothing_missing):  # noqa: F811
    folder = str(make_encoder("whisper"))
    encoder = {"name": "encoder", "encoder": folder, "first": 1, "last": 1}
    assert fill_store(recipe(encoder, network=LINEAR), workers=1).computed > 0
    nothing_missing()
    other = recipe({**encoder, "first": 2, "last": 2}, network=LINEAR)
    prepare(open_corpus(demo_corpus()), other)
