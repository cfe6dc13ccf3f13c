"""Augmentations of representations, with a strategy for each.

A strategy takes a batch (batch, channels, bins, frames) in the representation's own unit with the
frames of each clip's own, and a generator: `strategy(rep)(x, frames, generator) -> (x, frames)`.
Behind each clip's own end stands what the representation gives for silence.

>>> from ser_core.representations import make
>>> strategy(make("chroma")).names
['transposition', 'picture_noise', 'harmonic_mask', 'time_mask', 'picture_shift']
"""

# The order of these imports is the order in which pages list the augmentations.
from ser_core.augment.picture.base import (
    PICTURE_AUGMENTS,
    RANGES,
    PictureAugment,
    make_picture,
    picture_augment,
)

# isort: split
from ser_core.augment.picture.masks import FrequencyMask, HarmonicMask, TimeMask

# isort: split
from ser_core.augment.picture.values import PictureEqualiser, PictureNoise, Scale

# isort: split
from ser_core.augment.picture.moves import FrequencyWarp, PictureShift, TempoWarp, Transposition

# isort: split
from ser_core.augment.picture.strategies import STRATEGIES, picture_chain, strategy

__all__ = [
    "PICTURE_AUGMENTS",
    "RANGES",
    "STRATEGIES",
    "FrequencyMask",
    "FrequencyWarp",
    "HarmonicMask",
    "PictureAugment",
    "PictureEqualiser",
    "PictureNoise",
    "PictureShift",
    "Scale",
    "TempoWarp",
    "TimeMask",
    "Transposition",
    "make_picture",
    "picture_augment",
    "picture_chain",
    "strategy",
]
