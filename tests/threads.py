"""One thread for tests of small networks."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """Nets this small are many times slower on two threads of a busy computer."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
