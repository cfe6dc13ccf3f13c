"""A waveform is valid from the start, and has one address."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest

from ser_core.audio import Waveform, sha256
from ser_core.core import AudioError


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros((2, 3)), r"shape \(2, 3\)"),
        (np.zeros(0), "holds no sound"),
        (np.array([0.0, np.nan]), "NaN"),
        (np.array([0.0, -np.inf]), "infinite"),
        (np.array([0.0, -1e38]), "above full scale"),
    ],
)
def test_what_is_not_a_waveform_is_refused(samples, reason):
    with pytest.raises(AudioError, match=reason):
        Waveform(samples)


def test_a_rate_that_is_not_positive_is_refused():
    with pytest.raises(AudioError, match="0 Hz"):
        Waveform(np.zeros(1), 0)


def test_other_number_types_become_float32():
    assert Waveform(np.array([0.5, -0.25])).samples.dtype == np.float32


def test_duration_is_in_seconds():
    assert Waveform(np.zeros(8000, np.float32), 16_000).duration == 0.5


def test_the_address_is_the_hash_of_the_little_endian_floats_alone():
    expected = hashlib.sha256(struct.pack("<3f", 0.5, -0.25, 1.0)).hexdigest()

    assert sha256(Waveform(np.array([0.5, -0.25, 1.0], np.float32))) == expected
    assert sha256(Waveform(np.array([0.5, -0.25, 1.0], np.float32), 8_000)) == expected
