"""How far a job is, as it tells and as others read it."""

import subprocess
import sys

import pytest

from ser_core.core import JOB_FOLDER, settings
from ser_core.jobs import Progress, ProgressFile
from ser_core.storage import write_json


def test_progress_is_written_seldom_but_never_misses_the_end(tmp_path):
    report = ProgressFile(tmp_path / "progress.json", every=3600)
    for done in range(1, 101):
        report(done, 100)
        seen = Progress.read(tmp_path / "progress.json")
        assert seen is not None
        assert seen.done == (1 if done < 100 else 100)


def test_the_pace_forgets_a_slow_start_and_what_was_known_before(tmp_path):
    now = 0.0
    report = ProgressFile(tmp_path / "progress.json", clock=lambda: now)
    for now, done in ((0.0, 500), (20.0, 500), (22.0, 520), (24.0, 540), (26.0, 560)):  # noqa: B007
        report(done, 1000)
    seen = Progress.read(tmp_path / "progress.json")
    assert seen is not None
    assert seen.remaining == pytest.approx(44)


def test_there_is_no_pace_at_the_very_beginning(tmp_path):
    report = ProgressFile(tmp_path / "progress.json")
    report(0, 10)
    report(10, 10)
    seen = Progress.read(tmp_path / "progress.json")
    assert seen == Progress(10, 10, pace=0)
    assert seen.remaining is None


def test_progress_without_a_total_has_no_fraction_and_no_end():
    progress = Progress(done=5, total=0, pace=2)
    assert (progress.fraction, progress.remaining) == (0, None)


def test_a_torn_file_reads_as_nothing(tmp_path):
    (tmp_path / "progress.json").write_text('{"done": 3, "to')
    assert Progress.read(tmp_path / "progress.json") is None
    write_json(tmp_path / "progress.json", {"other": 1})
    assert Progress.read(tmp_path / "progress.json") is None


def test_notes_and_metrics_are_written_at_once_and_stay(tmp_path):
    report = ProgressFile(tmp_path / "progress.json", every=3600)
    report(1, 100)
    report(2, 100, note="epoch 1 of 20", metrics={"val_uar": 0.5})
    report(3, 100)
    assert Progress.read(report.path) == Progress(2, 100, 0, "epoch 1 of 20", {"val_uar": 0.5})
    report(4, 100, metrics={"val_loss": 1.0})
    seen = Progress.read(report.path)
    assert seen is not None
    assert (seen.done, seen.note) == (4, "epoch 1 of 20")
    assert seen.metrics == {"val_uar": 0.5, "val_loss": 1.0}


def test_a_file_of_an_older_version_is_read(tmp_path):
    write_json(tmp_path / "progress.json", {"done": 1, "total": 2, "pace": 0.5})
    assert Progress.read(tmp_path / "progress.json") == Progress(1, 2, 0.5)


def test_a_process_finds_the_file_of_its_job(tmp_path, monkeypatch):
    assert ProgressFile.of_job() is None
    monkeypatch.setenv(JOB_FOLDER, str(tmp_path))
    report = ProgressFile.of_job()
    assert report is not None
    report(1, 2)
    assert Progress.read(tmp_path / "progress.json") == Progress(1, 2)


FULL = """
import resource, sys
from pathlib import Path
from ser_core.jobs import ProgressFile
report = ProgressFile(Path(sys.argv[1]), every=0)
report(1, 3)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
report(2, 3)
report(2, 3, note="still full")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
report(3, 3)
"""


def test_a_disk_that_takes_nothing_more_is_said_once_and_stops_no_work(tmp_path):
    path = tmp_path / "progress.json"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)],
        cwd=settings.REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.count("Progress is not shown, the work goes on") == 1
    assert Progress.read(path) == Progress(3, 3, note="still full")
    assert list(tmp_path.iterdir()) == [path]
