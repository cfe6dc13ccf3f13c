"""scikit-learn estimators as the last part of a model.

An estimator takes the place of a torch network: it is given the same normalised input and its
logits are the logarithms of its probabilities, so that whatever works on logits (evaluation,
ensembles, enrolment, calibration, LIME, noise) works on it. What needs gradients is refused.
It is stored among the weights as bytes of skops, which unpickles nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ser_core.core import ModelError, ParameterError
from ser_core.evaluation import calibration
from ser_core.models.frame_mask import mean_of_own
from ser_core.models.networks.base import NetworkSpec

SCIKIT_LEARN = "scikit-learn"
"""Name of the learner that fits estimators; see `ser_core.training.learner`."""

SMALLEST = 1e-12
"""Probability below which no class falls: its logarithm must be finite."""

NEVER = -1e4
"""Logit of a class that is never predicted."""

FEWEST = 20
"""Validation clips below which no temperature is fitted: it stays 1."""

Floats = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.intp]


@runtime_checkable
class FittedAtOnce(Protocol):
    """A network that is fitted in one go on all training clips; `EstimatorNetwork` is one."""

    def fit(
        self,
        inputs: npt.NDArray[np.floating[Any]],
        classes: npt.NDArray[np.integer[Any]],
        *,
        seed: int,
        weights: npt.NDArray[np.floating[Any]] | None = None,
    ) -> None:
        """Fit on inputs (clips, numbers) as `embed` gives them, and classes (clips,)."""
        ...

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """What is fitted on: (batch, channels, bins, n) -> (batch, numbers)."""
        ...


@dataclass(frozen=True, kw_only=True)
class EstimatorSpec(NetworkSpec):
    """Base of the specs of scikit-learn classifiers; a subclass gives the estimator.

    Register it with `learner=SCIKIT_LEARN`.

    Attributes:
        channels: Channels of the features.
        bins: Bins of the features.
        classes: Number of classes.
    """

    differentiable = False
    exportable = False
    trusted: ClassVar[tuple[str, ...]] = ()
    """Types that skops may load beyond those it trusts itself, by their full names."""
    calibrates: ClassVar[bool] = False
    """Whether its scores are divided by a temperature that the validation part gives."""
    weighted: ClassVar[bool] = True
    """Whether a fit takes weights of clips, and so of classes."""

    channels: int = 1
    bins: int = 1
    classes: int = 6

    def estimator(self, seed: int) -> Any:
        """Classifier with `fit` and `predict_proba`, not fitted yet."""
        raise NotImplementedError

    def chosen(self, classes: npt.NDArray[np.integer[Any]], seed: int) -> slice | Indices:  # noqa: ARG002
        """Which training clips are fitted on: all, as a rule.

        Args:
            classes: Of the clips, shape (clips,).
            seed: Of what is drawn.
        """
        return slice(None)

    def scores(self, estimator: Any, inputs: Floats) -> Floats:
        """Logits of the estimator's own classes, (clips, inputs) -> (clips, estimator classes).

        Logarithms of probabilities, unless a subclass has scores of another kind.
        """
        return np.asarray(np.log(np.maximum(estimator.predict_proba(inputs), SMALLEST)))

    def equivalent(self, estimator: Any) -> nn.Module:
        """Module of (batch, channels * bins) that gives `scores`, (batch, estimator classes).

        A subclass that implements it says `exportable = True`: it can be written as a graph.

        Args:
            estimator: Fitted.
        """
        raise NotImplementedError

    def traceable(self, network: nn.Module) -> nn.Module:
        """The fitted estimator as layers of torch, by `equivalent`.

        Raises:
            ModelError: If it is not fitted.
        """
        estimator = _fitted(network)
        return _Equivalent(self, estimator, _temperature(network))

    def build(self) -> EstimatorNetwork:
        """Network around an estimator that is not fitted yet."""
        return EstimatorNetwork(self)


class EstimatorNetwork(nn.Module):
    """A fitted estimator that predicts as a network does.

    Args:
        spec: What it is built from.
    """

    def __init__(self, spec: EstimatorSpec) -> None:
        super().__init__()
        self.spec = spec
        self.estimator: Any = None
        self.temperature: Tensor
        if spec.calibrates:
            self.register_buffer("temperature", torch.ones(()))

    def fit(
        self,
        inputs: npt.NDArray[np.floating[Any]],
        classes: npt.NDArray[np.integer[Any]],
        *,
        seed: int,
        weights: npt.NDArray[np.floating[Any]] | None = None,
    ) -> None:
        """Fit the estimator.

        Args:
            inputs: Shape (clips, channels * bins), as `embed` gives them.
            classes: Number of the class of each clip, shape (clips,).
            seed: Of what is random in it.
            weights: Of the clips, shape (clips,); equal when None.

        Raises:
            ParameterError: If there are weights, and the estimator takes none.
        """
        if weights is not None and not self.spec.weighted:
            raise ParameterError(
                f"{self.spec.words} takes no class weights",
                subject="train.class_weights",
                remedy="Leave it false, or choose another network",
            )
        kept = self.spec.chosen(classes, seed)
        extra = {} if weights is None else {"sample_weight": weights[kept]}
        self.estimator = self.spec.estimator(seed).fit(inputs[kept], classes[kept], **extra)

    def calibrate(self, inputs: Floats, classes: npt.NDArray[np.integer[Any]]) -> None:
        """Fit the temperature on validation clips (Guo et al., 2017), where the spec says so.

        Platt's method needs a cross-validation within the training part, whose folds would share
        speakers; one number from the validation part changes no prediction, and the same number
        stands in an exported graph.

        Args:
            inputs: Of the validation clips, shape (clips, channels * bins).
            classes: Of them, shape (clips,).
        """
        if not self.spec.calibrates or len(classes) < FEWEST:
            return
        logits = self._every(_fitted(self), inputs)
        known = np.isin(classes, np.asarray(self.estimator.classes_, dtype=int))
        self.temperature.fill_(_best_temperature(logits[known], classes[known]))

    def calibrate_as(self, other: Any) -> None:
        """Take over the temperature of another fit of the same spec."""
        if self.spec.calibrates:
            self.temperature.copy_(other.temperature)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Mean of each bin, (batch, channels, bins, n) -> (batch, channels * bins).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        return mean_of_own(x, frames)

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logarithms of probabilities: (batch, channels, bins, n) -> (batch, classes).

        Raises:
            ModelError: If the estimator is not fitted.
        """
        estimator = _fitted(self)
        inputs = self.embed(x, frames).detach().cpu().numpy()
        scores = torch.from_numpy(self._every(estimator, inputs)) / _temperature(self)
        return scores.log_softmax(-1).clamp(min=math.log(SMALLEST)).to(x)

    def _every(self, estimator: Any, inputs: Floats) -> Floats:
        """Scores of all classes, (clips, classes); one that no training clip had is never said."""
        found = self.spec.scores(estimator, inputs)
        every = np.full((len(found), self.spec.classes), NEVER)
        every[:, np.asarray(estimator.classes_, dtype=int)] = found
        return every

    def get_extra_state(self) -> Tensor:
        """The estimator as bytes of skops, shape (bytes,); empty before it is fitted."""
        import skops.io

        content = b"" if self.estimator is None else skops.io.dumps(self.estimator)
        return torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else _empty()

    def set_extra_state(self, state: Tensor) -> None:
        """Take an estimator up again.

        Raises:
            ValueError: If it holds a type that is not trusted, or numbers that are not finite.
        """
        import skops.io
        from skops.io.exceptions import UntrustedTypesFoundException

        if not len(state):
            return
        try:
            content = state.cpu().numpy().tobytes()
            estimator = skops.io.loads(content, trusted=list(self.spec.trusted))
        except (UntrustedTypesFoundException, TypeError) as error:
            raise ValueError(f"the estimator holds types that are not trusted: {error}") from error
        _check_finite(estimator)
        self.estimator = estimator


