"""What keeps the first screen quick: light imports, and heavy ones only afterwards."""

import json
import subprocess
import sys
import threading

from pages.components import warmup
from ser_core.core import REPOSITORY

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


def test_the_libraries_are_loaded_once_and_only_when_wanted(monkeypatch):
    started = []

    class Timer(threading.Timer):
        def start(self):
            started.append(self)

    monkeypatch.setattr(warmup.threading, "Timer", Timer)
    monkeypatch.setattr(warmup, "freeze", lambda: None)
    monkeypatch.setattr(warmup, "_begun", warmup.threading.Event())
    warmup.begin()  # SER_WARM_UP=0 in these tests: jobs are put in order, nothing is loaded
    assert [timer.interval for timer in started] == [0.0]
    monkeypatch.setenv("SER_WARM_UP", "1")
    warmup.begin()
    assert len(started) == 1
    monkeypatch.setattr(warmup, "_begun", warmup.threading.Event())
    warmup.begin()
    warmup.begin()
    assert [(each.interval, each.daemon) for each in started[1:]] == [
        (0.0, True),
        (warmup.DELAY, True),
    ]
