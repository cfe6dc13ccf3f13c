"""Scores of what a model answered."""

from ser_core.evaluation.predictions import Predictions

__all__ = ["Predictions"]
