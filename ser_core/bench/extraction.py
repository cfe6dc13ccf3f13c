"""What all cores and the store save when a whole corpus is represented."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ser_core.audio import load
from ser_core.audio import sha256 as content_address
from ser_core.core import settings
from ser_core.features.extraction import extract
from ser_core.features.representations import Representation
from ser_core.storage.feature_store import FeatureStore


@dataclass(frozen=True)
class Passes:
    """Wall-clock seconds of three passes over the same clips, and their ratios.

    Attributes:
        clips: How many.
        cores: Cores of the machine.
        one_core_s: Decode, represent and store on one core.
        all_cores_s: The same with a worker on every core, their start included.
        second_pass_s: Read everything back through the store on one core.
        cores_ratio: one_core_s / all_cores_s.
        store_ratio: one_core_s / second_pass_s.
        stored_mb: Size of the store.
    """

    clips: int
    cores: int
    one_core_s: float
    all_cores_s: float
    second_pass_s: float
    cores_ratio: float
    store_ratio: float
    stored_mb: float

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them."""
        return asdict(self)


def compare_passes(
    files: dict[str, Path],
    representations: Sequence[Representation],
    announce: Callable[[str], None] = lambda _step: None,
) -> Passes:
    """Represent the clips on one core, on all cores, and once more from the store.

    Args:
        files: Sound file by clip.
        representations: What to compute.
        announce: Called with the name of each pass as it begins.

    Raises:
        AudioError: If a clip cannot be decoded.
        StoreError: If there is no room for two temporary stores.
    """
    import torch

    addresses = {clip: content_address(load(path)) for clip, path in files.items()}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # On the disk where the real store is: file systems differ in what a new file costs.
        beside = settings.home() / "cache"
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="bench-", dir=beside) as folder:
            first, second = FeatureStore(Path(folder, "one")), FeatureStore(Path(folder, "all"))
            announce("one core")
            one = _seconds(lambda: extract(files, representations, store=first, workers=1))
            announce("all cores")
            every = _seconds(
                lambda: extract(files, representations, store=second, workers=os.cpu_count())
            )
            announce("second pass")
            again = _seconds(
                lambda: extract(files, representations, store=first, addresses=addresses, workers=1)
            )
            size = first.size().bytes
    finally:
        torch.set_num_threads(threads)
    return Passes(
        len(files), os.cpu_count() or 1, one, every, again, one / every, one / again, size / 1e6
    )


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
