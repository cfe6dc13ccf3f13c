"""What keeps the first screen quick: light imports, and heavy ones only afterwards."""

import json
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from pages.components import model_loading, warmup
from ser_core.core import REPOSITORY
from ser_core.inference import catalogue, onnx_copy

HEAVY = ["torch", "torchvision", "librosa", "mlflow", "sklearn", "matplotlib", "captum", "optuna"]
VISIT = """
import json, sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=60).run()
app.switch_page("pages/corpus/page.py").run()
assert not app.exception and not app.error
print(json.dumps(sorted(sys.modules)))
"""


def test_home_and_corpus_load_nothing_heavy():
    seen = subprocess.run(
        [sys.executable, "-c", VISIT], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    assert set(HEAVY).isdisjoint(json.loads(seen.stdout))


@pytest.fixture
def timers(monkeypatch):
    """Timers that are started but do not run, of a server that has just begun."""
    started = []

    class Timer(threading.Timer):
        def start(self):
            started.append(self)

    monkeypatch.setattr(warmup.threading, "Timer", Timer)
    monkeypatch.setattr(warmup, "freeze", lambda: None)
    monkeypatch.setattr(warmup, "HEAVY", ("a_module_that_is_not_loaded",))
    monkeypatch.setattr(warmup, "_begun", warmup.threading.Event())
    monkeypatch.setattr(warmup, "_answered", warmup.threading.Event())
    monkeypatch.setattr(warmup, "_waiting", [])
    return started


def test_nothing_is_loaded_where_that_is_not_wanted(timers):
    warmup.begin()  # SER_WARM_UP=0 in these tests: jobs are put in order
    warmup.begin()
    assert [each.interval for each in timers] == [0.0]


def test_torch_waits_until_no_page_runs(timers, monkeypatch):
    monkeypatch.setenv("SER_WARM_UP", "1")
    warmup.begin()
    assert [each.interval for each in timers] == [0.0, warmup.DRAWN, warmup.IDLE]
    assert all(each.daemon for each in timers)
    warmup.begin()
    assert timers[2].finished.is_set()  # cancelled: a page has run meanwhile
    assert [each.interval for each in timers[3:]] == [warmup.IDLE]
    warmup.answered()
    warmup.begin()
    assert [each.interval for each in timers[4:]] == [warmup.ANSWERED]
    monkeypatch.setattr(warmup, "HEAVY", ("json",))
    warmup.begin()
    assert len(timers) == 5  # loaded: nothing to wait for


def test_the_first_model_is_opened_early_where_it_answers_without_torch(monkeypatch):
    opened = []
    first = SimpleNamespace(folder="the folder")
    monkeypatch.setattr(model_loading, "preload", opened.append)
    monkeypatch.setattr(catalogue, "models", lambda: [first, SimpleNamespace(folder="another")])
    for written in (0.0, 5.0):
        monkeypatch.setattr(onnx_copy, "copied_at", lambda _folder, written=written: written)
        warmup._open_model()
    assert opened == [first]
