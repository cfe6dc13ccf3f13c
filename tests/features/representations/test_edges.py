from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import savgol_filter

from ser_core.features.representations.edges import delta, mirrored, second_delta


def test_mirror_repeats_the_edge():
    x = torch.tensor([[[1.0, 2.0, 3.0]]])
    assert mirrored(x, 2)[0, 0].tolist() == [2, 1, 1, 2, 3, 3, 2]


def test_mirror_goes_to_and_fro_on_short_sounds():
    assert mirrored(torch.tensor([[[1.0, 2.0]]]), 3)[0, 0].tolist() == [2, 2, 1, 1, 2, 2, 1, 1]


def test_mirror_stands_at_the_end_of_each_sound():
    x = torch.tensor([[[1.0, 2.0, 0.0, 0.0]], [[1.0, 2.0, 3.0, 4.0]]])
    extended = mirrored(x, 1, torch.tensor([2, 4]))
    assert extended[0, 0].tolist()[:4] == [1, 1, 2, 2]
    assert extended[1, 0].tolist() == [1, 1, 2, 3, 4, 4]


@pytest.mark.parametrize("width", [3, 9])
def test_delta_of_a_line_is_its_slope(width):
    line = 2.5 * torch.arange(20.0)[None, None]
    np.testing.assert_allclose(delta(line, width), 2.5, rtol=1e-6)


@pytest.mark.parametrize("n", [9, 10, 40])
def test_delta_is_a_savitzky_golay_filter(n):
    x = torch.rand(1, 3, n, generator=torch.Generator().manual_seed(n))
    reference = savgol_filter(x.numpy(), 9, polyorder=1, deriv=1, mode="interp")
    np.testing.assert_allclose(delta(x, 9), reference, atol=1e-6)


def test_delta_of_a_short_sound_repeats_its_last_frame():
    x = torch.tensor([[[1.0, 4.0]]])
    reference = savgol_filter([1.0] + [4.0] * 8, 9, polyorder=1, deriv=1, mode="interp")
    np.testing.assert_allclose(delta(x, 9)[0, 0], reference[:2], atol=1e-6)


@pytest.mark.parametrize("n", [9, 10, 40])
def test_second_delta_is_a_savitzky_golay_filter(n):
    x = torch.rand(1, 3, n, generator=torch.Generator().manual_seed(n))
    reference = savgol_filter(x.numpy(), 9, polyorder=2, deriv=2, mode="interp")
    np.testing.assert_allclose(second_delta(x, 9), reference, atol=1e-6)
    np.testing.assert_allclose(second_delta(torch.arange(20.0)[None, None] ** 2, 9), 2, rtol=1e-4)
