"""Labels and tags of the user: kept beside the corpus, undone, and opened only when asked for."""

import json

import pytest

from ser_core.core import ParameterError, demo_corpus
from ser_core.corpora import Opening, open_corpus, saved_openings
from ser_core.corpora.clip_notes import ClipNotes, file_of, notes_of, relabel, tag, undo
from ser_core.recipes.recipe import parse

ROOT = demo_corpus()
ONE, TWO = "samples/EB0_anger_82.flac", "samples/EB0_fear_82.flac"


def test_nothing_was_said_of_a_corpus_that_nobody_annotated():
    assert notes_of(ROOT) == ClipNotes()
    assert notes_of(ROOT).last is None
    assert undo(ROOT) == ClipNotes()


def test_labels_and_tags_of_many_clips_at_once():
    relabel(ROOT, [ONE, TWO], "sad")
    tag(ROOT, [ONE, TWO], " noisy ")
    tag(ROOT, [ONE], "acted")
    found = relabel(ROOT, [TWO], "")
    assert found.labels == {ONE: "sadness"}
    assert found.tags == {ONE: ("noisy", "acted"), TWO: ("noisy",)}
    assert tag(ROOT, [TWO], "noisy", remove=True).tags == {ONE: ("noisy", "acted")}


def test_changes_are_undone_one_by_one_also_later():
    relabel(ROOT, [ONE], "sadness")
    relabel(ROOT, [ONE, TWO], "fear")
    assert str(notes_of(ROOT).last) == "fear for 2 clips"
    assert undo(ROOT).labels == {ONE: "sadness"}
    assert undo(ROOT) == ClipNotes()
    assert notes_of(ROOT) == ClipNotes()


def test_the_corpus_is_not_touched_and_another_is_not_annotated(tmp_path, ser_home):
    before = {path: path.stat().st_mtime_ns for path in ROOT.rglob("*")}
    relabel(ROOT, [ONE], "fear")
    assert {path: path.stat().st_mtime_ns for path in ROOT.rglob("*")} == before
    assert file_of(ROOT).is_relative_to(ser_home)
    assert notes_of(tmp_path) == ClipNotes()


@pytest.mark.parametrize("name", ["", "  ", "a,b", "x" * 41, "a\nb"])
def test_what_cannot_be_a_tag_is_refused(name):
    with pytest.raises(ParameterError, match="cannot be a tag"):
        tag(ROOT, [ONE], name)
    assert not file_of(ROOT).exists()


def test_a_label_must_be_an_emotion():
    with pytest.raises(ParameterError, match="vocabulary"):
        relabel(ROOT, [ONE], "no such emotion")


def test_what_somebody_else_wrote_is_passed_over():
    relabel(ROOT, [ONE], "fear")
    content = json.loads(file_of(ROOT).read_text())
    content["changes"] += [None, {"clips": 3}, {"clips": [TWO], "label": 4}, {"clips": [TWO]}]
    file_of(ROOT).write_text(json.dumps(content))
    assert notes_of(ROOT).labels == {ONE: "fear"}
    file_of(ROOT).write_text("[]")
    assert notes_of(ROOT) == ClipNotes()


def test_a_new_label_holds_only_where_the_opening_says_so():
    relabel(ROOT, [ONE], "fear")
    assert open_corpus(ROOT).clips.loc[ONE, "emotion"] == "anger"
    corpus = open_corpus(Opening(ROOT, relabelled=notes_of(ROOT).labels))
    assert corpus.clips.loc[ONE, ["emotion", "label"]].to_list() == ["fear", "anger"]
    assert corpus.label_map["anger"] == "anger"
    assert "1 clip has another label" in corpus.opening.said


def test_a_recipe_keeps_the_new_labels():
    recipe = parse({"corpus": str(ROOT), "opening": {"relabelled": {ONE: "fear"}}})
    opening = saved_openings.of_recipe({"corpus": str(ROOT), "opening": recipe.opening})
    assert open_corpus(opening).clips.loc[ONE, "emotion"] == "fear"
    assert recipe.hash != parse({"corpus": str(ROOT)}).hash
    with pytest.raises(ParameterError, match="vocabulary"):
        open_corpus(Opening(ROOT, relabelled={ONE: "no such emotion"}))


def test_a_label_can_be_given_to_a_clip_without_a_known_one(tmp_path):
    table = tmp_path / "list.csv"
    (tmp_path / "a.flac").write_bytes((ROOT / ONE).read_bytes())
    table.write_text("path,label\na.flac,strange\n")
    opening = Opening(table, relabelled={"a.flac": "anger"})
    assert open_corpus(table).usable.empty
    assert open_corpus(opening).usable["emotion"].to_list() == ["anger"]
