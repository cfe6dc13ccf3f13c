"""What every network that is trained step by step must do, whatever it is made of."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ser_core.features.representations import FEATURES, WAVEFORM
from ser_core.models import networks
from ser_core.models.networks import GRADIENT_DESCENT, NETWORKS

SMALL = {
    "resnet10": {"width": 4}, "resnet18": {"width": 4}, "resnet34": {"width": 4},
    "resnet50": {"width": 4}, "vgg16": {"width": 2, "cells": 3}, "cnn": {"filters": 4},
    "wave-cnn": {"filters": 4}, "conv-bilstm": {"filters": 8, "hidden": 6},
    "tim-net": {"filters": 6, "levels": 4}, "residual-dense": {"units": 12, "blocks": 2},
    "conformer": {"size": 8, "heads": 2, "kernel": 5}, "linear": {},
}  # fmt: skip
"""Sizes that make a test quick."""

HEADS = ("mlp", "layer-weights", "layer-attention")
"""Networks on the layers of an encoder: `test_heads.py` holds them to the same."""

TRAINED = [
    name for name, row in NETWORKS.items() if row.learner == GRADIENT_DESCENT and name not in HEADS
]
BINS = 12


def built(name, **more):
    """The spec of a network and the network, with weights and statistics as after training."""
    row = NETWORKS[name]
    sizes = {"channels": 1, "bins": 1 if on_samples(name) else BINS, "classes": 5}
    own = {key: value for key, value in sizes.items() if key in row.spec.__dataclass_fields__}
    spec = row.spec(**{**row.fixed, **own, **SMALL[name], **more})
    torch.manual_seed(0)
    return spec, as_trained(spec.build().eval())


def as_trained(network):
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
    return network


def on_samples(name):
    return NETWORKS[name].accepts == (WAVEFORM,)


def clips(name, frames, seed=0):
    """Feature maps of so many frames, or stretches of a sound, sixteen samples for each frame."""
    draw = torch.Generator().manual_seed(seed)
    if on_samples(name):
        return [torch.randn(1, 1, 1, 16 * n - 15, generator=draw) for n in frames]
    return [torch.randn(1, 1, BINS, n, generator=draw) for n in frames]


def test_every_network_is_tested_here():
    assert set(TRAINED) == set(SMALL)


@pytest.mark.parametrize("name", TRAINED)
def test_padding_in_a_batch_changes_nothing(name):
    _, network = built(name)
    own = clips(name, [70, 1, 2, 33, 64, 47])
    frames = torch.tensor([clip.shape[-1] for clip in own])
    batch = torch.zeros(len(own), *own[0].shape[1:3], int(frames.max()) + 9)
    for row, clip in zip(batch, own, strict=True):
        row[..., : clip.shape[-1]] = clip[0]
    with torch.no_grad():
        together = network(batch, frames)
        alone = torch.cat([network(clip) for clip in own])
    assert together.shape == (6, 5)
    assert float(alone.std(dim=0).min()) > 1e-4  # clips differ, so that this can fail
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", TRAINED)
def test_gradients_reach_every_weight_and_the_clips_own_input(name):
    _, network = built(name)
    network.train()
    (one, two) = clips(name, [50, 50])
    batch = torch.cat([one, two]).requires_grad_()
    own = batch.shape[-1] - 16
    logits = network(batch * (torch.arange(batch.shape[-1]) < own), torch.tensor([own, own]))
    nn.functional.cross_entropy(logits, torch.tensor([0, 3])).backward()
    without = [key for key, each in network.named_parameters() if not each.grad.abs().sum() > 0]
    # What a norm or a softmax subtracts again has no slope, but for rounding.
    assert [key for key in without if "key.bias" not in key and not key.endswith("conv.bias")] == []
    assert float(batch.grad[..., :own].abs().sum()) > 0
    assert bool(batch.grad.isfinite().all())


@pytest.mark.parametrize("name", TRAINED)
def test_it_is_built_again_from_what_is_written_of_it(name):
    spec, network = built(name)
    again = networks.from_dict(networks.as_dict(spec)).build()
    again.load_state_dict(network.state_dict())
    (clip,) = clips(name, [40])
    torch.testing.assert_close(again.eval()(clip), network(clip))
    assert spec.words in networks.described(networks.as_dict(spec))


@pytest.mark.parametrize("name", TRAINED)
def test_its_stages_are_maps_over_the_input(name):
    """Grad-CAM reads the last block of a stage as a map (batch, channels, bins, frames)."""
    spec, network = built(name)
    seen = {}
    for stage in spec.stages:
        getattr(network, stage)[-1].register_forward_hook(
            lambda _module, _given, found, stage=stage: seen.update({stage: found.shape})
        )
    network(*clips(name, [64]))
    assert list(seen) == list(spec.stages)
    assert all(len(shape) == 4 for shape in seen.values())


@pytest.mark.parametrize("name", TRAINED)
def test_a_larger_one_costs_more(name):
    larger = {"width": 64, "filters": 64, "units": 64, "size": 64}
    mine = {key: value for key, value in larger.items() if key in SMALL[name]}
    small, _ = built(name)
    if mine:
        assert built(name, **mine)[0].cost(16_000) > small.cost(16_000)
    assert small.cost(32_000) > small.cost(16_000)


def test_what_takes_features_has_a_test_on_features():
    assert {name for name in TRAINED if FEATURES not in NETWORKS[name].accepts} == {"wave-cnn"}
