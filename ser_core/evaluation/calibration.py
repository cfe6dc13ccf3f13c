"""Calibration by temperature scaling, and rejection of predictions below a threshold.

All that is fitted here is fitted on validation clips alone; what it does is measured on test clips.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.core import EvaluationError, ParameterError
from ser_core.evaluation import metrics
from ser_core.evaluation.confusion_rates import Floats
from ser_core.evaluation.predictions import Predictions
from ser_core.evaluation.sufficient_statistics import METRICS, sufficient_statistics

COLDEST, HOTTEST = 0.05, 20.0
"""Bounds of the temperature; a fit that ends at one has found no optimum."""

_FIGURES = ("ece", "nll", "brier")


@dataclass(frozen=True)
class Calibration:
    """Temperatures and what they changed.

    Attributes:
        temperatures: By (fold, seed), fitted on the validation part of each.
        before: ECE, NLL and Brier score of each part, by part and figure.
        after: The same with the temperatures applied.
        calibrated: The predictions with them applied.
    """

    temperatures: Mapping[tuple[int, int], float]
    before: Mapping[str, Mapping[str, float]]
    after: Mapping[str, Mapping[str, float]]
    calibrated: Predictions


def apply_temperature(probabilities: Floats, temperature: float | Floats) -> Floats:
    """Probabilities to the power of 1/temperature, summing to 1 again.

    Above 1 they are softened, below 1 sharpened; the prediction stays. The same as dividing the
    scores before a softmax.

    Args:
        probabilities: Shape (rows, classes).
        temperature: Above 0; one, or one a row of shape (rows, 1).

    >>> apply_temperature(np.array([[0.8, 0.2]]), 2.0).round(3)
    array([[0.667, 0.333]])

    Raises:
        ParameterError: If the temperature is not above 0.
    """
    if not np.all(np.asarray(temperature) > 0):
        raise ParameterError(
            f"a temperature of {temperature} is not above 0", subject="temperature"
        )
    scaled = np.log(np.maximum(probabilities, metrics.SMALLEST)) / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit_temperature(validation: Predictions) -> float:
    """Temperature with the least NLL (Guo et al., 2017), between 0.05 and 20.

    NLL is convex in 1/temperature, so the one minimum is found. Where all predictions are right it
    lies at the cold bound, which says only that there were too few clips.

    Raises:
        EvaluationError: If there are test clips among them: what is tuned on the test part
            cannot be measured on it.
    """
    if (validation.table["part"] == "test").any():
        raise EvaluationError(
            "a temperature is fitted on validation clips only",
            subject="part 'test'",
            remedy="Give the validation part of the predictions",
        )

    def loss(temperature: float) -> float:
        return metrics.nll(
            validation.true, apply_temperature(validation.probabilities, temperature)
        )

    return best_temperature(loss)


def best_temperature(loss: Callable[[float], float]) -> float:
    """Temperature between 0.05 and 20 at which a loss that has one minimum is least.

    Args:
        loss: Of a temperature.
    """
    from scipy.optimize import minimize_scalar

    def of_log(log_temperature: float) -> float:
        return loss(float(np.exp(log_temperature)))

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    return float(np.exp(minimize_scalar(of_log, bounds=bounds, method="bounded").x))


def calibrate(predictions: Predictions) -> Calibration:
    """Fit a temperature for the model of every fold and seed, and apply it to all its rows.

    Each fold's own: a validation clip of one fold may be a test clip of another.

    Raises:
        EvaluationError: If some fold has test rows but no validation rows.
    """
    table = predictions.table
    of_row = np.ones((len(table), 1))
    temperatures: dict[tuple[int, int], float] = {}
    for fold, seed in table[["fold", "seed"]].drop_duplicates().to_numpy().tolist():
        chosen = ((table["fold"] == fold) & (table["seed"] == seed)).to_numpy(np.bool_)
        held_out = chosen & (table["part"] == "validation").to_numpy(np.bool_)
        validation = predictions.where(held_out, name=f"validation part of fold {fold}")
        temperatures[fold, seed] = of_row[chosen] = fit_temperature(validation)
    calibrated = predictions.with_probabilities(
        apply_temperature(predictions.probabilities, of_row)
    )
    return Calibration(temperatures, _figures(predictions), _figures(calibrated), calibrated)


def _figures(predictions: Predictions) -> dict[str, dict[str, float]]:
    totals = {
        part: sufficient_statistics(predictions.part(part)).total() for part in _parts(predictions)
    }
    return {
        part: {name: float(METRICS[name].value(total)) for name in _FIGURES}
        for part, total in totals.items()
    }


def _parts(predictions: Predictions) -> list[str]:
    return sorted(predictions.table["part"].unique(), reverse=True)


def coverage_risk(predictions: Predictions) -> pd.DataFrame:
    """What withholding unsure predictions costs and gains (El-Yaniv & Wiener, 2010).

    Returns:
        A row for every distinct confidence as `threshold`, the surest first: `coverage` (share of
        clips of this confidence or above) and `risk` (share of wrong predictions
        among them), and `answered` and `wrong` as counts.
    """
    sure = metrics.confidence(predictions.probabilities)
    table = pd.DataFrame({"threshold": sure, "wrong": predictions.predicted != predictions.true})
    by_confidence = table.groupby("threshold")["wrong"].agg(["size", "sum"])[::-1].cumsum()
    answered, wrong = by_confidence["size"].to_numpy(), by_confidence["sum"].to_numpy()
    columns = {"coverage": answered / len(sure), "risk": wrong / answered}
    columns |= {"answered": answered, "wrong": wrong}
    return pd.DataFrame(columns, index=by_confidence.index).reset_index()


def area_under_risk(predictions: Predictions) -> float:
    """Mean risk over all coverages (AURC; Geifman et al., 2019): lower is better.

    Predictions of equal confidence are withheld together.
    """
    curve = coverage_risk(predictions)
    shares = np.diff(curve["coverage"].to_numpy(), prepend=0.0)
    return float((shares * curve["risk"].to_numpy()).sum())


@dataclass(frozen=True)
class Rejection:
    """A confidence below which the prediction is "uncertain".

    Attributes:
        threshold: Predictions of this confidence or more are given.
        coverage: Share of clips that are not rejected.
        risk: Share of wrong predictions among them; None if none is given.
        risk_low: Lower end of its 95 % Wilson interval.
        risk_high: Upper end.
        answered: Clips that are not rejected.
    """

    threshold: float
    coverage: float
    risk: float | None
    risk_low: float | None
    risk_high: float | None
    answered: int


def reject(predictions: Predictions, threshold: float) -> Rejection:
    """Coverage and risk at a threshold; for test clips, with one that validation clips gave."""
    given = metrics.confidence(predictions.probabilities) >= threshold
    answered = int(given.sum())
    if not answered:
        return Rejection(threshold, 0.0, None, None, None, 0)
    wrong = int((predictions.predicted != predictions.true)[given].sum())
    low, high = metrics.wilson(wrong, answered)
    return Rejection(
        threshold, answered / len(given), wrong / answered, float(low), float(high), answered
    )


def threshold_for(validation: Predictions, risk: float, *, sure: bool = False) -> Rejection:
    """Threshold with the most predictions at a wanted risk.

    Args:
        validation: Validation clips, calibrated.
        risk: Wanted share of wrong predictions, 0 to 1.
        sure: Whether the upper end of the risk's interval must keep to it, not the risk alone.

    Raises:
        ParameterError: If the risk is not between 0 and 1, or no threshold keeps to it, with the
            least risk that one reaches.
        EvaluationError: If there are test clips among them.
    """
    if not 0 <= risk <= 1:
        raise ParameterError(f"{risk:g} is not between 0 and 1", subject="risk")
    if (validation.table["part"] == "test").any():
        raise EvaluationError(
            "a threshold is chosen on validation clips only", subject="part 'test'",
            remedy="Give the validation part of the predictions",
        )  # fmt: skip
    curve = coverage_risk(validation)
    reached = _reached(curve, sure)
    keeping = np.flatnonzero(reached <= risk)
    if not len(keeping):
        raise ParameterError(
            f"no confidence keeps the share of wrong predictions to {risk:g}; the least that one "
            f"reaches is {reached.min():.3f}",
            subject="risk",
            remedy="Allow more, or give more validation clips",
        )
    return reject(validation, float(curve["threshold"].iloc[keeping[-1]]))


def _reached(curve: pd.DataFrame, sure: bool) -> npt.NDArray[np.float64]:
    if not sure:
        return curve["risk"].to_numpy(np.float64)
    return metrics.wilson(curve["wrong"].to_numpy(), curve["answered"].to_numpy())[1]
