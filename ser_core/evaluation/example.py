"""Synthetic predictions for the examples in the documentation; they measure nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ser_core.evaluation.predictions import Predictions

CLASSES = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")


def example(
    clips: int = 720, speakers: int = 6, *, skill: float = 2.0, seed: int = 0
) -> Predictions:
    """Predictions of a model that does not exist: one unseen speaker a fold, the same every time.

    Args:
        clips: How many, given to the speakers in turn.
        speakers: How many, as folds; every other one is a woman.
        skill: How far the true emotion's score lies above the others', in standard deviations.
        seed: Of the numbers, and of the made-up training.
    """
    generator = np.random.default_rng(seed)
    true = np.arange(clips) // speakers % len(CLASSES)
    fold = np.arange(clips) % speakers
    scores = generator.standard_normal((clips, len(CLASSES)))
    scores[np.arange(clips), true] += skill + 0.4 * generator.standard_normal(speakers)[fold]
    likely = np.exp(2 * scores)
    rows = pd.DataFrame(
        {
            "clip": [f"clip{number:04d}.wav" for number in range(clips)],
            "fold": fold, "part": "test", "seed": seed,
            "true": np.array(CLASSES)[true],
            "speaker": [f"speaker {number + 1}" for number in fold],
            "gender": np.where(fold % 2, "female", "male"),
        }
    )  # fmt: skip
    given = likely / likely.sum(axis=1, keepdims=True)
    return Predictions(rows.assign(**{f"p_{name}": given[:, i] for i, name in enumerate(CLASSES)}))
