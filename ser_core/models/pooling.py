"""Pooling of probabilities: their weighted mean, that of their logarithms, votes, or stacking.

Linear pooling (Stone, 1961) says what any of its members holds possible; log-linear pooling, the
weighted geometric mean (Genest & Zidek, 1986), what none of them excludes. In a vote each member
counts for its likeliest class alone, however sure it is. Stacking (Wolpert, 1992) is a multinomial
logistic regression on the members' log-probabilities: each member has a coefficient for each pair
of classes instead of one weight, so one that confuses two classes can be corrected there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ser_core.core import Registry
from ser_core.evaluation import apply_temperature
from ser_core.evaluation.metrics import SMALLEST

Floats = npt.NDArray[np.float64]

SNAP = 1e-4
"""Weights below are zero: that member is not used."""

TIE = 0.01
"""Share of a vote that is the member's probabilities: they break ties, and turn no vote."""

HIGHEST = 3.0
"""Largest weight of log-linear pooling."""

_LEAST = 1e-6


@dataclass(frozen=True)
class Pooling:
    """A way to pool.

    Attributes:
        name: Short name, as in files.
        title: What a person reads.
        help: One sentence of plain words.
        on_simplex: Whether its weights sum to 1.
        range: Of the number that the search draws for each member.
        votes: Whether members vote for their likeliest class.
        stacked: Whether a pool has coefficients instead of weights; see `Stacking`.
    """

    name: str
    title: str
    help: str
    on_simplex: bool
    range: tuple[float, float]
    votes: bool = False
    stacked: bool = False

    def weights(self, drawn: Sequence[float]) -> Floats:
        """Weights of the members from what the search drew for each.

        On the simplex they are -log(u) / sum(-log(u)): of uniform u, uniform on it.

        >>> POOLINGS["linear"].weights([0.5, 0.5]).tolist()
        [0.5, 0.5]
        """
        values = np.asarray(drawn, dtype=np.float64)
        weights = simplex(-np.log(values)) if self.on_simplex else values
        snapped = np.where(weights < SNAP, 0.0, weights)
        return simplex(snapped) if self.on_simplex else snapped

    def drawn(self, weights: Floats) -> list[float]:
        """What the search would have to draw for these weights.

        >>> pooling = POOLINGS["linear"]
        >>> pooling.weights(pooling.drawn(np.array([0.0, 1.0]))).tolist()
        [0.0, 1.0]
        """
        scale = min(float(len(weights)), -np.log(_LEAST) - 0.1)
        values = np.exp(-scale * weights) if self.on_simplex else weights
        return [float(value) for value in np.clip(values, *self.range)]

    def equal(self, members: int) -> Floats:
        """Equal weights, which sum to 1."""
        return np.full(members, 1 / members)

    def summands(self, probabilities: Floats) -> Floats:
        """What is added up: the probabilities, their logarithms, or votes. Same shape."""
        if self.votes:
            return ballots(probabilities)
        return probabilities if self.on_simplex else logs(probabilities)

    def added(self, weights: Floats, summands: Floats) -> Floats:
        """Logarithms of the pooled probabilities, up to a constant a row. Shape (rows, classes).

        Args:
            weights: Shape (members,).
            summands: From `summands`, shape (members, rows, classes).
        """
        total = np.tensordot(weights, summands, axes=1)
        return logs(total) if self.on_simplex else np.asarray(total)


POOLINGS: Registry[Pooling] = Registry("pooling")
"""Ways to pool, by name."""

for _pooling in (
    Pooling(
        "linear", "Linear", "Weighted mean of the probabilities; the weights sum to 1.",
        True, (_LEAST, 1 - _LEAST),
    ),
    Pooling(
        "log-linear", "Log-linear", "Weighted geometric mean: one member that excludes an emotion "
        "counts for much. Its weights need not sum to 1; a penalty on their sum can remove "
        "useless members.", False, (0.0, HIGHEST),
    ),
    Pooling(
        "vote", "Vote",
        "Each member votes for its likeliest class; equal weights give the majority vote. "
        "Probabilities are shares of the votes, and break ties.",
        True, (_LEAST, 1 - _LEAST), votes=True,
    ),
    Pooling(
        "stacking", "Stacking",
        "Logistic regression on the members' log-probabilities, with a coefficient for each pair "
        "of emotions; its penalty, towards log-linear weights, is chosen by cross-validation on "
        "the clips of the fit. Needs many clips.", True, (_LEAST, 1 - _LEAST), stacked=True,
    ),
):  # fmt: skip
    POOLINGS.register(_pooling.name)(_pooling)


