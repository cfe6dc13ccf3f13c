"""The cost of the dock is the ratio of medians, page by page."""

from __future__ import annotations

import pytest

from ser_core.bench.dock import compared


def test_ratios_are_of_the_medians_of_each_page():
    found = compared(
        {
            "with": {"corpus": [0.3, 0.2, 9.0], "results": [0.5, 0.5, 0.5]},
            "without": {"corpus": [0.1, 0.2, 0.2], "results": [0.25, 0.1, 0.9]},
        }
    )
    assert found.with_s == {"corpus": 0.3, "results": 0.5}
    assert found.without_s == {"corpus": 0.2, "results": 0.25}
    assert found.ratio == {"corpus": 1.5, "results": 2.0}
    assert found.median_ratio == pytest.approx(1.75)
    assert found.rounds == 3
