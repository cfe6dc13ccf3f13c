"""The training clips of a model on disk, measured for `training_domain`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ser_core import audio
from ser_core.core import ParameterError, Progress
from ser_core.corpora import Corpus
from ser_core.inference.provenance import provenance_of
from ser_core.inference.training_domain import SHARE, TrainingDomain, fitted, measures, save
from ser_core.models.predictor import load


def keep_domain(
    model: Path,
    corpus: Corpus,
    share: float = SHARE,
    most: int = 2000,
    progress: Progress | None = None,
) -> TrainingDomain:
    """Measure the training clips of a model and write what they come to beside it.

    Args:
        model: Folder of a bundle or of an ensemble.
        corpus: That it was trained on.
        share: Of held-out clips of new speakers that are called unlike.
        most: Clips that are measured, at equal steps through the training clips.
        progress: Called with (clips measured, clips in all).

    Raises:
        SerError: If it is not known which clips of the corpus trained the model, if they are too
            few, or cannot be read.
    """
    if not model.is_dir():
        raise ParameterError(
            "is no folder of a model",
            subject=str(model),
            remedy="Choose a bundle or an ensemble: an exported file keeps nothing beside it",
        )
    speakers = corpus.usable["speaker"].dropna()
    origin = provenance_of(load(model), corpus)
    trained = sorted(origin.of(list(speakers.index), "train"))
    if not trained:
        raise ParameterError(
            f"no clip of {corpus.name} is known to have trained the model",
            subject=str(model),
            remedy="Choose the corpus that it was trained on, with speakers",
        )
    clips = [trained[i] for i in range(0, len(trained), -(-len(trained) // most))]
    rows = []
    for clip in clips:
        rows.append(measures(audio.load(corpus.path(clip))))
        if progress:
            progress(len(rows), len(clips))
    found = fitted(np.stack(rows), [str(speakers[clip]) for clip in clips], corpus.name, share)
    save(found, model)
    return found
