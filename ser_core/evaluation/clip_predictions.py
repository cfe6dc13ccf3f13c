"""Single answers: which clips a cell of the confusion matrix holds, and the surest mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ser_core.evaluation.metrics import confidence

if TYPE_CHECKING:
    from ser_core.evaluation.predictions import Predictions

ABOUT = ("clip", "true", "answer", "confidence", "p_of_true", "speaker", "gender", "sentence")


def clip_predictions(predictions: Predictions) -> pd.DataFrame:
    """Every answer in words, the surest first.

    Returns:
        A row an answer: `clip, true, answer`, `confidence` (probability of the answer),
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
        answer=pd.array(names[predictions.answers], dtype="string"),
        confidence=confidence(predictions.probabilities),
        p_of_true=predictions.probabilities[np.arange(len(table)), predictions.true],
        right=predictions.answers == predictions.true,
    )
    rest = [name for name in found if name not in ABOUT]
    found = found[[*ABOUT, *rest]].sort_values(["confidence", "clip"], ascending=[False, True])
    return found.reset_index(drop=True)


def confusion_cell(answers: pd.DataFrame, true: str, answer: str) -> pd.DataFrame:
    """The answers of one cell of the confusion matrix, the surest first."""
    chosen = (answers["true"] == true) & (answers["answer"] == answer)
    return answers[chosen].reset_index(drop=True)


def mistakes(answers: pd.DataFrame) -> pd.DataFrame:
    """The wrong answers, the surest first: those say most about the model or the label."""
    return answers[~answers["right"]].reset_index(drop=True)
