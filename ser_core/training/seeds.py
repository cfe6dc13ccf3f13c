"""Random numbers that depend on nothing but the seed and where they are used."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def number(*key: int | str) -> int:
    """Number below 2**63 that the key decides, alike on every machine.

    >>> number(0, "epoch", 3) == number(0, "epoch", 3) != number(0, "epoch", 4)
    True
    """
    digest = hashlib.sha256(repr(key).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(*key: int | str) -> torch.Generator:
    """Generator seeded by the key: a training that resumes draws what it would have drawn."""
    import torch

    return torch.Generator().manual_seed(number(*key))
