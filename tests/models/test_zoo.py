"""Networks against torchvision, or against themselves written out plainly."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from ser_core.core import ParameterError
from ser_core.models.frame_mask import own_reversed
from ser_core.models.networks.cnn import CnnSpec, WaveCnnSpec
from ser_core.models.networks.conformer import (
    ConformerBlock,
    ConformerSpec,
    RelativeAttention,
    sinusoids,
)
from ser_core.models.networks.conv_bilstm import ConvBiLstmSpec
from ser_core.models.networks.layers import AdaptiveMean
from ser_core.models.networks.residual_dense import ResidualDenseSpec
from ser_core.models.networks.timnet import AwareBlock, TimNetSpec
from ser_core.models.networks.vgg import VggSpec
from tests.models.test_networks import as_trained


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def close(found, expected, tolerance=1e-5):
    torch.testing.assert_close(found, expected, rtol=10 * tolerance, atol=tolerance)


@pytest.mark.parametrize(("norm", "theirs"), [("none", "vgg16"), ("batch", "vgg16_bn")])
@torch.no_grad()
def test_it_is_torchvisions_vgg16_on_the_same_weights(norm, theirs):
    torch.manual_seed(0)
    made = getattr(torchvision.models, theirs)
    their = as_trained(made(num_classes=6, init_weights=False).eval())
    with torch.device("meta"):  # without memory of its own: there are 134 million weights
        our = VggSpec(channels=3, norm=norm).build().eval()
    weights = list(their.state_dict().values())
    names = list(our.state_dict())
    assert [w.shape for w in weights] == [our.state_dict()[name].shape for name in names]
    our.load_state_dict(dict(zip(names, weights, strict=True)), assign=True)
    x = numbers(1, 3, 64, 96)
    close(our(x), their(x), 1e-4)


@pytest.mark.parametrize(("bins", "frames"), [(7, 7), (3, 20), (14, 5), (1, 1), (9, 13)])
def test_means_over_cells_are_those_of_adaptive_pooling(bins, frames):
    x = numbers(2, 4, bins, frames)
    close(AdaptiveMean(7)(x, None), nn.AdaptiveAvgPool2d(7)(x))
    padded = nn.functional.pad(x, (0, 6), value=9.0)
    close(AdaptiveMean(7)(padded, torch.tensor([frames, frames])), nn.AdaptiveAvgPool2d(7)(x))


def slow_block(block, x, pool):
    """A block as it is usually written: convolution, batch norm, ReLU, pooling."""
    conv, norm = block.conv, block.norm
    x = nn.functional.conv2d(x, conv.weight, conv.bias, conv.stride, conv.padding)
    shape = (1, -1, 1, 1)
    x = (x - norm.running_mean.view(shape)) / (norm.running_var.view(shape) + norm.eps).sqrt()
    x = (x * norm.weight.view(shape) + norm.bias.view(shape)).clamp(min=0)
    return nn.functional.max_pool2d(x, pool, ceil_mode=True)


@pytest.mark.parametrize(
    ("spec", "shape", "filters"),
    [
        (CnnSpec(classes=3), (2, 1, 20, 31), [32, 64, 128]),
        (WaveCnnSpec(classes=3), (2, 1, 1, 5_000), [32, 64, 128, 256]),
    ],
)
@torch.no_grad()
def test_plain_networks_are_blocks_the_mean_and_a_layer(spec, shape, filters):
    network = as_trained(spec.build().eval())
    x, over_time = numbers(*shape), shape[2] == 1
    expected = x
    for number, count in enumerate(filters, start=1):
        (block,) = getattr(network, f"layer{number}")
        expected = slow_block(block, expected, (1, 4) if over_time else (2, 2))
        assert expected.shape[1] == count
    close(network(x), network.fc(expected.mean((2, 3))), 1e-4)


@torch.no_grad()
def test_the_sound_is_divided_in_time_by_four_and_first_by_sixteen():
    network = WaveCnnSpec().build()
    x, frames = numbers(1, 1, 1, 16_000), torch.tensor([16_000])
    for number in range(1, 5):
        (block,) = getattr(network, f"layer{number}")
        x, frames = block(x, frames), block.own(frames)
        assert x.shape[-1] == int(frames) == math.ceil(16_000 / 4 ** (number + 1))


def slow_lstm(lstm, x, suffix=""):
    """States of one direction, from the equations, (n, inputs) -> (n, hidden)."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    w, u, b, c = (getattr(lstm, name + suffix).double().numpy() for name in names)
    hidden = cell = np.zeros(u.shape[1])
    states = []
    for row in x:
        i, f, g, o = np.split(w @ row + b + u @ hidden + c, 4)
        i, f, o = (1 / (1 + np.exp(-each)) for each in (i, f, o))
        cell = f * cell + i * np.tanh(g)
        hidden = o * np.tanh(cell)
        states.append(hidden)
    return np.array(states)


