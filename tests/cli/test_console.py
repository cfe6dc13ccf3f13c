"""Progress of a command where there is no terminal."""

from __future__ import annotations

from ser_core.cli import console


def test_progress_is_a_line_a_minute_where_nobody_watches(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    with console.progress("Kills") as report:
        for done in range(1, 181):
            now[0] += 1
            report(done, 180, "training [b]")
    assert capsys.readouterr().err.splitlines() == [
        f"Kills: training [b]: {done} of 180" for done in (60, 120, 180)
    ]


def test_a_job_has_its_file_and_no_lines_in_its_log(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(console, "LINE_S", 0.0)
    with console.progress("Train", tmp_path / "progress.json") as report:
        report(1, 2)
    assert capsys.readouterr().err == ""
    assert (tmp_path / "progress.json").exists()
