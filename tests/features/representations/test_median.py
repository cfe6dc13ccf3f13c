from __future__ import annotations

import pytest
import torch

from ser_core.features.representations import median
from ser_core.features.representations.median import running_median


def sorted_median(x: torch.Tensor, size: int) -> torch.Tensor:
    """The slow way: sort every window."""
    return x.unfold(-1, size, 1).sort(dim=-1).values[..., size // 2]


@pytest.mark.parametrize("size", [3, 7, 15, 31, 63])
@pytest.mark.parametrize("shape", [(63,), (64,), (200,), (3, 101), (2, 5, 90)])
def test_is_the_middle_of_each_sorted_window(size, shape):
    x = torch.rand(shape, generator=torch.Generator().manual_seed(size))
    assert torch.equal(running_median(x, size), sorted_median(x, size))


@pytest.mark.parametrize("values", [2, 5])
def test_ties_are_no_trouble(values):
    x = torch.randint(values, (4, 300), generator=torch.Generator().manual_seed(0)).float()
    assert torch.equal(running_median(x, 31), sorted_median(x, 31))


@pytest.mark.parametrize("n", [95, 96, 97, 127, 128, 129, 200])
def test_pieces_meet_without_a_seam(n, monkeypatch):
    monkeypatch.setattr(median, "_PIECE", 32)
    x = torch.rand(n, generator=torch.Generator().manual_seed(n))
    assert torch.equal(running_median(x, 31), sorted_median(x, 31))


def test_gradient_goes_to_the_median_alone():
    x = torch.tensor([5.0, 1.0, 3.0], requires_grad=True)
    running_median(x, 3).sum().backward()
    assert x.grad.tolist() == [0, 0, 1]
