"""Half of a batch is attacked, within epsilon, and the network is none the worse for it."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F

from ser_core.models.networks.resnet import AudioResNet, ResNetSpec
from ser_core.recipes.recipe import parse
from ser_core.training import seeds
from ser_core.training.adversarial import STEPS, half_attacked


@pytest.fixture
def network():
    torch.manual_seed(0)
    net = AudioResNet(ResNetSpec(depth="resnet10", width=4, classes=3))
    torch.nn.init.normal_(net.fc.weight)
    return net.train()


@pytest.fixture
def batch():
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(6, 1, 16, 24, generator=draw)
    frames = torch.tensor([24, 20, 16, 24, 20, 16])
    x *= (torch.arange(24) < frames[:, None])[:, None, None, :]
    targets = F.one_hot(torch.arange(6) % 3, 3).float()
    return x, frames, targets


def attack(network, batch, method, epsilon=0.1):
    return half_attacked(
        network, *batch, method=method, epsilon=epsilon, generator=seeds.generator(0, "test")
    )


@pytest.mark.parametrize("method", list(STEPS))
def test_the_first_half_moves_within_epsilon_and_its_own_frames(network, batch, method):
    x, frames, _ = batch
    found = attack(network, batch, method)
    change = found - x
    assert 0.05 < change[:3].abs().max() <= 0.1 + 1e-6
    assert torch.equal(found[3:], x[3:])
    for row, own in zip(change, frames.tolist(), strict=True):
        assert not row[..., own:].any()


@pytest.mark.parametrize("method", list(STEPS))
def test_attacked_clips_are_predicted_worse(network, batch, method):
    x, frames, targets = batch
    net = network.eval()

    def loss(features):
        return float(F.cross_entropy(net(features[:3], frames[:3]), targets[:3]).detach())

    # So small that the network is as good as linear, and one step is sure to be right.
    assert loss(attack(network, batch, method, epsilon=0.002)) > loss(x)


@pytest.mark.parametrize("method", list(STEPS))
def test_the_network_stays_as_it_was(network, batch, method):
    before = copy.deepcopy(network.state_dict())
    attack(network, batch, method)
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_batch_of_an_odd_number_and_a_clip_alone_are_attacked(network, batch):
    x, frames, targets = batch
    for size in (1, 5):
        own = (x[:size], frames[:size], targets[:size])
        changed = (attack(network, own, "fgsm") != own[0]).flatten(1).any(1)
        assert int(changed.sum()) == (size + 1) // 2


@pytest.mark.parametrize("method", list(STEPS))
def test_a_training_resists_what_the_plain_one_does_not(trainer, data, method):
    """The easy task of the other tests, under an attack that turns the plain model."""

    def loss_under_attack(made):
        best = made.run()
        made.model.load_state_dict(best.weights)
        model, losses = made.model.eval(), []
        for batch in data.evaluation(torch.arange(60, 90)):
            normal = model.normaliser(batch.features, batch.frames)
            attacked = half_attacked(
                model.network, torch.cat([normal, normal]),
                None if batch.frames is None else torch.cat([batch.frames] * 2),
                torch.cat([batch.targets] * 2), method="pgd", epsilon=0.2,
                generator=seeds.generator(0, "test"),
            )[: len(normal)]  # fmt: skip
            losses.append(F.cross_entropy(model.network(attacked, batch.frames), batch.targets))
        return float(torch.stack(losses).mean().detach())

    options = {"epochs": 6, "optim": {"lr": 0.01}, "select": "last"}
    plain = loss_under_attack(trainer(**options))
    assert loss_under_attack(trainer(adversarial=method, epsilon=0.2, **options)) < 0.9 * plain


def test_the_same_seed_gives_the_same_weights(trainer):
    one, two = (trainer(adversarial="fgsm", epochs=2) for _ in range(2))
    for each in (one, two):
        each.run()
    for name, value in one.best.weights.items():
        assert torch.equal(value, two.best.weights[name])


def test_a_recipe_without_an_attack_has_the_hash_it_had(tmp_path):
    plain = parse({"corpus": str(tmp_path)})
    assert parse({"corpus": str(tmp_path), "train": {"epsilon": 0.3}}).hash == plain.hash
    attacked = parse({"corpus": str(tmp_path), "train": {"adversarial": "fgsm"}})
    other = parse({"corpus": str(tmp_path), "train": {"adversarial": "fgsm", "epsilon": 0.3}})
    assert len({plain.hash, attacked.hash, other.hash}) == 3


def test_noise_is_a_chain_that_a_recipe_can_name(tmp_path):
    from ser_core.augment.waveform import NOISY
    from ser_core.recipes.augmentation import waveform_augmentation

    recipe = parse({"corpus": str(tmp_path), "augment": {"waveform": "noise"}})
    chain = waveform_augmentation(recipe.augment, 16_000)
    assert chain.names == [step["name"] for step in NOISY]
