"""Faults that values of hypothesis have found, each in its smallest form."""

from __future__ import annotations

import json

import pytest

from ser_core.core import (
    Mark,
    ModelError,
    ParameterError,
    SerError,
    UnknownNameError,
    demo_corpus,
)
from ser_core.corpora import Opening, open_corpus, recent_corpora
from ser_core.features.representations import make
from ser_core.jobs import Progress, State, jobs, open_job, waiting
from ser_core.models.bundle import load_bundle
from ser_core.recipes.recipe import load, parse
from ser_core.recipes.series import load_series
from ser_core.runs import catalogue
from tests.explain.nets import bundle_of

SOUND = "corpus: somewhere\nrepresentation: {name: mfcc}\n"


@pytest.mark.parametrize("value", ["[", "!!python/object:os.x", "&a *a", '"', "\x1f", "}"])
def test_a_change_that_is_no_yaml(tmp_path, value):
    (tmp_path / "recipe.yaml").write_text(SOUND)
    with pytest.raises(ParameterError, match="not a value of YAML"):
        load(tmp_path / "recipe.yaml", [f"name={value}"])


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"corpus": "x", "network": {"name": []}},
        {"corpus": "x", "representation": {"name": []}},
        {"corpus": "x", "representation": {"name": None}},
    ],
)
def test_a_recipe_with_a_list_for_a_name(content):
    with pytest.raises((ParameterError, UnknownNameError)):
        parse(content)


def test_a_representation_called_by_a_list():
    with pytest.raises(UnknownNameError, match="no such representation"):
        make([])


@pytest.mark.parametrize("variants", ["{one: true}", "{1: {name: x}}", "{one: {1: x}}", "[a]"])
def test_a_series_whose_variants_are_none(tmp_path, variants):
    (tmp_path / "recipe.yaml").write_text(SOUND)
    (tmp_path / "series.yaml").write_text(f"series: [recipe.yaml]\nvariants: {variants}\n")
    with pytest.raises(ParameterError, match="lists no recipes"):
        load_series(tmp_path / "series.yaml")


def test_a_series_with_a_name_that_is_too_long(tmp_path):
    (tmp_path / "series.yaml").write_text(f"series: [{'a' * 300}]\n")
    with pytest.raises(SerError):
        load_series(tmp_path / "series.yaml")


@pytest.mark.parametrize("audit", [True, "B", [], {"worst": 1}])
def test_a_summary_whose_audit_is_none(tmp_path, audit):
    (tmp_path / "recipe.yaml").write_text("name: r\ncorpus: /somewhere\n")
    (tmp_path / "summary.json").write_text(json.dumps({"split": {"audit": audit}}))
    assert catalogue.audit_of(catalogue.open_run(tmp_path)) is None


@pytest.mark.parametrize(
    ("option", "value"),
    [("encoding", True), ("columns", True), ("columns", "label"), ("columns", {"label": ["x"]}),
     ("table", 3), ("sound", []), ("segments", None)],
)  # fmt: skip
def test_an_option_of_a_reader_of_another_kind(option, value):
    with pytest.raises(ParameterError, match=f"{option}: cannot be"):
        open_corpus(Opening(demo_corpus(), "manifest", {option: value}))


def test_a_list_of_recent_corpora_that_is_none(ser_home):
    ser_home.mkdir()
    (ser_home / "recent.json").write_text('{"corpora": null}')
    assert recent_corpora() == []


def test_a_bundle_that_does_not_say_what_it_was_trained_on(tmp_path):
    folder = bundle_of().save(tmp_path / "bundle")
    about = json.loads((folder / "bundle.json").read_text())
    del about["representation_hash"]
    (folder / "bundle.json").write_text(json.dumps(about))
    with pytest.raises(ModelError, match=r"damaged.*representation_hash"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("place", "value"),
    [(("test", "wa"), None), (("clips",), "many"), (("minutes",), None), (("finished",), True),
     (("test", "uar", "value"), "high"), (("finished",), float("nan")), (("split",), [])],
)  # fmt: skip
def test_a_summary_of_a_run_with_other_values_is_one_of_a_run_that_is_not_finished(
    ser_home, place, value
):
    figure = {"value": 0.5, "low": 0.4, "high": 0.6, "method": "bootstrap over 9 clips"}
    summary = {
        "split": {"audit": {"grade": "B"}}, "clips": 9, "members": 1, "minutes": 1.0,
        "finished": 1.0e9, "test": {"uar": figure, "wa": dict(figure)},
    }  # fmt: skip
    assert catalogue.result_of(summary) is not None
    holder = summary
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = value
    folder = ser_home / "runs" / "0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(SOUND)
    (folder / "summary.json").write_text(json.dumps(summary))
    (run,) = catalogue.runs(ser_home)
    assert run.result is None
    assert catalogue.audit_of(run) is None


ORDER = {"title": "Work", "key": "k", "command": ["true"], "started": 1.0e9}


@pytest.fixture
def job_with(tmp_path):
    """Maker of a job with these files."""

    def job_with(**contents):
        folder = tmp_path / "jobs" / "20260101-000000-000000-abcd"
        folder.mkdir(parents=True)
        for name, content in {"command": ORDER, **contents}.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        return folder

    return job_with


@pytest.mark.parametrize(
    "change",
    [{"command": 5}, {"command": []}, {"command": [1]}, {"title": None}, {"started": "now"},
     {"started": 1e400}, {"key": 3}],
)  # fmt: skip
def test_an_order_of_other_values_is_no_job(job_with, change):
    folder = job_with(command={**ORDER, **change})
    assert open_job(folder) is None
    assert jobs(folder.parent) == []


def test_an_end_without_a_code_is_none(job_with):
    job = open_job(job_with(exit={"ended": "late"}, work={"at": "soon", "process": {"pid": "1"}}))
    assert job.state is State.FAILED
    assert (job.began, job.ended, job.seconds) == (None, None, None)
    assert "killed" in job.reason


def test_a_rank_that_is_no_number_waits_like_any(job_with):
    folder = job_with(waiting={"rank": "first"})
    assert [job.id for job in waiting(folder.parent)] == [folder.name]


@pytest.mark.parametrize("pid", ["1", -1, 0, True, 2**40, 1.5, None])
def test_a_mark_of_no_process(pid):
    assert Mark.read({"pid": pid, "started": "a:1", "host": "here"}) is None


@pytest.mark.parametrize(
    "content",
    [{"done": "1", "total": 2}, {"done": -1, "total": 2}, {"done": 1, "total": 2, "pace": -1.0},
     {"done": 1, "total": 2, "note": []}, {"done": 1, "total": 2, "metrics": [1]},
     {"done": 1, "total": 2, "metrics": {"wa": "high"}}, {"done": True, "total": 2}],
)  # fmt: skip
def test_progress_of_other_values_is_none(tmp_path, content):
    (tmp_path / "progress.json").write_text(json.dumps(content))
    assert Progress.read(tmp_path / "progress.json") is None


def test_more_done_than_there_is_leaves_nothing():
    assert Progress(done=5, total=2, pace=1.0).remaining == 0