@torch.no_grad()
def test_the_lstm_reads_each_clip_from_both_of_its_own_ends():
    spec = ConvBiLstmSpec(filters=5, hidden=4, bins=3, classes=2)
    network = spec.build().eval()
    x, frames = numbers(2, 9, 5), torch.tensor([9, 6])
    states = network._states(x, frames).double().numpy()
    for clip, own in enumerate(frames.tolist()):
        rows = x[clip, :own].double().numpy()
        ahead = slow_lstm(network.lstm, rows)
        back = slow_lstm(network.lstm, rows[::-1], "_reverse")[::-1]
        np.testing.assert_allclose(states[clip, :own], np.hstack([ahead, back]), atol=1e-6)
        assert not states[clip, own:].any()


@torch.no_grad()
def test_dense_blocks_see_mean_and_spread_of_a_clips_own_frames():
    network = as_trained(ResidualDenseSpec(units=6, blocks=2, bins=4, classes=3).build().eval())
    x = numbers(2, 1, 4, 10)
    x[1, ..., 7:] = 0
    found = network(x, torch.tensor([10, 7]))
    for clip, own in enumerate((10, 7)):
        values = x[clip, 0, :, :own]
        seen = torch.cat([values.mean(-1), values.std(-1, correction=0)])[None]
        state = network.norm(network.first(seen)).clamp(min=0)
        for block in network.blocks:
            inner = block.bn1(block.fc1(state)).clamp(min=0)
            state = (block.bn2(block.fc2(inner)) + state).clamp(min=0)
        close(found[clip], network.fc(state)[0])


def slow_aware(block, x):
    """A temporal-aware block frame by frame, (filters, n)."""
    inner = x
    for number in (1, 2):
        conv, norm = getattr(block, f"conv{number}"), getattr(block, f"bn{number}")
        columns = []
        for t in range(inner.shape[1]):
            earlier = t - block.reach
            before = inner[:, earlier] if earlier >= 0 else torch.zeros(len(inner))
            columns.append(conv.weight[..., 0] @ before + conv.weight[..., 1] @ inner[:, t])
        inner = torch.stack(columns, dim=1) + conv.bias[:, None]
        spread = (norm.running_var + norm.eps).sqrt()[:, None]
        inner = (inner - norm.running_mean[:, None]) / spread
        inner = (inner * norm.weight[:, None] + norm.bias[:, None]).clamp(min=0)
    return x / (1 + (-inner).exp())


@torch.no_grad()
def test_tim_net_is_its_paper_frame_by_frame():
    network = as_trained(TimNetSpec(filters=5, levels=3, bins=4, classes=3).build().eval())
    nn.init.normal_(network.weights)
    x = numbers(1, 1, 4, 11)[0, 0]
    ahead = network.ahead_in.weight[..., 0] @ x + network.ahead_in.bias[:, None]
    back = network.back_in.weight[..., 0] @ x.flip(-1) + network.back_in.bias[:, None]
    total = torch.zeros(5)
    for level in range(3):
        ahead, back = slow_aware(network.ahead[level], ahead), slow_aware(network.back[level], back)
        total += network.weights[level] * (ahead + back).mean(-1)
    close(network(x[None, None])[0], network.fc(total))


