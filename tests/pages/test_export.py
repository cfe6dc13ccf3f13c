"""The Export page: start, see the verdicts, download, try."""

import dataclasses
import json

import pytest

from ser_core.export.model import open_onnx, read
from ser_core.export.plan import SPEED, files, folder_of
from ser_core.export.verification import Clip, mark, verify
from ser_core.export.writing import export
from ser_core.models.predictor import load
from ser_core.predicting.answering import open_model
from ser_core.predicting.listing import RUN, models
from ser_core.settings import demo_corpus


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
    mark(path, verify(open_onnx(path), open_model(model.folder), clips))
    return path


@pytest.fixture
def started(monkeypatch):
    found = []
    monkeypatch.setattr("pages.shared.export.making.launch", lambda *given: found.append(given))
    return found


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def test_an_export_is_started_on_the_open_corpus(visit, said, model, started):
    app = visit("export", model=model.key)
    assert "Nothing was exported" in said(app)
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
    assert "answered by onnxruntime alone" in told
    assert [b.label for b in app.get("download_button")] == ["ONNX", "ZIP", "Report"]
    (table,) = (d.value for d in app.dataframe)
    assert table["Gate"].tolist() == ["verified"]


def test_a_failed_file_is_not_offered(visit, said, there, model):
    found = verify(open_onnx(there), open_model(model.folder), [Clip("a", _sound())])
    mark(there, dataclasses.replace(found, agreement=0.5))
    assert read(there).status == "failed"
    app = visit("export", model=model.key)
    assert "not offered for use" in said(app)
    assert [b.label for b in app.get("download_button")] == ["Report"]
    assert "answered by onnxruntime alone" not in said(app)


def _sound():
    from ser_core.audio import load as hear

    return hear(next((demo_corpus() / "samples").iterdir()))


def test_a_damaged_file_is_told_and_left_out(visit, said, there, model):
    there.write_bytes(there.read_bytes()[:-100])
    assert "model.onnx" in said(visit("export", model=model.key)).replace("\\", "")
    assert files(model.folder) == [there]


def test_what_was_timed_stands_beside(visit, there, model):
    rows = [{"file": name, "threads": 1, "p50_ms": 1.25, "p95_ms": 2.5, "real_time_factor": 0.1,
             "bytes": 1} for name in ("model.onnx", "torch")]  # fmt: skip
    (there.parent / SPEED).write_text(json.dumps(rows))
    (table,) = (d.value for d in visit("export", model=model.key).dataframe)
    assert table["1 thread (ms)"].tolist() == ["1.2 / 2.5", "1.2 / 2.5"]
