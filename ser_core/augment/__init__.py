"""Augmentation: training batches changed at random, so that a model learns what stays the same.

`ser_core.augment.waveform` works on sound, before the representation; `ser_core.augment.feature`
on representations, with a strategy for each. All are pure functions of a batch and a generator.
"""

from ser_core.augment.base import Augment, Chain

__all__ = ["Augment", "Chain"]
