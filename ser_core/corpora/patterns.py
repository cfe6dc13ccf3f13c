"""Regular expressions of the user, checked before use."""

from __future__ import annotations

import re

from ser_core.core import ParameterError, did_you_mean
from ser_core.corpora.corpus import TEXT_FIELDS


def compiled(pattern: str, fields: tuple[str, ...] = TEXT_FIELDS) -> re.Pattern[str] | None:
    """Compiled pattern, None for an empty one.

    Raises:
        ParameterError: If it is no regular expression, or a group is not named after a column.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ParameterError(
            f"no regular expression ({error})", subject=pattern, remedy="Check the brackets"
        ) from error
    unknown = next((name for name in expression.groupindex if name not in fields), None)
    if unknown:
        raise ParameterError(
            f"the group {unknown!r} is no column",
            subject=pattern,
            remedy=did_you_mean(unknown, fields),
        )
    return expression if pattern else None
