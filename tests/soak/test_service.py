"""A service is asked side by side: sounds, enrolled voices, timelines and garbage."""

from __future__ import annotations

from ser_core.soak import service
from ser_core.soak.service import try_service
from tests.explain.nets import bundle_of


def test_every_answer_of_a_service_is_that_of_its_sound(tmp_path):
    folder = bundle_of(width=4, normalise="speaker").save(tmp_path / "model")
    found = try_service(folder, 0.15, tmp_path, callers=4, at_once=2)
    assert found.faults == []
    assert found.compared > 20
    assert found.answers[f"{service.ANSWER}: 200"] > 10
    assert found.answers[f"{service.ANSWER}: 429"] > 0, "two of four at once are refused"
    assert found.answers[f"{service.VOICE}: 200"] > 0
    assert found.p50_s <= found.p99_s
    assert len(found.memory_mb) == service.READINGS + 1


def test_an_answer_that_changes_is_a_fault():
    tally = service._Tally()
    tally.compare(("answer", "a clip"), {"windows": [{"anger": 0.7}]})
    tally.compare(("answer", "a clip"), {"windows": [{"anger": 0.700001}]})
    assert tally.faults == []
    tally.compare(("answer", "a clip"), {"windows": [{"anger": 0.6}]})
    assert tally.faults == ["answer, a clip: another answer than before"]
