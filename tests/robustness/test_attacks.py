"""Attacks are what their papers say, to the bit, and stay within what they are allowed."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ser_core.robustness.attacks import ATTACKS, STEP, STEPS, Target


def network(seed=0):
    torch.manual_seed(seed)
    layers = (nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(4))
    net = nn.Sequential(*layers)
    net(torch.randn(2, 1, 6, 7))
    return net.eval()


def target(net, seed=1, clips=5, low=-2.0, high=2.0, mask=None):
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(clips, 1, 6, 7, generator=draw).clamp(low, high)
    true = torch.randint(4, (clips,), generator=draw)
    return Target(x, net, true, torch.ones(1) if mask is None else mask, low, high)


def gradient(net, x, true):
    """Of each clip alone, one after the other."""
    rows = []
    for clip, label in zip(x, true, strict=True):
        one = clip[None].clone().requires_grad_()
        nn.functional.cross_entropy(net(one), label[None]).backward()
        rows.append(one.grad)
    return torch.cat(rows)


def plain_fgsm(net, x, true, epsilon, low, high):
    return (x + epsilon * gradient(net, x, true).sign()).clamp(low, high)


def plain_pgd(net, x, true, epsilon, low, high, seed):
    torch.manual_seed(seed)
    moved = (x + (torch.rand_like(x) * epsilon * 2 - epsilon)).clamp(low, high)
    for _ in range(STEPS):
        moved = moved + STEP * epsilon * gradient(net, moved, true).sign()
        moved = x + (moved - x).clamp(-epsilon, epsilon)
        moved = moved.clamp(low, high)
    return torch.minimum(torch.maximum(moved, x - epsilon), x + epsilon)


def test_fgsm_is_its_definition_to_the_bit():
    net = network()
    one = target(net)
    found = ATTACKS["fgsm"](one, torch.tensor(0.3))
    assert torch.equal(found, plain_fgsm(net, one.x, one.true, 0.3, -2.0, 2.0))


def test_pgd_is_its_definition_to_the_bit():
    net = network()
    one = target(net)
    epsilon = torch.tensor(0.25)  # a power of two, so that its multiples are exact
    found = ATTACKS["pgd"](one, epsilon, seed=3)
    assert torch.equal(found, plain_pgd(net, one.x, one.true, epsilon, -2.0, 2.0, 3))


def test_a_tiny_gradient_is_followed_too():
    """Captum ignores gradients below 1e-6 unless told not to."""
    net = network()
    faint = Target(target(net).x, lambda x: 1e-6 * net(x), target(net).true, torch.ones(1), -2, 2)
    found = ATTACKS["fgsm"](faint, torch.tensor(0.3))
    gradient_of = faint.gradient()
    assert 0 < gradient_of.abs().max() < 1e-6
    inside = faint.x.abs() < 1.5
    assert torch.equal((found != faint.x)[inside], (gradient_of != 0)[inside])


@pytest.mark.parametrize("name", list(ATTACKS))
@settings(max_examples=25)
@given(
    epsilon=st.floats(0, 5),
    bounds=st.tuples(st.floats(-3, 0), st.floats(0, 3)),
    seed=st.integers(0, 1000),
)
def test_attacks_stay_within_epsilon_and_bounds(name, epsilon, bounds, seed):
    low, high = bounds
    mask = (torch.arange(7) < 4).float().expand(1, 1, 6, 7)
    one = target(network(), seed, clips=2, low=low, high=high, mask=mask)
    found = ATTACKS[name](one, torch.tensor(epsilon), seed=seed)
    # One rounding of x + epsilon, since the numbers are float32.
    assert ((found - one.x).abs() <= epsilon + 1e-6).all()
    assert found.min() >= one.x.new_tensor(low)
    assert found.max() <= one.x.new_tensor(high)
    assert torch.equal(found[..., 4:], one.x[..., 4:])


@pytest.mark.parametrize("name", list(ATTACKS))
def test_epsilon_of_zero_changes_nothing(name):
    one = target(network())
    assert torch.equal(ATTACKS[name](one, torch.tensor(0.0)), one.x)


@pytest.mark.parametrize("name", list(ATTACKS))
def test_each_clip_has_its_own_epsilon(name):
    one = target(network(), low=-9.0, high=9.0)
    epsilon = torch.tensor([0.0, 0.1, 0.2, 0.3, 0.4]).view(-1, 1, 1, 1)
    reached = (ATTACKS[name](one, epsilon) - one.x).abs().amax(dim=(1, 2, 3))
    assert (reached <= epsilon.flatten() + 1e-6).all()
    assert reached[0] == 0
    assert (reached[1:] > 0.5 * epsilon.flatten()[1:]).all()


@pytest.mark.parametrize("name", list(ATTACKS))
def test_the_network_is_as_it_was_batch_norm_included(name):
    net = network()
    before = copy.deepcopy(net.state_dict())
    ATTACKS[name](target(net), torch.tensor(0.2))
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not net.training


@pytest.mark.parametrize("name", list(ATTACKS))
def test_the_same_seed_gives_the_same_and_leaves_the_global_generator_alone(name):
    one = target(network())
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = ATTACKS[name](one, torch.tensor(0.2), seed=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first, ATTACKS[name](one, torch.tensor(0.2), seed=1))


@pytest.mark.parametrize("name", list(ATTACKS))
def test_a_gradient_that_is_no_number_gives_a_finite_result(name):
    net = network()

    def broken(x):
        return net(x) + (x.abs() * 0).sqrt().sum(dim=(1, 2, 3))[:, None]

    one = target(net)
    bad = Target(one.x, broken, one.true, one.mask, one.low, one.high)
    assert not bad.gradient().isfinite().all()
    found = ATTACKS[name](bad, torch.tensor(0.1))
    assert found.isfinite().all()
    assert ((found - one.x).abs() <= 0.1 + 1e-6).all()
