"""The list of runs is read from its files once, and again when they change."""

from __future__ import annotations

import json

from ser_core.core import settings
from ser_core.runs import catalogue
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
