"""Freed memory is kept where that is asked for, and given back where that is."""

from __future__ import annotations

import platform
import subprocess
import sys

import numpy as np
import psutil
import pytest

from ser_core.core.malloc import give_back

COUNT = """
import resource, sys
import numpy as np
if sys.argv[1] == "kept":
    from ser_core.core.malloc import keep_freed
    assert keep_freed()

def touched():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        np.ones(50 << 17)  # 50 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

touched()
print(touched())
"""


def faults(how: str) -> int:
    """Pages that a process fetches for the same memory, over and over."""
    command = [sys.executable, "-c", COUNT, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_is_freed_is_not_fetched_again():
    assert faults("kept") < 100 < faults("given back")


def test_what_was_freed_in_pieces_goes_back():
    if not sys.platform.startswith("linux"):
        assert not give_back()
        pytest.skip("only glibc gives back on demand")
    size = psutil.Process().memory_info
    pieces = [np.ones(12_000) for _ in range(2_000)]  # 96 kB each, too small for a mapping each
    last = np.ones(12_000)  # lies above them, so that they are not given back by themselves
    del pieces
    before = size().rss
    assert give_back()
    assert size().rss < before - 100 * 2**20
    assert last.all()
