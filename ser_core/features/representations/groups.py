"""Acoustic groups of named features: what a number of a summary says, in a word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

GROUPS = {
    "pitch": "fundamental frequency and its movement",
    "loudness": "energy and its movement",
    "spectrum": "timbre: bands, MFCCs, contrast, centroid",
    "voice quality": "jitter, shimmer, harmonics to noise, tilt of the spectrum",
    "rhythm": "duration, voiced stretches, modulation of the energy, tempo",
}
"""Groups of features, and what is in them; after the parts of eGeMAPS (Eyben et al., 2016)."""

Rules = Sequence[tuple[str, str]]
"""Beginnings of names and their groups; the first that fits counts."""


def grouped(names: Iterable[str], rules: Rules) -> tuple[str, ...]:
    """Group of each feature; `spectrum` where no rule fits.

    >>> grouped(["pitch: mean", "MFCC 3: mean"], [("pitch", "pitch")])
    ('pitch', 'spectrum')
    """
    return tuple(
        next((group for start, group in rules if name.startswith(start)), "spectrum")
        for name in names
    )
