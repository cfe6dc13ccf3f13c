"""Batches in parts: the same mathematics as the whole batch, but for batch norm."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ser_core.training.data import Batch
from ser_core.training.ghost_batches import (
    GhostBatches,
    WholeBatch,
    split_batch,
    with_ghost_batches,
)


def batch_of(size: int) -> Batch:
    draw = torch.Generator().manual_seed(0)
    return Batch(
        features=torch.randn(size, 1, 4, 6, generator=draw),
        frames=None,
        targets=F.one_hot(torch.arange(size) % 3, 3).float(),
        speakers=None,
        clips=torch.arange(size),
    )


def loss(network: nn.Module, batch: Batch, _part: int) -> torch.Tensor:
    return F.cross_entropy(network(batch.features), batch.targets)


def net(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(24, 3))


@pytest.fixture
def closing():
    """What is given is closed in the end."""
    held: list[GhostBatches] = []
    yield lambda parts: held.append(parts) or parts
    for each in held:
        each.close()


@pytest.mark.parametrize("size", [12, 7, 3])
@pytest.mark.parametrize("threads", [1, 2])
def test_without_batch_norm_the_gradient_is_that_of_the_whole_batch(closing, size, threads):
    batch, whole, parted = batch_of(size), net(), net()
    expected = WholeBatch(whole).backward(batch, loss)
    found = closing(GhostBatches(parted, 2, threads)).backward(batch, loss)
    assert found == pytest.approx(expected, rel=1e-6)
    for mine, theirs in zip(parted.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


def test_the_gradient_is_of_the_last_batch_alone(closing):
    network = net()
    parts = closing(GhostBatches(network, 2, 2))
    parts.backward(batch_of(8), loss)
    first = [weight.grad.clone() for weight in network.parameters()]
    parts.backward(batch_of(8), loss)
    for weight, grad in zip(network.parameters(), first, strict=True):
        assert torch.equal(weight.grad, grad)


def test_weights_that_change_change_in_every_part(closing):
    network = net()
    parts = closing(GhostBatches(network, 2, 1))
    before = parts.backward(batch_of(8), loss)
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()
    after = parts.backward(batch_of(8), loss)
    assert after == pytest.approx(torch.tensor(3.0).log().item()) != before


def test_batch_norm_sees_a_part_and_its_statistics_are_the_mean_of_all(closing):
    network = net(nn.BatchNorm2d(1, momentum=0.5))
    batch = batch_of(6)
    batch.features[:3] += 4
    parts = closing(GhostBatches(network, 2, 2))
    parts.backward(batch, loss)
    first, second = batch.features[:3], batch.features[3:]
    norms = (network[0], *(each[0] for each in parts.copies.values()))
    for norm in norms:
        expected = 0.5 * (first.mean() + second.mean()) / 2
        torch.testing.assert_close(norm.running_mean[0], expected)
        expected = 0.5 + 0.5 * (first.var() + second.var()) / 2
        torch.testing.assert_close(norm.running_var[0], expected)
        assert norm.num_batches_tracked == 1


def test_what_is_dropped_depends_on_the_seed_and_not_on_who_comes_first(closing):
    def course(seed: int, threads: int) -> list[float]:
        parts = closing(GhostBatches(net(nn.Dropout(0.5)), 4, threads))
        parts.seed(seed)
        return [parts.backward(batch_of(32), loss) for _ in range(5)]

    assert course(0, 4) == course(0, 1) == course(0, 2)
    assert course(0, 4) != course(1, 4)


def test_dropout_drops_its_share_and_keeps_the_mean(closing):
    (copy,) = closing(GhostBatches(net(nn.Dropout(0.25)), 1, 1)).copies.values()
    seen = copy[0](torch.ones(400, 100))
    assert seen.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float((seen == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert torch.equal(copy[0].eval()(torch.ones(3)), torch.ones(3))


@pytest.mark.parametrize(
    ("size", "parts", "sizes"),
    [(32, 2, [16, 16]), (7, 2, [3, 4]), (3, 2, [3]), (5, 4, [2, 3]), (2, 2, [2])],
)
def test_parts_are_of_about_equal_size_and_never_of_one_clip(size, parts, sizes):
    pieces = split_batch(batch_of(size), parts)
    assert [len(each.clips) for each in pieces] == sizes
    assert torch.equal(torch.cat([each.features for each in pieces]), batch_of(size).features)
    assert all(each.speakers is None for each in pieces)


def test_an_error_in_a_part_is_reported(closing):
    def broken(_network: nn.Module, _batch: Batch, part: int) -> torch.Tensor:
        raise ValueError(f"part {part}")

    with pytest.raises(ValueError, match="part 0"):
        closing(GhostBatches(net(), 2, 2)).backward(batch_of(4), broken)


def test_one_part_is_the_whole_batch():
    assert isinstance(with_ghost_batches(net(), 1, 4), WholeBatch)


def test_a_training_gives_the_same_numbers_with_one_thread_and_with_two(trainer):
    def weights(threads: int) -> list[torch.Tensor]:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            trained = trainer(epochs=2, parts=2, label_smoothing=0.1, average="ema")
            trained.run()
        finally:
            torch.set_num_threads(before)
        return [*trained.model.state_dict().values(), *trained.average.state_dict().values()]

    for one, two in zip(weights(1), weights(2), strict=True):
        assert torch.equal(one, two)
