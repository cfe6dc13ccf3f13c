"""What every test and every example in a docstring has: a runtime folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

collect_ignore = ["tests/fuzz/with_atheris.py"]
"""A script, whose imports are of an optional part; pytest would look for examples in it."""


@pytest.fixture(autouse=True)
def ser_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder that no other test sees; processes that a test starts inherit it."""
    home = tmp_path / "ser-home"
    monkeypatch.setenv("SER_HOME", str(home))
    # MLflow puts the store it was last told into the environment, for the next test to find.
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_DEFAULT_ARTIFACT_ROOT", "SER_OPTUNA_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    return home
