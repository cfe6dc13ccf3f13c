"""What is wrong with a corpus, as cards: a title, how bad it is, which clips, what to do."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ser_core.corpora import checks as _checks  # noqa: F401 - they register themselves
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.issues import CHECKS, SEVERITIES, Evidence, Issue


@dataclass(frozen=True)
class Findings:
    """Result of the checks of a corpus.

    Attributes:
        issues: The cards, the worst first.
        absent: Issues that were checked for and not found, in a few words each.
        open: Issues that were not checked for, because the sound was not measured.
    """

    issues: tuple[Issue, ...]
    absent: tuple[str, ...]
    open: tuple[str, ...]


def examine(corpus: Corpus, scan: pd.DataFrame | None = None) -> Findings:
    """Run every check.

    Args:
        corpus: What to check.
        scan: Result of `ser_core.corpora.scan`. Without it, duplicates, clipping, level and
            damaged sound are not checked for, and a card says so.
    """
    evidence = Evidence(corpus, pd.DataFrame(index=corpus.clips.index) if scan is None else scan)
    found = {name: check.find(evidence) for name, check in CHECKS.items()}
    silent = [check for name, check in CHECKS.items() if found[name] is None and check.absent_text]
    issues = [issue for issue in found.values() if issue]
    return Findings(
        tuple(sorted(issues, key=lambda issue: SEVERITIES.index(issue.severity))),
        tuple(check.absent_text for check in silent if scan is not None or not check.by_ear),
        tuple(check.absent_text for check in silent if scan is None and check.by_ear),
    )


def audit(corpus: Corpus, scan: pd.DataFrame | None = None) -> list[Issue]:
    """The cards of `examine`; the worst come first."""
    return list(examine(corpus, scan).issues)
