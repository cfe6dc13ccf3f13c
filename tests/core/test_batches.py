"""One bad item of a batch costs its own result and no other."""

from __future__ import annotations

import pytest

from ser_core.core import SerError
from ser_core.core.batches import attempted, spared


@pytest.mark.parametrize("bad", [(), (0,), (6,), (2, 3), tuple(range(7))])
def test_what_fails_is_found_whatever_stands_beside_it(bad):
    asked = []

    def double(numbers):
        asked.append(len(numbers))
        if any(number in bad for number in numbers):
            raise SerError("is bad", subject="it", remedy="Leave it out")
        return [2 * number for number in numbers]

    found, refused = spared(double, range(7))
    assert found == {number: 2 * number for number in range(7) if number not in bad}
    assert refused == dict.fromkeys(bad, "is bad. Leave it out")
    assert asked[0] == 7
    assert bad or asked == [7]


def test_a_bug_is_named_in_the_row_and_told_in_the_log(caplog):
    result, why = attempted(lambda: [][1])
    assert result is None
    assert why == "failed unexpectedly (IndexError: list index out of range)"
    assert "Traceback" in caplog.text


def test_results_that_do_not_fit_the_items_are_a_bug_of_the_work():
    with pytest.raises(ValueError, match="argument"):
        spared(lambda _: [1], [1, 2, 3])


def test_an_interruption_ends_the_batch():
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spared(stop, [1])


def test_nothing_is_done_for_no_items():
    assert spared(lambda _: pytest.fail("asked"), []) == ({}, {})
