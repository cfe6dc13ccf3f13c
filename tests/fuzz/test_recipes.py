"""Recipes and series, whatever is in them: read again the same, or refused in words."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_core.recipes.recipe import load, parse
from ser_core.recipes.series import is_series, load_series
from tests.fuzz.mutations import damaged, mutated, tried

pytestmark = pytest.mark.timeout(600)

RECIPE = {
    "name": "a recipe",
    "corpus": "somewhere",
    "reader": "folders",
    "opening": {"options": {"pattern": "x"}, "labels": {"joy": "happiness"}, "include": "a"},
    "representation": {"name": "melspectrogram", "n_mels": 16, "hop_length": 400},
    "normalise": "speaker",
    "augment": {"waveform": "default", "picture": "default", "speeds": [0.9, 1.1]},
    "network": {"name": "resnet10", "width": 4, "dropout": 0.1},
    "optim": {"name": "adamw", "lr": 1e-3, "weight_decay": 0.01, "schedule": "cosine"},
    "train": {"epochs": 2, "batch": 8, "threads": 1, "precision": "float32", "crop_s": 2.0},
    "split": {"policy": "random", "seed": 1, "fractions": [0.8, 0.1, 0.1], "only": [0]},
    "seeds": [0, 1],
}
TEXT = yaml.safe_dump(RECIPE).encode()


def test_the_recipe_that_is_damaged_is_sound():
    assert parse(RECIPE).seeds


@settings(max_examples=300)
@given(content=mutated(RECIPE, 3))
def test_a_recipe_of_other_values(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "recipe.yaml"
    recipe = tried(lambda: parse(content))
    if recipe is not None:
        file.write_text(recipe.to_yaml(), encoding="utf-8")
        assert load(file).hash == recipe.hash


@settings(max_examples=200)
@given(content=damaged(TEXT) | st.binary(max_size=60))
def test_a_damaged_file(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "recipe.yaml"
    file.write_bytes(content)
    tried(lambda: load_series(file) if is_series(file) else load(file))


SERIES = {
    "series": ["log-mel-random", "recipe.yaml"],
    "variants": {"one": {"split.policy": "random"}, "two": {"train.epochs": 3}},
}


@settings(max_examples=150)
@given(content=mutated(SERIES, 2))
def test_a_series_of_other_values(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "series.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    tried(lambda: load_series(file) if is_series(file) else load(file))


CHANGES = st.tuples(
    st.sampled_from(["train.epochs", "optim.lr", "seeds", "network", "x", "", "train", "a.b.c.d"]),
    st.text(max_size=12) | st.sampled_from(["1", "[", "{a: b}", "!!python/object:os.x", "&a *a"]),
)


@settings(max_examples=150)
@given(change=CHANGES)
def test_a_change_on_the_command_line(tmp_path_factory, change):
    file = tmp_path_factory.getbasetemp() / "sound.yaml"
    file.write_bytes(TEXT)
    tried(lambda: load(file, ["=".join(change)]))
