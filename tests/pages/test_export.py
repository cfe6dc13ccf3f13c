"""The Export page: start, see the verdicts, download, try."""

import dataclasses
import json
import os
import sys

import pytest

from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.evaluation import Predictions
from ser_core.export.onnx_writer import export
from ser_core.export.parity import Clip, verify, write_verdict
from ser_core.export.plan import SPEED, files, folder_of, speeds
from ser_core.inference import saved_evaluations
from ser_core.inference.catalogue import RUN, models
from ser_core.inference.classify import open_model
from ser_core.inference.model_evaluation import Choice, evaluate_model
from ser_core.jobs import State, jobs, start
from ser_core.models.onnx import open_onnx, read
from ser_core.models.predictor import load
from tests.export.nets import bundle


def _trained(home=None):
    return next(each for each in models(home) if each.kind == RUN)


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory):
    """The first model of the session's folder as a file."""
    source = _trained(trained).folder
    return export(load(source), tmp_path_factory.mktemp("file"), source=source).path


@pytest.fixture
def model(with_runs):
    """A training in this test's own runtime folder."""
    return _trained()


@pytest.fixture
def there(model, written):
    """A verified file of that model where the page looks for it."""
    path = folder_of(model.folder) / "model.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(written.read_bytes())
    clips = [Clip("samples/SM0_anger_48.flac", _sound())]
    write_verdict(path, verify(open_onnx(path), open_model(model.folder), clips))
    return path


@pytest.fixture
def started(monkeypatch):
    found = []
    monkeypatch.setattr("pages.export.export_form.launch", lambda *given: found.append(given))
    return found


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def test_an_export_is_started_on_the_open_corpus(visit, said, model, started):
    app = visit("export", model=model.key)
    assert "No exported file of this model yet" in said(app)
    press(app, "Export")
    ((plan, title),) = started
    assert (plan.model, plan.precisions, plan.whole) == (model.folder, ("fp32",), True)
    assert plan.corpus == demo_corpus()
    assert plan.clips == 53
    assert model.title in title
    assert plan.line[3:5] == ["export", "--model"]


def test_a_verified_file_is_offered_and_tried(visit, said, there, model):
    app = visit("export", model=model.key)
    told = said(app)
    assert "verified" in told
    assert "Predicted by onnxruntime" in told
    assert [b.label for b in app.get("download_button")] == ["ONNX", "ZIP", "Web page", "Report"]
    (table,) = (d.value for d in app.dataframe)
    assert table["Acceptance"].tolist() == ["verified"]


def test_other_pages_take_the_file_and_this_one_its_model(visit, said, there, model):
    key = f"exported:{there.parent.name}:{there.stem}"
    app = visit("robustness", model=key)
    assert "No attacks" in said(app)
    disabled = {b.label for b in app.button if b.disabled} - {"Previous"}  # of the dock
    assert disabled == {"Adversarial attacks"}
    assert "Scores are those of the model that the file was exported from" in said(app)
    (chosen,) = (each for each in app.selectbox if each.label == "Model")
    assert chosen.value == key
    assert "which is shown here" in said(visit("export", model=key))


def test_a_failed_file_is_not_offered(visit, said, there, model):
    found = verify(open_onnx(there), open_model(model.folder), [Clip("a", _sound())])
    write_verdict(there, dataclasses.replace(found, agreement=0.5))
    assert read(there).status == "failed"
    app = visit("export", model=model.key)
    assert "cannot be used" in said(app)
    assert [b.label for b in app.get("download_button")] == ["Report"]
    assert "Predicted by onnxruntime" not in said(app)


def _sound():
    from ser_core.audio import load as hear

    return hear(next((demo_corpus() / "samples").iterdir()))


def test_a_damaged_file_is_reported_and_left_out(visit, said, there, model):
    there.write_bytes(there.read_bytes()[:-100])
    assert "model.onnx" in said(visit("export", model=model.key)).replace("\\", "")
    assert files(model.folder) == [there]


def test_what_was_timed_stands_beside(visit, there, model):
    rows = [{"file": name, "threads": 1, "p50_ms": 1.25, "p95_ms": 2.5, "real_time_factor": 0.1,
             "bytes": 1} for name in ("model.onnx", "torch")]  # fmt: skip
    (there.parent / SPEED).write_text(json.dumps(rows))
    (table,) = (d.value for d in visit("export", model=model.key).dataframe)
    assert table["1 thread (ms)"].tolist() == ["1.2 / 2.5", "1.2 / 2.5"]
    later = (there.parent / SPEED).stat().st_mtime + 9
    os.utime(there, (later, later))  # made again
    assert speeds(model.folder) == []


def test_a_file_that_was_judged_stands_among_the_results(visit, said, there, model, with_runs):
    app = visit("export", model=model.key)
    press(app, next(b.label for b in app.button if b.label.startswith("Evaluate on its")))
    finished("judge:")
    app = visit("export", model=model.key)
    assert "UAR" in said(app)
    (kept,) = saved_evaluations.saved_evaluations()
    assert f"run={kept.id}" in link(app, "All results →").proto.query_string.split("&")
    table = visit("results").dataframe[0].value.set_index("Kind")
    assert table.loc["exported file", "Hash"] == kept.id
    assert table.loc["exported file", "UAR"] == kept.result.uar.value
    app = visit("results", run=kept.id)
    assert {metric.label for metric in app.metric} >= {"UAR", "WA (accuracy)"}, said(app)
    assert link(app, "Its file on the page Export →").proto.query_string.endswith(
        f"model=exported%3A{there.parent.name}%3Amodel"
    )
    assert Predictions.load(kept.folder / "predictions.parquet").classes == load(there).classes
    for tab in ("Confusion", "Emotions and voices", "Mistakes", "Calibration", "Model and clips"):
        app = visit("results", run=kept.id, tab=tab)
        assert not app.error, (tab, app.error)
    assert "recorded in its file" in said(app) or "not recorded" in said(app)


