"""What every other package may use: errors, registries, parameters, settings and processes."""

import importlib
from typing import TYPE_CHECKING

from ser_core.core.errors import (
    AudioError,
    CorpusError,
    EvaluationError,
    JobError,
    MissingPartError,
    ModelError,
    ParameterError,
    SerError,
    ServiceError,
    SplitError,
    StoreError,
    TrackingError,
    UnknownNameError,
)
from ser_core.core.formatting import count, seconds
from ser_core.core.settings import REPOSITORY, demo_corpus
from ser_core.core.vocabulary import EMOTIONS, is_class_name

if TYPE_CHECKING:
    from ser_core.core.malloc import give_back, keep_freed
    from ser_core.core.parallel import Progress, WorkerError, in_processes
    from ser_core.core.parameters import Parameters, choice, parameter
    from ser_core.core.processes import (
        CANCELLED,
        ELSEWHERE,
        EXIT,
        JOB_FOLDER,
        Mark,
        crowded,
        is_cancelled,
        own_job,
    )
    from ser_core.core.registry import Registry, did_you_mean
    from ser_core.core.shell import pasted

__all__ = [
    "CANCELLED",
    "ELSEWHERE",
    "EMOTIONS",
    "EXIT",
    "JOB_FOLDER",
    "REPOSITORY",
    "AudioError",
    "CorpusError",
    "EvaluationError",
    "JobError",
    "Mark",
    "MissingPartError",
    "ModelError",
    "ParameterError",
    "Parameters",
    "Progress",
    "Registry",
    "SerError",
    "ServiceError",
    "SplitError",
    "StoreError",
    "TrackingError",
    "UnknownNameError",
    "WorkerError",
    "choice",
    "count",
    "crowded",
    "demo_corpus",
    "did_you_mean",
    "give_back",
    "in_processes",
    "is_cancelled",
    "is_class_name",
    "keep_freed",
    "own_job",
    "parameter",
    "pasted",
    "seconds",
]

_LAZY = {
    "give_back": "malloc",
    "keep_freed": "malloc",
    "Progress": "parallel",
    "WorkerError": "parallel",
    "in_processes": "parallel",
    "Parameters": "parameters",
    "choice": "parameters",
    "parameter": "parameters",
    "Registry": "registry",
    "did_you_mean": "registry",
    "pasted": "shell",
    "CANCELLED": "processes",
    "ELSEWHERE": "processes",
    "EXIT": "processes",
    "JOB_FOLDER": "processes",
    "Mark": "processes",
    "crowded": "processes",
    "is_cancelled": "processes",
    "own_job": "processes",
}
"""Module of each name that is loaded when it is first used: an error class alone costs little."""

if not TYPE_CHECKING:  # with it, type checkers would accept any name

    def __getattr__(name):
        """Load a name of the table when it is first used."""
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.import_module(f"{__name__}.{_LAZY[name]}")
        value = globals()[name] = getattr(module, name)
        return value
