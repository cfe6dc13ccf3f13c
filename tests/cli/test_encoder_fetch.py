"""`python -m ser_core encoder list` and `fetch`: nothing is fetched that was not agreed to."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from typer.testing import CliRunner

from ser_core import jobs
from ser_core.cli import app
from ser_core.features.encoders import hub
from tests.features.encoders.conftest import make_encoder
from tests.features.encoders.fake_hub import FakeHub

__all__ = ["make_encoder"]

NAME = "someone/tiny"


@pytest.fixture
def fake(monkeypatch, tmp_path, make_encoder):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(hub, "_cache", lambda: tmp_path / "hub")
    served = FakeHub()
    monkeypatch.setenv("HF_ENDPOINT", served.url)
    folder = tmp_path / "repository"
    shutil.copytree(make_encoder("whisper"), folder)
    served.repositories[NAME] = folder
    served.cards[NAME] = {"license": "mit"}
    yield served
    served.close()


def invoke(*words, **how):
    return CliRunner().invoke(app, ["encoder", *words], catch_exceptions=False, **how)


def test_the_list_says_what_matters_and_what_is_here(fake):
    rows = {row["name"]: row for row in json.loads(invoke("list", "--json").stdout)}
    row = rows["audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim"]
    assert row["licence"] == "CC-BY-NC-SA-4.0"
    assert row["trained on emotional corpora"] == "MSP-Podcast"
    assert NAME not in rows
    hub.fetch(hub.ask(NAME))
    assert json.loads(invoke("list", "--json").stdout)[-1]["name"] == NAME


def test_licence_and_size_are_said_and_asked_before_anything_is_fetched(fake):
    refused = invoke("fetch", NAME, input="n\n")
    assert refused.exit_code == 1
    assert "1 MB, licence mit" in refused.stderr
    assert hub.local(NAME) is None
    assert not any("/resolve/" in path for path in fake.asked)
    agreed = invoke("fetch", NAME, input="y\n")
    assert agreed.exit_code == 0
    assert hub.local(NAME) is not None


def test_scripts_agree_beforehand(fake):
    done = invoke("fetch", NAME, "--yes", "--json")
    assert json.loads(done.stdout) == {"name": NAME, "folder": str(hub.place_of(NAME))}


def test_as_a_job_it_reports_and_a_cancelled_one_leaves_nothing(fake, monkeypatch):
    command = [sys.executable, "-m", "ser_core", "encoder", "fetch", NAME, "--yes"]
    command += ["--progress-file", jobs.PROGRESS_FILE]
    job = jobs.start(command, title="Fetch")
    assert str(job.wait(60)) == "finished", job.log()
    assert job.progress.done == job.progress.total == 1
    shutil.rmtree(hub.place_of(NAME))
    fake.held = True
    job = jobs.start(command, title="Fetch again")
    assert fake.holding.wait(60), job.log()
    job.cancel()
    fake.held = False
    assert str(job.wait(20)) == "cancelled"
    assert list(hub.folder_of_encoders().iterdir()) == []
