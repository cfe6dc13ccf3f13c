"""What does not fit into memory is fetched, and is the same."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.training.held import Held


@pytest.mark.parametrize(("most", "kept"), [(None, 4), (16, 2), (15, 1), (0, 0)])
def test_some_stay_and_the_others_are_fetched(most, kept):
    things, fetched = [np.full(1, number, np.float64) for number in range(4)], []

    def fetch(number):
        fetched.append(number)
        return things[number]

    held = Held(4, fetch, most)
    held.put(2, things[2:])
    held.put(0, things[:2])
    assert [each[0] for each in held] == [0, 1, 2, 3]
    assert fetched == sorted([2, 3, 0, 1][kept:])
    assert (len(held), held.nbytes) == (4, 8 * kept)
    assert [each[0] for each in held[1:3]] == [1, 2]
    assert held[-1][0] == 3
    with pytest.raises(IndexError):
        held[4]
