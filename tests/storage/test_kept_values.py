"""Values made from files are made once, also for the next process, and again when files change."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from ser_core.storage import kept_values
from ser_core.storage.kept_values import KeptValues, state_of


@pytest.fixture
def numbers(tmp_path):
    """Thirty files, enough to be kept, each with its number in it."""
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text(str(number))
    return tmp_path


def listed(kept, folder, made):
    """Values of all files by a reader that notes what it reads."""
    wanted = {str(each): state_of(str(each)) for each in sorted(folder.glob("*.txt"))}

    def make(name):
        made.append(name)
        return {"n": int(Path(name).read_text())}

    found = kept.values(folder, wanted, make)
    assert list(found) == list(wanted)
    return sorted(each["n"] for each in found.values())


def fresh():
    """As another process has it: nothing in memory."""
    return KeptValues("numbers", lambda value: [value["n"]], lambda packed: {"n": packed[0]})


def test_another_process_reads_what_was_kept_and_not_the_files(numbers):
    first, second = [], []
    assert listed(fresh(), numbers, first) == list(range(30))
    assert len(first) == 30
    assert listed(fresh(), numbers, second) == list(range(30))
    assert second == []


def test_files_that_changed_came_or_went_are_noticed(numbers):
    kept, made = fresh(), []
    listed(kept, numbers, made)
    (numbers / "3.txt").write_text("103")
    (numbers / "7.txt").unlink()
    (numbers / "new.txt").write_text("100")
    expected = sorted({*range(30), 103, 100} - {3, 7})
    for other in (kept, fresh()):
        made.clear()
        assert listed(other, numbers, made) == expected
        assert sorted(made) == [str(numbers / "3.txt"), str(numbers / "new.txt")]


def test_few_values_are_not_worth_a_file_until_they_add_up(numbers, monkeypatch):
    monkeypatch.setattr(kept_values, "FEWEST", 31)
    kept = fresh()
    listed(kept, numbers, [])
    assert not (numbers / kept_values.FOLDER).exists()
    (numbers / "new.txt").write_text("100")
    listed(kept, numbers, [])
    assert (numbers / kept_values.FOLDER / "numbers.jsonl").exists()


@pytest.mark.parametrize(
    "content",
    ["", "no json", '{"version": 0}', '{"version": 1}\n["a"]', '{"version": 1}\n' + "[" * 100_000],
    ids=["empty", "text", "older", "short", "deep"],
)
def test_a_file_that_makes_no_sense_is_not_used(numbers, content):
    listed(fresh(), numbers, [])
    (numbers / kept_values.FOLDER / "numbers.jsonl").write_text(content)
    made = []
    assert listed(fresh(), numbers, made) == list(range(30))
    assert len(made) == 30


def test_values_of_another_form_are_made_again(numbers):
    listed(fresh(), numbers, [])
    file = numbers / kept_values.FOLDER / "numbers.jsonl"
    head, *lines = file.read_text().split("\n")
    rows = [json.loads(line) for line in lines]
    file.write_text("\n".join([head, *(json.dumps([*row[:2], 5]) for row in rows)]))
    made = []
    assert listed(fresh(), numbers, made) == list(range(30))
    assert len(made) == 30


@pytest.mark.parametrize("value", [datetime.date(2026, 1, 2), {1: "a"}, (1, 2), float("nan")])
def test_what_json_does_not_give_back_is_made_by_each_process(tmp_path, value):
    def kept():
        return KeptValues("odd", lambda value: value, lambda packed: packed)

    wanted = {str(number): (number,) for number in range(30)}
    made = []
    for times in (1, 2):
        found = kept().values(tmp_path, wanted, lambda name: made.append(name) or value)
        assert all(each is value for each in found.values())
        assert len(made) == 30 * times
