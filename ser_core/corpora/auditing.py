"""What is wrong with a corpus, as cards: a title, how bad it is, which clips, what to do."""

from __future__ import annotations

import pandas as pd

from ser_core.corpora import checks as _checks  # noqa: F401 - they register themselves
from ser_core.corpora.corpus import Corpus
from ser_core.corpora.issues import CHECKS, SEVERITIES, Evidence, Issue


def audit(corpus: Corpus, scan: pd.DataFrame | None = None) -> list[Issue]:
    """Run every check; the worst cards come first.

    Args:
        corpus: What to check.
        scan: Result of `ser_core.corpora.scan`. Without it, duplicates, clipping, level and
            damaged sound are not looked for, and a card says so.
    """
    evidence = Evidence(corpus, pd.DataFrame(index=corpus.clips.index) if scan is None else scan)
    found = [issue for _, check in CHECKS.items() if (issue := check(evidence))]
    return sorted(found, key=lambda issue: SEVERITIES.index(issue.severity))