class _Equivalent(nn.Module):
    """Layers of torch in the place of an `EstimatorNetwork`."""

    def __init__(self, spec: EstimatorSpec, estimator: Any, temperature: float) -> None:
        super().__init__()
        self.layers = spec.equivalent(estimator)
        self.rows, self.classes = [int(row) for row in estimator.classes_], spec.classes
        self.temperature = temperature

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logarithms of probabilities, as `EstimatorNetwork`."""
        scores = in_places(self.layers(mean_of_own(x, frames)), self.rows, self.classes)
        return (scores / self.temperature).log_softmax(-1).clamp(min=math.log(SMALLEST))


def in_places(scores: Tensor, rows: Sequence[int], classes: int) -> Tensor:
    """Scores of an estimator's classes in their places among all, (batch, classes).

    Args:
        scores: Of the estimator's own classes, (batch, rows).
        rows: Number of the class of each.
        classes: How many there are; one without scores is never predicted.
    """
    if list(rows) == list(range(classes)):
        return scores
    own = {row: number for number, row in enumerate(rows)}
    never = torch.full_like(scores[:, :1], NEVER)
    columns = [scores[:, own[c] : own[c] + 1] if c in own else never for c in range(classes)]
    return torch.cat(columns, dim=1)


def linear_layer(estimator: Any) -> nn.Linear:
    """Scores of a fitted linear classifier, (batch, inputs) -> (batch, estimator classes).

    Between two classes scikit-learn fits one score, that of the second against the first.
    """
    weights, biases = np.asarray(estimator.coef_), np.asarray(estimator.intercept_)
    if len(weights) < len(estimator.classes_):
        weights = np.concatenate([np.zeros_like(weights), weights])
        biases = np.concatenate([np.zeros_like(biases), biases])
    layer = nn.Linear(weights.shape[1], len(weights))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights))
        layer.bias.copy_(torch.from_numpy(biases))
    return layer


def _fitted(network: Any) -> Any:
    """The estimator of a network.

    Raises:
        ModelError: If it is not fitted.
    """
    if network.estimator is None:
        raise ModelError("is not fitted", subject=network.spec.kind, remedy="Train it first")
    return network.estimator


def _check_finite(estimator: Any) -> None:
    """Refuse an estimator that was fitted to NaN or infinity, or was changed to them.

    Raises:
        ValueError: If an array of its own holds some.
    """
    for name, value in vars(estimator).items():
        numbers = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        if numbers and not np.isfinite(value).all():
            raise ValueError(f"{name} of the estimator holds NaN or infinite values")


def _temperature(network: Any) -> float:
    """By which the scores of a network are divided."""
    return float(network.temperature) if network.spec.calibrates else 1.0


def _best_temperature(logits: Floats, classes: npt.NDArray[np.integer[Any]]) -> float:
    """Temperature with the least NLL."""
    scores, true = torch.from_numpy(logits).double(), torch.from_numpy(classes).long()
    return calibration.best_temperature(
        lambda temperature: float(nn.functional.cross_entropy(scores / temperature, true))
    )


def _empty() -> Tensor:
    return torch.zeros(0, dtype=torch.uint8)
