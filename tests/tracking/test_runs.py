"""A run is written, looked up, resumed, deleted and brought back."""

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core import tracking
from ser_core.core import SerError, TrackingError, UnknownNameError
from ser_core.tracking import reading, run_tags, server, store
from ser_core.tracking.running import verdict
from ser_core.tracking.signals import Terminated

pytestmark = pytest.mark.usefixtures("mlflow_store")


def only():
    (record,) = reading.records()
    return record


def test_a_run_is_found_with_all_that_was_logged():
    with tracking.run("A", params={"optim": {"lr": 0.1}, "seed": 3}, tags={"grade": "C"}) as run:
        run.metrics({"uar": 0.5, "wa": np.float32(0.25)}, step=1)
        run.metrics({"uar": 0.75}, step=2)
    row = tracking.runs().iloc[0]
    assert (row["id"], row["name"], row["kind"], row["status"]) == (
        run.id,
        "A",
        "training",
        "FINISHED",
    )
    assert (row["params.optim.lr"], row["params.seed"], row["tags.grade"]) == ("0.1", "3", "C")
    assert (row["metrics.uar"], row["metrics.wa"]) == (0.75, 0.25)
    assert row["end"] >= row["start"]
    assert row["duration"] == (row["end"] - row["start"]).total_seconds()


def test_a_run_that_goes_on_has_no_end_and_lasts_until_now():
    with tracking.run("A"):
        row = tracking.runs().iloc[0]
        assert row["status"] == "RUNNING"
        assert pd.isna(row["end"])
        assert 0 <= row["duration"] < 60


def test_parts_of_a_run_stand_below_it_and_beside_it_in_the_same_experiment():
    with tracking.run("all") as whole, tracking.run("one", "fold", parent=whole.id) as part:
        pass
    assert list(tracking.children(whole.id)["id"]) == [part.id]
    assert list(tracking.runs(kind="fold")["parent"]) == [whole.id]
    assert len({record.experiment for record in reading.records()}) == 1


def test_each_family_of_kinds_has_its_own_experiment_with_a_note():
    for kind in tracking.KINDS:
        with tracking.run(kind, kind):
            pass
    names = {each.name: each for each in store.client().search_experiments()}
    assert {kind.experiment for _, kind in tracking.KINDS.items()} <= set(names)
    assert all(names[kind.experiment].tags[run_tags.NOTE] for _, kind in tracking.KINDS.items())


def test_an_unknown_kind_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match="Did you mean 'training'"):
        tracking.run("A", "trainings").__enter__()


def test_an_error_fails_the_run_and_keeps_its_reason_and_where_it_happened():
    with pytest.raises(ZeroDivisionError), tracking.run("A"):
        1 / 0  # noqa: B018
    row = tracking.runs().iloc[0]
    assert (row["status"], row["reason"]) == ("FAILED", "ZeroDivisionError: division by zero")
    assert "1 / 0" in tracking.artifact(row["id"], "traceback.txt").read_text()


def test_an_error_on_purpose_is_reported_without_a_traceback():
    with pytest.raises(SerError), tracking.run("A"):
        raise SerError("is empty", subject="corpus")
    assert only().tags[run_tags.REASON] == "corpus: is empty."
    assert tracking.artifacts(only().id) == []


def test_an_interrupt_is_killed_not_failed():
    with pytest.raises(KeyboardInterrupt), tracking.run("A"):
        raise KeyboardInterrupt
    assert (only().status, only().tags[run_tags.REASON]) == ("KILLED", "Cancelled")


def test_being_asked_to_end_without_a_cancel_is_said_to_come_from_outside():
    status, reason = verdict(Terminated(143))
    assert status == "KILLED"
    assert "computer shuts down" in reason


def test_files_of_all_sorts_are_kept_and_found(tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "model.bin").write_bytes(b"weights")
    table = pd.DataFrame({"clip": ["a", "b"], "p_anger": [0.25, 0.75]})
    with tracking.run("A") as run:
        run.text("notes/split.md", "# Größe")
        run.figure(b"<svg/>", "figures/confusion.svg")
        run.table(table, "predictions.parquet")
        run.artifact(bundle)
        run.artifact(bundle / "model.bin", "copies")
    assert tracking.artifacts(run.id) == [
        "bundle/model.bin",
        "copies/model.bin",
        "figures/confusion.svg",
        "notes/split.md",
        "predictions.parquet",
    ]
    assert tracking.artifact(run.id, "notes/split.md").read_text(encoding="utf-8") == "# Größe"
    pd.testing.assert_frame_equal(
        pd.read_parquet(tracking.artifact(run.id, "predictions.parquet")), table
    )
    assert tracking.artifact(run.id, "bundle").is_dir()


