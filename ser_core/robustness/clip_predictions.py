"""Predictions of any model for sounds of several speakers, as the predictions table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ser_core.core import ModelError
from ser_core.core.batches import spared
from ser_core.evaluation import Predictions
from ser_core.models.abilities import name_of

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.audio import Waveform
    from ser_core.inference.evaluation_clips import EvaluationClips
    from ser_core.models.predictor import Predictor, Probabilities


def predict_clips(
    predictor: Predictor, subset: EvaluationClips, sounds: Sequence[Waveform] | None = None
) -> Predictions:
    """Predictions for the clips of a subset, or for changed sounds of them.

    Args:
        predictor: The model.
        subset: Clips with what is true of them.
        sounds: One a clip, in their order; the clips' own when absent.

    Raises:
        AudioError: If a sound is empty or not finite.
    """
    probabilities = probabilities_of(predictor, subset, sounds or subset.sounds)
    return table(subset.clips, probabilities, predictor.classes)


def answered(
    predictor: Predictor, subset: EvaluationClips
) -> tuple[EvaluationClips, dict[str, str]]:
    """The clips of a subset that a model has predictions for, and why it has none for the others.

    Raises:
        ModelError: If it has none for any.
    """
    found, failed = spared(
        lambda rows: probabilities_of(predictor, subset.rows(rows), subset.rows(rows).sounds),
        range(len(subset)),
    )
    problems = {str(subset.clips.index[row]): why for row, why in failed.items()}
    if not found:
        clip, problem = next(iter(problems.items()))
        raise ModelError(
            f"answers none of {len(subset):,} clips: {clip}: {problem}",
            subject=name_of(predictor.about),
            remedy="Choose another model, or other clips",
        )
    return (subset.rows(sorted(found)) if problems else subset), problems


def table(clips: pd.DataFrame, probabilities: Probabilities, classes: Sequence[str]) -> Predictions:
    """Predictions table of the test clips."""
    return Predictions.of(clips, probabilities, classes)


def probabilities_of(
    predictor: Predictor, subset: EvaluationClips, sounds: Sequence[Waveform]
) -> Probabilities:
    """Probabilities, shape (sounds, classes); enrolled speakers are used as such."""
    if not subset.enrolled:
        return predictor.predict(sounds)
    result = np.zeros((len(sounds), len(predictor.classes)))
    speakers = np.array(subset.speakers)
    for speaker in np.unique(speakers):
        rows = np.flatnonzero(speakers == speaker).tolist()
        result[rows] = predictor.predict([sounds[i] for i in rows], subset.enrolled.get(speaker))
    return result
