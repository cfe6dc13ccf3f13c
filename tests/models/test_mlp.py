from __future__ import annotations

import pytest
import torch

from ser_core.core import ParameterError
from ser_core.models.networks.mlp import MlpNet, MlpSpec


def test_it_is_two_layers_with_relu_on_the_mean_over_own_frames():
    net = MlpNet(MlpSpec(hidden=2, bins=2, classes=2)).eval()
    with torch.no_grad():
        net.hidden.weight.copy_(torch.tensor([[1.0, 1], [-1, 0]]))
        net.hidden.bias.copy_(torch.tensor([0.0, 0.5]))
        net.fc.weight.copy_(torch.tensor([[1.0, 0], [2, 7]]))
        net.fc.bias.copy_(torch.tensor([0.0, 1]))
    x = torch.tensor([[[[1.0, 3, 0], [2, 4, 0]]]])  # means 2 and 3; hidden 5 and -1.5, so 0
    torch.testing.assert_close(net(x, torch.tensor([2])), torch.tensor([[5.0, 11.0]]))
    torch.testing.assert_close(net(x[..., :2]), torch.tensor([[5.0, 11.0]]))


def test_training_finds_what_no_linear_layer_can():
    corners = torch.tensor([[1.0, 1], [-1, -1], [1, -1], [-1, 1]])
    of = torch.tensor([0, 0, 1, 1])  # exclusive or
    torch.manual_seed(0)
    net = MlpNet(MlpSpec(hidden=16, dropout=0.0, bins=2, classes=2))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    x = corners[:, None, :, None]
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), of).backward()
        optimizer.step()
    assert torch.equal(net(x).argmax(1), of)


@pytest.mark.parametrize("wrong", [{"hidden": 0}, {"dropout": 1.0}, {"classes": 1}])
def test_values_out_of_bounds_are_refused(wrong):
    with pytest.raises(ParameterError, match="must"):
        MlpSpec(**wrong)