def test_a_file_that_was_not_kept_or_lies_outside_is_refused():
    with tracking.run("A") as run:
        run.text("a.txt", "")
        with pytest.raises(TrackingError, match="does not exist"):
            run.artifact("/nowhere/at/all")
    with pytest.raises(TrackingError, match=r"it kept a\.txt"):
        tracking.artifact(run.id, "b.txt")
    with pytest.raises(TrackingError, match="not among its files"):
        tracking.artifact(run.id, "../../../../mlflow.db")
    with pytest.raises(TrackingError, match="no such run"):
        tracking.artifact("0" * 32, "a.txt")


def test_a_resumed_run_goes_on_and_a_step_logged_again_counts_once():
    with tracking.run("A", params={"seed": 1}) as run:
        run.metrics({"loss": 3.0}, step=1)
        run.metrics({"loss": 9.0}, step=2)
    run.tags({run_tags.REASON: "Cancelled"})
    with tracking.resume(run.id) as again:
        assert (only().status, only().end) == ("RUNNING", None)
        again.params({"seed": 1})
        again.metrics({"loss": 2.0}, step=2)
        again.metrics({"loss": 1.0}, step=3)
    assert tracking.history(run.id, "loss").to_numpy().tolist() == [[1, 3], [2, 2], [3, 1]]
    assert only().status == "FINISHED"
    assert run_tags.REASON not in only().tags
    assert only().tags[run_tags.RESUMED] == "1"


def test_what_is_being_written_cannot_be_resumed_or_deleted():
    with tracking.run("A") as run:
        with pytest.raises(TrackingError, match="still being written"):
            tracking.resume(run.id).__enter__()
        with pytest.raises(TrackingError, match="still running"):
            tracking.delete(run.id)


def test_deleting_takes_the_parts_along_and_restoring_brings_exactly_those_back():
    with tracking.run("whole") as whole:
        with tracking.run("gone before", "fold", parent=whole.id) as first:
            pass
        with tracking.run("part", "fold", parent=whole.id) as second:
            pass
    tracking.delete(first.id)
    deleted = tracking.delete(whole.id)
    assert tracking.runs().empty
    tracking.restore(*deleted)
    assert set(tracking.runs()["id"]) == {whole.id, second.id}


def test_numbers_that_are_none_come_back_as_they_were():
    with tracking.run("A") as run:
        run.metrics({"nan": math.nan, "inf": math.inf, "minus": -math.inf})
    metrics = only().metrics
    assert math.isnan(metrics["nan"])
    assert (metrics["inf"], metrics["minus"]) == (math.inf, -math.inf)


def test_more_parameters_than_mlflow_takes_at_once():
    with tracking.run("A", params={f"p{n}": n for n in range(230)}):
        pass
    assert len(only().params) == 230


def test_reading_the_file_and_asking_mlflow_give_the_same():
    with tracking.run("whole", params={"a": 1}, description="# Title") as whole:
        for fold in range(2):
            with tracking.run(f"fold {fold}", "fold", parent=whole.id) as part:
                for step in (2, 1):
                    part.metrics({"x": step / 4, "y": math.inf}, step=step)
        running = (reading.records(), server.read())
    assert {record.id: record for record in running[0]} == {r.id: r for r in running[1]}
    assert reading.records(kind="fold", limit=1) == server.read(kind="fold", limit=1)
    assert reading.records(parent=whole.id, status="FINISHED") == server.read(
        parent=whole.id, status="FINISHED"
    )
    assert reading.one(part.id) == server.one(part.id)
    assert server.one("0" * 32) is None
    assert tracking.histories(part.id)["value"].tolist() == list(
        server.history(part.id, None).values()
    )


def test_runs_of_other_programs_in_the_same_store_are_left_alone():
    client = store.client()
    client.create_run(client.create_experiment("theirs"))
    assert tracking.runs().empty
    assert tracking.reconcile() == []


def test_an_empty_store_and_no_store_read_as_a_table_without_rows(mlflow_store):
    for _ in range(2):
        frame = tracking.runs()
        assert list(frame.columns) == list(reading.COLUMNS)
        assert frame.empty
        mlflow_store.unlink(missing_ok=True)
    assert tracking.histories("0" * 32).empty


def test_what_is_no_database_is_reported_by_name(mlflow_store):
    mlflow_store.write_text("not a database, " * 100)
    with pytest.raises(TrackingError, match=r"mlflow\.db.*cannot be read"):
        tracking.runs()


def test_a_store_in_another_place_is_honoured(tmp_path, monkeypatch, mlflow_store):
    other = Path(mlflow_store).rename(tmp_path / "our runs.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///our runs.db")
    assert tracking.uri() == f"sqlite:///{other}"
    with tracking.run("A"):
        pass
    assert only().name == "A"
    assert not mlflow_store.exists()


def test_the_origin_is_said_as_mlflow_shows_it(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/x/ser_core/__main__.py", "train", "my recipe.yaml"])
    with tracking.run("A", description="**bold**"):
        pass
    tags = only().tags
    assert tags["mlflow.source.name"] == "python -m ser_core train 'my recipe.yaml'"
    assert tags["mlflow.note.content"] == "**bold**"
