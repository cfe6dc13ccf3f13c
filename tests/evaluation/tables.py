"""Predictions made up for the tests of this folder."""

import numpy as np
import pandas as pd

from ser_core.corpora import EMOTIONS
from ser_core.evaluation import Predictions

SIX = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")


def answered(true, answers, *, speakers=None, genders=None, confidence=0.9, **about):
    """Predictions that answer as told, each with the same confidence."""
    classes = [name for name in EMOTIONS if name in {*true, *answers}]
    if len(classes) < 2:
        classes = sorted({*classes, "anger", "neutral"}, key=EMOTIONS.index)
    rest = (1 - confidence) / (len(classes) - 1)
    probabilities = np.full((len(true), len(classes)), rest)
    probabilities[np.arange(len(true)), [classes.index(name) for name in answers]] = confidence
    clips = pd.DataFrame({"emotion": true}, index=[f"{number}.wav" for number in range(len(true))])
    if speakers is not None:
        clips["speaker"] = list(speakers)
    if genders is not None:
        clips["gender"] = list(genders)
    return Predictions.of(clips, probabilities, classes, **about)


def drawn(rows=600, speakers=9, skill=2.0, seed=0, spread=0.5, sharpness=1.0, **about):
    """Six-class predictions of a model whose skill differs between speakers.

    Logits of unit noise, raised by `skill` for the true class; calibrated where `sharpness` is 1
    and overconfident above.
    """
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 6, rows)
    speaker = np.arange(rows) % speakers
    logits = generator.standard_normal((rows, 6))
    logits[np.arange(rows), true] += skill + spread * generator.standard_normal(speakers)[speaker]
    weights = np.exp(sharpness * skill * logits)
    clips = pd.DataFrame(
        {
            "emotion": [SIX[code] for code in true],
            "speaker": [f"s{number}" for number in speaker],
            "gender": np.where(speaker % 2, "female", "male"),
        },
        index=[f"{number}.wav" for number in range(rows)],
    )
    return Predictions.of(clips, weights / weights.sum(1, keepdims=True), SIX, **about)
