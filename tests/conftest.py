"""What every test may use: real speech, and a runtime folder of its own."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from ser_core import audio
from ser_core.settings import demo_corpus

# The same examples on every machine and in every run, and no folder of findings in the sources.
hypothesis.settings.register_profile(
    "workbench", deadline=None, derandomize=True, database=None, print_blob=True
)
hypothesis.settings.load_profile("workbench")


@pytest.fixture(autouse=True)
def ser_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder that no other test sees; processes that a test starts inherit it."""
    home = tmp_path / "ser-home"
    monkeypatch.setenv("SER_HOME", str(home))
    return home


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
