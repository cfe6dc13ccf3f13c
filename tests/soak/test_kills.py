"""Kills of real work leave equal numbers, and work that a kill harms is found out."""

from __future__ import annotations

import time

import pytest

from ser_core.core import ParameterError, SerError
from ser_core.soak import kills
from ser_core.soak.kills import Work, try_kills


def test_a_store_that_is_killed_while_it_fills_ends_the_same(tmp_path):
    told = []
    found = try_kills("store", 2, tmp_path, 3, lambda *news: told.append(news))
    assert found.faults == []
    assert found.kills == sum(found.states.values()) == 2
    assert found.undisturbed_s > 0
    assert told[-1][:2] == (2, 2)


def _appends(folder, _prepared):
    folder.mkdir(exist_ok=True)
    for number in range(20):
        with (folder / "lines").open("a") as file:
            file.write(f"{number}\n")
        time.sleep(0.03)


def _writes_in_parts(folder, _prepared):
    folder.mkdir(exist_ok=True)
    for number in range(20):
        (folder / "numbers").write_text("x" * (number + 1))
        time.sleep(0.03)


def _fails(_folder, _prepared):
    raise ValueError("as it should not")


def _lines(folder):
    return kills._hashes(folder, "*")


def tried(tmp_path, monkeypatch, do, **more):
    late, wanted = more.pop("late", False), more.pop("wanted", 6)
    state = more.pop("state", lambda _folder: "there")
    work = Work("a test", do, state, _lines, **{"first": "lines", **more})
    monkeypatch.setattr(kills, "WORKS", {"a test": work})
    return try_kills("a test", wanted, tmp_path, late=late)


def test_work_that_is_not_the_same_after_it_began_twice_is_found(tmp_path, monkeypatch):
    found = tried(tmp_path, monkeypatch, _appends)
    assert found.faults  # of kills after the first line; others fell before it
    assert all("other numbers in lines" in fault for fault in found.faults)


def _waits_then_writes(folder, _prepared):
    folder.mkdir(exist_ok=True)
    time.sleep(0.2)
    for number in range(5):
        (folder / f"part-{number}").touch()
        time.sleep(0.02)


def test_late_kills_fall_after_the_first_part_only(tmp_path, monkeypatch):
    found = tried(
        tmp_path, monkeypatch, _waits_then_writes, first="part-*", late=True, wanted=3,
        state=lambda folder: f"{min(1, len(list(folder.iterdir())))} parts or more",
    )  # fmt: skip
    assert found.late
    assert found.faults == []
    assert found.states == {"1 parts or more": 3}
    assert found.undisturbed_s >= 0.3


def test_a_part_of_a_file_under_its_name_is_found(tmp_path, monkeypatch):
    found = tried(tmp_path, monkeypatch, _writes_in_parts, grows=True)
    assert found.states["damaged"] == len(found.faults)
    assert "numbers is none of the undisturbed run" in found.faults[0]


def test_work_that_fails_without_a_kill_is_told(tmp_path, monkeypatch):
    with pytest.raises(SerError, match="ended with 1"):
        tried(tmp_path, monkeypatch, _fails)


def test_other_work_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="store, epoch, ensemble, export"):
        try_kills("sleep", 1, tmp_path)
