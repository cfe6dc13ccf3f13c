from __future__ import annotations

import pytest

from ser_core.training.schedule import COURSES


@pytest.mark.parametrize("name", COURSES)
def test_every_course_reaches_one_and_never_more(name):
    shares = [COURSES[name](point / 100, 0.2) for point in range(1, 101)]
    assert max(shares) == pytest.approx(1.0)
    assert min(shares) >= 0


@pytest.mark.parametrize(("name", "end"), [("onecycle", 1e-4), ("cosine", 0.0)])
def test_courses_rise_to_the_end_of_warm_up_and_then_fall(name, end):
    course = COURSES[name]
    assert course(0.2, 0.2) == pytest.approx(1.0)
    assert course(0.6, 0.2) == pytest.approx((1 + end) / 2)
    assert course(1.0, 0.2) == pytest.approx(end)


def test_no_warm_up_begins_at_the_top():
    assert COURSES["cosine"](0.0, 0.0) == 1.0
    assert COURSES["constant"](0.0, 0.0) == 1.0
