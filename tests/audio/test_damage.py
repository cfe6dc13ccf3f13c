"""Whatever the bytes are: a valid waveform or an `AudioError`, and soon."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_core import audio
from ser_core.core import AudioError
from tests.audio.files import ENCODERS, encoded

pytestmark = pytest.mark.timeout(60)  # a hang is a failure

EXAMPLES = 150  # for each format and kind of damage


def check(content: bytes) -> None:
    """The contract. Anything else that is raised fails the test."""
    waveform = audio_error = None
    try:
        waveform = audio.load(content)
    except AudioError as error:
        audio_error = error
    if waveform is None:
        assert audio_error is not None
        assert audio_error.subject
        assert audio_error.remedy
    else:
        assert waveform.samples.dtype == np.float32
        assert waveform.samples.ndim == 1
        assert len(waveform.samples) > 0
        assert np.isfinite(waveform.samples).all()
    with contextlib.suppress(AudioError):
        audio.info(content)


@pytest.mark.parametrize("kind", ENCODERS)
@settings(max_examples=EXAMPLES)
@given(where=st.floats(0, 1))
def test_cut_anywhere(kind, where):
    whole = encoded(kind)
    check(whole[: int(where * len(whole))])


# Half of the damage goes to the first 200 bytes, where headers are.
PLACES = st.one_of(st.integers(0, 199), st.integers(0, 2**20))


@pytest.mark.parametrize("kind", ENCODERS)
@settings(max_examples=EXAMPLES)
@given(changes=st.lists(st.tuples(PLACES, st.integers(0, 255)), min_size=1, max_size=20))
def test_bytes_changed(kind, changes):
    damaged = bytearray(encoded(kind))
    for place, value in changes:
        damaged[place % len(damaged)] = value
    check(bytes(damaged))


@pytest.mark.parametrize("kind", ENCODERS)
@settings(max_examples=EXAMPLES // 2)
@given(start=st.floats(0, 1), end=st.floats(0, 1))
def test_a_part_moved_to_the_end(kind, start, end):
    whole = encoded(kind)
    first, last = sorted(int(x * len(whole)) for x in (start, end))
    check(whole[:first] + whole[last:] + whole[first:last])


@settings(max_examples=EXAMPLES)
@given(magic=st.sampled_from([encoded(f)[:16] for f in ENCODERS]), rest=st.binary(max_size=500))
def test_the_start_of_a_format_and_then_anything(magic, rest):
    check(magic + rest)
