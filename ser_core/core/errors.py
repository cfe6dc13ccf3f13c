"""Errors meant for people: what happened, to which thing, and what to do about it."""

from __future__ import annotations


class SerError(Exception):
    """Base of every error the workbench raises on purpose.

    Args:
        problem: What happened, as a clause without a full stop ("the file is empty").
        subject: The file, parameter or name it happened to; empty when there is none.
        remedy: What the user can do, as a sentence without a full stop.

    `str()` of it is one line that a page or the command line can show as it is; the parts stay
    readable as attributes.
    """

    def __init__(self, problem: str, *, subject: str = "", remedy: str = "") -> None:
        self.problem = problem
        self.subject = subject
        self.remedy = remedy
        super().__init__(problem, subject, remedy)

    def __str__(self) -> str:
        where = f"{self.subject}: " if self.subject else ""
        what_to_do = f" {self.remedy}." if self.remedy else ""
        return f"{where}{self.problem}.{what_to_do}"

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling between worker processes.
        return _rebuild, (type(self), self.problem, self.subject, self.remedy)


def _rebuild(kind: type[SerError], problem: str, subject: str, remedy: str) -> SerError:
    return kind(problem, subject=subject, remedy=remedy)


class ParameterError(SerError, ValueError):
    """A value that breaks a rule. The message gives the value, the rule and the remedy."""


class UnknownNameError(SerError, KeyError):
    """A name that no registry entry has. The remedy suggests the one that was meant."""

    __str__ = SerError.__str__  # KeyError would show the repr of the arguments


class MissingPartError(SerError):
    """An optional part is not installed."""


class ServiceError(SerError):
    """The web service cannot take a request, or cannot be started as asked."""


class AudioError(SerError):
    """Sound that cannot be used: unreadable, empty, too long, not sound at all."""


class CorpusError(SerError):
    """A folder or table that cannot be opened as a corpus."""


class SplitError(SerError):
    """A split that cannot be made as asked, or a split file that does not fit its corpus."""


class StoreError(SerError):
    """A feature store that cannot be read or written."""


class EvaluationError(SerError):
    """Predictions that cannot be scored: damaged, incomplete, or not comparable."""


class ModelError(SerError):
    """A model that cannot be read, written or used as asked."""


class TrackingError(SerError):
    """The record of experiments cannot be read or written, or lacks what was asked for."""


class JobError(SerError):
    """A job that does not exist, or that is not in a state for what was asked."""
