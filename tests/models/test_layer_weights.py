from __future__ import annotations

import math

import pytest
import torch

from ser_core.core import ParameterError
from ser_core.models import networks
from ser_core.models.card import card
from ser_core.models.networks.layer_attention import LayerAttentionNet, LayerAttentionSpec
from ser_core.models.networks.layer_weights import LayerWeightsNet, LayerWeightsSpec
from ser_core.models.networks.linear import LARGEST

CLIP = torch.tensor([[[[1.0, 3, 0], [2, 2, 0]], [[0.0, 0, 0], [4, -4, 0]]]])
"""Two layers of two bins: means over two own frames are (2, 2) and (0, 0)."""


def weights_net(scores):
    net = LayerWeightsNet(LayerWeightsSpec(channels=2, bins=2, classes=2)).eval()
    with torch.no_grad():
        net.scores.copy_(torch.tensor(scores))
        net.fc.weight.copy_(torch.tensor([[1.0, 0], [1, 1]]))
        net.fc.bias.copy_(torch.tensor([0.5, 0]))
    return net


def attention_net(*, query=1.0, scores=(0.0, 0.0), channels=2):
    """Attention that compares the first bin alone."""
    spec = LayerAttentionSpec(hidden=1, channels=channels, bins=2, classes=2)
    net = LayerAttentionNet(spec).eval()
    with torch.no_grad():
        net.compared.weight.copy_(torch.tensor([[1.0, 0]]))
        net.compared.bias.zero_()
        net.query.fill_(query)
        net.scores.copy_(torch.tensor(scores))
        net.fc.weight.copy_(torch.eye(2))
        net.fc.bias.zero_()
    return net


def test_layers_count_alike_at_first():
    net = LayerWeightsNet(LayerWeightsSpec(channels=4))
    torch.testing.assert_close(net.layer_weights, torch.full((4,), 0.25))


def test_logits_are_a_linear_layer_on_the_weighted_mean():
    net = weights_net([math.log(3), 0.0])  # 3/4 and 1/4: the mean is (1.5, 1.5)
    torch.testing.assert_close(net(CLIP, torch.tensor([2])), torch.tensor([[2.0, 3.0]]))
    torch.testing.assert_close(net(CLIP[..., :2]), torch.tensor([[2.0, 3.0]]))


def test_its_weights_are_said_in_the_card():
    net = weights_net([math.log(3), 0.0])
    assert net.spec.learned(net).endswith("from the first to the last: 0.75, 0.25.")
    rep = {"name": "encoder", "sample_rate": 16_000, "first": 1, "last": 2, "weights": "0" * 16}
    about = {
        "representation": rep, "representation_hash": "0" * 16, "classes": ["anger", "neutral"],
        "normalise": "speaker", "network": networks.as_dict(net.spec),
        "learned": net.spec.learned(net),
    }  # fmt: skip
    assert "weighted mean of 2 layers. Learned weights" in card(about)


def test_a_layer_that_outweighs_all_is_the_only_one_read():
    alone, other = weights_net([40.0, 0.0]), CLIP.clone()
    other[:, 1] = 3.0
    own = torch.tensor([2])
    torch.testing.assert_close(alone(other, own), alone(CLIP, own))


def test_training_finds_the_layer_that_tells_classes_apart():
    draw = torch.Generator().manual_seed(0)
    x, of = torch.randn(200, 3, 8, 1, generator=draw), torch.arange(200) % 2
    x[:, 1, :, 0] += 2.0 * (2 * of[:, None] - 1)
    torch.manual_seed(0)
    net = LayerWeightsNet(LayerWeightsSpec(channels=3, bins=8, classes=2))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), of).backward()
        optimizer.step()
    assert net.layer_weights.argmax() == 1
    assert net.layer_weights[1] > 0.6


def test_attention_weights_each_clip_by_what_its_layers_hold():
    net = attention_net(query=2.0)
    layers = torch.tensor([[[1.0, 0], [0, 0]], [[0.0, 0], [1, 0]]])
    more = 1 / (1 + math.exp(-2 * math.tanh(1)))
    expected = torch.tensor([[more, 1 - more], [1 - more, more]])
    torch.testing.assert_close(net.attention(layers), expected)
    read = torch.tensor([[more, 0.0], [more, 0.0]])
    torch.testing.assert_close(net(layers.unsqueeze(-1)), read)


def test_attention_without_a_query_is_layer_weights():
    scores = [0.3, -0.8]
    attention, plain = attention_net(query=0.0, scores=scores), weights_net(scores)
    own = torch.tensor([2])
    torch.testing.assert_close(attention.embed(CLIP, own), plain.embed(CLIP, own))


@pytest.mark.parametrize("spec", [LayerWeightsSpec, LayerAttentionSpec])
def test_a_single_wild_value_counts_no_more_than_the_largest(spec):
    net = spec(channels=2).build().eval()
    wild, large = torch.full((1, 2, 1, 1), 1e6), torch.full((1, 2, 1, 1), LARGEST)
    torch.testing.assert_close(net(wild), net(large))


@pytest.mark.parametrize("wrong", [{"dropout": 1.0}, {"bins": 0}, {"channels": 0}])
@pytest.mark.parametrize("spec", [LayerWeightsSpec, LayerAttentionSpec])
def test_values_out_of_bounds_are_refused(spec, wrong):
    with pytest.raises(ParameterError, match="must"):
        spec(**wrong)
