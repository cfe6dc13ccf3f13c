"""Classical learners: what their layers of torch give, and what is kept of them on disk."""

from __future__ import annotations

import io

import numpy as np
import pytest
import skops.io
import torch

from ser_core.core import ParameterError
from ser_core.models.networks.boosting import BoostingSpec
from ser_core.models.networks.estimator import FEWEST, SMALLEST
from ser_core.models.networks.forest import ForestSpec
from ser_core.models.networks.knn import NeighboursSpec
from ser_core.models.networks.svm import LinearSvmSpec, RbfSvmSpec
from ser_core.models.networks.tree_tensors import _below

SPECS = {
    "svm-linear": (LinearSvmSpec, {"c": 0.1}),
    "svm-rbf": (RbfSvmSpec, {"c": 3.0}),
    "forest": (ForestSpec, {"trees": 12, "leaf": 2}),
    "boosting": (BoostingSpec, {"iterations": 8, "leaves": 6}),
    "knn": (NeighboursSpec, {"k": 4}),
}

each = pytest.mark.parametrize("name", SPECS)


def drawn(present, count=240, seed=0):
    draw = np.random.default_rng(seed)
    numbers = np.resize(present, count)
    away = draw.standard_normal((count, 12)) + 0.6 * numbers[:, None] * (np.arange(12) % 3)
    return away.astype(np.float32), numbers


def fitted(name, present=(0, 1, 2, 3), classes=4, **changed):
    kind, choices = SPECS[name]
    spec = kind(**{**choices, **changed}, channels=2, bins=6, classes=classes)
    network = spec.build()
    network.fit(*drawn(present), seed=0)
    return spec, network.eval()


def images(inputs):
    return torch.from_numpy(inputs).view(len(inputs), 2, 6, 1)


@each
@pytest.mark.parametrize(("present", "classes"), [((0, 1, 2, 3), 4), ((0, 1), 2), ((0, 2, 3), 5)])
def test_the_equivalent_layers_give_what_the_estimator_gives(name, present, classes):
    spec, network = fitted(name, present, classes)
    others, true = drawn(present, seed=1)
    network.calibrate(others, true)
    x = images(others)
    found, expected = spec.traceable(network)(x), network(x)
    torch.testing.assert_close(found.exp(), expected.exp(), atol=2e-5, rtol=1e-3)
    absent = sorted(set(range(classes)) - set(present))
    assert (expected[:, absent] <= np.log(SMALLEST) + 1e-6).all()
    torch.testing.assert_close(found[:, absent], expected[:, absent])


@each
def test_its_answer_is_that_of_the_estimator(name):
    _, network = fitted(name)
    inputs, true = drawn((0, 1, 2, 3), seed=1)
    answers = network(images(inputs)).argmax(1).numpy()
    agree = (answers == network.estimator.predict(inputs)).mean()
    # libsvm lets votes decide and asks margins only where these are equal.
    assert agree > 0.9 if name == "svm-rbf" else agree == 1
    assert (answers == true).mean() > 0.6


def test_an_estimator_of_nan_is_not_taken_up_again():
    _, network = fitted("svm-linear")
    network.estimator.coef_[0, 0] = np.nan
    with pytest.raises(ValueError, match="coef_ of the estimator holds NaN"):
        network.set_extra_state(network.get_extra_state())


@each
def test_a_temperature_is_fitted_on_validation_clips_and_changes_no_answer(name):
    _, network = fitted(name)
    inputs, true = drawn((0, 1, 2, 3), seed=2)
    before = network(images(inputs))
    network.calibrate(inputs[: FEWEST - 1], true[: FEWEST - 1])
    assert float(network.temperature) == 1
    network.calibrate(inputs, true)
    after = network(images(inputs))
    losses = [torch.nn.functional.nll_loss(p, torch.from_numpy(true)) for p in (before, after)]
    assert losses[1] <= losses[0] + 1e-6
    assert float(network.temperature) != 1
    torch.testing.assert_close(before.argmax(1), after.argmax(1))
    torch.testing.assert_close(after.exp().sum(1), torch.ones(len(after)))


@each
def test_it_is_kept_without_pickle_and_gives_the_same(name):
    spec, network = fitted(name)
    network.calibrate(*drawn((0, 1, 2, 3), seed=2))
    again = spec.build()
    again.load_state_dict(network.state_dict())
    inputs, _ = drawn((0, 1, 2, 3), seed=3)
    assert torch.equal(again(images(inputs)), network(images(inputs)))
    content = network.get_extra_state().numpy().tobytes()
    assert set(skops.io.get_untrusted_types(data=content)) <= set(spec.trusted)
    assert b"pickle" not in content


@each
def test_a_type_that_is_not_on_the_list_is_refused(name):
    spec, network = fitted(name)
    network.estimator.note_ = io.StringIO  # any type that nothing of it needs
    state = network.get_extra_state()
    with pytest.raises(ValueError, match="types that are not trusted"):
        spec.build().set_extra_state(state)


def test_thresholds_in_half_the_precision_decide_the_same():
    draw = np.random.default_rng(0)
    values = draw.standard_normal(4_000).astype(np.float32)
    following = np.nextafter(values, np.float32(np.inf))
    exact = (values.astype(np.float64) + following) / 2
    for thresholds in (exact, values.astype(np.float64), np.full(4_000, np.inf)):
        for x in (values, following):
            np.testing.assert_array_equal(x <= _below(thresholds), x <= thresholds)


def test_neighbours_keep_no_more_clips_than_they_may():
    _, network = fitted("knn", most=50)
    assert network.estimator._fit_X.shape == (50, 12)
    with pytest.raises(ParameterError, match="k = 4 must not exceed the 3 training clips"):
        NeighboursSpec(k=4, channels=2, bins=6).build().fit(*drawn((0, 1, 2), 3), seed=0)


def test_neighbours_take_no_class_weights():
    network = NeighboursSpec(channels=2, bins=6, classes=4).build()
    with pytest.raises(ParameterError, match="takes no class weights"):
        network.fit(*drawn((0, 1, 2, 3)), seed=0, weights=np.ones(240))


@pytest.mark.parametrize("name", ["svm-linear", "svm-rbf", "forest", "boosting"])
def test_weights_of_clips_move_answers(name):
    kind, choices = SPECS[name]
    inputs, classes = drawn((0, 1, 2, 3))
    answers = []
    for weights in (None, np.where(classes == 1, 30.0, 1.0)):
        network = kind(**choices, channels=2, bins=6, classes=4).build()
        network.fit(inputs, classes, seed=0, weights=weights)
        others, _ = drawn((0, 1, 2, 3), seed=1)
        answers.append((network(images(others)).argmax(1) == 1).sum())
    assert answers[1] > answers[0]
