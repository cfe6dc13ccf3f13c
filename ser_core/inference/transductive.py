"""Transductive adaptation: all clips of a voice are classified together, without their labels.

A voice says each emotion in its own way, so its clips lie around other centres than those of the
voices in training. Centres, and the shares of the emotions, are estimated from the voice's own
unlabelled clips: maximum a posteriori estimation of the means of a Gaussian mixture (Gauvain & Lee,
1994), by expectation maximisation. It works on predictions alone, so on any model.
Log-probabilities are taken without what all classes have in common (the isometric log-ratio of
Egozcue et al., 2003).

The shares of the emotions are not assumed to be equal, but where a voice lacks an emotion, clips of
its others may be taken for it: some voices then lose. It needs many clips of one voice: below
`LEAST_CLIPS` predictions are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_core.core import EvaluationError, ModelError
from ser_core.evaluation import Predictions
from ser_core.runs.published_results import ENROLLED, NOT_ENROLLED, TRANSDUCTIVE

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LEAST_CLIPS = 50
"""Clips of a voice from which on it is adapted to."""

PSEUDO_CLIPS = 5.0
"""Clips that every emotion counts as having before one is seen, in the shares of the emotions."""

LEAST_OF_A_CLASS = 5
"""Clips of a voice and an emotion from which on their mean tells how voices differ."""

ROUNDS = 30
SMALLEST = 1e-30
RIDGE_WITHIN, RIDGE_BETWEEN = 0.1, 1e-3
"""Shares of its mean variance that are added to each covariance, so that it can be inverted."""


@dataclass(frozen=True, eq=False)
class VoicePrior:
    """Where emotions lie in the predictions of a model for voices that it does not know.

    Attributes:
        classes: Emotions in the order of the rows of `means`.
        means: Of each emotion, over voices, shape (classes, classes - 1).
        between: Covariance of the voices' own means around them, shape (classes - 1, classes - 1).
        within: Covariance of clips around their voice's mean of their emotion, alike.
    """

    classes: tuple[str, ...]
    means: Floats
    between: Floats
    within: Floats

    def as_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        arrays = {name: getattr(self, name).tolist() for name in ("means", "between", "within")}
        return {"classes": list(self.classes), **arrays}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> VoicePrior:
        """From what `as_dict` gave.

        Raises:
            ModelError: If something is missing or of the wrong shape.
        """
        try:
            classes = tuple(content["classes"])
            arrays = [np.asarray(content[name], float) for name in ("means", "between", "within")]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("is no prior of voices", remedy="Make it again") from error
        less = len(classes) - 1
        if [each.shape for each in arrays] != [(less + 1, less), (less, less), (less, less)]:
            raise ModelError("is no prior of voices: shapes do not fit", remedy="Make it again")
        return cls(classes, *arrays)


def log_ratios(probabilities: Floats) -> Floats:
    """Isometric log-ratios of probabilities, (clips, classes) -> (clips, classes - 1)."""
    return np.asarray(np.log(np.maximum(probabilities, SMALLEST)) @ _contrasts(probabilities))


def _contrasts(probabilities: Floats) -> Floats:
    """Orthonormal basis of what sums to zero over the classes, (classes, classes - 1)."""
    classes = probabilities.shape[1]
    columns = np.column_stack([np.ones(classes), np.eye(classes)[:, :-1]])
    return np.asarray(np.linalg.qr(columns)[0][:, 1:])


def fit_prior(predictions: Predictions) -> VoicePrior:
    """Prior from predictions on labelled clips of voices that the model was not trained on.

    Raises:
        EvaluationError: If some emotion has fewer than two voices with `LEAST_OF_A_CLASS` clips.
    """
    points, true = log_ratios(predictions.probabilities), predictions.true
    own: list[list[Floats]] = [[] for _ in predictions.classes]
    scatter, count = np.zeros((points.shape[1],) * 2), 0
    for rows in _voices(predictions):
        for number, means in enumerate(own):
            clips = points[rows & (true == number)]
            if len(clips) < LEAST_OF_A_CLASS:
                continue
            means.append(clips.mean(axis=0))
            around = clips - means[-1]
            scatter, count = scatter + around.T @ around, count + len(clips) - 1
    rare = [name for name, means in zip(predictions.classes, own, strict=True) if len(means) < 2]
    if rare:
        raise EvaluationError(
            f"fewer than two voices have {LEAST_OF_A_CLASS} clips of it",
            subject=rare[0],
            remedy="Give predictions on more voices",
        )
    centres = np.stack([np.mean(means, axis=0) for means in own])
    apart = np.concatenate([np.stack(m) - centre for m, centre in zip(own, centres, strict=True)])
    between = apart.T @ apart / max(1, len(apart) - len(own))
    return VoicePrior(predictions.classes, centres, between, scatter / count)


def adapt(probabilities: Floats, prior: VoicePrior) -> Floats:
    """Probabilities of all clips of one voice, adapted to the voice.

    Args:
        probabilities: Shape (clips, classes), in the order of the prior's classes, of clips of one
            voice; those that the prior was fitted on came from the same kind of model, enrolled or
            not alike.
        prior: How voices differ.

    Returns:
        The same shape; unchanged for fewer than `LEAST_CLIPS` clips.

    Raises:
        ModelError: If the prior is of another number of classes.
    """
    if probabilities.shape[1] != len(prior.classes):
        raise ModelError(
            f"has {len(prior.classes)} emotions, the predictions {probabilities.shape[1]}",
            subject="prior of voices",
            remedy="Make it from predictions of this model",
        )
    if len(probabilities) < LEAST_CLIPS:
        return probabilities
    points = log_ratios(probabilities)
    within = _precision(prior.within, RIDGE_WITHIN)
    between = _precision(prior.between, RIDGE_BETWEEN)
    means, classes = prior.means, len(prior.classes)
    shares = np.full(classes, 1 / classes)
    for _ in range(ROUNDS):
        belongs = _posterior(points, means, within, shares)
        count = belongs.sum(axis=0)
        wanted = prior.means @ between + belongs.T @ points @ within
        means = np.stack([
            np.linalg.solve(between + each * within, sums)
            for each, sums in zip(count, wanted, strict=True)
        ])  # fmt: skip
        shares = (count + PSEUDO_CLIPS) / (len(points) + PSEUDO_CLIPS * classes)
    return _posterior(points, means, within, shares)


def _precision(covariance: Floats, share: float) -> Floats:
    """Inverse of a covariance with that share of its mean variance added."""
    ridge = share * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    return np.asarray(np.linalg.inv(covariance + ridge), dtype=np.float64)


def _posterior(points: Floats, means: Floats, precision: Floats, shares: Floats) -> Floats:
    """Probabilities of the classes of a Gaussian mixture with one covariance, (clips, classes)."""
    around = points[:, None] - means
    logits = np.log(shares) - 0.5 * np.einsum("nki,ij,nkj->nk", around, precision, around)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def cross_fitted(predictions: Predictions) -> Predictions:
    """Test predictions, each voice adapted to with a prior from all other voices.

    The test clips of a voice are adapted together, those of each fold and seed apart. No label of
    the voice has a part in it.

    Raises:
        EvaluationError: If a clip names no speaker, or there are too few voices for a prior.
    """
    test = predictions.part("test")
    if test.table["speaker"].isna().any():
        raise EvaluationError(
            "not every clip names its speaker", subject="predictions",
            remedy="Adapt to the voices of a corpus that names them",
        )  # fmt: skip
    if test.table["speaker"].nunique() < 2:
        raise EvaluationError(
            "all test clips are of one speaker, and the prior comes from other test speakers",
            subject="predictions",
            remedy="Use a run that tests several speakers, as leave-one-speaker-out does",
        )
    adapted = test.probabilities.copy()
    for rows in _voices(test):
        prior = fit_prior(test.where(~rows, name="other voices"))
        for group in _groups(test, rows):
            adapted[group] = adapt(adapted[group], prior)
    return test.with_probabilities(adapted)


def classify_together(run: Path) -> tuple[Predictions, Predictions]:
    """Classify all test clips of each speaker of a finished run together, and keep that.

    Args:
        run: Folder of the run; `transductive.parquet` is written beside its predictions.

    Returns:
        The test predictions of each clip alone, with enrolled speakers where there are such, and
        those of all clips of a voice.

    Raises:
        SerError: If predictions are missing or damaged, or the result cannot be written.
        EvaluationError: As `cross_fitted`.
    """
    before = clip_by_clip(run)
    after = cross_fitted(before)
    after.save(run / TRANSDUCTIVE)
    return before, after


def clip_by_clip(run: Path) -> Predictions:
    """Test predictions of a finished run for each clip alone, enrolled where there are such.

    Raises:
        SerError: If they are missing or damaged.
    """
    table = ENROLLED if (run / ENROLLED).exists() else NOT_ENROLLED
    return Predictions.load(run / table).part("test")


def _voices(predictions: Predictions) -> Iterator[Mask]:
    """Rows of each speaker."""
    speakers = predictions.table["speaker"]
    for name in sorted(speakers.dropna().unique()):
        yield (speakers == name).to_numpy(np.bool_)


def _groups(predictions: Predictions, rows: Mask) -> Sequence[Mask]:
    """Those rows, each fold and seed apart."""
    key = predictions.table[["fold", "seed"]].to_numpy()
    found = np.unique(key[rows], axis=0)
    return [np.asarray(rows & (key == each).all(axis=1)) for each in found]
