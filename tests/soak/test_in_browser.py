"""Sessions at once and page loads, in a real Chromium."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ser_core.core import REPOSITORY
from ser_core.soak import sessions
from ser_core.soak.sessions import Session
from tests.browser.conftest import chromium  # noqa: F401  (skips where there is none)

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium")]


def soak(place, *arguments):
    """Figures of a part, in a process of its own: playwright runs once in each."""
    file = place / "figures.json"
    command = [sys.executable, "-m", "ser_core", "soak", *arguments, "--json", str(file)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (part,) = json.loads(file.read_text())["parts"]
    return part


def test_each_of_several_sessions_has_its_own_answer(tmp_path):
    found = soak(tmp_path, "sessions", "--sessions", "3", "--no-explain")
    assert found["faults"] == []
    assert len(found["predicted_s"]) == 3
    assert found["greatest_difference"] < 1e-5


def test_pages_are_loaded_again_and_again(tmp_path):
    found = soak(tmp_path, "memory", "--predictions", "0", "--page-loads", "6")
    assert found["faults"] == []
    assert len(found["memory_mb"]) == 7


class Tab:
    """A page that shows these words and probabilities."""

    def __init__(self, words, probabilities):
        self.words, self.probabilities = words, probabilities

    def locator(self, _selector):
        return self

    def inner_text(self):
        return self.words

    def evaluate(self, _script):
        return [[list(self.probabilities), [100 * each for each in self.probabilities.values()]]]


def test_an_answer_and_a_file_of_another_session_are_found():
    one, two = (
        Session(i, None, f"file-{i}.wav", sessions.to_wav(sessions._sound(i)), "") for i in (0, 1)
    )
    model = sessions.open_answering(sessions.bundled_folder())
    right = [
        dict(zip(model.classes, model.probabilities([_at(model, each)])[0].tolist(), strict=True))
        for each in (one, two)
    ]
    one.tab = Tab("file-0.wav, and file-1.wav of another", right[0])
    two.tab = Tab("nothing", right[0])
    sessions._compare_predicted([one, two])
    assert one.faults == ["file-1.wav of another session is on the page"]
    assert two.faults[0] == "the name of its own file is not on the page"
    assert two.faults[1].startswith("predicted: a probability differs by 0.")


def _at(model, session):
    return sessions.load(session.content, sample_rate=model.predictor.sample_rate)
