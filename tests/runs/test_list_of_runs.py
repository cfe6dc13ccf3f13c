"""The list of runs is read from its files once, and again when they change."""

from __future__ import annotations

import json

from ser_core.core import settings
from ser_core.runs import catalogue
from ser_core.storage import kept_values
from ser_core.storage.kept_values import KeptValues
from tests.runs.made import made_run


def test_a_run_that_has_changed_is_read_again_and_one_that_is_gone_is_gone(monkeypatch):
    made = made_run(settings.home())
    assert [run.name for run in catalogue.runs()] == ["made up"]
    read = []
    with monkeypatch.context() as patched:
        patched.setattr(catalogue, "load_short", lambda text: read.append(text) or {})
        assert [run.name for run in catalogue.runs()] == ["made up"]
    assert read == []
    (made.folder / "recipe.yaml").write_text("name: another\n")
    assert [run.name for run in catalogue.runs()] == ["another"]
    summary = json.loads((made.folder / "summary.json").read_text())
    (made.folder / "summary.json").write_text(json.dumps({**summary, "members": 77}))
    assert catalogue.runs()[0].result.members == 77
    (made.folder / "recipe.yaml").unlink()
    assert catalogue.runs() == []


def another_process(monkeypatch):
    """Nothing in memory."""
    kept = KeptValues("runs", catalogue._packed, catalogue._unpacked)
    monkeypatch.setattr(catalogue, "_READ", kept)


def test_another_process_has_the_same_list_without_reading_the_runs(monkeypatch):
    monkeypatch.setattr(kept_values, "FEWEST", 1)
    made = made_run(settings.home())
    unfinished = settings.home() / "runs" / "unfinished"
    unfinished.mkdir()
    (unfinished / "recipe.yaml").write_text("name: begun\ncorpus: somewhere\n")
    (settings.home() / "runs" / "no run").mkdir()
    summary = json.loads((made.folder / "summary.json").read_text())
    enrolled = {"uar": {"value": 0.5, "low": None, "high": None}}
    (made.folder / "summary.json").write_text(json.dumps({**summary, "enrolled": enrolled}))
    another_process(monkeypatch)
    first = catalogue.runs()
    assert {run.name for run in first} == {"made up", "begun"}
    assert max(first, key=lambda run: bool(run.result)).result.enrolled.value == 0.5
    another_process(monkeypatch)
    monkeypatch.setattr(catalogue, "load_short", lambda _text: 1 / 0)
    assert catalogue.runs() == first
