from __future__ import annotations

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from ser_core.augment.mixup import _shares, mixup
from ser_core.core import ParameterError
from tests.augment.helpers import noise, seeded


def one_hot(*classes, of=6):
    return torch.nn.functional.one_hot(torch.tensor(classes), of).float()


@given(seed=st.integers(0, 99), alpha=st.floats(0.05, 5), batch=st.integers(1, 8))
def test_targets_are_blended_in_the_proportion_of_the_clips(seed, alpha, batch):
    classes = torch.arange(batch)
    x = classes.float()[:, None].repeat(1, 5)
    mixed = mixup(x, one_hot(*classes.tolist(), of=8), seeded(seed), alpha=alpha)
    assert torch.allclose(mixed.targets.sum(dim=1), torch.ones(batch))
    assert torch.allclose(mixed.x[:, 0], mixed.targets @ torch.arange(8.0), atol=1e-5)
    assert torch.equal(
        mixed.targets.argmax(dim=1)[mixed.targets.amax(dim=1) > 0.501],
        classes[mixed.targets.amax(dim=1) > 0.501],
    )


def test_the_longer_clip_of_a_pair_gives_the_length_and_silence_fills_the_shorter():
    x = torch.tensor([[4.0, 4, 99, 99], [8, 8, 8, 8]]).view(2, 1, 1, 4)
    lengths = torch.tensor([2, 4])
    for seed in range(20):
        mixed = mixup(x, one_hot(0, 1), seeded(seed), lengths=lengths, silence=-120.0, alpha=1.0)
        own = mixed.targets[0, 0].item()
        if own < 1:  # blended with the other
            assert mixed.lengths.tolist() == [4, 4]
            assert mixed.x[0, 0, 0, 3].item() == pytest.approx(own * -120 + (1 - own) * 8, rel=1e-4)
            return
    raise AssertionError("no pair was ever blended")


def test_the_generator_decides_and_nothing_changes_in_place():
    x, targets = noise(6, 1, 3, 10), one_hot(0, 1, 2, 3, 4, 5)
    before = x.clone()
    first, again, other = (mixup(x, targets, seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first.x, again.x)
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.x, other.x)
    assert torch.equal(x, before)


def test_shares_follow_the_beta_distribution():
    shares = _shares(20_000, 1.0, seeded())
    assert shares.min() >= 0.5
    assert shares.mean().item() == pytest.approx(0.75, abs=0.01)
    nearly_whole = _shares(20_000, 0.1, seeded())
    assert (nearly_whole > 0.99).float().mean() > 0.5


@pytest.mark.parametrize(
    ("targets", "alpha", "words"),
    [
        (torch.tensor([0, 1]), 0.2, "one_hot"),
        (torch.eye(3), 0.2, r"\(2, classes\)"),
        (torch.eye(2), 0.0, "alpha = 0.0"),
    ],
)
def test_what_cannot_be_blended_is_refused(targets, alpha, words):
    with pytest.raises(ParameterError, match=words):
        mixup(torch.zeros(2, 4), targets, seeded(), alpha=alpha)
