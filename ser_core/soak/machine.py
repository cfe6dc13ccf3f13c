"""Where figures were taken, and how much memory a process has."""

from __future__ import annotations

import os
import platform

import psutil

from ser_core.bench.machine import processor

MB = 1e6


def machine() -> dict[str, str | int | float]:
    """Processor, cores, load of the last minute, system and Python."""
    return {
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else float("nan"),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def memory_mb(pid: int | None = None) -> float:
    """Resident memory of a process (this one by default), in MB."""
    return float(psutil.Process(pid).memory_info().rss) / MB


def family_mb(pid: int) -> float:
    """Resident memory of a process and of all that it has started, in MB."""
    family = [pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))]
    return round(sum(memory_mb(each) for each in family), 1)


def growth_kb(values_mb: list[float], units: int) -> float:
    """Slope of memory by least squares, in kB a unit of work, over its second half.

    The first half is left out, since caches fill there.

    Args:
        values_mb: Memory at equal distances.
        units: Units of work (predictions, page loads) between two values.

    >>> growth_kb([100, 150, 150, 151, 152, 153], 10)
    100.0
    """
    late = values_mb[len(values_mb) // 2 :]
    count = len(late)
    if count < 2:
        return 0.0
    middle, mean = (count - 1) / 2, sum(late) / count
    over = sum((i - middle) * (value - mean) for i, value in enumerate(late))
    slope = over / sum((i - middle) ** 2 for i in range(count))
    return round(1000 * slope / units, 3)
