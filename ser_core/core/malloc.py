"""Whether freed memory stays with the process or goes back to the system; of glibc alone."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

# Numbers of options in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
_NEVER = 1 << 30


def keep_freed() -> bool:
    """Let this process keep what it frees.

    Else glibc gives the large feature maps inside a network back to the system at the end of every
    step
    and fetches them again, page by page and filled with zeros: 57,000 page faults a step of 32
    feature maps of 80 x 320, a sixth of its time. The process stays as large as it once was, so
    this is for those that train, not for those that wait. All threads share one arena, as others
    cannot hold what is large.

    Returns:
        Whether it does so now.
    """
    mallopt = _of_glibc("mallopt")
    wanted = ((_TRIM_THRESHOLD, _NEVER), (_MMAP_MAX, 0), (_ARENA_MAX, 1))
    return mallopt is not None and all(bool(mallopt(*each)) for each in wanted)


def give_back() -> bool:
    """Give back what is free.

    Clips differ in length, so the feature maps inside a network differ in size: what one clip frees
    fits the next one badly and is kept, and a process that explains hundreds of clips grows by
    hundreds of megabytes, though nothing of a clip is held.

    Returns:
        Whether there was anything to give back.
    """
    trim = _of_glibc("malloc_trim")
    return trim is not None and bool(trim(0))


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of the C library; None where that is another one than glibc."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
