"""Suspected label errors: confident learning on held-out probabilities.

The method of Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset
Labels", Journal of Artificial Intelligence Research 70 (2021), written anew from the paper. It
needs probabilities of models that were not trained on the clip they judge.

It supposes that labels are confused class by class and that the model tells the classes apart
well. Emotions are ambiguous and models of speech are weak, so a suspect is a clip to listen to: its
label may be wrong, its emotion mixed, or the model mistaken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import EvaluationError, ParameterError, did_you_mean
from ser_core.evaluation.confusion_rates import Floats
from ser_core.evaluation.predictions import PREFIX, Codes

if TYPE_CHECKING:
    from collections.abc import Callable

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LabelErrors:
    """The labels of a corpus that its held-out answers speak against.

    Attributes:
        table: A row a suspect, the least self-confidence first, indexed by clip: `label` (as
            given), `suggested` (likeliest other emotion), `self_confidence` (probability of the
            label), `margin` (probability of the suggestion minus that of the label).
        joint: Estimated joint distribution of given label (rows) and true emotion (columns); it
            sums to 1.
        clips: Clips that were judged.
    """

    table: pd.DataFrame
    joint: pd.DataFrame
    clips: int

    @property
    def share(self) -> float:
        """Estimated share of wrong labels, 0 to 1: what the joint has beside its diagonal.

        It counts the model's own confusions too, so it is more than the labels' noise.
        """
        return float(1 - np.trace(self.joint.to_numpy()))


def label_errors(answers: pd.DataFrame, method: str = "both") -> LabelErrors:
    """Suspected label errors of the clips that have held-out answers.

    Args:
        answers: Of `held_out_answers`.
        method: "by class" (the paper's PBC: of each label as many clips of least self-confidence as
            the joint says are wrong), "by noise rate" (PBNR: of each pair of emotions as many of
            the largest margin), or "both" (C+NR: what both select, the fewest).

    Raises:
        ParameterError: If there is no such method.
        EvaluationError: If there are no answers.
    """
    if method not in PRUNING:
        raise ParameterError(
            "is no method of confident learning", subject=method,
            remedy=did_you_mean(method, list(PRUNING)),
        )  # fmt: skip
    if answers.empty:
        raise EvaluationError("no clip has a held-out answer", remedy="Choose a finished run")
    names = [str(name) for name in answers if str(name).startswith(PREFIX)]
    classes = pd.Index([name.removeprefix(PREFIX) for name in names])
    given = classes.get_indexer(pd.Index(answers["true"]))
    probabilities = answers[names].to_numpy(np.float64)
    joint = estimated_joint(confident_joint(given, probabilities), given)
    # A label that the model itself answers is no suspect.
    doubted = PRUNING[method](joint, given, probabilities) & (probabilities.argmax(1) != given)
    rows = np.arange(len(given))
    own = probabilities[rows, given]
    others = probabilities.copy()
    others[rows, given] = -1
    table = pd.DataFrame(
        {
            "label": answers["true"],
            "suggested": pd.array(classes[others.argmax(axis=1)], dtype="string"),
            "self_confidence": own,
            "margin": others.max(axis=1) - own,
        },
        index=answers.index,
    )
    return LabelErrors(
        table[doubted].sort_values("self_confidence", kind="stable"),
        pd.DataFrame(joint, index=classes, columns=classes),
        len(answers),
    )


def confident_joint(given: Codes, probabilities: Floats) -> npt.NDArray[np.int64]:
    """Clips of each given label (row) by the emotion they confidently are (column).

    A clip is confidently of an emotion when its probability reaches the emotion's threshold: the
    mean self-confidence of the clips of that label. Of several such emotions the likeliest counts;
    a clip without one is not counted (the paper, section 3.1).

    Args:
        given: Index of each clip's label. Shape (clips,).
        probabilities: Held-out, of shape (clips, classes).

    Returns:
        Shape (classes, classes).

    >>> probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.9, 0.1]])
    >>> confident_joint(np.array([0, 0, 1, 1]), probabilities)
    array([[1, 0],
           [1, 1]])
    """
    classes = probabilities.shape[1]
    limits = thresholds(given, probabilities)
    reached = np.where(probabilities >= limits, probabilities, -1.0)
    counted = reached.max(axis=1) >= 0
    cells = given[counted] * classes + reached[counted].argmax(axis=1)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def thresholds(given: Codes, probabilities: Floats) -> Floats:
    """Mean self-confidence of the clips of each label; infinite for a label without clips."""
    own = probabilities[np.arange(len(given)), given]
    counts = np.bincount(given, minlength=probabilities.shape[1])
    sums = np.bincount(given, weights=own, minlength=probabilities.shape[1])
    # A mean must not lie above equal values by rounding.
    return np.where(counts > 0, sums / np.maximum(counts, 1) - 1e-12, np.inf)


def estimated_joint(counts: npt.NDArray[np.int64], given: Codes) -> Floats:
    """Joint distribution of given label and true emotion, from the confident joint.

    Each row is scaled to the clips that have its label, then all to the sum 1 (the paper's
    equation 3). A label that no clip confidently has is taken for right. Shape (classes, classes).
    """
    filled = counts + np.diag(counts.sum(axis=1) == 0)
    shares = filled / filled.sum(axis=1, keepdims=True)
    have = np.bincount(given, minlength=len(counts))
    return np.asarray(shares * have[:, None] / len(given))


def _by_class(joint: Floats, given: Codes, probabilities: Floats) -> Mask:
    """Of each label the clips of least self-confidence, as many as the joint says are wrong."""
    doubted = np.zeros(len(given), dtype=np.bool_)
    own = probabilities[np.arange(len(given)), given]
    wrong = len(given) * (joint.sum(axis=1) - np.diag(joint))
    for label, many in enumerate(np.rint(wrong).astype(int)):
        rows = np.flatnonzero(given == label)
        doubted[rows[np.argsort(own[rows], kind="stable")[:many]]] = True
    return doubted


def _by_noise_rate(joint: Floats, given: Codes, probabilities: Floats) -> Mask:
    """Of each pair of label and other emotion as many clips as it has, by the largest margin."""
    doubted = np.zeros(len(given), dtype=np.bool_)
    many = np.rint(len(given) * joint).astype(int)
    for label, other in zip(*np.nonzero(many), strict=True):
        if label == other:
            continue
        rows = np.flatnonzero(given == label)
        margins = probabilities[rows, other] - probabilities[rows, label]
        doubted[rows[np.argsort(-margins, kind="stable")[: many[label, other]]]] = True
    return doubted


def _both(joint: Floats, given: Codes, probabilities: Floats) -> Mask:
    return np.logical_and(
        _by_class(joint, given, probabilities), _by_noise_rate(joint, given, probabilities)
    )


PRUNING: dict[str, Callable[[Floats, Codes, Floats], Mask]] = {
    "both": _both,
    "by class": _by_class,
    "by noise rate": _by_noise_rate,
}
"""Which clips are suspects, by name of the method."""
