"""A series names recipes and what varies between them, and goes on where it was interrupted."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import REPOSITORY, ParameterError, demo_corpus
from ser_core.models.networks import NETWORKS
from ser_core.recipes.recipe import load
from ser_core.recipes.series import is_series, load_series

HERE = ["corpus=anywhere"]


def written(folder, **content):
    path = folder / "a series ą.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_every_recipe_comes_in_every_variant(tmp_path):
    one = {"name": "mine", "representation": {"name": "rms"}, "network": {"name": "cnn"}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(one))
    path = written(
        tmp_path,
        series=["mine.yaml", "zoo-cnn"],
        variants={"plain": {}, "unseen": {"split.policy": "grouped-k-fold", "split.folds": 3}},
    )
    found = load_series(path, [*HERE, "train.threads=1"])
    assert list(found) == ["plain/mine", "plain/zoo-cnn", "unseen/mine", "unseen/zoo-cnn"]
    assert all(each.train.threads == 1 for each in found.values())
    assert found["plain/mine"].name == "mine"
    assert found["unseen/mine"].split.folds == 3
    assert "grouped-k-fold" in found["unseen/zoo-cnn"].name
    plain = load(Path("zoo-cnn"), [*HERE, "train.threads=1"])
    assert found["plain/zoo-cnn"].hash == plain.hash


def test_a_series_without_variants_has_its_recipes_by_name(tmp_path):
    found = load_series(written(tmp_path, series=["zoo-cnn"]), HERE)
    assert list(found) == ["zoo-cnn"]


@pytest.mark.parametrize("name", ["zoo", "classical"])
def test_the_bundled_series_are_whole(name):
    assert is_series(Path(name))
    found = load_series(Path(name), HERE)
    assert len({each.hash for each in found.values()}) == len(found)


def test_the_zoo_has_every_recipe_of_the_zoo():
    own = {path.stem for path in (REPOSITORY / "recipes").glob("zoo-*.yaml")}
    assert {name.partition("/")[2] for name in load_series(Path("zoo"), HERE)} == own


def test_the_classical_series_has_every_learner_that_can_be_searched():
    networks = {each.network["name"] for each in load_series(Path("classical"), HERE).values()}
    assert networks == {name for name, row in NETWORKS.items() if row.searched}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"series": []}, "lists no recipes"),
        ({"series": "zoo-cnn"}, "lists no recipes"),
        ({"series": ["zoo-cnn"], "variant": {}}, "'variant'"),
        ({"series": ["zoo-cnn"], "variants": {"a": {"train.epoch": 3}}}, "epoch"),
    ],
)
def test_what_is_wrong_with_a_series_is_said(tmp_path, content, words):
    with pytest.raises(ParameterError, match=words):
        load_series(written(tmp_path, **content), HERE)


def test_a_series_is_no_recipe():
    with pytest.raises(ParameterError, match=r"series of recipes.*zoo-cnn"):
        load(Path("zoo"), HERE)


def test_the_command_trains_each_and_does_not_repeat_what_is_finished(tmp_path, ser_home):
    path = written(
        tmp_path,
        series=["functionals-knn-loso", "functionals-lda-loso"],
        variants={"random": {"split.policy": "random"}},
    )
    command = ["train", str(path), "--corpus", str(demo_corpus()), "--out", str(tmp_path / "runs")]
    first = CliRunner().invoke(app, command)
    assert not first.exit_code, first.output
    summaries = sorted((tmp_path / "runs").glob("random/*/summary.json"))
    assert [each.parent.name for each in summaries] == [
        "functionals-knn-loso",
        "functionals-lda-loso",
    ]
    models = sorted((tmp_path / "runs").rglob("bundle.json"))
    assert len(models) == 2
    written_at = [each.stat().st_mtime_ns for each in models]
    assert not CliRunner().invoke(app, command).exit_code
    assert [each.stat().st_mtime_ns for each in models] == written_at
    both = CliRunner().invoke(app, [*command, "--every-representation"])
    assert isinstance(both.exception, ParameterError)
