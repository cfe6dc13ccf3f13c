"""What was deleted and can be restored for some days.

Deleting moves a file or folder into a hidden folder beside it, the trash; restoring moves it back.
Both are one rename on one disk: done or not done, and in no time. What has lain there for too long
is deleted for good whenever something else is deleted.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from ser_core.core import SerError

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Trash:
    """Where and for how long deleted things of one kind are kept.

    Attributes:
        days: For which they can be restored.
        name: Of the trash, a folder beside the things.
        stamped: Whether the time of deletion is added to a name, so that things of one name can be
            deleted one after the other. Without it a name must stand for one content, since an
            equal name in the trash, or in the old place, is overwritten.
        taken: Says, where a stamped thing cannot be restored, that there is a new one in its place.
    """

    days: int = 7
    name: str = ".deleted"
    stamped: bool = True
    taken: str = "something of this name was made again"

    def move(self, path: Path) -> Path:
        """Delete a file or folder so that `restore` can bring it back.

        Returns:
            Where it is until then.

        Raises:
            SerError: If it cannot be moved. It stays where it was.
        """
        folder = path.parent / self.name
        self.purge(folder)
        stamp = f"-{int(time.time() * 1000)}" if self.stamped else ""
        return _rename(path, folder / f"{path.name}{stamp}")

    def restore(self, kept: Path) -> Path:
        """Bring back what was deleted.

        Args:
            kept: What `move` returned.

        Returns:
            Its old and new place.

        Raises:
            SerError: If it is gone for good, or its place is taken. It stays in the trash.
        """
        if kept.parent.name != self.name:
            raise SerError("was not deleted", subject=str(kept), remedy="Choose another")
        name = kept.name.rpartition("-")[0] if self.stamped else kept.name
        path = kept.parent.parent / name
        if self.stamped and path.exists():
            raise SerError(self.taken, subject=name, remedy="Delete that one first")
        return _rename(kept, path)

    def purge(self, folder: Path) -> None:
        """Delete for good what was moved into a trash too long ago.

        The time is that of the last change of the entry itself (ctime), which moving sets.
        """
        oldest = time.time() - self.days * DAY_SECONDS
        for kept in folder.glob("*"):
            with contextlib.suppress(OSError):  # another process purges too
                if kept.lstat().st_ctime < oldest:
                    _delete(kept)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _rename(source: Path, target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return source.replace(target)
    except OSError as error:
        raise SerError(
            f"cannot be moved ({error.strerror})",
            subject=str(source),
            remedy="Check that it is still there, and that you may write to its folder",
        ) from error
