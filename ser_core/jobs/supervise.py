"""`python -m ser_core.jobs.supervise FOLDER`: run a job's command and note how it ended.

A process between the workbench and the command, since only a parent learns an exit code, and the
workbench may be restarted while the command runs.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from ser_core.jsonfile import read_json, write_json


def supervise(folder: Path) -> int:
    """Run the command of `command.json`, its output to `log.txt`, its end to `exit.json`."""
    order = read_json(folder / "command.json")
    if order is None:
        return 2
    with (folder / "log.txt").open("ab") as log:
        try:
            code = subprocess.call(
                order["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        except OSError as error:
            log.write(f"{error}\n".encode())
            code = 127
    write_json(folder / "exit.json", {"code": code, "ended": time.time()})
    return code


if __name__ == "__main__":
    sys.exit(supervise(Path(sys.argv[1])))
