from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from ser_core.core import ParameterError
from ser_core.models import networks
from ser_core.models.networks.lda import NEVER, LdaNet, LdaSpec


def clips(rng, *, classes=3, each=40, numbers=5):
    """Clips of correlated classes: inputs and the numbers of their classes."""
    mixing, centres = rng.normal(size=(numbers, numbers)), rng.normal(size=(classes, numbers))
    of = np.repeat(np.arange(classes), each)
    return centres[of] + rng.normal(size=(len(of), numbers)) @ mixing, of


def fitted(inputs, of, *, weights=None, classes=3, shrinkage=0.3):
    net = LdaNet(LdaSpec(bins=inputs.shape[1], classes=classes, shrinkage=shrinkage))
    net.fit(inputs, of, seed=0, weights=weights)
    return net.eval()


def probabilities(net, inputs):
    return net(torch.tensor(inputs).float()[:, None, :, None]).softmax(-1).detach().numpy()


@pytest.mark.parametrize("shrinkage", [0.05, 0.5, 1.0])
def test_it_is_scikit_learns_with_the_same_shrinkage(shrinkage):
    inputs, of = clips(np.random.default_rng(0))
    reference = LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage=shrinkage, priors=np.full(3, 1 / 3)
    ).fit(inputs, of)
    mine = probabilities(fitted(inputs, of, shrinkage=shrinkage), inputs)
    np.testing.assert_allclose(mine, reference.predict_proba(inputs), atol=1e-5)


def test_a_weight_of_two_is_a_clip_that_is_there_twice():
    inputs, of = clips(np.random.default_rng(1))
    twice = np.arange(0, len(of), 3)
    weights = np.ones(len(of))
    weights[twice] = 2
    once = fitted(inputs, of, weights=weights)
    again = fitted(np.concatenate([inputs, inputs[twice]]), np.concatenate([of, of[twice]]))
    torch.testing.assert_close(once.fc.weight, again.fc.weight)
    torch.testing.assert_close(once.fc.bias, again.fc.bias)


def test_a_class_without_clips_is_never_predicted():
    inputs, of = clips(np.random.default_rng(2))
    net = fitted(inputs, of, classes=4)
    assert float(net.fc.bias[3].detach()) == NEVER
    assert probabilities(net, inputs)[:, 3].max() == 0
    np.testing.assert_allclose(
        probabilities(net, inputs)[:, :3], probabilities(fitted(inputs, of), inputs), atol=1e-6
    )


def test_fewer_clips_than_numbers_are_enough():
    inputs, of = clips(np.random.default_rng(3), each=4, numbers=40)
    assert (probabilities(fitted(inputs, of), inputs).argmax(1) == of).mean() > 0.9


def test_it_reads_the_mean_over_own_frames():
    inputs, of = clips(np.random.default_rng(4), numbers=2)
    net = fitted(inputs, of)
    padded = torch.tensor([[[[1.0, 3, 0], [2, 4, 0]]]])
    alone = torch.tensor([[[[2.0], [3.0]]]])
    torch.testing.assert_close(net(padded, torch.tensor([2])), net(alone))


def test_it_is_built_again_from_what_is_written_of_it():
    spec = LdaSpec(bins=7, classes=3, shrinkage=0.2)
    assert networks.from_dict(networks.as_dict(spec)) == spec


@pytest.mark.parametrize("wrong", [0.0, 1.5])
def test_shrinkage_out_of_bounds_is_refused(wrong):
    with pytest.raises(ParameterError, match="shrinkage"):
        LdaSpec(shrinkage=wrong)