@dataclass(frozen=True)
class Stacking:
    """Multinomial logistic regression on the members' log-probabilities.

    Attributes:
        coefficients: By member, class of the member, and class of the answer.
        intercept: By class of the answer.
    """

    coefficients: tuple[tuple[tuple[float, ...], ...], ...]
    intercept: tuple[float, ...]

    @classmethod
    def of(cls, coefficients: npt.ArrayLike, intercept: npt.ArrayLike) -> Stacking:
        """From arrays of the shapes (members, classes, classes) and (classes,).

        Raises:
            ValueError: If they have other shapes, or a value that is not finite.
        """
        given, constant = np.asarray(coefficients, np.float64), np.asarray(intercept, np.float64)
        classes = len(constant) if constant.ndim == 1 else -1
        if given.ndim != 3 or given.shape[1:] != (classes, classes):
            raise ValueError(f"stacking of shapes {given.shape} and {constant.shape}")
        if not (np.isfinite(given).all() and np.isfinite(constant).all()):
            raise ValueError("a coefficient of the stacking is not finite")
        rows = tuple(tuple(tuple(map(float, row)) for row in member) for member in given)
        return cls(rows, tuple(map(float, constant)))

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each member in the sum of the coefficients' sizes; they sum to 1."""
        sizes = np.abs(np.array(self.coefficients)).sum(axis=(1, 2))
        return tuple(float(share) for share in simplex(sizes))

    def __call__(self, probabilities: Floats) -> Floats:
        """Logarithms of the answer's probabilities up to a constant a row, (rows, classes).

        Args:
            probabilities: Shape (members, rows, classes).
        """
        given = centred(logs(probabilities))
        return np.asarray(np.einsum("mrc,mcd->rd", given, self.coefficients) + self.intercept)


@dataclass(frozen=True)
class Pool:
    """Weights and one temperature: all that an ensemble adds to its members.

    Attributes:
        kind: Name in `POOLINGS`.
        weights: One a member, none negative; of linear pooling they sum to 1. Of stacking they are
            the shares of its coefficients, for people to read.
        temperature: That the pooled probabilities are divided by, as logarithms; above 1 softens.
        stacking: Coefficients of stacking; None for every other kind.
    """

    kind: str
    weights: tuple[float, ...]
    temperature: float = 1.0
    stacking: Stacking | None = None

    @classmethod
    def of(cls, kind: str, weights: npt.ArrayLike) -> Pool:
        """Pool of an array of weights, at temperature 1."""
        return cls(kind, tuple(float(w) for w in np.asarray(weights)))

    def at(self, temperature: float) -> Pool:
        """The same weights at another temperature."""
        return replace(self, temperature=temperature)

    def over(self, places: Sequence[int | None]) -> Pool:
        """The same pool over other members, which may be fewer, more, or in another order.

        Args:
            places: For each of them the number of the member here that it is; None for one that is
                none of these and has no weight.

        >>> Pool("linear", (0.25, 0.75)).over([1, None, 0]).weights
        (0.75, 0.0, 0.25)
        """
        weights = tuple(0.0 if place is None else self.weights[place] for place in places)
        if self.stacking is None:
            return replace(self, weights=weights)
        own, classes = self.stacking.coefficients, len(self.stacking.intercept)
        nothing = ((0.0,) * classes,) * classes
        coefficients = tuple(nothing if place is None else own[place] for place in places)
        return replace(
            self, weights=weights, stacking=replace(self.stacking, coefficients=coefficients)
        )

    def __call__(self, probabilities: Floats) -> Floats:
        """Pooled probabilities.

        Args:
            probabilities: Shape (members, rows, classes).

        Returns:
            Shape (rows, classes), rows sum to 1.

        >>> two = np.array([[[0.8, 0.2]], [[0.4, 0.6]]])
        >>> Pool("linear", (0.5, 0.5))(two).round(3)
        array([[0.6, 0.4]])
        >>> Pool("log-linear", (0.5, 0.5))(two).round(3)
        array([[0.62, 0.38]])
        """
        pooling = POOLINGS[self.kind]
        if self.stacking is not None:
            found = self.stacking(probabilities)
        else:
            found = pooling.added(np.array(self.weights), pooling.summands(probabilities))
        plain = np.exp(found - found.max(axis=1, keepdims=True))
        return apply_temperature(plain / plain.sum(axis=1, keepdims=True), self.temperature)


def ballots(probabilities: Floats) -> Floats:
    """Votes for the likeliest class, (..., classes) -> the same shape; rows sum to 1."""
    likeliest = probabilities.argmax(axis=-1)[..., None] == np.arange(probabilities.shape[-1])
    return np.asarray((1 - TIE) * likeliest + TIE * probabilities)


def centred(logarithms: Floats) -> Floats:
    """Log-probabilities less their mean over the classes. (..., classes) -> the same shape."""
    return np.asarray(logarithms - logarithms.mean(axis=-1, keepdims=True))


def simplex(values: Floats) -> Floats:
    """Values of one sign as shares of their sum."""
    return np.asarray(values / values.sum())


def logs(probabilities: Floats) -> Floats:
    """Logarithms, of the tiny ones as if they were a little larger."""
    return np.asarray(np.log(np.maximum(probabilities, SMALLEST)))
