from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
import torchvision

from ser_core.core import REPOSITORY, ParameterError
from ser_core.models.networks.resnet import (
    AudioResNet,
    BasicBlock,
    Bottleneck,
    ResNetSpec,
    load_torchvision,
)


def pictures(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=["resnet18", "resnet50"])
def network(request):
    torch.manual_seed(0)
    network = AudioResNet(ResNetSpec(depth=request.param, width=8)).eval()
    for module in network.modules():  # statistics and weights as after training, not the identity
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.3)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.3)
    return network


@pytest.mark.parametrize("depth", ["resnet18", "resnet34", "resnet50"])
def test_is_torchvisions_network_on_the_same_weights(depth):
    torch.manual_seed(0)
    theirs = getattr(torchvision.models, depth)(num_classes=6).eval()
    ours = AudioResNet(ResNetSpec(depth=depth, channels=3, classes=6)).eval()
    load_torchvision(ours, theirs.state_dict())
    x = pictures(2, 3, 80, 161)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)


def test_one_channel_sees_the_mean_of_the_colours():
    torch.manual_seed(0)
    theirs = torchvision.models.resnet18(num_classes=1000).eval()
    ours = AudioResNet(ResNetSpec(channels=1, classes=6)).eval()
    load_torchvision(ours, theirs.state_dict())
    grey = pictures(2, 1, 64, 64)
    torch.testing.assert_close(
        ours.conv1(grey), theirs.conv1(grey.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-4
    )
    assert ours.fc.out_features == 6


def test_padding_in_a_batch_changes_nothing(network):
    frames = [130, 1, 31, 64, 97]
    clips = [pictures(1, 1, 40, n, seed=n) for n in frames]
    batch = torch.zeros(len(clips), 1, 40, max(frames))
    for row, clip in zip(batch, clips, strict=True):
        row[..., : clip.shape[-1]] = clip[0]
    together = network(batch, torch.tensor(frames))
    alone = torch.cat([network(clip) for clip in clips])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_every_module_is_used_once_in_a_pass(network):
    calls: dict[str, int] = {}
    for name, module in network.named_modules():
        if not list(module.children()):
            module.register_forward_hook(
                lambda *_, name=name: calls.update({name: calls.get(name, 0) + 1})
            )
    network.embed(pictures(1, 1, 40, 40))
    assert set(calls.values()) == {1}


@pytest.mark.parametrize("kind", [BasicBlock, Bottleneck])
def test_a_block_begins_as_the_identity(kind):
    block = kind(4, 4, 1).eval()
    torch.nn.init.zeros_(block.last_norm.weight)
    x = pictures(1, 4, 6, 6).relu()
    torch.testing.assert_close(block(x, None), x)


def test_dropout_works_on_pooled_features_in_training_alone():
    network = AudioResNet(ResNetSpec(width=4, dropout=0.5))
    x = pictures(2, 1, 40, 40)
    network.eval()
    assert torch.equal(network(x), network(x))
    network.dropout.train()
    assert not torch.equal(network(x), network(x))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"depth": "resnet19"}, "resnet18"),
        ({"width": 0}, "width = 0"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_impossible_sizes_are_refused(parameters, words):
    with pytest.raises(ParameterError, match=words):
        ResNetSpec(**parameters)


STEPS = """
import torch
from ser_core.models.networks.resnet import AudioResNet, ResNetSpec
torch.set_num_threads(2)
network = AudioResNet(ResNetSpec(width=8)).to(memory_format=torch.channels_last)
for batch in (5, 9, 29) * 4:
    network(torch.randn(batch, 1, 64, 62)).sum().backward()
"""


def test_a_backward_pass_with_few_channels_innermost_keeps_to_its_memory():
    """A strided 1x1 convolution of torch 2.15 does not: it ends the process, or worse."""
    environment = {**os.environ, "MALLOC_CHECK_": "3", "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", STEPS], env=environment, check=True)
