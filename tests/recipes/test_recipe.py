from __future__ import annotations

import pytest

from ser_core.core import ParameterError, SerError
from ser_core.recipes.recipe import Recipe, load, parse


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("corpus: my corpus\noptim: {lr: 0.001}\n")
    return path


def test_a_file_and_its_changes(file):
    recipe = load(file, ["optim.lr=3e-4", "train.epochs=5", "seeds=[0, 1]", "train.crop_s="])
    assert (recipe.optim.lr, recipe.train.epochs, recipe.seeds) == (3e-4, 5, (0, 1))
    assert recipe.train.crop_s is None


def test_written_and_read_again_it_is_the_same(file, tmp_path):
    recipe = load(file, ["representation.name=mfcc", "representation.n_mfcc=20"])
    recipe.save(tmp_path / "again.yaml")
    assert load(tmp_path / "again.yaml") == recipe
    assert "dropout" not in recipe.to_yaml()


def test_the_hash_changes_with_all_but_the_name(file):
    recipe = load(file)
    assert load(file, ["name=another"]).hash == recipe.hash
    assert load(file, ["train.epochs=21"]).hash != recipe.hash


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"optim": {"learning_rate": 1}}, "optim.learning_rate is not known"),
        ({"optim": {"schedul": "cosine"}}, "Did you mean 'schedule'"),
        ({"trian": {}}, "Did you mean 'train'"),
        ({"optim": {"schedule": "cosin"}}, "Did you mean 'cosine'"),
        ({"optim": {"lr": -1}}, r"optim.lr = -1: Input should be greater than 0"),
        ({"representation": {"name": "melspectogram"}}, "Did you mean 'melspectrogram'"),
        ({"representation": {"name": "mfcc", "n_mfcc": 99}}, "n_mfcc = 99 must not exceed n_mels"),
        ({"augment": {"waveform": [{"name": "gian"}]}}, "Did you mean 'gain'"),
        ({"augment": {"picture": [{"name": "harmonic_mask"}]}}, "harmonic_mask"),
        ({"seeds": [1, 1]}, "seeds must differ"),
        ({"seeds": []}, "seeds"),
    ],
)
def test_faults_are_named_with_what_was_meant(content, words):
    with pytest.raises(ParameterError, match=words):
        parse({"corpus": "x", **content})


def test_all_faults_are_reported_at_once():
    with pytest.raises(ParameterError, match=r"corpus: is missing; .*lr.*; .*epochs.*--corpus"):
        parse({"optim": {"lr": 9}, "train": {"epochs": 0}})


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "is not YAML .line"), ("- 1", "is not a recipe"), ("", "is not a recipe")],
)
def test_a_file_that_is_no_recipe(tmp_path, text, words):
    path = tmp_path / "no.yaml"
    path.write_text(text)
    with pytest.raises(SerError, match=words):
        load(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(SerError, match="cannot be read"):
        load(tmp_path / "absent.yaml")


def test_a_recipe_cannot_be_changed_in_place(file):
    recipe: Recipe = load(file)
    with pytest.raises(ValueError, match="frozen"):
        recipe.train.epochs = 3
