"""Where jobs run: on this computer, or on a Ray cluster where `SER_RAY` names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ser_core.jobs import folder as files
from ser_core.jobs.local import LocalLauncher
from ser_core.jobs.ray import RayLauncher, asked_for

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Protocol

    class Launcher(Protocol):
        """Where jobs run. What a job is and how it does is in its folder, for every launcher."""

        def launch(self, folder: Path) -> None:
            """Have `python -m ser_core.jobs.supervise FOLDER` run and guarded, and return at once.

            For a job that was launched, see to it that its end will be noted.
            """

        def is_alive(self, folder: Path) -> bool:
            """Whether that, or the command it started, still runs, as far as is known."""

        def is_watched(self, folder: Path) -> bool:
            """Whether a process is there that will note the end."""

        def stop(self, folder: Path, grace: float) -> None:
            """End the command and all it started; after `grace` seconds without asking."""

        def tidy(self, root: Path) -> None:
            """Have `python -m ser_core.jobs.supervise --tidy ROOT` run, and return at once."""


LOCAL: Launcher = LocalLauncher()
RAY: Launcher = RayLauncher()


def launcher_of(folder: Path) -> Launcher:
    """Launcher of a job: the one that launched it, or the one that is to.

    Raises:
        ParameterError: If the cluster that is asked for has no proper address.
    """
    if (folder / files.RAY).exists():
        return RAY
    return RAY if not is_launched(folder) and asked_for() else LOCAL


def is_launched(folder: Path) -> bool:
    """Whether somebody has launched a job."""
    return any((folder / name).exists() for name in (files.SUPERVISOR, files.RAY))
