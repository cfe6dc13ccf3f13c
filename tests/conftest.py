"""What every test may use: real speech, and an empty MLflow store."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version
from pathlib import Path

import hypothesis
import pytest

from ser_core import audio
from ser_core.core import demo_corpus
from ser_core.tracking import store

# The same examples on every machine and in every run, and no folder of findings in the sources.
hypothesis.settings.register_profile(
    "workbench", deadline=None, derandomize=True, database=None, print_blob=True
)
hypothesis.settings.load_profile("workbench")


@pytest.fixture
def mlflow_store(ser_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs in the runtime folder; MLflow takes seconds to make one."""
    empty = tmp_path_factory.getbasetemp().parent / f"mlflow-{version('mlflow')}.db"
    if not empty.exists():
        store.create(empty)
    ser_home.mkdir(exist_ok=True)
    return Path(shutil.copy(empty, ser_home / "mlflow.db"))


@pytest.fixture(scope="session")
def demo_clip() -> Path:
    """One bundled clip of real speech: 16 kHz FLAC, one channel."""
    return demo_corpus() / "samples" / "SM0_anger_48.flac"


@pytest.fixture(scope="session")
def demo_waveform(demo_clip: Path) -> audio.Waveform:
    """The bundled clip, decoded; not to be written to."""
    waveform = audio.load(demo_clip)
    waveform.samples.flags.writeable = False
    return waveform


@pytest.fixture(scope="session")
def real_corpus() -> Path:
    """Folder of the whole nEMO corpus, named by SER_TEST_CORPUS."""
    folder = os.environ.get("SER_TEST_CORPUS")
    if not folder:
        pytest.skip("SER_TEST_CORPUS does not name a folder with the nEMO corpus")
    return Path(folder)
