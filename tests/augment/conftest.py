from __future__ import annotations

import pytest
import torch

from ser_core import audio
from ser_core.core import demo_corpus

CLIPS = ("EB0_anger_82", "SM0_sadness_48", "MP0_neutral_14", "WR0_happiness_42")


@pytest.fixture(scope="session")
def speech() -> tuple[torch.Tensor, torch.Tensor]:
    """Batch of real clips, (4, samples), and the samples of each."""
    clips = [
        torch.from_numpy(audio.load(demo_corpus() / "samples" / f"{name}.flac").samples)
        for name in CLIPS
    ]
    lengths = torch.tensor([len(clip) for clip in clips])
    return torch.nn.utils.rnn.pad_sequence(clips, batch_first=True), lengths
