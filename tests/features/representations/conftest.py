from __future__ import annotations

import numpy as np
import pytest
import soundfile

from ser_core.core import demo_corpus
from tests.features.representations.signals import RATE


@pytest.fixture(params=["EB0_anger_82", "SM0_sadness_48", "MP0_neutral_14"])
def speech(request) -> np.ndarray:
    """Real clip as float32 samples at 16 kHz."""
    samples, rate = soundfile.read(
        demo_corpus() / "samples" / f"{request.param}.flac", dtype="float32"
    )
    assert rate == RATE
    return samples
