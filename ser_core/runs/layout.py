"""Names of files in the folder of a run."""

from __future__ import annotations

ENROLLED = "enrolled.parquet"
"""Predictions with every speaker enrolled from all of their unlabelled clips; beside
`predictions.parquet`, which holds those without enrolment."""
