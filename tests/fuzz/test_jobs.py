"""Files of jobs and of the runtime folder, whatever is in them: lists, or a `SerError`."""

from __future__ import annotations

import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ser_core.corpora import recent_corpora
from ser_core.corpora.label_maps import remembered_labels
from ser_core.corpora.saved_openings import saved
from ser_core.jobs import at_once, find, jobs, note, waiting
from ser_core.jobs import folder as files
from ser_core.runs import catalogue
from ser_core.storage.opened import was_opened
from tests.fuzz.mutations import damaged, mutated, tried

pytestmark = pytest.mark.timeout(600)

MARK = {"pid": 2**22 + 7, "started": "another boot:1", "host": "here"}
JOB = {
    files.ORDER: {
        "title": "Work", "key": "k:1", "command": ["true"], "started": 1.0e9, "resumable": True,
        "in_queue": True, "env": {"A": "b"},
    },
    files.WAITING: {"rank": 1.0e9},
    files.SUPERVISOR: MARK,
    files.WORK: {"process": MARK, "at": 1.0e9},
    files.PROGRESS: {"done": 1, "total": 4, "pace": 0.5, "note": "on it", "metrics": {"wa": 0.5}},
    files.EXIT: {"code": 1, "ended": 1.1e9, "reason": "so"},
}  # fmt: skip

again = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


def look(root) -> None:
    """What pages and commands read of every job."""
    for job in jobs(root):
        assert job.state
        assert isinstance(job.title, str)
        assert isinstance(job.shell, str)
        assert isinstance(job.reason, str)
        seconds = job.seconds
        assert seconds is None or seconds >= 0
        progress = job.progress
        if progress is not None:
            assert 0 <= progress.fraction <= 1
            assert progress.remaining is None or progress.remaining >= 0
            assert f"{progress.done:,} of {progress.total:,} {progress.note}"
            assert all(f"{value:.3f}" for value in progress.metrics.values())
    waiting(root)
    find("k:1", running=False, root=root)


@again
@given(data=st.data(), name=st.sampled_from(sorted(JOB)))
def test_a_file_of_a_job_of_other_values(tmp_path, data, name):
    root = tmp_path / "jobs"
    shutil.rmtree(root, ignore_errors=True)
    folder = root / "20260101-000000-000000-abcd"
    folder.mkdir(parents=True)
    there = data.draw(st.sets(st.sampled_from(sorted(JOB)))) | {files.ORDER, name}
    for each in there:
        content = data.draw(mutated(JOB[each], 2)) if each == name else JOB[each]
        (folder / each).write_text(json.dumps(content))
    look(root)


@again
@given(data=st.data(), name=st.sampled_from(sorted(JOB)))
def test_a_damaged_file_of_a_job(tmp_path, data, name):
    root = tmp_path / "jobs"
    shutil.rmtree(root, ignore_errors=True)
    folder = root / "20260101-000000-000000-abcd"
    folder.mkdir(parents=True)
    for each, content in JOB.items():
        right = json.dumps(content).encode()
        (folder / each).write_bytes(data.draw(damaged(right)) if each == name else right)
    look(root)


@again
@given(content=mutated({"at_once": 2}))
def test_settings_of_the_queue(tmp_path, content):
    (tmp_path / "settings.json").write_text(json.dumps(content))
    assert at_once(tmp_path) >= 1
    note(tmp_path)


HOME = {
    "opened.json": {"places": ["/somewhere"]},
    "corpora/mine.json": {"kind": "ser-corpus", "corpus": "/somewhere", "labels": {"a": "anger"}},
    "recent.json": {"corpora": [{"path": "/somewhere", "name": "x"}]},
    "runs/0123456789abcdef/summary.json": {
        "name": "r", "members": 1, "clips": 2, "minutes": 1.0, "finished": 1.0e9,
        "split": {"policy": "random", "audit": {"grade": "B", "worst": [], "reading": "so"}},
        "test": {"uar": {"value": 0.5, "low": 0.4, "high": 0.6, "method": "m"},
                 "wa": {"value": 0.5, "low": 0.4, "high": 0.6, "method": "m"}},
    },
}  # fmt: skip


@again
@given(data=st.data(), name=st.sampled_from(sorted(HOME)))
def test_a_file_of_the_runtime_folder(ser_home, data, name):
    for each, content in HOME.items():
        file = ser_home / each
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(data.draw(mutated(content, 2)) if each == name else content))
    recipe = ser_home / "runs/0123456789abcdef/recipe.yaml"
    recipe.write_text("name: r\ncorpus: /somewhere\n")
    was_opened("/somewhere/else")
    recent_corpora()
    remembered_labels(ser_home)
    for run in catalogue.runs(ser_home):
        assert isinstance(run.name, str)
        if run.result is not None:
            assert f"{run.result.uar.value or 0:.3f} {run.result.clips:,} {run.result.badge}"
        catalogue.audit_of(run)
    tried(saved)
