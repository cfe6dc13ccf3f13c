"""How a corpus is opened is one value: kept by name, opened by name, written into recipes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser_core.core import CorpusError, ParameterError, demo_corpus
from ser_core.corpora import (
    Opening,
    make_split,
    of_recipe,
    open_corpus,
    remember_labels,
    saved_openings,
    scan,
    snapshot,
)
from ser_core.corpora.duplicates import copies
from ser_core.recipes.recipe import load, opened_as, parse
from tests.corpora.synthetic import sound

PATTERN = r"(?P<speaker>s\d)-(?P<label>\w+)-"


@pytest.fixture
def levels(tmp_path):
    """Clips whose names alone tell speaker and label; the labels are no emotions."""
    root = tmp_path / "levels"
    for number in range(12):
        sound(root / f"s{number % 2}-{('low', 'high', '3')[number % 3]}-{number}.wav")
    return root


@pytest.fixture
def opening(levels):
    return Opening(levels, "folders", options={"pattern": PATTERN}, own_labels=True)


def test_the_json_form_gives_the_same_opening_back(opening):
    full = replace(
        opening, include="s0", labels={"3": "middle"}, dropped={"a.wav": "noise"}, name="levels"
    )
    assert saved_openings.of(json.loads(json.dumps(full.as_dict()))) == full
    assert "labels" not in opening.as_dict()


def test_a_corpus_without_emotions_can_be_split(opening):
    corpus = open_corpus(opening)
    assert corpus.emotions == ["3", "high", "low"]
    assert corpus.speakers == ["s0", "s1"]
    assert len(corpus.usable) == 12
    assert set(make_split(corpus, "random", fractions=(0.5, 0, 0.5)).parts) == {"train", "test"}


def test_without_own_labels_the_same_clips_have_an_unknown_label(opening):
    corpus = open_corpus(replace(opening, own_labels=False, labels={"low": "sadness"}))
    assert corpus.emotions == ["sadness"]
    assert set(corpus.clips["problem"]) == {"", "unknown label high", "unknown label 3"}
    with pytest.raises(ParameterError, match="--own-labels"):
        open_corpus(replace(opening, own_labels=False, labels={"low": "calmish"}))


def test_a_label_that_is_markup_is_no_class(tmp_path):
    for number, name in enumerate(("low", "high", "<b>")):
        sound(tmp_path / f"s1-{name}-{number}.wav")
    pattern = r"(?P<speaker>s\d)-(?P<label>[^-]+)-"
    corpus = open_corpus(tmp_path, "folders", pattern=pattern, own_labels=True)
    assert corpus.emotions == ["high", "low"]
    assert corpus.clips.loc["s1-<b>-2.wav", "problem"] == "unknown label <b>"


def test_it_is_opened_by_its_name_and_by_its_file(opening):
    kept = saved_openings.save(opening, "levels, by pattern"[:6])
    assert [each.name for each in saved_openings.saved()] == ["levels"]
    by_name, by_file = open_corpus("levels"), open_corpus(saved_openings.file_of("levels"))
    assert by_name.clips.equals(open_corpus(opening).clips)
    assert by_file.clips.equals(by_name.clips)
    assert by_name.opening == kept


def test_a_folder_goes_before_a_name(opening, tmp_path, monkeypatch):
    saved_openings.save(opening, "anger")
    sound(tmp_path / "anger" / "joy" / "a.wav")
    sound(tmp_path / "anger" / "fear" / "b.wav")
    monkeypatch.chdir(tmp_path)
    assert len(open_corpus("anger")) == 2


def test_demo_is_the_bundled_demo_unless_the_user_has_one(tmp_path, monkeypatch):
    assert open_corpus("demo").clips.index.equals(open_corpus(demo_corpus()).clips.index)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    with pytest.raises(CorpusError, match="demo"):
        open_corpus("demo")  # the user's own folder, which is empty


@pytest.mark.parametrize("name", ["", "../x", "a/b", " a", ".a"])
def test_a_name_that_is_no_file_name_is_refused(opening, name):
    with pytest.raises(ParameterError, match="no name for a corpus"):
        saved_openings.save(opening, name)


def test_a_deleted_one_comes_back(opening):
    saved_openings.save(opening, "levels")
    kept = saved_openings.delete("levels")
    assert saved_openings.saved() == []
    saved_openings.restore(kept)
    assert len(saved_openings.saved()) == 1
    with pytest.raises(CorpusError, match="Did you mean 'levels'"):
        saved_openings.delete("level")


def test_a_json_file_that_is_no_opening_is_refused(tmp_path):
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(CorpusError, match="does not say how a corpus is opened"):
        open_corpus(tmp_path / "other.json")


def test_a_wrong_name_is_the_reason(tmp_path):
    content = {"kind": "ser-corpus", "corpus": str(tmp_path), "lables": {}}
    with pytest.raises(ParameterError, match="Did you mean 'labels'"):
        saved_openings.of(content)


def test_a_snapshot_stays_when_the_kept_one_changes(opening):
    kept = saved_openings.save(opening, "levels")
    before = snapshot(kept)
    saved_openings.save(replace(opening, include="s0"), "levels")
    assert len(open_corpus("levels")) == 6
    assert len(open_corpus(before)) == 12
    assert snapshot(Opening(demo_corpus())) == demo_corpus()


def test_remembered_labels_are_part_of_the_opening_but_not_of_a_sealed_one(levels):
    remember_labels(levels, {"low": "sadness", "high": "anger"})
    found = open_corpus(levels, "folders", pattern=PATTERN)
    assert found.opening.labels == {"low": "sadness", "high": "anger"}
    remember_labels(levels, {"low": "neutral"})
    assert open_corpus(found.opening).emotions == ["anger", "sadness"]
    assert open_corpus(levels, "folders", pattern=PATTERN).emotions == ["anger", "neutral"]


def test_left_out_clips_are_no_faults(opening):
    clip = "s0-low-0.wav"
    corpus = open_corpus(replace(opening, dropped={clip: "a cough", "s1-high-1.wav": ""}))
    assert corpus.clips.loc[clip, "problem"] == "left out: a cough"
    assert corpus.clips.loc["s1-high-1.wav", "problem"] == "left out"
    assert (len(corpus.usable), corpus.faulty, len(corpus.left_out)) == (10, 0, 2)


def test_one_of_each_recording_stays(tmp_path):
    content = sound(tmp_path / "anger/a.wav").read_bytes()
    (tmp_path / "anger/b.wav").write_bytes(content)
    two = sound(tmp_path / "fear/c.wav").read_bytes()
    (tmp_path / "anger/d.wav").write_bytes(two)
    noise = 0.1 * np.random.default_rng(0).standard_normal(32_000)
    soundfile.write(tmp_path / "fear/e.wav", noise, 16_000)
    soundfile.write(tmp_path / "fear/f.wav", noise[1_000:] / 3, 16_000)
    corpus = open_corpus(tmp_path)
    found = copies(corpus, scan(corpus))
    assert found == {
        "fear/f.wav": "a copy of fear/e.wav",
        "anger/b.wav": "a copy of anger/a.wav",
        "anger/d.wav": "one sound with emotion anger and fear",
        "fear/c.wav": "one sound with emotion anger and fear",
    }


def test_a_recipe_holds_what_the_kept_one_says(opening, tmp_path):
    saved_openings.save(opening, "levels")
    recipe = load(Path("functionals-random"), ["corpus=levels"])
    assert recipe.corpus == opening.path.absolute()
    assert recipe.reader == "folders"
    assert recipe.opening == {"options": {"pattern": PATTERN}, "own_labels": True}
    saved_openings.delete("levels")
    recipe.save(tmp_path / "recipe.yaml")
    again = load(tmp_path / "recipe.yaml")
    assert again.hash == recipe.hash
    assert open_corpus(again.corpus_opening).emotions == ["3", "high", "low"]
    assert of_recipe(recipe.as_dict()) == again.corpus_opening


def test_the_hash_of_a_recipe_changes_with_how_the_corpus_is_opened():
    plain = parse({"corpus": "a"})
    assert plain.hash == parse({"corpus": "a", "opening": {}}).hash
    assert plain.hash == opened_as(plain, Opening(Path("a"))).hash
    given = [{"labels": {"calm": "neutral"}}, {"include": "x"}, {"dropped": {"a.wav": "no"}}]
    hashes = {parse({"corpus": "a", "opening": each}).hash for each in given}
    assert len(hashes | {plain.hash}) == 4
    # YAML takes 0 for a number, and so does a label that looks like one.
    by_number = parse({"corpus": "a", "opening": {"labels": {0: "anger"}}})
    assert by_number.opening == {"labels": {"0": "anger"}}


def test_a_wrong_option_of_a_recipe_is_named():
    with pytest.raises(ParameterError, match="Did you mean 'include'"):
        parse({"corpus": "a", "opening": {"includes": "x"}})
