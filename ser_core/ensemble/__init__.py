"""Several finished runs as one model, whose weights are earned on clips they are not measured on.

    from ser_core.ensemble import Options, gather, optimise
    from ser_core.ensemble.assemble import assemble

    team = gather([run_a, run_b], seeds="average")     # refuses members that would leak
    study = optimise(team, Options(pooling="linear"))  # weights, calibration, comparison
    assemble(study, "my ensemble").save(folder)        # opened by ser_core.models.predictor.load

Only predictions tables are read until `assemble`; no model is run.
"""

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