@torch.no_grad()
def test_a_temporal_block_sees_nothing_of_what_comes_later():
    block = as_trained(AwareBlock(4, 2, 0.0).eval())
    x = numbers(1, 4, 20)
    changed = x.clone()
    changed[..., 12:] = 5.0
    assert torch.equal(block(x)[..., :12], block(changed)[..., :12])
    assert not torch.equal(block(x)[..., 12:], block(changed)[..., 12:])


def test_own_frames_are_reversed_and_what_is_behind_stays():
    x = torch.tensor([[[1, 2, 3, 0, 0]], [[1, 2, 3, 4, 5]]])
    found = own_reversed(x, torch.tensor([3, 5]))
    assert found.tolist() == [[[3, 2, 1, 0, 0]], [[5, 4, 3, 2, 1]]]
    assert own_reversed(x[:1], None).tolist() == [[[0, 0, 3, 2, 1]]]


@torch.no_grad()
def test_relative_attention_is_its_definition_pair_by_pair():
    attention = RelativeAttention(8, 2, 0.0).eval()
    nn.init.normal_(attention.u)
    nn.init.normal_(attention.v)
    x = numbers(1, 6, 8)
    seen = attention.norm(x)[0]
    q, k, v = (layer(seen) for layer in (attention.query, attention.key, attention.value))
    rows = []
    for i in range(6):
        parts = []
        for head in range(2):
            own = slice(4 * head, 4 * head + 4)
            scores = []
            for j in range(6):
                r = attention.position(sinusoids(torch.tensor([i - j]), 8))[0, own]
                content = (q[i, own] + attention.u[head, 0]) @ k[j, own]
                scores.append((content + (q[i, own] + attention.v[head, 0]) @ r) / 2.0)
            parts.append(torch.stack(scores).softmax(0) @ v[:, own])
        rows.append(torch.cat(parts))
    close(attention(x, None)[0], attention.out(torch.stack(rows)))


@torch.no_grad()
def test_positions_are_the_sines_and_cosines_of_distances():
    found = sinusoids(torch.tensor([-3, 0, 2]), 4)
    rates = (1.0, 0.01)
    expected = [[math.sin(p * r) for r in rates] + [math.cos(p * r) for r in rates]
                for p in (-3, 0, 2)]  # fmt: skip
    close(found, torch.tensor(expected))


@torch.no_grad()
def test_a_conformer_block_is_its_paper_step_by_step():
    """Half a feed-forward module, attention, convolution, half another one, and a norm."""
    block = as_trained(ConformerBlock(ConformerSpec(size=8, heads=2, kernel=3)).eval())
    x = numbers(2, 9, 8)

    def wide(module, x):
        inner = module.linear1(module.norm(x))
        return module.linear2(inner * torch.sigmoid(inner))

    state = x + 0.5 * wide(block.before, x)
    state = state + block.attention(state, None)
    part = block.convolution
    left, right = part.pointwise1(part.norm(state).transpose(1, 2)).chunk(2, dim=1)
    gated = nn.functional.pad(left * torch.sigmoid(right), (1, 1))
    weights = part.depthwise.weight[:, 0]
    deep = sum(weights[:, i, None] * gated[..., i : i + 9] for i in range(3))
    normed = part.batch_norm(deep + part.depthwise.bias[:, None])
    state = state + part.pointwise2(normed * torch.sigmoid(normed)).transpose(1, 2)
    state = state + 0.5 * wide(block.after, state)
    close(block(x, None), block.norm(state))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"size": 10, "heads": 4}, "multiple of heads"), ({"kernel": 4}, "be odd"),
     ({"size": 9, "heads": 3}, "be even")],
)  # fmt: skip
def test_sizes_of_a_conformer_that_do_not_fit_are_refused(wrong, words):
    with pytest.raises(ParameterError, match=words):
        ConformerSpec(**wrong)
