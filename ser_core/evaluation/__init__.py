"""Scores of what a model answered."""

from ser_core.evaluation.intervals import Interval, interval
from ser_core.evaluation.predictions import Predictions
from ser_core.evaluation.tally import METRICS

__all__ = ["METRICS", "Interval", "Predictions", "interval"]
