"""Sounds whose cue is known: every method is held against the truth, without a corpus."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from ser_core.explain import attributed, make, synthetic_cues
from ser_core.explain.deletion_tests import DeletionTests, controls, deletion_tests, table_of
from ser_core.explain.faithfulness import CONTIGUOUS, Terms
from ser_core.explain.masked_audio import deletion_test
from ser_core.explain.model_input import model_input
from ser_core.explain.sanity_checks import Case, check
from tests.explain.nets import CONVOLUTIONAL

LEAST = {
    "lime": (0.9, 0.2),
    "occlusion": (0.9, 0.2),
    "lrp": (0.9, 0.25),
    "grad_cam": (0.75, 0.04),
    "integrated_gradients": (0.75, 0.2),
    "gradient_x_input": (0.7, 0.15),
    "smoothgrad": (0.65, 0.03),
}
"""Of every method: area under the curve, and share of the relevance that is on the cue (two per
cent of the picture), well below what was measured."""


@pytest.fixture(scope="module")
def learned():
    return synthetic_cues.trained_on_cues()


@pytest.fixture(scope="module")
def found(learned):
    quick = synthetic_cues.own_methods() | {"lime": make("lime", samples=400)}
    return synthetic_cues.measured(learned, synthetic_cues.clips(6, seed=99), quick)


def test_the_network_has_learned_the_cue(learned):
    known = synthetic_cues.clips(24, seed=98)
    answers = learned.predict([each.waveform for each in known]).argmax(axis=1)
    right = [
        synthetic_cues.CLASSES[a] == each.emotion for a, each in zip(answers, known, strict=True)
    ]
    assert np.mean(right) > 0.95


def test_the_truth_is_where_the_cue_is_and_not_the_loudest_place(learned):
    clip = synthetic_cues.clips(1, seed=3)[0]
    rep = learned.model.representation
    truth = clip.truth(rep)
    hz = np.asarray(rep.bin_axis().values)
    rows = np.flatnonzero(truth.any(axis=(0, 2)))
    low, high = synthetic_cues.CUES[clip.emotion]
    assert low * 0.85 < hz[rows].min()
    assert hz[rows].max() < high * 1.15
    network_input = model_input(learned, clip.waveform).network_inputs[0]
    assert not truth.ravel()[network_input.feature_map.argmax()]


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_every_method_finds_the_planted_cue(found, name):
    row = synthetic_cues.summary(found).loc[name]
    auc, inside = LEAST[name]
    assert row["auc"] > auc
    assert row["inside"] > inside
    assert row["inside"] > 2 * row["area"]


def test_no_method_is_measured_without_a_bound(found):
    assert set(found["method"]) == set(LEAST) == set(CONVOLUTIONAL)


def test_the_loudest_place_is_no_explanation(learned):
    """Scores of a map of the input itself, and its checks."""
    scores = []
    for clip in synthetic_cues.clips(6, seed=97):
        network_input = model_input(learned, clip.waveform).network_inputs[0]
        scores.append(
            synthetic_cues.localisation(
                network_input.feature_map, clip.truth(network_input.representation)
            )
        )
    assert np.mean([each["pointing"] for each in scores]) == 0


def test_checks_pass_for_lrp_on_a_network_that_learned(learned):
    network_input = model_input(
        learned, synthetic_cues.clips(1, seed=5)[0].waveform
    ).network_inputs[0]
    method = make("lrp")
    checks = check(Case(network_input, method, 0, method.relevance(network_input, 0)))
    assert {each.name: each.passed for each in checks} == dict.fromkeys(
        ("conservation", "randomisation", "baseline", "padding"), True
    )


def test_localisation_of_known_maps():
    truth = np.zeros((1, 4, 5), bool)
    truth[0, 1, 2:4] = True
    perfect = synthetic_cues.localisation(truth.astype(np.float32), truth)
    assert perfect == {"auc": 1.0, "inside": 1.0, "pointing": 1.0, "area": 0.1}
    flat = synthetic_cues.localisation(np.ones((1, 4, 5), np.float32), truth)
    assert flat["auc"] == 0.5
    assert flat["inside"] == pytest.approx(0.1)
    assert synthetic_cues.localisation(-truth.astype(np.float32), truth)["auc"] == 0.0
    assert synthetic_cues.localisation(np.zeros((1, 4, 5), np.float32), truth)["inside"] == 0.0


def of_all(trials):
    clips = [str(number) for number in trials]
    table = table_of(dict(zip(clips, trials.values(), strict=True)))
    return DeletionTests(table, pd.Series(pd.NA, index=clips))


def test_the_sound_bears_out_maps_of_the_cue_and_blobs_no_more_than_chance(learned):
    trials, terms = {}, Terms(heard=5, elsewhere=3)
    for number, clip in enumerate(synthetic_cues.clips(20, seed=97)):
        view = model_input(learned, clip.waveform)
        input_of = partial(model_input, learned, like=view)
        found = attributed(view, make("lrp"), view.target(clip.emotion))
        truth = replace(found, values=clip.truth(found.representation).astype(np.float32))
        if number < 8:
            own = {"lrp": found, "truth": truth}
            trials[number] = deletion_tests(input_of, clip.waveform, own, terms, number)
        else:
            blobs = controls(found, terms, number)[CONTIGUOUS]
            trials[number] = {
                CONTIGUOUS: deletion_test(
                    input_of, clip.waveform, blobs, 0.05, draws=3, seed=number
                )
            }
    of_the_cue = of_all({number: trials[number] for number in range(8)})
    for name in ("truth", "lrp"):
        assert of_the_cue.figure(name, "both").value >= 0.85
        assert of_the_cue.figure(name, "keeps").value > 0.02
        assert of_the_cue.figure(name, "loses").value > 0.15
    by_chance = of_all({n: {CONTIGUOUS: trials[n][CONTIGUOUS]} for n in trials})
    assert by_chance.figure(CONTIGUOUS, "both").value <= 0.5
    for margin in ("keeps", "loses"):
        assert abs(by_chance.figure(CONTIGUOUS, margin).value) < 0.05


def test_with_holes_in_the_sound_nothing_can_be_kept(learned):
    """Why removed parts are attenuated and not silenced: the model would respond to the gaps."""
    keeps = {}
    for rest in ("usual", "silence"):
        trials = {}
        for number, clip in enumerate(synthetic_cues.clips(6, seed=97)):
            view = model_input(learned, clip.waveform)
            found = attributed(view, make("gradient_x_input"), view.target(clip.emotion))
            truth = replace(found, values=clip.truth(found.representation).astype(np.float32))
            input_of = partial(model_input, learned, like=view)
            trials[number] = {
                "truth": deletion_test(input_of, clip.waveform, truth, 0.05, rest=rest, draws=3)
            }
        keeps[rest] = of_all(trials).figure("truth", "keeps").value
    assert abs(keeps["silence"]) < 0.005
    assert keeps["usual"] > 0.02
