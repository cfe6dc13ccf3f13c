"""Intervals hold the truth as often as they say, and say when they cannot."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from ser_core.core import ParameterError, UnknownNameError
from ser_core.evaluation import Predictions, interval, metrics
from ser_core.evaluation.intervals import (
    Sampling,
    mean_of_shares,
    sampling,
    student_t,
)
from ser_core.evaluation.sufficient_statistics import (
    METRICS,
    PER_CLASS,
    SufficientStatistics,
    ece_by_chance,
    sufficient_statistics,
)
from tests.evaluation.tables import answered, drawn


def by_speaker_uar(found: Predictions) -> list[float]:
    speakers = found.table["speaker"]
    alone = [found.where(speakers == name) for name in sorted(speakers.unique())]
    return [metrics.uar(one.true, one.predicted) for one in alone]


def test_the_same_seed_gives_the_same_interval():
    found = drawn(300)
    assert interval(found, seed=3) == interval(found, seed=3)
    assert interval(found, seed=3) != interval(found, seed=4)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("by_speaker", [False, True])
def test_every_metric_lies_in_its_interval(metric, by_speaker):
    found = interval(drawn(400, sharpness=1.3), metric, by_speaker=by_speaker)
    assert 0 <= found.low < found.value < found.high <= METRICS[metric].highest


def test_a_bootstrap_is_that_of_resampled_rows():
    """A slow reference: draw rows, score them, take quantiles."""
    found, generator = drawn(150), np.random.default_rng(5)
    draws = generator.integers(0, 150, (4000, 150))
    scores = [metrics.uar(found.true[rows], found.predicted[rows]) for rows in draws]
    fast = interval(found, resamples=4000)
    assert (fast.low, fast.high) == pytest.approx(np.quantile(scores, [0.025, 0.975]), abs=0.01)


def test_draws_in_pieces_are_as_many(monkeypatch):
    monkeypatch.setattr("ser_core.evaluation.intervals._CELLS", 1000)
    found = sampling(drawn(300), resamples=50)
    assert found.replicates.clips.tolist() == [300] * 50


def test_few_speakers_get_the_t_interval_of_their_own_figures():
    """With equally many clips of everything the jackknife is exactly mean ± t·s/√k."""
    generator = np.random.default_rng(0)
    true = np.tile(["anger", "neutral"], 200)
    answers = np.where(generator.random(400) < 0.7, true, "fear")
    found = answered(true, answers, speakers=np.repeat([f"s{n}" for n in range(5)], 80))
    own = by_speaker_uar(found)
    margin = student.ppf(0.975, 4) * np.std(own, ddof=1) / np.sqrt(5)
    ours = interval(found, by_speaker=True)
    assert (ours.low, ours.value, ours.high) == pytest.approx(
        (np.mean(own) - margin, np.mean(own), np.mean(own) + margin)
    )
    assert ours.how == "95 % jackknife t over 5 speakers"
    assert ours.note == "Rough: it rests on 5 speakers."


def test_many_speakers_are_drawn():
    found = interval(drawn(600, speakers=30), by_speaker=True)
    assert (found.method, found.over, found.units, found.note) == ("bootstrap", "speakers", 30, "")


def test_speakers_that_differ_make_it_wide():
    found = drawn(2000, spread=1.0)
    clips, speakers = interval(found), interval(found, by_speaker=True)
    assert speakers.high - speakers.low > 3 * (clips.high - clips.low)


def test_one_speaker_or_none_falls_back_to_clips_and_says_so():
    found = drawn(100, speakers=1)
    one = interval(found, by_speaker=True)
    assert (one.over, one.units) == ("clips", 100)
    assert "one speaker" in one.note
    unnamed = Predictions(found.table.assign(speaker=pd.NA))
    assert "not every clip names its speaker" in interval(unnamed, by_speaker=True).note.lower()


def test_seeds_add_no_evidence():
    once = drawn(200)
    thrice = Predictions.concat([Predictions(once.table.assign(seed=seed)) for seed in range(3)])
    assert interval(thrice).units == 200
    assert interval(thrice) == interval(once)
    perfect = Predictions.concat(
        [Predictions(answered(["anger"] * 5, ["anger"] * 5).table.assign(seed=n)) for n in (0, 1)]
    )
    assert interval(perfect, "wa").low == pytest.approx(metrics.wilson(5, 5)[0])


def test_all_right_is_not_certainty():
    """Replicates agree, so shares take Wilson's ends and other figures none."""
    found = answered(["anger", "neutral"] * 10, ["anger", "neutral"] * 10)
    wa, uar, f1 = (interval(found, name) for name in ("wa", "uar", "macro_f1"))
    assert (wa.low, wa.high, wa.method) == (pytest.approx(metrics.wilson(20, 20)[0]), 1.0, "wilson")
    assert 0.72 < uar.low < wa.low
    assert (f1.value, f1.low, f1.high, f1.method) == (1.0, None, None, "none")
    assert f1.how == "no interval"
    assert "do not show its variance" in f1.note


