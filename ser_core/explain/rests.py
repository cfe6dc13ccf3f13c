"""What is heard in the place of a part of the sound that is taken away.

Silence is the obvious choice and a bad one: a network that never met holes answers to the holes.
Where the place of a cue is known, its very marks were then borne out by hardly more clips than
marks by chance. At the level that a frequency usually has in the clip, they are by all.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ser_core.parameters import choice
from ser_core.registry import Registry

USUAL, SILENCE = "usual", "silence"
RESTS: Registry[Any] = Registry("rest")


@RESTS.register(USUAL)
def usual(amplitude: Tensor) -> Tensor:
    """No louder than half of the clip is at that frequency: the median over time."""
    return torch.minimum(amplitude, amplitude.median(dim=-1, keepdim=True).values)


@RESTS.register(SILENCE)
def silence(amplitude: Tensor) -> Tensor:
    """Nothing."""
    return torch.zeros_like(amplitude)


def rest_choice() -> Any:
    """Dataclass field of a rest."""
    return choice(USUAL, tuple(RESTS), "What is heard in the place of what is taken away")
