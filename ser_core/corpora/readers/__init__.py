"""How corpora on disk are understood; every module in this folder registers itself.

To add a corpus, add one small module here: a `Reader` under the `@reader("name")` decorator, or
one more row in the table `SCHEMES` of `schemes`.
"""

import importlib
import pkgutil

from ser_core.corpora.readers.base import READERS, CorpusSource, Listing, Reader, reader

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["READERS", "CorpusSource", "Listing", "Reader", "reader"]
