"""A logistic regression of scikit-learn is a linear layer, as far as a graph is concerned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.core import ModelError
from ser_core.models.networks.logistic import LogisticSpec


@pytest.mark.parametrize(("present", "classes"), [((0, 1, 2), 3), ((0, 1), 2), ((0, 2, 3), 5)])
def test_the_equivalent_layers_give_what_the_estimator_gives(present, classes):
    spec = LogisticSpec(c=1.0, channels=2, bins=3, classes=classes)
    network, draw = spec.build(), np.random.default_rng(0)
    numbers = np.resize(present, 60)
    inputs = (draw.standard_normal((60, 6)) + numbers[:, None]).astype(np.float32)
    network.fit(inputs, numbers, seed=0)
    x = torch.from_numpy(inputs).view(60, 2, 3, 1)
    found, expected = spec.traceable(network)(x), network(x)
    torch.testing.assert_close(found.exp(), expected.exp(), atol=1e-5, rtol=1e-4)
    assert found.shape == (60, classes)
    absent = sorted(set(range(classes)) - set(present))
    torch.testing.assert_close(found[:, absent], expected[:, absent])


def test_an_estimator_that_is_not_fitted_is_refused():
    spec = LogisticSpec(channels=1, bins=4, classes=3)
    with pytest.raises(ModelError, match="is not fitted"):
        spec.traceable(spec.build())
