"""The times of first answers: taken by turns, the first round not counted, never of another way."""

from __future__ import annotations

import pytest

from ser_core.bench import first_answer
from ser_core.bench.first_answer import ONNX, TORCH, compare_in_browser, compare_processes
from ser_core.core import ModelError


def test_both_ways_go_by_turns_and_the_first_round_does_not_count():
    asked = []
    takes = iter([9.0, 90.0, 1.0, 4.0, 2.0, 12.0, 1.0, 5.0])

    def once(way):
        asked.append(way)
        return {"total": next(takes)}

    found = first_answer._by_turns(once, 3, lambda _step: None)
    assert asked == [ONNX, TORCH] * 4
    assert found.times[ONNX] == [{"total": 1.0}, {"total": 2.0}, {"total": 1.0}]
    assert (found.ratio, found.ratio_low, found.ratio_high) == (5.0, 4.0, 6.0)
    assert found.median(TORCH, "total") == 5.0


def test_a_model_without_a_copy_is_refused_with_the_command_that_makes_one(tmp_path, monkeypatch):
    from ser_core.inference import catalogue

    monkeypatch.setattr(catalogue, "bundled_folder", lambda: tmp_path)
    measures = (lambda: compare_processes(tmp_path, tmp_path), lambda: compare_in_browser(tmp_path))
    for measure in measures:
        with pytest.raises(ModelError, match=r"no valid ONNX copy.*export --beside"):
            measure()
