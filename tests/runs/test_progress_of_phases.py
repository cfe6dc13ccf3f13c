"""Every phase of a training reports how far it is, before the first step too."""

from __future__ import annotations

from ser_core.core import demo_corpus
from ser_core.recipes.recipe import parse
from ser_core.runs.execute import run


def test_each_phase_counts_to_its_end_in_order(tmp_path, ser_home):
    content = {
        "corpus": str(demo_corpus()),
        "split": {"policy": "random"},
        "representation": {"name": "functionals"},
        "network": {"name": "logistic"},
    }
    seen: list[tuple[str, int, int]] = []
    phases = ("scanning", "preparing", "progress")

    def follow(phase):
        return lambda done, total: seen.append((phase, done, total))

    run(parse(content), tmp_path / "run", **{phase: follow(phase) for phase in phases})
    assert list(dict.fromkeys(phase for phase, _, _ in seen)) == list(phases)
    for phase in phases:
        done, total = next((d, t) for p, d, t in reversed(seen) if p == phase)
        assert done == total > 0
