"""Probes: whether a model's embedding encodes the speaker and the sentence beside the emotion.

A linear classifier is trained on the embeddings of some clips and tested on others (Alain &
Bengio, 2017): the speaker of sentences it has not met, the sentence of speakers it has not met.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from ser_core.core import ModelError
from ser_core.evaluation import wilson
from ser_core.models.bundle import pad_batch
from ser_core.robustness.attack_domains import BATCH, attackable, enrolled_rows

if TYPE_CHECKING:
    from ser_core.inference.evaluation_clips import EvaluationClips
    from ser_core.models.predictor import Predictor

Vectors = npt.NDArray[np.float32]

FOLDS = 3
ASKED = {"speaker": "sentence", "sentence": "speaker", "emotion": "speaker"}
"""Probed labels, and what training and test clips of the probe do not share."""


@dataclass(frozen=True)
class Probe:
    """How well a label is predicted from embeddings.

    Attributes:
        asked: "speaker", "sentence" or "emotion".
        apart: What training and test clips do not share.
        clips: Number of test clips.
        names: How many speakers (sentences, ...) there are to choose from.
        value: Accuracy, 0 to 1.
        low: Lower end of its 95 % interval (Wilson).
        high: Upper end.
        chance: Share of the commonest one: what always naming it would get.
        problem: Why there is no figure; empty where there is.
    """

    asked: str
    apart: str
    clips: int = 0
    names: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    problem: str = ""

    @property
    def tells(self) -> bool:
        """Whether it is better than chance beyond doubt."""
        return self.low is not None and self.chance is not None and self.low > self.chance

    @property
    def sentence(self) -> str:
        """In plain words."""
        if self.value is None or self.low is None or self.high is None:
            return f"Probe of the embedding for the {self.asked}: {self.problem}."
        verdict = "" if self.tells else ", not significant"
        spare = self.tells and self.asked != "emotion"
        caution = " A model of emotion does not need that." if spare else ""
        return (
            f"Probe of the embedding: it predicts the {self.asked} of {100 * self.value:.0f} % "
            f"of the clips ({100 * self.low:.0f} to {100 * self.high:.0f}; majority class of "
            f"{self.names}: {100 * (self.chance or 0):.0f} %){verdict}.{caution}"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"tells": self.tells}


def embeddings(predictor: Predictor, subset: EvaluationClips) -> Vectors:
    """What a network makes of each clip before its last layer, shape (clips, features).

    Raises:
        ModelError: If the model is no single network, or its network has no embedding.
    """
    model = attackable(predictor)
    embed = getattr(model.network, "embed", None)
    if embed is None:
        raise ModelError("has no layer before its last, so no embedding", subject="network")
    order = sorted(range(len(subset)), key=lambda i: len(subset.sounds[i].samples))
    rows: dict[int, Any] = {}
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        sounds = [torch.from_numpy(subset.sounds[i].samples) for i in chosen]
        padded, _ = pad_batch(sounds)
        lengths = torch.tensor([len(sound) for sound in sounds])
        with torch.no_grad():
            features = model.front_end(padded, lengths)
            frames = model.representation.frames(lengths)
            normal = model.normaliser(features, frames, enrolled_rows(subset, chosen))
            found = embed(normal, frames)
        rows |= dict(zip(chosen, found.numpy(), strict=True))
    return np.stack([rows[number] for number in range(len(subset))])


def probes(predictor: Predictor, subset: EvaluationClips) -> list[Probe]:
    """Results of a probe for each of `ASKED`.

    Raises:
        ModelError: As `embeddings`.
    """
    vectors = embeddings(predictor, subset)
    return [
        probe(vectors, subset.clips[asked], subset.clips[apart], asked, apart)
        for asked, apart in ASKED.items()
    ]


def probe(
    vectors: Vectors, labels: pd.Series[Any], groups: pd.Series[Any], asked: str, apart: str
) -> Probe:
    """Cross-validated logistic regression from vectors to labels, standardised features.

    Args:
        vectors: Shape (clips, features).
        labels: What is predicted, one a clip; missing ones and those of fewer than three clips
            are left out.
        groups: What training and test folds may not share.
        asked: Name of the labels.
        apart: Name of the groups.
    """
    problem = _problem(labels, groups, asked, apart)
    counts = labels.value_counts()
    used = (labels.isin(counts.index[counts >= FOLDS]) & groups.notna()).to_numpy(bool)
    if problem or labels[used].nunique() < 2 or groups[used].nunique() < FOLDS:
        few = f"too few clips of each {asked}, or too few {apart}s to keep apart"
        return Probe(asked, apart, problem=problem or few)
    predicted, true = _crossfit(vectors[used], labels[used].astype(str), groups[used].astype(str))
    right = int((predicted == true).sum())
    low, high = wilson(right, len(true))
    chance = float(pd.Series(true).value_counts(normalize=True).iloc[0])
    return Probe(
        asked, apart, len(true), len(set(true)), right / len(true), float(low), float(high), chance
    )


def _problem(labels: pd.Series[Any], groups: pd.Series[Any], asked: str, apart: str) -> str:
    for name, column in ((asked, labels), (apart, groups)):
        if column.isna().all():
            return f"the corpus does not name its {name}s"
    return ""


def _crossfit(vectors: Vectors, labels: pd.Series[Any], groups: pd.Series[Any]) -> tuple[Any, Any]:
    """Predictions by a classifier trained on the other folds, and true labels."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    true = labels.to_numpy()
    predicted = cross_val_predict(classifier, vectors, true, groups=groups.to_numpy(), cv=folds)
    return predicted, true
