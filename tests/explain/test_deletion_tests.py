"""Trials of many clips: shares, margins and their intervals, against maps that know nothing."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import Waveform
from ser_core.explain import attribute, model_input
from ser_core.explain.deletion_tests import (
    LOUDEST,
    SHARES,
    DeletionTests,
    controls,
    deletion_tests,
    table_of,
)
from ser_core.explain.faithfulness import CONTIGUOUS, Terms
from ser_core.explain.masked_audio import (
    DRAWS,
    DeletionTest,
    deletion_test,
    mask_audio,
    most_relevant,
)
from tests.explain.nets import bundle_of, linear_bundle

TERMS = Terms(bands=8, pieces=12, elsewhere=2)


def trial(keeps, loses):
    return DeletionTest(0.5 + keeps, 0.5 - loses, 0.5, 0.5, DRAWS)


def told(trials, speakers=None):
    clips = [f"clip {number}" for number in range(len(trials))]
    table = table_of({c: {"lrp": each} for c, each in zip(clips, trials, strict=True)})
    names = speakers if speakers is not None else [pd.NA] * len(clips)
    return DeletionTests(table, pd.Series(names, index=clips))


def test_shares_and_margins_of_known_trials():
    found = told([trial(0.2, 0.1), trial(0.2, -0.1), trial(-0.1, 0.3), trial(-0.1, -0.1)])
    values = {name: found.figure("lrp", name).value for name in SHARES}
    assert values == {"both": 0.25, "one": 0.5, "neither": 0.25}
    assert found.figure("lrp", "keeps").value == pytest.approx(0.05)
    assert found.figure("lrp", "loses").value == pytest.approx(0.05)


def test_as_much_as_elsewhere_is_not_more():
    assert trial(0, 0).halves == 0
    assert trial(0.1, 0.02).margin == pytest.approx(0.02)
    assert trial(-0.1, 0.02).margin == pytest.approx(-0.1)
    assert told([trial(0, 0), trial(0, 0.1)]).figure("lrp", "one").value == 0.5


def test_speakers_are_the_units_where_they_are_named():
    halves = [trial(0.1, 0.1)] * 3 + [trial(-0.1, -0.1)] * 3
    named = told(halves, ["A", "A", "A", "B", "B", "B"]).figure("lrp", "both")
    assert (named.over, named.units, named.method) == ("speakers", 2, "jackknife t")
    assert (named.low, named.high) == (0.0, 1.0)  # two speakers tell next to nothing
    unnamed = told(halves).figure("lrp", "both")
    assert (unnamed.over, unnamed.units) == ("clips", 6)
    assert 0 <= unnamed.low < unnamed.value < unnamed.high <= 1


def test_where_every_clip_agrees_the_interval_is_that_of_a_share():
    found = told([trial(0.1, 0.1)] * 10, ["A", "B"] * 5).figure("lrp", "both")
    assert found.value == found.high == 1.0
    assert found.low == pytest.approx(0.722, abs=1e-3)
    assert found.method == "wilson"


def test_maps_that_know_nothing_go_through_the_same(speech):
    bundle = bundle_of()
    found = attribute(bundle, speech, "gradient_x_input")
    input_of = partial(model_input, bundle)
    made = deletion_tests(input_of, speech, {"gradient_x_input": found}, TERMS, 3)
    assert list(made) == ["gradient_x_input", CONTIGUOUS, LOUDEST]
    assert made["gradient_x_input"] == deletion_test(input_of, speech, found, 0.2, draws=2, seed=3)


def test_the_largest_values_are_those_of_the_feature_map(speech):
    found = attribute(bundle_of(), speech, "gradient_x_input")
    loudest = controls(found, TERMS, 0)[LOUDEST]
    np.testing.assert_array_equal(loudest.values, found.feature_map)


def changes(mask):
    """How often a mask changes along time."""
    return np.abs(np.diff(mask.astype(int), axis=-1)).sum()


def test_blobs_are_drawn_anew_for_each_clip_and_are_contiguous(speech):
    found = attribute(bundle_of(), speech, "gradient_x_input")
    one, two = (most_relevant(controls(found, TERMS, n)[CONTIGUOUS].values, 0.2) for n in (0, 1))
    again = most_relevant(controls(found, TERMS, 0)[CONTIGUOUS].values, 0.2)
    assert (one == again).all()
    assert (one != two).any()
    scattered = most_relevant(np.random.default_rng(0).random(one.shape), 0.2)
    assert changes(one) < changes(scattered) / 3


def test_what_cannot_be_heard_has_no_trial(speech):
    bundle = linear_bundle()
    found = {"gradient_x_input": attribute(bundle, speech, "gradient_x_input")}
    assert deletion_tests(partial(model_input, bundle), speech, found, TERMS, 0) == {}
    heard = {"gradient_x_input": attribute(bundle_of(), speech, "gradient_x_input")}
    silent = replace(TERMS, heard=0)
    assert deletion_tests(partial(model_input, bundle_of()), speech, heard, silent, 0) == {}


def test_what_was_heard_already_is_not_heard_again(speech):
    bundle, asked = bundle_of(), []

    def input_of(sound: Waveform):
        asked.append(sound)
        return model_input(bundle, sound)

    found = attribute(bundle, speech, "gradient_x_input")
    parts = tuple(mask_audio(input_of, speech, found, 0.2, keep=keep) for keep in (True, False))
    asked.clear()
    with_parts = deletion_test(input_of, speech, found, 0.2, parts=parts)
    assert len(asked) == 2 * DRAWS
    assert with_parts == deletion_test(input_of, speech, found, 0.2)


def test_used_again_the_networks_answer_the_same(speech, others):
    for bundle, voice in ((bundle_of(), None), (bundle_of(normalise="speaker"), True)):
        known = bundle.enrol(others) if voice else None
        first = model_input(bundle, others[0], known)
        again = model_input(bundle, speech, known, like=first)
        assert again.network_inputs[0].network is first.network_inputs[0].network
        np.testing.assert_array_equal(
            again.probabilities(), model_input(bundle, speech, known).probabilities()
        )
