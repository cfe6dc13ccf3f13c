from __future__ import annotations

import threading

import pytest

from ser_core.training.prefetch import prefetched


def test_gives_the_same_items_in_order():
    assert list(prefetched(range(7))) == list(range(7))
    assert list(prefetched([])) == []


def test_makes_the_next_item_while_the_present_one_is_worked_on():
    made = threading.Event()

    def items():
        yield 1
        made.set()
        yield 2

    iterator = prefetched(items())
    assert next(iterator) == 1
    assert made.wait(5)


def test_an_error_is_raised_where_the_item_would_have_been():
    def items():
        yield 1
        raise ValueError("no second item")

    iterator = prefetched(items())
    assert next(iterator) == 1
    with pytest.raises(ValueError, match="no second item"):
        next(iterator)
