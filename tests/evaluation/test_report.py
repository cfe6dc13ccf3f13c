"""A report says what was measured, how surely, and what kind of test it was."""

import json

import numpy as np
import pandas as pd
import pytest

from ser_core.core import EvaluationError
from ser_core.corpora import GRADES, LeakAudit, audit_split, make_split
from ser_core.evaluation import BADGES, METRICS, Predictions, Report, interval, metrics, report
from ser_core.evaluation.example import example
from tests.corpora.synthetic import acted
from tests.evaluation.tables import answered, drawn


def audit_of(grade: str) -> LeakAudit:
    return LeakAudit(leaks=(), grade=grade, validation_grade="E", reading=f"{grade}: ...")


@pytest.fixture(scope="module")
def found() -> Report:
    return report(example())


def test_the_figures_are_those_of_the_intervals(found):
    rows = example()
    assert set(found.figures) == set(METRICS)
    for name, figure in found.figures.items():
        assert figure == interval(rows, name, by_speaker=True)
    assert (found.n, found.rows, found.speakers, found.folds) == (720, 720, 6, tuple(range(6)))
    np.testing.assert_array_equal(found.confusion, metrics.confusion(rows.true, rows.predicted))
    assert found.class_table()["support"].tolist() == [120] * 6
    assert sum(row["n"] for row in found.reliability) == 720


def test_pooled_and_mean_over_folds_are_distinguished():
    """Speaker 1 lacks surprise: its fold averages five recalls, the pooled figure six."""
    table = example(skill=1.0).table
    short = Predictions(table[(table["fold"] > 0) | (table["true"] != "surprise")])
    found = report(short)
    assert found.groups["speaker"].groups[0].absent == ("surprise",)
    assert found.uar.value == pytest.approx(metrics.uar(short.true, short.predicted))
    folds = [metrics.uar(f.true, f.predicted) for f in map(short.fold, range(6))]
    assert found.over_folds.mean == pytest.approx(np.mean(folds))
    assert found.over_folds.mean != pytest.approx(found.uar.value, abs=1e-4)
    assert found.over_seeds is None


def test_seeds_are_pooled_and_shown():
    seeds = [Predictions(drawn(90, seed=1).table.assign(seed=seed)) for seed in (3, 1)]
    found = report(Predictions.concat(seeds))
    assert (found.n, found.rows, found.seeds) == (90, 180, (1, 3))
    assert list(found.over_seeds.values) == [1, 3]
    assert found.uar.units == 9


def test_every_grade_has_its_badge():
    assert set(BADGES) == {*GRADES, "not audited"}


@pytest.mark.parametrize("grade", GRADES)
def test_the_badge_and_the_units_follow_the_split(grade):
    audit = audit_of(grade)
    found = report(drawn(200), audit)
    assert found.speakers_shared == audit.speakers_shared
    # Unseen speakers, and yet no good figure, where the speaker says the emotion.
    assert bool(found.badge) == (audit.speakers_shared or grade == "confounded")
    assert found.uar.over == ("clips" if audit.speakers_shared else "speakers")
    assert found.reading == audit.reading
    assert (found.badge in str(found)) or not found.badge


def test_a_real_audit_gives_the_badge():
    corpus = acted(9, 12)
    for policy, badge in (("random", "speakers shared"), ("leave-one-speaker-out", "")):
        audit = audit_split(make_split(corpus, policy), corpus)
        assert report(drawn(100), audit).badge == badge


def test_without_an_audit_the_wider_interval_is_taken():
    found = report(drawn(200))
    assert (found.uar.over, found.badge, found.speakers_shared) == (
        "speakers", "split not audited", None,
    )  # fmt: skip
    assert report(drawn(200), by_speaker=False).uar.over == "clips"


def test_the_validation_part_has_its_own_grade():
    found = report(drawn(200, part="validation"), audit_of("A"), part="validation")
    assert (found.part, found.grade, found.badge) == ("validation", "E", "speakers shared")
    assert "selected on them" in found.reading
    with pytest.raises(EvaluationError, match="part 'test': there are no predictions"):
        report(drawn(20, part="validation"))


def test_a_report_comes_back_from_json(found):
    again = Report.from_json(found.to_json())
    assert again == found
    assert json.loads(found.to_json())["figures"]["uar"]["value"] == found.uar.value


@pytest.mark.parametrize(
    "rows",
    [
        answered(["anger"], ["anger"]),
        answered(["anger"], ["fear"], speakers=["s"], genders=["female"]),
        answered(["anger", "anger"], ["anger", "fear"], speakers=["s", "r"]),
        answered(["anger"] * 4, ["anger"] * 4, speakers=["s", "r"] * 2),
        answered(["anger", "fear"] * 9, ["anger", "neutral"] * 9),
    ],
    ids=["one right", "one wrong", "two speakers", "all right", "never answered"],
)
def test_the_smallest_reports_are_whole(rows):
    """One clip, one class, one speaker, all right: a figure without NaN, and back from JSON."""
    found = report(rows)
    assert Report.from_json(found.to_json()) == found
    assert found.absent == tuple(c for i, c in enumerate(found.classes) if i not in rows.true)
    for name in ("uar", "wa"):
        assert 0 <= found.figures[name].low <= found.figures[name].value
        assert found.figures[name].value <= found.figures[name].high <= 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 99}', '{"version": 1, "n": 3}'])
def test_what_is_no_report_is_refused(text):
    with pytest.raises(EvaluationError, match="not a report of version 1"):
        Report.from_json(text)


def test_tables_have_names_and_ends(found):
    table = found.table()
    assert list(table.index[:2]) == ["UAR", "WA (accuracy)"]
    assert (table["low"] < table["value"]).all()
    classes = found.class_table()
    assert (classes["recall_low"] < classes["recall"]).all()
    shares = found.confusion_table(normalised=True)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares.index.name == "true"
    assert found.confusion_table().to_numpy().sum() == 720


def test_a_group_that_nobody_named_is_left_out():
    rows = answered(["anger", "fear"] * 5, ["anger", "fear", "fear", "fear", "fear"] * 2)
    assert report(rows).groups == {}
    assert report(rows).speakers is None
    assert "Not every clip names its speaker" in report(rows).note


def test_calibrated_models_show_as_much_ece_as_chance():
    found = report(drawn(3000, spread=0.0), by_speaker=False)
    assert 0.3 * found.ece_by_chance < found.ece.value < 2.5 * found.ece_by_chance
    assert found.ece.low == 0


def test_a_report_is_the_same_every_time():
    assert report(example(), audit_of("E")) == report(example(), audit_of("E"))
    assert isinstance(report(example()).table(), pd.DataFrame)
