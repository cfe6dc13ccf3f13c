"""How corpora differ in what has nothing to do with emotion, and how well that tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import EvaluationError
from ser_core.corpora import Corpus
from ser_core.evaluation.intervals import Interval, interval
from ser_core.evaluation.predictions import Predictions

MEASURED = {"rms_db": "level, dB", "bandwidth": "bandwidth, Hz", "duration": "length, s"}
"""Measures of `scan` that are compared, with words and units."""

FOLDS = 5
TREES = 100
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class CorpusShift:
    """How the corpora that were joined differ.

    Attributes:
        table: A row for each corpus and measure: `corpus`, `measure` (in `MEASURED`), `low`,
            `median` and `high` (5 %, 50 % and 95 % of its clips), `clips`.
        told_apart: UAR of recognising the corpus of a clip by all measures, by a forest on other
            speakers' clips; 1 over the number of corpora is guessing.
        alone: The same by each measure alone.
        corpora: How many there are.
    """

    table: pd.DataFrame
    told_apart: Interval
    alone: dict[str, Interval]
    corpora: int


def corpus_shift(corpus: Corpus, scan: pd.DataFrame, *, seed: int = 0) -> CorpusShift:
    """Level, bandwidth and length of each corpus, and how well they tell the corpora apart.

    A random forest is cross-validated in five folds; the clips of a speaker stay together where
    speakers are known. It is told nothing of emotions or of the sound itself.

    Args:
        corpus: Several that were joined.
        scan: Result of `ser_core.corpora.scan`.
        seed: Of the forest and the folds.

    Raises:
        EvaluationError: If it is one corpus, or fewer than two have measured clips enough.
    """
    if len(corpus.corpora) < 2:
        raise EvaluationError(
            "the clips are of one corpus", subject=corpus.name,
            remedy="Join several by corpus join",
        )  # fmt: skip
    about = corpus.usable[["corpus", "speaker"]]
    clips = about.join(scan[list(MEASURED)]).dropna(subset=list(MEASURED)).sort_index()
    sizes = clips["corpus"].value_counts()
    few = [name for name in corpus.corpora if sizes.get(name, 0) < FOLDS]
    if few:
        raise EvaluationError(
            f"fewer than {FOLDS} clips are measured", subject=", ".join(few),
            remedy="Measure the clips: corpus scan",
        )  # fmt: skip
    alone = {name: _told_apart(clips, [name], seed) for name in MEASURED}
    return CorpusShift(
        _quantiles(clips), _told_apart(clips, list(MEASURED), seed), alone, len(corpus.corpora)
    )


def _quantiles(clips: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"corpus": name, "measure": measure}
        | dict(zip(("low", "median", "high"), own[measure].quantile(QUANTILES), strict=True))
        | {"clips": len(own)}
        for name, own in clips.groupby("corpus")
        for measure in MEASURED
    ]
    return pd.DataFrame(rows)


def _told_apart(clips: pd.DataFrame, measures: list[str], seed: int) -> Interval:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_predict

    names = sorted(clips["corpus"].unique())
    codes = clips["corpus"].map({name: number for number, name in enumerate(names)}).to_numpy(int)
    forest = RandomForestClassifier(
        TREES, min_samples_leaf=5, class_weight="balanced", random_state=seed
    )
    probabilities: npt.NDArray[np.float64] = cross_val_predict(
        forest, clips[measures].to_numpy(float), codes, method="predict_proba",
        **_folds(clips, seed),
    )  # fmt: skip
    named = [f"corpus {number}" for number in range(len(names))]
    rows = pd.DataFrame(
        {"emotion": [named[code] for code in codes], "speaker": clips["speaker"].array},
        index=clips.index,
    )
    predictions = Predictions.of(rows, probabilities, named)
    return interval(predictions, "uar", by_speaker=_known(clips), seed=seed)


def _folds(clips: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Folds that keep speakers together, where each corpus has two or more known ones."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if not _known(clips):
        return {"cv": StratifiedKFold(FOLDS, shuffle=True, random_state=seed)}
    fewest = int(clips.groupby("corpus")["speaker"].nunique().min())
    folds = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=seed)
    return {"cv": folds, "groups": clips["speaker"].to_numpy(str)}


def _known(clips: pd.DataFrame) -> bool:
    known = bool(clips["speaker"].notna().all())
    return known and int(clips.groupby("corpus")["speaker"].nunique().min()) > 1
