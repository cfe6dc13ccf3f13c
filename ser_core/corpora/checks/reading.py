"""How the corpus was read, and what of it was not checked."""

from __future__ import annotations

from ser_core.corpora.issues import Evidence, Issue, check, listed
from ser_core.corpora.parts import are_folds, are_parts


@check("official")
def official(evidence: Evidence) -> Issue | None:
    """A split that the corpus comes with."""
    named = evidence.usable["official"].dropna()
    if named.empty or not (are_parts(named) or are_folds(named)):
        return None
    counts = named.value_counts()
    return Issue(
        "The corpus has a split of its own",
        "info",
        [],
        "Choose the policy 'official' to use it, and read its leak grade: published figures are "
        "of this split.",
        listed((f"{name} {many:,} clips" for name, many in sorted(counts.items())), 10) + ".",
    )


@check("notes")
def notes(evidence: Evidence) -> Issue | None:
    """What the reader of the corpus did."""
    notes = evidence.corpus.notes
    if not notes:
        return None
    return Issue("How the corpus was read", "info", [], "", " ".join(f"{note}." for note in notes))


@check("not-scanned")
def not_scanned(evidence: Evidence) -> Issue | None:
    """Without measures, half of the checks were not made."""
    if "sha256" in evidence.scan:
        return None
    return Issue(
        "The sound was not checked",
        "info",
        [],
        "Measure the clips to look for duplicates, clipping, silence and damaged files.",
        "Only the headers of the files have been read.",
    )
