from __future__ import annotations

import pytest
import torch

from ser_core.core import ParameterError
from ser_core.models import networks
from ser_core.models.networks.linear import LARGEST, LinearNet, LinearSpec
from ser_core.models.networks.resnet import ResNetSpec


def test_it_is_a_linear_layer_on_the_mean_over_own_frames():
    net = LinearNet(LinearSpec(bins=3, classes=2)).eval()
    with torch.no_grad():
        net.fc.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 1, 1]]))
        net.fc.bias.copy_(torch.tensor([0.5, 0]))
    x = torch.tensor([[[[1.0, 3, 0], [2, 2, 0], [0, 4, 0]]]])
    torch.testing.assert_close(net(x, torch.tensor([2])), torch.tensor([[2.5, 4.0]]))
    torch.testing.assert_close(net(x[..., :2]), torch.tensor([[2.5, 4.0]]))


def test_a_single_wild_value_counts_no_more_than_the_largest():
    net = LinearNet(LinearSpec(bins=1, classes=2)).eval()
    wild, large = torch.full((1, 1, 1, 1), 1e6), torch.full((1, 1, 1, 1), LARGEST)
    torch.testing.assert_close(net(wild), net(large))


@pytest.mark.parametrize("spec", [LinearSpec(bins=7, classes=3), ResNetSpec(width=8)])
def test_a_network_is_built_again_from_what_is_written_of_it(spec):
    content = networks.as_dict(spec)
    assert networks.from_dict(content) == spec
    shapes = {name: value.shape for name, value in spec.build().state_dict().items()}
    again = networks.from_dict(content).build().state_dict()
    assert shapes == {name: value.shape for name, value in again.items()}


def test_a_file_of_before_there_were_kinds_is_of_a_resnet():
    content = {"depth": "resnet10", "width": 4, "dropout": 0.2, "channels": 1, "classes": 6}
    assert networks.from_dict(content) == ResNetSpec(depth="resnet10", width=4)


@pytest.mark.parametrize("wrong", [{"dropout": 1.0}, {"bins": 0}, {"classes": 1}, {"channels": 0}])
def test_values_out_of_bounds_are_refused(wrong):
    with pytest.raises(ParameterError, match="must"):
        LinearSpec(**wrong)
