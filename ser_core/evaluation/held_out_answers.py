"""One held-out answer a clip, and the answers beside the table of a corpus.

An answer counts only where the model had not been trained on the clip: the rows of the part "test".
With leave-one-speaker-out every clip has one, from the model that had not heard its speaker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ser_core.evaluation.metrics import confidence
from ser_core.evaluation.predictions import DESCRIBED, PREFIX, Predictions

if TYPE_CHECKING:
    from ser_core.corpora import Split

JOINED = ("answer", "confidence", "wrong")
"""Columns that `beside` adds."""


def held_out_answers(predictions: Predictions) -> pd.DataFrame:
    """The answer to every test clip; probabilities of several trainings are averaged.

    Returns:
        A row a clip, indexed and sorted by `clip`: `true`, `answer`, `confidence` (probability of
        the answer), `self_confidence` (that of the true emotion), `wrong`, `models` (trainings
        that were averaged: seeds, or folds that test the clip), `speaker, gender, sentence`, and
        the probabilities `p_<emotion>`.

    Raises:
        EvaluationError: If there are no test clips.

    >>> from ser_core.evaluation.example import example
    >>> held_out_answers(example())[["true", "answer"]].iloc[0].to_list()
    ['anger', 'anger']
    """
    table = predictions.part("test").table
    names = [PREFIX + name for name in predictions.classes]
    by_clip = table.groupby("clip", sort=True)
    found = by_clip[["true", *DESCRIBED]].first()
    means = by_clip[names].mean()
    values = means.to_numpy(np.float64)
    classes = pd.Index(predictions.classes)
    answer = values.argmax(axis=1)
    true = classes.get_indexer(pd.Index(found["true"]))
    return found.assign(
        answer=pd.array(classes[answer], dtype="string"),
        confidence=confidence(values),
        self_confidence=values[np.arange(len(values)), true],
        wrong=answer != true,
        models=by_clip.size(),
    ).join(means)[
        ["true", "answer", "confidence", "self_confidence", "wrong", "models", *DESCRIBED, *names]
    ]


def beside(clips: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Clips of a corpus with their held-out answers.

    Args:
        clips: `Corpus.clips` or a part of it.
        answers: Of `held_out_answers`.

    Returns:
        The clips with `answer`, `confidence` and `wrong`; missing where the clip was not held out.
        `wrong` compares with the emotion that the corpus gives now, and is missing where that is
        no class of the model.
    """
    known = answers.reindex(clips.index)
    names = [str(name) for name in answers if str(name).startswith(PREFIX)]
    classes = [name.removeprefix(PREFIX) for name in names]
    wrong = (known["answer"] != clips["emotion"]).astype("boolean")
    comparable = known["answer"].notna() & clips["emotion"].isin(classes)
    return clips.assign(
        answer=known["answer"], confidence=known["confidence"], wrong=wrong.where(comparable)
    )


def parts_of(split: Split) -> pd.Series[str]:
    """Where a split puts each clip, indexed by clip.

    Its part; with several folds "test in" and the name of the fold, as each clip that is tested
    trains in the other folds. Clips that no fold tests are "train", or "unused".
    """
    if len(split.folds) == 1:
        return split.parts
    table = split.table
    tested = table == "test"
    folds = "test in " + tested.idxmax(axis=1).astype("str")
    rest = (table == "train").any(axis=1).map({True: "train", False: "unused"})
    return folds.where(tested.any(axis=1), rest)
