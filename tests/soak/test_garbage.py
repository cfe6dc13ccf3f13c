"""A model that is served over HTTP answers garbage with words, and right requests as before."""

from __future__ import annotations

import pytest

from ser_core.soak.garbage import garbage, try_garbage
from tests.explain.nets import bundle_of


def test_garbage_is_of_every_kind_and_the_same_for_a_seed():
    first, again, other = (list(garbage(28, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len({each.kind for each in first}) == 14


@pytest.mark.usefixtures("mlflow_store")
def test_a_served_model_answers_garbage_and_goes_on(tmp_path):
    folder = bundle_of(width=4).save(tmp_path / "model")
    found = try_garbage(folder, 42, tmp_path)
    assert found.faults == []
    assert sum(found.answers.values()) == 42
    assert found.sound_requests == 4
