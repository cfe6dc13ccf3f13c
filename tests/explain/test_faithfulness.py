"""Deletion and insertion on equal terms, against values that can be worked out."""

import numpy as np
import pandas as pd
import pytest
import torch

from ser_core.explain.faithfulness import (
    AREAS,
    CONTIGUOUS,
    CONTROLS,
    SCATTERED,
    Terms,
    chance,
    curves,
    faithfulness,
    order_of,
    tiles_of,
)
from ser_core.explain.model_input import ModelInput, model_input
from ser_core.explain.summary_statistics import ClipMeans, Rank, ranks
from tests.explain.nets import CLASSES, Weighted, bundle_of, pair_of

TERMS = Terms(bands=4, pieces=5, controls=24)
SHAPE = (1, 8, 20)


@pytest.fixture
def bright(network_input_of):
    """A network that adds up one corner, and a clip that is 1 everywhere: its logit counts tiles.

    The corner is a tenth of the feature map: two of twenty tiles.
    """
    weights = torch.zeros(3, *SHAPE)
    weights[1, 0, :2, :8] = 0.25
    network_input = network_input_of(Weighted(weights), torch.ones(1, *SHAPE))
    return ModelInput((network_input,), (1.0,), CLASSES, lambda answers: answers[0])


def answer(logit):
    return np.exp(logit) / (np.exp(logit) + 2)


def slow_curve(view, values, terms, *, deletion):
    """The definition, tile by tile, with a loop."""
    tiles = tiles_of(SHAPE, terms)
    order = order_of(values, tiles, terms.seed)
    seen = view.network_inputs[0].seen
    curve = []
    for area in (0.0, *AREAS, 1.0):
        count = len(order) if area == 1 else max(1, round(area * len(order))) if area else 0
        feature_map = seen.clone() if deletion else torch.zeros_like(seen)
        for tile in order[:count]:
            inside = torch.from_numpy(tiles == tile)
            feature_map[0][inside] = 0.0 if deletion else seen[0][inside]
        curve.append(float(view.network_inputs[0].probabilities(feature_map)[0, 1]))
    return np.array(curve)


def test_curves_follow_their_definition(bright):
    values = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    tiles = tiles_of(SHAPE, TERMS)
    found = curves(bright, 1, order_of(values, tiles, 0)[None], tiles, TERMS)
    np.testing.assert_allclose(found.deletion[0], slow_curve(bright, values, TERMS, deletion=True))
    np.testing.assert_allclose(
        found.insertion[0], slow_curve(bright, values, TERMS, deletion=False)
    )


def test_the_truth_takes_all_at_once_and_brings_all_back(bright):
    truth = bright.network_inputs[0].network.weights[1].numpy()
    found = faithfulness(bright, 1, {"truth": truth, "opposite": -truth}, TERMS)
    whole, nothing = answer(0.25 * 16), answer(0.0)
    assert found["truth"]["drop"] == pytest.approx(whole - nothing)
    assert found["opposite"]["drop"] == pytest.approx(0)
    assert found["truth"]["faithfulness"] > 0.4
    assert found["opposite"]["faithfulness"] < -0.4
    for kind in CONTROLS:
        assert found["opposite"]["deletion"] > found[kind]["deletion"] > found["truth"]["deletion"]
        assert abs(found[kind]["faithfulness"]) < 0.25


def test_every_map_loses_the_same_area(bright):
    tiles = tiles_of(SHAPE, TERMS)
    assert len(set(np.bincount(tiles.ravel()))) == 1
    fine = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    blob = np.zeros(SHAPE, np.float32)
    blob[0, 2:6, 3:9] = 1
    for values in (fine, blob):
        order = order_of(values, tiles, 0)
        assert sorted(order) == list(range(20))


def test_equal_tiles_come_by_chance_and_not_from_left_to_right():
    tiles = tiles_of(SHAPE, TERMS)
    flat = np.zeros(SHAPE, np.float32)
    one, two = order_of(flat, tiles, 0), order_of(flat, tiles, 1)
    assert list(one) != list(two)
    assert list(one) != sorted(one)
    np.testing.assert_array_equal(one, order_of(flat, tiles, 0))


def neighbours(order, rows, columns, count):
    """Share of the neighbours of the first tiles that are among them too."""
    inside = np.zeros(rows * columns, bool)
    inside[order[:count]] = True
    field = inside.reshape(rows, columns)
    both = (field[1:] & field[:-1]).sum() + (field[:, 1:] & field[:, :-1]).sum()
    return both / field.sum()


