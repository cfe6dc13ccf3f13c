"""No figure comes from a clip that shaped the weights it is scored with."""

import numpy as np
import pytest

from ser_core.core import EvaluationError
from ser_core.ensemble.compare import comparison, left_out
from ser_core.ensemble.crossfit import POOLED, chosen_rows, crossfit, crossfit_folds, fitting_rows
from ser_core.ensemble.error_overlap import error_overlap
from ser_core.ensemble.member_predictions import MemberPredictions
from ser_core.ensemble.options import Options
from ser_core.ensemble.search import EQUAL
from ser_core.evaluation import Predictions
from tests.ensemble.tables import both_parts, drawn, sure, table

FEW = Options(trials=20)


def leaking(folds=4, rows=240):
    """Members that are perfect on one fold each and wrong on all others.

    Fitted with the fold's own clips, weights would make the answers perfect there. Fitted without,
    they trust the wrong members.
    """
    true = drawn(1.0, rows=rows).true
    fold = np.arange(rows) % folds
    members = {}
    for own in range(folds):
        told = np.where(fold == own, true, (true + 1) % 6)
        members[f"knows {own}"] = table(true, sure(told, confidence=0.9), folds=folds, part="test")
    return MemberPredictions.of(members)


def test_out_of_fold_weights_never_see_their_own_fold():
    found = crossfit(leaking(), FEW, "out-of-fold", by_speaker=True)
    for fold, pool in found.pools[POOLED].items():
        assert pool.weights[fold] < 0.05, "the member that knows this fold must look useless"
    assert (found.predictions[POOLED].predicted == found.predictions[POOLED].true).mean() == 0


@pytest.mark.parametrize("by_speaker", [False, True])
def test_each_turn_fits_on_other_clips_and_scores_every_test_clip_once(by_speaker):
    stack = leaking()
    scored = np.zeros(len(stack), dtype=int)
    for turn in crossfit_folds(stack, "out-of-fold", by_speaker=by_speaker):
        own = set(stack.rows.table["clip"][turn.scored])
        assert not own & set(turn.fitting.rows.table["clip"])
        scored += turn.scored
    assert (scored == 1).all()


def test_speakers_of_the_fold_are_left_out_where_the_split_keeps_them_apart():
    stack = leaking()
    table_ = stack.rows.table
    # Fold 1 has a clip of the speaker of fold 0.
    table_.loc[table_.index[table_["fold"] == 1][0], "speaker"] = "speaker 0"
    first = next(crossfit_folds(stack, "out-of-fold", by_speaker=True))
    assert "speaker 0" not in set(first.fitting.rows.table["speaker"])
    loose = next(crossfit_folds(stack, "out-of-fold", by_speaker=False))
    assert "speaker 0" in set(loose.fitting.rows.table["speaker"])


def test_validation_weights_come_from_the_validation_clips_of_the_same_fold():
    members = {f"m{i}": both_parts(1.0 + i, seed=i, folds=2) for i in range(2)}
    stack = MemberPredictions.of(members)
    for turn in crossfit_folds(stack, "validation", by_speaker=False):
        assert set(turn.fitting.rows.table["part"]) == {"validation"}
        assert set(turn.fitting.rows.table["fold"]) == {turn.fold}


def test_what_happens_on_test_clips_changes_no_weight_of_a_validation_fit():
    members = {f"m{i}": both_parts(1.0 + 0.3 * i, seed=i) for i in range(2)}
    honest = crossfit(MemberPredictions.of(members), FEW, "validation", by_speaker=False)
    spoilt = dict(members)
    rows = spoilt["m1"].table.copy()
    test = rows["part"] == "test"
    columns = [name for name in rows if name.startswith("p_")]
    rows.loc[test, columns] = rows.loc[test, columns[::-1]].to_numpy()
    spoilt["m1"] = Predictions(rows)
    other = crossfit(MemberPredictions.of(spoilt), FEW, "validation", by_speaker=False)
    assert honest.pools == other.pools


def test_rows_are_chosen_by_what_there_is():
    one, many = (
        MemberPredictions.of({"m": both_parts(1.0, 0)}),
        MemberPredictions.of({"m": both_parts(1.0, 0, folds=3)}),
    )
    assert chosen_rows(one, "auto") == "validation"
    assert chosen_rows(many, "auto") == "out-of-fold"
    assert chosen_rows(many, "validation") == "validation"
    assert set(fitting_rows(many, "out-of-fold").column("part")) == {"test"}
    with pytest.raises(EvaluationError, match="one fold"):
        chosen_rows(one, "out-of-fold")
    with pytest.raises(EvaluationError, match="no validation clips"):
        chosen_rows(leaking(), "validation")


@pytest.fixture(scope="module")
def pooled():
    stack = MemberPredictions.of({f"m{i}": both_parts(0.8 + 0.4 * i, seed=3 * i) for i in range(3)})
    return stack, crossfit(stack, FEW, "validation", by_speaker=False)


def test_every_contestant_is_compared_with_a_paired_interval(pooled):
    _, found = pooled
    table_ = comparison(found, by_speaker=False)
    assert set(table_["contestant"]) == {POOLED, EQUAL, "best single member"}
    others = table_[table_["contestant"] != POOLED]
    assert (others["difference_low"] <= others["difference"]).all()
    values = table_.pivot(index="figure", columns="contestant", values="value")
    for _, row in others.iterrows():
        wanted = values.loc[row["figure"], POOLED] - values.loc[row["figure"], row["contestant"]]
        assert row["difference"] == pytest.approx(wanted)
    assert found.singles == {0: "m2"}


def test_leaving_the_best_member_out_costs_most(pooled):
    stack, found = pooled
    cost = left_out(stack, found, FEW, "validation", by_speaker=False)
    nll = cost[cost["figure"] == "nll"].set_index("member")["difference"]
    assert nll.idxmax() == "m2"
    assert nll["m2"] > 0


def test_errors_in_common_are_counted_as_they_are():
    true = np.zeros(8, dtype=int)
    wrong = {"a": [1, 1, 1, 0, 0, 0, 0, 0], "b": [1, 1, 0, 1, 0, 0, 0, 0], "c": [0] * 8}
    stack = MemberPredictions.of(
        {name: table(true, sure(np.array(each))) for name, each in wrong.items()}
    )
    pairs = error_overlap(stack).set_index(["first", "second"])
    both = pairs.loc[("a", "b")]
    assert (both["both"], both["either"], both["shared"]) == (2, 4, 0.5)
    assert both["q"] == pytest.approx((2 * 4 - 1 * 1) / (2 * 4 + 1 * 1))
    chance = (3 * 3 + 5 * 5) / 64
    assert both["kappa"] == pytest.approx((6 / 8 - chance) / (1 - chance))
    assert pairs.loc[("a", "c"), "shared"] == 0
