"""A disk that is full or read-only is told in one line, and leaves nothing that is half written."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ser_core.core import REPOSITORY, demo_corpus

MODEL = REPOSITORY / "artifacts" / "pretrained"
CLIP = demo_corpus() / "samples" / "SM0_anger_48.flac"
RUN = REPOSITORY / "tests/data/before_redesign/home/runs/c27643cd8f114846/fold-0-seed-0/bundle"
OWN_MOUNTS = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
MOUNT = 'mount -t tmpfs -o size=2m none "$PWD" && cd "$PWD"'
FULL = f"{MOUNT} && (head -c 2600k /dev/zero > filler 2>/dev/null; true)"
READ_ONLY = f'{MOUNT} && mount -o remount,ro "$PWD"'

COMMANDS = {
    "predict": ["predict", str(CLIP), "--model", str(MODEL), "--csv", "out.csv"],
    "evaluate": ["evaluate", "--model", str(RUN), "--corpus", str(demo_corpus()),
                 "--json", "out.json", "--no-keep"],
    "robustness": ["robustness", "--model", str(RUN), "--corpus", str(demo_corpus()),
                   "--clips", "2", "--perturbation", "gain", "--few"],
    "models log": ["models", "log", "--model", str(RUN)],
    "train": ["train", "log-mel-loso", "--set", f"corpus={demo_corpus()}"],
    "export": ["export", "--model", str(RUN), "--out", "exported"],
}  # fmt: skip


@pytest.fixture(scope="module")
def mounts(tmp_path_factory):
    """Skip where no file system may be mounted, as in most containers."""
    there = tmp_path_factory.mktemp("mounts")
    try:
        done = subprocess.run(
            [*OWN_MOUNTS, "sh", "-c", READ_ONLY], cwd=there, capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if done.returncode:
        pytest.skip("no file system may be mounted here")


@pytest.mark.parametrize(
    ("command", "state", "said"),
    [
        *((each, FULL, "No space") for each in ("predict", "evaluate", "train", "models log")),
        *((each, READ_ONLY, "Read-only") for each in ("predict", "robustness", "export")),
    ],
    ids=lambda value: value if value in COMMANDS else "",
)
@pytest.mark.usefixtures("mounts")
def test_it_is_told_in_one_line(command, state, said, tmp_path):
    run = f'{state}; "$@"; code=$?; ls -A; exit $code'
    words = [sys.executable, "-m", "ser_core", *COMMANDS[command]]
    environment = {**os.environ, "SER_HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(
        [*OWN_MOUNTS, "sh", "-c", run, "sh", *words],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    error = done.stderr.rstrip().splitlines()[-1]  # libraries may log what they met before
    assert error.startswith("Error ")
    assert said in error
    assert error.endswith(".")
    left = {name for name in done.stdout.splitlines()[-8:] if name.startswith(("out.", ".out."))}
    assert not left - {"out.csv.partial"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_folder_without_rights_is_told(command, tmp_path):
    tmp_path.chmod(0o500)
    done = subprocess.run(
        [sys.executable, "-m", "ser_core", *COMMANDS[command]],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    tmp_path.chmod(0o700)
    assert "Traceback" not in done.stderr
    assert "Permission denied" in done.stderr