def test_a_judged_file_is_held_against_its_model_on_the_same_clips(
    visit, said, there, model, with_runs
):
    found = evaluate_model(there, open_corpus(demo_corpus()), Choice())
    kept = saved_evaluations.save_evaluation(found, there, demo_corpus(), Choice())
    app = visit("results", run=kept.id, tab="Against its model")
    press(app, "Evaluate the model on the same 53 clips")
    finished("judge:")
    app = visit("results", run=kept.id, tab="Against its model")
    assert "Paired test on the 53 clips that all predicted" in said(app)
    assert "cannot be told apart in UAR" in said(app)
    table = visit("results").dataframe[0].value
    assert sorted(table["Kind"]) == ["exported file", "model", "training", "training"]


def test_a_file_from_elsewhere_is_held_against_the_model_that_the_user_names(
    visit, said, there, model, tmp_path
):
    elsewhere = tmp_path / "model.onnx"
    elsewhere.write_bytes(there.read_bytes())
    kept = saved_evaluations.save_evaluation(
        evaluate_model(elsewhere, open_corpus(demo_corpus()), Choice()),
        elsewhere, demo_corpus(), Choice(),
    )  # fmt: skip
    app = visit("results", run=kept.id, tab="Against its model")
    (box,) = (each for each in app.selectbox if each.label.startswith("Source model"))
    assert model.title in box.options
    box.set_value(model.key).run()
    assert model.title in said(app).replace("\\", "")
    assert "Evaluate the model on the same 53 clips" in [b.label for b in app.button]


def test_a_file_is_compared_with_a_training_on_the_clips_that_both_answered(
    visit, said, there, with_runs
):
    kept = saved_evaluations.save_evaluation(
        evaluate_model(there, open_corpus(demo_corpus()), Choice()),
        there, demo_corpus(), Choice(),
    )  # fmt: skip
    app = visit("results", compare=f"{kept.id},{with_runs['random']}")
    assert not app.error
    assert "Paired test on the" in said(app)
    assert "only the common ones count here" in app.warning[0].value


def test_two_files_are_judged_at_once(visit, said, there, model, monkeypatch):
    other = there.with_name("model-int8.onnx")
    other.write_bytes(there.read_bytes())
    slow = [sys.executable, "-c", "import time; time.sleep(60)"]
    started = [
        start(
            slow,
            title=path.name,
            key=saved_evaluations.KEY + saved_evaluations.id_of(path, demo_corpus(), ""),
        )
        for path in (there, other)
    ]
    app = visit("export", model=model.key)
    assert not app.error
    assert [b.label for b in app.button].count("Cancel") == 2
    for job in started:
        job.cancel()


def test_a_file_that_was_made_again_is_to_be_judged_again(visit, said, there, model):
    def offered():
        buttons = visit("export", model=model.key).button
        return any(button.label.startswith("Evaluate on its") for button in buttons)

    found = evaluate_model(there, open_corpus(demo_corpus()), Choice(part="test"))
    kept = saved_evaluations.save_evaluation(found, there, demo_corpus(), Choice(part="test"))
    assert not offered()
    os.utime(there, (1e9, 1e9))
    assert offered()
    assert "replaced since" in said(visit("results", run=kept.id))
    there.unlink()
    assert "The model is gone" in said(visit("results", run=kept.id))


def test_a_judged_file_is_deleted_and_brought_back(visit, said, there, with_runs):
    found = evaluate_model(there, open_corpus(demo_corpus()), Choice())
    kept = saved_evaluations.save_evaluation(found, there, demo_corpus(), Choice())
    app = visit("results", run=kept.id)
    press(app, "Delete")
    assert saved_evaluations.saved_evaluations() == []
    press(app, "Undo")
    assert kept.id in set(app.dataframe[0].value["Hash"])


def link(app, label):
    return next(each for each in app.get("page_link") if each.label == label)


def finished(key):
    job = next(each for each in jobs() if each.key.startswith(key))
    assert job.wait(90) is State.FINISHED, job.log()


def test_a_speaker_is_taught_to_a_file_that_knows_voices(visit, said, model, with_runs):
    path = folder_of(model.folder) / "model.onnx"
    path.parent.mkdir(parents=True)
    knowing = bundle()
    export(knowing, path.parent)
    app = visit("export", model=model.key)
    press(app, "Take 5 clips of EB0 from the corpus")
    assert "Speaker enrolled" in said(app)
    assert "without it: " in said(app)


def test_a_file_answers_what_is_uploaded(visit, said, there, model):
    app = visit("export", model=model.key, source="Upload")
    assert "Choose a sound file" in said(app)
    clip = demo_corpus() / "samples" / "SM0_anger_48.flac"
    field = next(each for each in app.file_uploader if each.label == "Sound file")
    field.upload("mine.flac", clip.read_bytes(), "audio/flac").run()
    assert "mine" in said(app)
    assert "**Confidence " in said(app) or "Uncertain" in said(app)
