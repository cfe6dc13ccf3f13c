"""Divide a corpus for training and test, and see what the parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import theme
from pages.components.errors import plain
from pages.components.errors import show as show_error
from pages.shared import measuring, saved_splits
from ser_core.corpora import (
    FRACTIONS,
    GRADES,
    PARTS,
    POLICIES,
    LeakAudit,
    Split,
    audit_split,
    make_split,
)
from ser_core.corpora.issues import listed
from ser_core.errors import SerError
from ser_core.evaluation import BADGES
from ser_core.plots.corpus import parts_figure

if TYPE_CHECKING:
    import pandas as pd

    from pages.components.selection import Active
    from ser_core.corpora import Corpus

FIRST = "speaker-disjoint"
TEST_IS_A_SPEAKER = {"leave-one-speaker-out"}  # so its share cannot be chosen
KINDS = {
    "speakers": ("Speakers", "Speakers of the test part who are heard in training too."),
    "sentences": ("Sentences", "Sentences of the test part that are spoken in training too."),
    "pairs": (
        "Speaker + sentence",
        "Pairs of a speaker and a sentence of the test part that training has together.",
    ),
    "audio": (
        "Recordings",
        "Recordings of the test part that are, sample for sample, in training too.",
    ),
}
KIND_WIDTH = 210  # px, as the longest name needs; two in a row in a narrow window


def show(active: Active) -> None:
    """Controls on the left; the split, its grade and its parts on the right."""
    left, right = st.columns([2, 5], gap="medium")
    with left:
        choices = _controls()
    with right:
        found, split = measuring.at_once(active), None
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
        "What the test should answer",
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
        help="Starts the random choices: the same seed gives the same split again.",
    )
    return choices | {"seed": int(seed)}


def _fractions(policy: str) -> dict[str, Any]:
    return _validated() if policy in TEST_IS_A_SPEAKER else _shares()


def _validated() -> dict[str, Any]:
    """Whether a speaker validates: all that is open where each fold tests one speaker."""
    wanted = st.toggle(
        "Validate on another speaker",
        value=True,
        key="validated",
        bind="query-params",
        help="Each fold sets one more speaker aside, on whom training chooses when to stop.",
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
            help="Whole speakers or sentences are dealt, so the parts come only near to this. "
            "What is left is for training.",
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
        "Kept together",
        ["speaker", "sentence"],
        key="group",
        bind="query-params",
        help="All clips of one speaker (or sentence) go to the same group.",
    )
    return {"group": group}


OPTIONS = {"fractions": _fractions, "folds": _folds, "group": _group}


def _present(active: Active, split: Split, found: pd.DataFrame | None) -> None:
    leaks = audit_split(split, active.corpus, found)
    grade_card(leaks)
    fold = split.folds[0]
    if len(split.folds) > 1:
        fold = st.selectbox("Fold", split.folds, key="fold", bind="query-params", width=260)
    st.markdown("**What is in the parts**")
    theme.figure(parts_figure(active.corpus.usable["emotion"], split.table[fold]), key="parts")
    for note in (*_voices(active.corpus, split, fold), *split.notes):
        st.caption(f"{plain(note)}.")
    st.markdown("**What the test shares with training**")
    shared_counts(leaks)
    if found is None:
        measuring.measures(active, "whether the test has recordings of training")
    saved_splits.keep(active, split, found)


def _voices(corpus: Corpus, split: Split, fold: str) -> list[str]:
    """Who is heard in the test and in validation of a fold."""
    if len(split.folds) == 1:
        return []
    speaker = corpus.clips["speaker"].reindex(split.table.index)
    said = {"test": "tests on", "validation": "validates on"}
    names = {part: sorted(speaker[split.table[fold] == part].dropna().unique()) for part in said}
    voices = [f"{said[part]} {listed(who)}" for part, who in names.items() if who]
    return [f"Fold {fold.removeprefix('fold ')} {' and '.join(voices)}"] if voices else []


def grade_card(leaks: LeakAudit) -> None:
    """The grade as a letter to be seen from afar, what it means, and the badge it brings."""
    tile = f'<div class="ser-grade ser-grade-{leaks.grade}">{leaks.grade}</div>'
    scale = "\n".join(f"- **{grade}**: {text}" for grade, text in GRADES.items())
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.html(tile.replace("unknown</", "?</"), width="content")
        with st.container(gap="xxsmall"):
            st.markdown(f"**Leak grade {leaks.grade}**", help=scale)
            st.markdown(plain(leaks.reading))
            if leaks.speakers_shared:
                words = BADGES.get(leaks.grade, BADGES["unknown"])
                st.markdown(f":red-badge[{words}] goes with every figure from this split.")


def shared_counts(leaks: LeakAudit) -> None:
    """How many of the test's speakers, sentences, ... training has too, in the worst fold."""
    worst = leaks.worst()
    rows = worst[(worst["source"] == "train") & (worst["target"] == "test")].set_index("kind")
    with st.grid(len(KINDS), min_column_width=KIND_WIDTH):
        for kind, (title, meaning) in KINDS.items():
            value, detail = _value(rows, kind)
            st.metric(title, value, help=f"{meaning} {detail}", border=True)


def _value(rows: pd.DataFrame, kind: str) -> tuple[str, str]:
    if kind not in rows.index or rows.isna().loc[kind, "shared"]:
        return "not known", "The corpus does not say, or its clips are not measured yet."
    row = rows.loc[kind]
    return f"{row['shared']:.0f} of {row['total']:.0f}", (
        f"They make up {100 * row['clips']:.0f} % of the test clips (in the worst fold, where "
        "there are several)."
    )
