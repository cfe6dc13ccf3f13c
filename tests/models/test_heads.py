"""What every network on the layers of an encoder must do."""

from __future__ import annotations

import pytest
import torch

from ser_core.models import networks
from ser_core.models.networks import NETWORKS

HEADS = ("linear", "mlp", "layer-weights", "layer-attention")


def spec_of(name):
    return NETWORKS[name].spec(channels=3, bins=8, classes=4)


def lively(name):
    """Network in evaluation mode with weights that all matter."""
    torch.manual_seed(0)
    net = spec_of(name).build()
    with torch.no_grad():
        for weight in net.parameters():
            weight += 0.1 * torch.randn_like(weight)
    return net.eval()


@pytest.mark.parametrize("name", HEADS)
def test_a_clip_in_a_padded_batch_gives_what_it_gives_alone(name):
    net = lively(name)
    long, short = torch.randn(3, 8, 40), torch.randn(3, 8, 24)
    padded = torch.stack([long, torch.nn.functional.pad(short, (0, 16))])
    together = net(padded, torch.tensor([40, 24]))
    torch.testing.assert_close(together[1:], net(short[None]), rtol=1e-4, atol=1e-5)
    assert together.shape == (2, 4)


@pytest.mark.parametrize("name", HEADS)
def test_gradients_reach_all_weights_and_the_input(name):
    net = lively(name)
    x = torch.randn(4, 3, 8, 20, requires_grad=True)
    net(x)[:, 0].square().sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    assert [n for n, w in net.named_parameters() if w.grad is None] == []


@pytest.mark.parametrize("name", HEADS)
def test_it_is_built_again_from_what_is_written_of_it(name):
    spec = spec_of(name)
    assert networks.from_dict(networks.as_dict(spec)) == spec
    assert networks.described(networks.as_dict(spec)) == spec.words


@pytest.mark.parametrize("name", ["linear", "layer-weights"])
def test_one_that_says_it_is_linear_is(name):
    net = lively(name)
    assert net.spec.linear
    one, other = 0.1 * torch.randn(2, 1, 3, 8, 5)
    middle = net((one + other) / 2)
    torch.testing.assert_close(middle, (net(one) + net(other)) / 2, rtol=1e-4, atol=1e-5)
