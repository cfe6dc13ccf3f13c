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
    from ser_core.ensemble.build import Study, optimise, summary
    from ser_core.ensemble.members import Candidate, Team, found, gather, obstacle
    from ser_core.ensemble.options import Options
    from ser_core.ensemble.pooling import POOLINGS, Pool
    from ser_core.ensemble.stack import Stack

__all__ = [
    "POOLINGS",
    "Candidate",
    "Options",
    "Pool",
    "Stack",
    "Study",
    "Team",
    "found",
    "gather",
    "obstacle",
    "optimise",
    "summary",
]

_HOMES = {
    "build": ("Study", "optimise", "summary"),
    "members": ("Candidate", "Team", "found", "gather", "obstacle"),
    "options": ("Options",),
    "pooling": ("POOLINGS", "Pool"),
    "stack": ("Stack",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
