"""The core of the SER Workbench: honest speech emotion recognition, without a user interface.

>>> import ser_core as ser
>>> corpus = ser.open_corpus(ser.demo_corpus())
>>> ser.audit_split(ser.split(corpus, "leave-one-speaker-out"), corpus).speakers_shared
False

Importing this package is cheap: the names it offers, and everything heavy (torch, pandas, librosa),
are loaded when they are first used.
"""

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ser_core.api import (
        attack,
        attribute,
        enrol,
        evaluate,
        export_onnx,
        load_model,
        predict,
        represent,
        train,
    )
    from ser_core.audio.loading import load as load_audio
    from ser_core.core.errors import SerError
    from ser_core.core.settings import demo_corpus
    from ser_core.corpora.leaks import audit_split
    from ser_core.corpora.opening import open_corpus
    from ser_core.corpora.splits import make_split as split

# These must be in the environment before anyone imports torch. Where another process keeps a core
# busy, OpenMP threads that spin while they wait are thirty times slower than ones that sleep; a
# spin too short to matter there (some ten microseconds) saves a fifteenth of a training step where
# the cores are idle, which has a thousand short parallel regions.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

__version__ = "0.1.0"

OFFERED = {
    "SerError": "ser_core.core.errors:SerError",
    "attack": "ser_core.api:attack",
    "attribute": "ser_core.api:attribute",
    "audit_split": "ser_core.corpora.leaks:audit_split",
    "demo_corpus": "ser_core.core.settings:demo_corpus",
    "enrol": "ser_core.api:enrol",
    "evaluate": "ser_core.api:evaluate",
    "export_onnx": "ser_core.api:export_onnx",
    "load_audio": "ser_core.audio.loading:load",
    "load_model": "ser_core.api:load_model",
    "open_corpus": "ser_core.corpora.opening:open_corpus",
    "predict": "ser_core.api:predict",
    "represent": "ser_core.api:represent",
    "split": "ser_core.corpora.splits:make_split",
    "train": "ser_core.api:train",
}
"""Where each name is; the imports above say the same to type checkers and editors.

No name may be that of a module in this package, which would take its place once it is imported.
"""

__all__ = [
    "SerError",
    "attack",
    "attribute",
    "audit_split",
    "demo_corpus",
    "enrol",
    "evaluate",
    "export_onnx",
    "load_audio",
    "load_model",
    "open_corpus",
    "predict",
    "represent",
    "split",
    "train",
]

if not TYPE_CHECKING:  # with it, type checkers would accept any name

    def __getattr__(name):
        """Load a name of the table when it is first used."""
        if name not in OFFERED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, attribute = OFFERED[name].partition(":")
        value = globals()[name] = getattr(importlib.import_module(module), attribute)
        return value


def __dir__() -> list[str]:
    """Names that are loaded, and those that will be."""
    return sorted({*globals(), *OFFERED})
