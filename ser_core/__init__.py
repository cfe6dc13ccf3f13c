"""The core of the SER Workbench: honest speech emotion recognition, without a user interface.

Importing this package is cheap. Everything heavy (torch, librosa, pandas) is imported by the
modules that use it:

- [`ser_core.audio`][] decodes any sound into a `Waveform`.
- [`ser_core.corpora`][] opens, audits and splits collections of clips.
- [`ser_core.representations`][] turns waveforms into the thirteen acoustic representations.
- [`ser_core.store`][] keeps representations on disk, addressed by content.
"""

__version__ = "0.1.0"
