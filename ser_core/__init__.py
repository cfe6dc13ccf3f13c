"""The core of the SER Workbench: honest speech emotion recognition, without a user interface.

Importing this package is cheap. Everything heavy (torch, librosa, pandas) is imported by the
modules that use it:

- [`ser_core.audio`][] decodes any sound into a `Waveform`.
- [`ser_core.corpora`][] opens, audits and splits collections of clips.
- [`ser_core.representations`][] turns waveforms into the thirteen acoustic representations.
- [`ser_core.store`][] keeps representations on disk, addressed by content.
"""

import os

# These must be in the environment before anyone imports torch. Where another process keeps a core
# busy, OpenMP threads that spin while they wait are thirty times slower than ones that sleep; a
# spin too short to matter there (some ten microseconds) saves a fifteenth of a training step where
# the cores are idle, which has a thousand short parallel regions.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

__version__ = "0.1.0"