def test_one_clip_says_next_to_nothing():
    right, wrong = (interval(answered(["anger"], [answer])) for answer in ("anger", "fear"))
    assert (right.value, right.high, wrong.value, wrong.low) == (1, 1, 0, 0)
    assert right.low == pytest.approx(1 - wrong.high) == pytest.approx(0.2065, abs=1e-4)


def test_a_class_without_clips_has_no_recall():
    found = answered(["anger"] * 10, ["anger"] * 6 + ["fear"] * 4)
    recall = next(metric for metric in PER_CLASS if metric.name == "recall")
    anger, fear = sampling(found).per_class(recall)
    assert anger.low < 0.6 < anger.high
    assert (fear.value, fear.low, fear.high, str(fear)) == (None, None, None, "–")


def test_a_class_that_resamples_lose_still_has_an_interval():
    true = ["anger"] * 40 + ["fear"] * 2
    found = answered(true, ["anger"] * 30 + ["fear"] * 11 + ["anger"])
    recall = next(metric for metric in PER_CLASS if metric.name == "recall")
    fear = sampling(found).per_class(recall)[1]
    assert (fear.value, fear.low, fear.high) == (0.5, 0, 1)


def test_an_emotion_of_one_speaker_only_is_evaluated_by_its_clips():
    """Without that speaker there is no recall, so speakers cannot tell how it scatters."""
    true = ["anger"] * 30 + ["fear"] * 10
    answers = ["anger"] * 20 + ["fear"] * 17 + ["anger"] * 3
    found = answered(true, answers, speakers=["a", "b", "c"] * 10 + ["a"] * 10)
    precision, recall, f1 = (sampling(found, by_speaker=True).per_class(m)[1] for m in PER_CLASS)
    low, high = metrics.wilson(7, 10)
    assert (recall.low, recall.high) == pytest.approx((low, high))
    assert (recall.method, recall.over) == ("wilson", "clips")
    assert precision.over == "speakers"
    assert (f1.value is not None, f1.low, f1.method) == (True, None, "none")


def test_one_clip_of_an_emotion_is_not_certainty():
    recall = next(metric for metric in PER_CLASS if metric.name == "recall")
    found = sampling(answered(["anger"] * 30 + ["fear"], ["anger"] * 30 + ["fear"]))
    fear = found.per_class(recall)[1]
    assert (fear.low, fear.high) == pytest.approx(tuple(map(float, metrics.wilson(1, 1))))


