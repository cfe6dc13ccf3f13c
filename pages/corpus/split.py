"""Divide a corpus for training and test, and see what the parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import leak_audit, theme
from pages.components.errors import plain
from pages.components.errors import show as show_error
from pages.components.split_policies import TEST_IS_ONE_SPEAKER
from pages.corpus import corpus_scan, saved_splits
from ser_core.core import SerError, count
from ser_core.corpora import (
    FRACTIONS,
    PARTS,
    POLICIES,
    UNKNOWN,
    Split,
    audit_split,
    make_split,
    recordings,
)
from ser_core.corpora.issues import listed
from ser_core.corpora.splits import ONE_SPEAKER
from ser_core.plots.corpus import parts_figure

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.selection import Active
    from ser_core.corpora import Corpus

FIRST = "speaker-disjoint"


def show(active: Active) -> None:
    """Controls on the left; the split, its grade and its parts on the right."""
    found, split = corpus_scan.measures_if_quick(active), None
    left, right = st.columns([2, 5], gap="medium")
    with left:
        choices = _controls() | _copies(active.corpus, found)
    with right:
        try:
            split = make_split(active.corpus, **choices)
        except SerError as error:
            show_error(error)
        if split is not None:
            _present(active, split, found)
        saved_splits.show(active, split, found)


def _controls() -> dict[str, Any]:
    """What to ask `make_split` for; each choice is also in the address."""
    names = list(POLICIES)
    policy = st.selectbox(
        "Split policy",
        names,
        index=names.index(FIRST),
        format_func=lambda name: POLICIES[name].title,
        key="policy",
        bind="query-params",
        help="Decides which clips may be in training and in the test at once.",
    )
    st.caption(plain(POLICIES[policy].describe))
    choices: dict[str, Any] = {"policy": policy}
    for option in POLICIES[policy].options:
        choices |= OPTIONS[option](policy)
    seed = st.number_input(
        "Seed",
        0,
        2**31 - 1,
        0,
        key="seed",
        bind="query-params",
        help="Seed of the random draws: the same seed gives the same split.",
    )
    return choices | {"seed": int(seed)}


def _copies(corpus: Corpus, found: pd.DataFrame | None) -> dict[str, Any]:
    """Whether copies of a recording stay together, where the corpus has some."""
    if found is None:
        return {}
    of = recordings(found).reindex(corpus.usable.index)
    many = int(of[of != UNKNOWN].duplicated(keep=False).sum())
    if not many:
        return {}
    together = st.toggle(
        "Keep copies together",
        key="group-copies",
        bind="query-params",
        help=f"{count(many, 'clip')} are copies of others, identical or nearly so. The copies of a "
        "recording go to one part; where they differ in emotion, speaker or sentence, none of "
        "them is used.",
    )
    return {"recordings": of} if together else {}


def _fractions(policy: str) -> dict[str, Any]:
    return _validated() if policy in TEST_IS_ONE_SPEAKER else _shares()


def _validated() -> dict[str, Any]:
    """Whether a speaker validates: all that is open where each fold tests one speaker."""
    wanted = st.toggle(
        "Validate on another speaker",
        value=True,
        key="validated",
        bind="query-params",
        help="Each fold sets one more speaker aside, on whom the best epoch is selected.",
    )
    return {"fractions": FRACTIONS if wanted else (FRACTIONS[0] + FRACTIONS[1], 0, FRACTIONS[2])}


def _shares() -> dict[str, Any]:
    shares = {part: round(100 * share) for part, share in zip(PARTS, FRACTIONS, strict=True)}
    for part in PARTS[1:]:
        shares[part] = st.slider(
            f"{part.capitalize()} (% of the clips)",
            0,
            50,
            shares[part],
            5,
            key=f"{part}-share",
            bind="query-params",
            help="Speakers or sentences stay whole, so the share is approximate. "
            "The rest is for training.",
        )
    shares["train"] = 100 - shares["validation"] - shares["test"]
    return {"fractions": tuple(share / 100 for share in shares.values())}


def _folds(_policy: str) -> dict[str, Any]:
    folds = st.slider(
        "Folds",
        3,
        10,
        5,
        key="folds",
        bind="query-params",
        help="Number of groups; each is the test part of one fold.",
    )
    return {"folds": folds}


def _group(_policy: str) -> dict[str, Any]:
    group = st.selectbox(
        "Group by",
        ["speaker", "sentence"],
        key="group",
        bind="query-params",
        help="All clips of one speaker (or sentence) go to the same group.",
    )
    return {"group": group}


OPTIONS = {"fractions": _fractions, "folds": _folds, "group": _group}


def _present(active: Active, split: Split, found: pd.DataFrame | None) -> None:
    leaks = audit_split(split, active.corpus, found)
    leak_audit.grade_card(leaks)
    fold = split.folds[0]
    if len(split.folds) > 1:
        fold = st.selectbox("Fold", split.folds, key="fold", bind="query-params", width=260)
    st.markdown("**Parts of the split**")
    theme.figure(parts_figure(active.corpus.usable["emotion"], split.table[fold]), key="parts")
    for note in split.notes:
        if note.startswith(ONE_SPEAKER):
            st.warning(f"{plain(note)}.")
    for note in (*_held_out_speakers(active.corpus, split, fold), *split.notes):
        if not note.startswith(ONE_SPEAKER):
            st.caption(f"{plain(note)}.")
    st.markdown("**Shared by test and training**")
    leak_audit.shared_counts(leaks)
    if found is None:
        corpus_scan.measures(active, "recordings shared by test and training")
    saved_splits.save_buttons(active, split, found)


def _held_out_speakers(corpus: Corpus, split: Split, fold: str) -> list[str]:
    """The test and validation speakers of a fold, where they are not in its training."""
    speaker = corpus.clips["speaker"].reindex(split.table.index)
    names = {part: set(speaker[split.table[fold] == part].dropna()) for part in PARTS}
    verbs = {"test": "tests on", "validation": "validates on"}
    speakers = [
        f"{verb} {listed(sorted(names[part]))}"
        for part, verb in verbs.items()
        if names[part] and names[part].isdisjoint(names["train"])
    ]
    subject = "The split" if len(split.folds) == 1 else f"Fold {fold.removeprefix('fold ')}"
    return [f"{subject} {' and '.join(speakers)}"] if speakers else []
