"""Single predictions: which clips a cell of the confusion matrix holds, and the surest mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ser_core.evaluation.metrics import confidence

if TYPE_CHECKING:
    from ser_core.evaluation.predictions import Predictions

ABOUT = ("clip", "true", "answer", "confidence", "p_of_true", "speaker", "gender", "sentence")


def clip_predictions(predictions: Predictions) -> pd.DataFrame:
    """Every prediction in words, the surest first.

    Returns:
        A row a prediction: `clip, true, answer`, `confidence` (probability of the prediction),
        `p_of_true` (probability of the true emotion), `speaker, gender, sentence, fold, seed,
        part`, `right`, and the probabilities `p_<emotion>`. Equally sure ones are in the order of
        their clips.

    >>> from ser_core.evaluation.example import example
    >>> clip_predictions(example())[["true", "answer"]].iloc[0].to_list()
    ['sadness', 'sadness']
    """
    table = predictions.table
    names = np.array(predictions.classes)
    found = table.assign(
        answer=pd.array(names[predictions.predicted], dtype="string"),
        confidence=confidence(predictions.probabilities),
        p_of_true=predictions.probabilities[np.arange(len(table)), predictions.true],
        right=predictions.predicted == predictions.true,
    )
    rest = [name for name in found if name not in ABOUT]
    found = found[[*ABOUT, *rest]].sort_values(["confidence", "clip"], ascending=[False, True])
    return found.reset_index(drop=True)


def confusion_cell(table: pd.DataFrame, true: str, answer: str) -> pd.DataFrame:
    """The predictions of one cell of the confusion matrix, the surest first."""
    chosen = (table["true"] == true) & (table["answer"] == answer)
    return table[chosen].reset_index(drop=True)


def mistakes(table: pd.DataFrame) -> pd.DataFrame:
    """The wrong predictions, the surest first: those say most about the model or the label."""
    return table[~table["right"]].reset_index(drop=True)
