"""Cards for the problems that clips were listed with."""

from __future__ import annotations

from ser_core.corpora.issues import Evidence, Issue, listed, number, sentence

REPEATED = ("listed more than once",)
NO_EMOTION = ("unknown label", "it has no label")
"""Beginnings of problems that several checks know."""


def with_problem(
    evidence: Evidence, beginnings: tuple[str, ...], title: str, remedy: str
) -> Issue | None:
    """Card for the clips whose problem begins in one of these ways."""
    problem = evidence.clips["problem"]
    found = problem[problem.str.startswith(beginnings)]
    if found.empty:
        return None
    kinds = found.value_counts()
    detail = listed(f"{text} ({count:,})" for text, count in kinds.items())
    title = f"{number(len(found), 'clip')} {title}"
    return Issue(title, "error", list(found.index), remedy, sentence(detail))
