"""What decides by groups of features: Shapley values that sum up, importance of what is used."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.dummy import DummyClassifier

from ser_core.audio import Waveform
from ser_core.core import ModelError
from ser_core.explain.feature_groups import (
    group_shares,
    permutation_importance,
    why_no_groups,
)
from ser_core.explain.model_input import model_input
from ser_core.features.representations import GROUPS, SUMMARIES, make
from ser_core.inference.confidence import Confidence
from ser_core.inference.evaluation_clips import EvaluationClips
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks import NETWORKS
from ser_core.plots.explain import group_shares_figure, importance_figure
from tests.explain.nets import CLASSES, bundle_of, pair_of

NAMED = ("functionals", "librosa_vector")


def fitted(speech, network="linear", name="librosa_vector", only=""):
    """A model on a summary, with random weights on one group of features or on all."""
    rep = make(name)
    numbers = torch.Generator().manual_seed(0)
    bins = rep.silence.shape[1]
    kind = NETWORKS[network]
    model = EmotionClassifier(rep, "corpus", kind.made(rep, len(CLASSES)), CLASSES)
    seen = rep(torch.from_numpy(speech.samples)[None])[0, ..., 0]
    with torch.no_grad():
        model.normaliser.mean.copy_(seen + torch.randn(seen.shape, generator=numbers))
        if network == "linear":
            weight = 0.3 * torch.randn(len(CLASSES), bins, generator=numbers)
            if only:
                weight *= torch.tensor([group == only for group in rep.feature_groups()])
            model.network.fc.weight.copy_(weight)
    return Bundle(model.eval(), architecture(model))


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_feature_of_a_summary_is_in_a_group(name):
    rep = make(name)
    groups = rep.feature_groups()
    assert len(groups) == len(rep.bin_axis().values)
    assert set(groups) <= set(GROUPS)
    known = dict(zip(rep.bin_axis().values, groups, strict=True))
    if name == "functionals":
        assert set(groups) == set(GROUPS)
        assert known["pitch where voiced: median"] == "pitch"
        assert known["energy modulation 3"] == known["voiced share"] == "rhythm"
        assert known["energy, quarter 2"] == known["energy: mean"] == "loudness"
        assert known["jitter"] == known["tilt where voiced: mean"] == "voice quality"
        assert known["MFCC 4: mean"] == "spectrum"
    else:
        assert known["tempo"] == "rhythm"


@pytest.mark.parametrize("name", NAMED)
def test_values_sum_to_the_difference_from_the_average_voice(speech, name):
    bundle = fitted(speech, name=name)
    view = model_input(bundle, speech)
    for target in range(len(CLASSES)):
        found = group_shares(view, target)
        assert found.probability == pytest.approx(view.probabilities()[target], abs=1e-6)
        network_input = view.network_inputs[0]
        average = network_input.probabilities(0 * network_input.seen)[0, target].item()
        assert found.average == pytest.approx(average, abs=1e-6)
        assert sum(found.added.values()) == pytest.approx(
            found.probability - found.average, abs=1e-12
        )


def test_values_explain_the_calibrated_answer_of_the_whole_model(speech):
    """With a temperature, and with another network that hears the clip as it is."""
    parts = [fitted(speech, name=name) for name in NAMED]
    pooled = pair_of(*parts, weights=(0.6, 0.4))
    view = model_input(pooled, speech).read(Confidence(temperature=2.5))
    for name in NAMED:
        found = group_shares(view, 1, name)
        assert found.probability == pytest.approx(view.probabilities()[1], abs=1e-6)
        assert found.average + sum(found.added.values()) == pytest.approx(found.probability)
    assert view.probabilities()[1] != pytest.approx(model_input(pooled, speech).probabilities()[1])


def test_values_are_means_over_all_orders(speech):
    """Slowly, by the definition."""
    view = model_input(fitted(speech), speech)
    network_input, groups = (
        view.network_inputs[0],
        np.array(make("librosa_vector").feature_groups()),
    )
    names = list(dict.fromkeys(groups))

    def worth(known):
        inside = torch.from_numpy(np.isin(groups, list(known)))[None, None, :, None]
        return network_input.probabilities(network_input.seen * inside)[0, 1].item()

    orders = list(permutations(names))
    for name in names:
        gains = [
            worth(order[: order.index(name) + 1]) - worth(order[: order.index(name)])
            for order in orders
        ]
        assert group_shares(view, 1).added[name] == pytest.approx(np.mean(gains), abs=1e-6)


def test_a_group_that_is_not_used_adds_nothing(speech):
    found = group_shares(model_input(fitted(speech, only="spectrum"), speech), 0)
    assert abs(found.added["spectrum"]) > 0.01
    assert max(abs(v) for name, v in found.added.items() if name != "spectrum") < 1e-9
    assert len(group_shares_figure(found).data[0].y) == len(found.added) + 2


def test_an_estimator_without_gradients_is_explained(speech):
    bundle = fitted(speech, network="logistic")
    bundle.model.network.estimator = DummyClassifier().fit(np.zeros((3, 288)), [0, 1, 2])
    found = group_shares(model_input(bundle, speech), 2)
    assert set(found.added.values()) == {0.0}
    assert found.average == pytest.approx(1 / 3)


def test_features_without_names_are_refused(speech):
    bundle = bundle_of()
    assert why_no_groups(bundle.model.representation)
    with pytest.raises(ModelError, match="have no names that tell pitch from loudness"):
        group_shares(model_input(bundle, speech), 0)


def test_what_is_used_is_lost_when_it_is_exchanged_and_nothing_else(speech):
    bundle = fitted(speech, only="spectrum")
    parts = [
        Waveform(np.array(speech.samples[start : start + 6_000]), speech.sample_rate)
        for start in range(0, 10_000, 1_000)
    ]
    answers = bundle.predict(parts).argmax(axis=1)
    assert len(set(answers)) > 1
    table = pd.DataFrame({"emotion": [CLASSES[a] for a in answers], "speaker": "a"})
    found = permutation_importance(bundle, EvaluationClips(table, tuple(parts), "ten clips"))
    assert found.uar == 1
    lost = {row.group: row.loss for row in found.groups}
    assert found.groups[0].group == "spectrum"
    assert lost.pop("spectrum") > 0.1
    assert set(lost.values()) == {0.0}
    assert len(importance_figure(found).data[0].y) == len(found.groups)
