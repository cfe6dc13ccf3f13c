"""Tags and notes of runs."""

from __future__ import annotations

import pytest

from ser_core.core import ParameterError
from ser_core.runs.run_notes import FILE, RunNotes, annotate, notes_of, undo


def test_what_is_said_is_kept_and_the_last_change_can_be_undone(tmp_path):
    assert notes_of(tmp_path) == RunNotes()
    annotate(tmp_path, [" baseline ", "", "for  the paper", "baseline"], "first try\n")
    annotate(tmp_path, ["baseline"], "second look")
    assert notes_of(tmp_path) == RunNotes(("baseline",), "second look", undoable=True)
    assert undo(tmp_path) == RunNotes(("baseline", "for the paper"), "first try")
    assert undo(tmp_path).note == "first try"


def test_saying_the_same_again_keeps_what_can_be_undone(tmp_path):
    annotate(tmp_path, ["a"], "")
    annotate(tmp_path, ["a"], "")
    assert undo(tmp_path) == RunNotes()


def test_all_of_it_can_be_searched(tmp_path):
    assert "paper" in annotate(tmp_path, ["For the PAPER"], "x").text


@pytest.mark.parametrize(("tags", "note"), [(["x" * 41], ""), ([], "x" * 4001)])
def test_what_is_too_long_is_refused_and_changes_nothing(tmp_path, tags, note):
    annotate(tmp_path, ["a"], "b")
    with pytest.raises(ParameterError):
        annotate(tmp_path, tags, note)
    assert notes_of(tmp_path).tags == ("a",)


@pytest.mark.parametrize("content", ["", "[1]", '{"tags": "x", "note": 3}', '{"tags": [1, null]}'])
def test_a_damaged_file_says_nothing(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    assert notes_of(tmp_path) == RunNotes()