def test_contiguous_chance_hangs_together_and_scattered_does_not():
    terms = Terms(bands=16, pieces=24, controls=30)
    held = {
        kind: np.mean([neighbours(order, 16, 24, 77) for order in chance(kind, (1, 64, 96), terms)])
        for kind in CONTROLS
    }
    assert held[CONTIGUOUS] > 1.5
    assert held[SCATTERED] < 0.6
    for kind in CONTROLS:
        drawn = chance(kind, (2, 64, 96), terms)
        assert drawn.shape == (30, 2 * 16 * 24)
        assert len({tuple(order) for order in drawn}) == 30


@pytest.mark.parametrize("fill", ["mean", "silence", "blurred"])
def test_what_is_removed_is_filled_alike(bright, fill):
    terms = Terms(bands=4, pieces=5, controls=2, fill=fill)
    truth = bright.network_inputs[0].network.weights[1].numpy()
    found = faithfulness(bright, 1, {"truth": truth}, terms)["truth"]
    left = {"mean": 0.0, "silence": -2.0, "blurred": 1.0}[fill]
    assert found["drop"] == pytest.approx(answer(4.0) - answer(0.25 * 16 * left), abs=1e-6)


def test_of_an_ensemble_all_that_see_the_feature_map_lose_the_part(speech):
    one, two, other = bundle_of(seed=0), bundle_of(seed=3), bundle_of("mfcc", seed=1)
    pair = model_input(pair_of(one, two, [0.5, 0.5]), speech)
    mixed = model_input(pair_of(one, other, [0.5, 0.5]), speech)
    for view, name in ((pair, ""), (mixed, "melspectrogram")):
        shape = view.through(name)[0][0].shape
        tiles = tiles_of(shape, TERMS)
        order = np.arange(20)[None]
        target = view.target(None)
        found = curves(view, target, order, tiles, TERMS, name)
        assert found.deletion[0, 0] == pytest.approx(view.probabilities()[target])
    seen = [s.probabilities(torch.zeros_like(s.seen)).numpy()[0] for s in pair.network_inputs]
    tiles = tiles_of(pair.network_inputs[0].shape, TERMS)
    found = curves(pair, 1, np.arange(20)[None], tiles, TERMS)
    assert found.deletion[0, -1] == pytest.approx(np.mean(seen, axis=0)[1])


# Intervals and ranks.


@pytest.fixture
def scores():
    """Three methods on 200 clips that are hard or easy for all: one is better by 0.1."""
    generator = np.random.default_rng(0)
    hard = generator.normal(0, 0.6, 200)
    noise = generator.normal(0, 0.1, (200, 3))
    columns = {"good": hard + 0.1, "plain": hard, "twin": hard}
    return pd.DataFrame(columns) + noise


def test_intervals_hold_the_mean_and_pairing_makes_differences_sure(scores):
    means = ClipMeans.of(scores)
    good, plain = means.mean("good"), means.mean("plain")
    assert good.low < scores["good"].mean() < good.high
    assert good.low < plain.high  # on their own they overlap
    apart = means.difference("good", "plain")
    assert 0 < apart.low < 0.1 < apart.high
    assert apart.how == "95 % bootstrap over 200 clips"


def test_few_speakers_are_left_out_in_turn(scores):
    speakers = pd.Series(np.repeat(list("abcdefgh"), 25))
    found = ClipMeans.of(scores, speakers).mean("good")
    of_each = scores["good"].groupby(speakers.to_numpy()).mean()
    margin = 2.3646 * of_each.std() / np.sqrt(8)  # Student's t, 7 degrees of freedom
    assert found.value == pytest.approx(of_each.mean())
    assert found.high - found.value == pytest.approx(margin, rel=1e-3)
    assert found.how == "95 % jackknife t over 8 speakers"
    assert "rests on 8 speakers" in found.note


def test_a_single_clip_has_no_interval():
    found = ClipMeans.of(pd.DataFrame({"a": [0.3], "b": [0.1]})).mean("a")
    assert (found.value, found.low, found.high) == (0.3, None, None)


def test_only_ranks_that_the_data_support_are_given(scores):
    found = ranks(scores)
    assert found["good"] == Rank(1, 1, 3)
    assert found["plain"] == found["twin"] == Rank(2, 3, 3)
    assert str(found["plain"]) == "2 to 3"
    few = ranks(scores.head(4))
    assert not few["good"].is_certain
    assert str(Rank(1, 3, 3)) == "–"
