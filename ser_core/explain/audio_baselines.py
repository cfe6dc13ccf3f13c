"""Audio baselines: what replaces a part of the sound that is removed.

Silence is the obvious choice and a bad one: a network that never saw gaps responds to the gaps.
On clips with a known cue, marks of the cue then passed the deletion test hardly more often than
random ones. At the level that a frequency usually has in the clip, they pass on all clips.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ser_core.core import Registry, choice

USUAL, SILENCE = "usual", "silence"
AUDIO_BASELINES: Registry[Any] = Registry("rest")


@AUDIO_BASELINES.register(USUAL)
def median_level(amplitude: Tensor) -> Tensor:
    """No louder than half of the clip is at that frequency: the median over time."""
    return torch.minimum(amplitude, amplitude.median(dim=-1, keepdim=True).values)


@AUDIO_BASELINES.register(SILENCE)
def silence(amplitude: Tensor) -> Tensor:
    """Nothing."""
    return torch.zeros_like(amplitude)


def audio_baseline_choice() -> Any:
    """Dataclass field of an audio baseline."""
    return choice(USUAL, tuple(AUDIO_BASELINES), "What replaces removed parts of the sound")
