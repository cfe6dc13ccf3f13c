"""An export in several precisions, and how it says where it is."""

from __future__ import annotations

import pytest

from ser_core.core import demo_corpus
from ser_core.export.pipeline import run_pipeline
from ser_core.export.plan import Plan
from ser_core.export.stages import Steps, stages_of


@pytest.fixture(scope="module")
def told(kept, tmp_path_factory):
    """Every report of an export in two precisions, and what came of it."""
    heard = []
    plan = Plan(kept, tmp_path_factory.mktemp("out"), ("fp32", "int8"), corpus=demo_corpus(),
                clips=8, calibrating=6)  # fmt: skip
    products = run_pipeline(plan, lambda *given: heard.append(given))
    return heard, products


def test_the_bar_never_goes_back_and_ends_full(told):
    heard, products = told
    done = [done for done, _, _ in heard]
    assert done == sorted(done)
    assert done[0] == 0
    assert heard[-1][:2] == (100, 100)
    assert [each.exported.spec.precision for each in products] == ["fp32", "int8"]


def test_every_stage_is_reported_in_order(told):
    """Those of tracing are what torch's exporter says: another version may say it otherwise."""
    heard, _ = told
    names = [name for name, _ in stages_of(("fp32", "int8"), verify=True)]
    said = list(dict.fromkeys(where for _, _, where in heard))
    assert said[:-1] == [f"step {n} of {len(names)}, {name}" for n, name in enumerate(names, 1)]
    assert said[-1].endswith("done")


@pytest.mark.parametrize("stage", ["measuring int8 out", "verifying int8"])
def test_a_stage_that_can_be_divided_moves_the_bar(told, stage):
    heard, _ = told
    assert len({done for done, _, where in heard if where.endswith(stage)}) > 3


def test_an_export_prints_nothing_of_the_exporter(kept, tmp_path, capsys):
    run_pipeline(Plan(kept, tmp_path, corpus=demo_corpus(), clips=0))
    assert "torch.onnx" not in capsys.readouterr().out


def test_a_stage_that_nobody_planned_is_passed_over():
    heard = []
    tell = Steps(lambda *given: heard.append(given), [("one", 1), ("two", 3)])
    tell("one")
    tell("something else")
    tell("two")
    tell.within(1, 2)
    assert [done for done, _, _ in heard] == [0, 25, 62]
