"""Augmentations of representations, with a strategy for each.

A strategy takes a batch (batch, channels, bins, frames) in the representation's own unit with the
frames of each clip's own, and a generator: `strategy(rep)(x, frames, generator) -> (x, frames)`.
Behind each clip's own end stands what the representation gives for silence.

>>> from ser_core.features.representations import make
>>> strategy(make("chroma")).names
['transposition', 'picture_noise', 'harmonic_mask', 'time_mask', 'picture_shift']
"""

# The order of these imports is the order in which pages list the augmentations.
from ser_core.augment.feature.base import (
    FEATURE_AUGMENTS,
    RANGES,
    FeatureAugment,
    feature_augment,
    make_feature,
)

# isort: split
from ser_core.augment.feature.masks import FrequencyMask, HarmonicMask, TimeMask

# isort: split
from ser_core.augment.feature.values import FeatureEqualiser, FeatureNoise, Scale

# isort: split
from ser_core.augment.feature.warps import FeatureShift, FrequencyWarp, TempoWarp, Transposition

# isort: split
from ser_core.augment.feature.strategies import STRATEGIES, feature_chain, strategy

__all__ = [
    "FEATURE_AUGMENTS",
    "RANGES",
    "STRATEGIES",
    "FeatureAugment",
    "FeatureEqualiser",
    "FeatureNoise",
    "FeatureShift",
    "FrequencyMask",
    "FrequencyWarp",
    "HarmonicMask",
    "Scale",
    "TempoWarp",
    "TimeMask",
    "Transposition",
    "feature_augment",
    "feature_chain",
    "make_feature",
    "strategy",
]