def test_intervals_read_as_text():
    found = interval(answered(["anger", "fear"] * 50, ["anger", "fear", "fear", "fear"] * 25))
    assert str(found).startswith("0.750 (0.")
    assert found.how == "95 % bootstrap over 100 clips"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "magic"}, "magic: no such method"),
        ({"level": 1.0}, "a level of 1"),
        ({"resamples": 0}, "0 resamples"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        interval(drawn(20), **options)
    with pytest.raises(UnknownNameError, match="Did you mean 'uar'"):
        interval(drawn(20), "uarr")


def test_students_t_and_its_limit():
    assert student_t(8, 0.95) == pytest.approx(2.306, abs=1e-3)
    assert student_t(0, 0.95) == np.inf


def test_a_mean_of_shares_is_wilson_for_one_and_narrower_for_many():
    one = mean_of_shares(np.array([7.0]), np.array([10.0]), 0.95)
    assert one == pytest.approx(metrics.wilson(7, 10))
    low, high = mean_of_shares(np.array([7.0, 7.0, 0.0]), np.array([10.0, 10.0, 0.0]), 0.95)
    assert one[0] < low < 0.7 < high < one[1]


# Coverage: worlds whose truth is known. 150 worlds give a standard error of 1.8 points at 95 %.

RECALLS = np.array([0.35, 0.45, 0.5, 0.6, 0.7, 0.65])


def world(generator, speakers, clips, spread):
    """Sums of every speaker: six recalls around the same, each with `clips` clips."""
    logits = np.log(RECALLS / (1 - RECALLS)) + spread * (
        generator.standard_normal((speakers, 1)) + 0.7 * generator.standard_normal((speakers, 6))
    )
    hits = generator.binomial(clips, 1 / (1 + np.exp(-logits)))
    counts = np.zeros((speakers, 6, 6))
    each = np.arange(6)
    counts[:, each, each] = hits
    counts[:, each, (each + 1) % 6] = clips - hits
    other = np.zeros((speakers, 2 + 2 * metrics.BINS))
    return SufficientStatistics(np.hstack([counts.reshape(speakers, 36), other]), 6)


def coverage(method, *, speakers, clips, spread, worlds=150):
    generator = np.random.default_rng(7)
    truth = METRICS["uar"].value(world(generator, 20_000, 60, spread).total())
    found = [
        Sampling(world(generator, speakers, clips, spread), method=method, resamples=200)
        for _ in range(worlds)
    ]
    ends = [each.interval("uar") for each in found]
    return np.mean([one.low <= truth <= one.high for one in ends])


@pytest.mark.parametrize("speakers", [3, 5, 9])
def test_the_t_interval_over_few_speakers_covers_the_truth(speakers):
    assert 0.91 <= coverage("jackknife t", speakers=speakers, clips=60, spread=0.4) <= 0.99


def test_the_bootstrap_covers_with_many_speakers_and_not_with_few():
    assert 0.91 <= coverage("bootstrap", speakers=40, clips=30, spread=0.4) <= 0.99
    assert coverage("bootstrap", speakers=4, clips=60, spread=0.4) < 0.88


def test_the_bootstrap_over_clips_covers_where_speakers_do_not_matter():
    generator = np.random.default_rng(11)
    true = np.repeat(np.arange(6), 60)
    wrong = (true + 1) % 6
    covered = 0
    for _ in range(200):
        right = generator.random(360) < RECALLS[true]
        sums = np.zeros((360, 36 + 2 + 2 * metrics.BINS))
        sums[np.arange(360), true * 6 + np.where(right, true, wrong)] = 1
        found = Sampling(SufficientStatistics(sums, 6), resamples=200).interval("uar")
        covered += found.low <= RECALLS.mean() <= found.high
    assert 0.91 <= covered / 200 <= 0.99


def calibrated(generator, clips):
    """Answers whose confidence is their chance of being right: the true ECE is about zero."""
    sure = generator.uniform(0.4, 1.0, clips)
    right = generator.random(clips) < sure
    rest = (1 - sure) / 2
    given = np.stack([sure, rest, rest], axis=1)
    emotions = np.where(right, "anger", np.where(generator.random(clips) < 0.5, "fear", "neutral"))
    frame = pd.DataFrame({"emotion": emotions}, index=[f"{number}.wav" for number in range(clips)])
    return Predictions.of(frame, given, ["anger", "fear", "neutral"])


def test_the_ece_of_a_calibrated_model_is_not_distinguished_from_zero():
    """It is above zero by chance alone, and so are all its resamples."""
    generator = np.random.default_rng(3)
    found = [interval(calibrated(generator, 400), "ece", resamples=200) for _ in range(60)]
    assert 0.88 <= np.mean([one.low == 0 for one in found]) <= 1
    assert all(one.value > 0.01 for one in found)
    assert interval(drawn(400, sharpness=3.0), "ece").low > 0.05


def test_chance_explains_as_much_ece_as_calibrated_models_show():
    generator = np.random.default_rng(4)
    shown = [
        METRICS["ece"].value(sufficient_statistics(calibrated(generator, 400)).total())
        for _ in range(100)
    ]
    drawn_by_chance = ece_by_chance(sufficient_statistics(calibrated(generator, 400)).total())
    assert np.mean(drawn_by_chance) == pytest.approx(np.mean(shown), rel=0.1)
    assert np.quantile(drawn_by_chance, 0.9) == pytest.approx(np.quantile(shown, 0.9), rel=0.15)
