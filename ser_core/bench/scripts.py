"""Programs that are measured in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from ser_core.core import REPOSITORY, ParameterError


def run_script(script: str, *arguments: str, subject: str) -> Any:
    """What a program prints as the last line, which is JSON.

    Args:
        script: Python, run in the folder of the workbench.
        arguments: Its `sys.argv[1:]`.
        subject: What errors call it.

    Raises:
        ParameterError: If it fails; with the end of what it wrote.
    """
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ParameterError("failed", subject=subject, remedy=done.stderr[-500:])
    return json.loads(done.stdout.strip().splitlines()[-1])
