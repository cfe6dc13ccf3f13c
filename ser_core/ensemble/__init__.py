"""Several finished runs as one model, whose weights are earned on clips they are not measured on.

    from ser_core.ensemble import Options, gather, optimise
    from ser_core.ensemble.assemble import assemble

    team = gather([run_a, run_b], seeds="average")     # refuses members that would leak
    study = optimise(team, Options(pooling="linear"))  # weights, calibration, comparison
    assemble(study, "my ensemble").save(folder)        # opened by ser_core.models.predictor.load

Only predictions tables are read until `assemble`; no model is run. What is named here is imported
when it is asked for: the command line reads the options alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ser_core.ensemble.member_predictions import MemberPredictions
    from ser_core.ensemble.members import Candidate, Team, found, gather, obstacle
    from ser_core.ensemble.optimisation import Study, optimise, summary
    from ser_core.ensemble.options import Options
    from ser_core.models.pooling import POOLINGS, Pool

__all__ = [
    "POOLINGS",
    "Candidate",
    "MemberPredictions",
    "Options",
    "Pool",
    "Study",
    "Team",
    "found",
    "gather",
    "obstacle",
    "optimise",
    "summary",
]

_HOMES = {
    "ser_core.ensemble.optimisation": ("Study", "optimise", "summary"),
    "ser_core.ensemble.members": ("Candidate", "Team", "found", "gather", "obstacle"),
    "ser_core.ensemble.options": ("Options",),
    "ser_core.models.pooling": ("POOLINGS", "Pool"),
    "ser_core.ensemble.member_predictions": ("MemberPredictions",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
