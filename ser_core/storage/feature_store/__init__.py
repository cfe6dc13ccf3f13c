"""Representations on disk, found by the content they were computed from.

A folder a representation, a file an entry. A file appears under its name in one step and is whole,
or it is not there: any number of processes may fill one store, and one that dies while writing
leaves nothing that is read later. Entries are memory-mapped, so processes share what is in the
page cache.

>>> import tempfile
>>> from pathlib import Path
>>> import numpy as np
>>> store = FeatureStore(Path(tempfile.mkdtemp()))
>>> key = Key("0" * 64, "mfcc-0123456789abcdef", "float32")
>>> store.get(key) is None
True
>>> store.get_or_compute(key, lambda: np.ones((1, 2, 3))).shape
(1, 2, 3)
>>> store.size().entries
1
"""

from ser_core.storage.feature_store.entry import Key
from ser_core.storage.feature_store.store import FeatureStore, Usage

__all__ = ["FeatureStore", "Key", "Usage"]
