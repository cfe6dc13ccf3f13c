"""Results: the scores of all runs and evaluations, one in detail, several compared."""

from __future__ import annotations

from pages.components.errors import error_boundary
from pages.results import comparison, run_detail, url_params, views

if url_params.read(url_params.RUN):
    with error_boundary():
        run_detail.show(url_params.read(url_params.RUN))
elif url_params.runs_to_compare():
    with error_boundary():
        comparison.show(url_params.runs_to_compare())
else:
    views.show()
