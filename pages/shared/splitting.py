"""Divide a corpus for training and test, and see what the parts share."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import measuring, theme
from pages.shared.errors import plain
from pages.shared.errors import show as show_error
from ser_core import settings
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
from ser_core.errors import SerError
from ser_core.plots.corpus import parts_figure
from ser_core.words import count

if TYPE_CHECKING:
    import pandas as pd

    from pages.shared.selection import Active

FIRST = "speaker-disjoint"
TEST_IS_A_SPEAKER = {"leave-one-speaker-out"}  # so its share cannot be chosen
KINDS = {
    "speakers": ("Speakers", "Speakers of the test part who are heard in training too."),
    "sentences": ("Sentences", "Sentences of the test part that are spoken in training too."),
    "pairs": ("Pairs", "A speaker and a sentence of the test part that training has together."),
    "audio": ("Recordings", "Recordings of the test part that are, sample for sample, in training"),
}


def show(active: Active) -> None:
    """Controls on the left; the split, its grade and its parts on the right."""
    left, right = st.columns([2, 5], gap="medium")
    with left:
        choices = _controls()
    with right:
        try:
            split = make_split(active.corpus, **choices)
        except SerError as error:
            show_error(error)
            return
        _present(active, split)


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
    shares = {part: round(100 * share) for part, share in zip(PARTS, FRACTIONS, strict=True)}
    for part in PARTS[1:2] if policy in TEST_IS_A_SPEAKER else PARTS[1:]:
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


def _present(active: Active, split: Split) -> None:
    found, _ = measuring.known(active)
    leaks = audit_split(split, active.corpus, found)
    grade_card(leaks)
    fold = split.folds[0]
    if len(split.folds) > 1:
        fold = st.selectbox("Fold", split.folds, key="fold", width=260)
    st.markdown("**What is in the parts**")
    theme.figure(parts_figure(active.corpus.usable["emotion"], split.table[fold]), key="parts")
    for note in split.notes:
        st.caption(f"{plain(note)}.")
    st.markdown("**What the test shares with training**")
    shared_counts(leaks)
    if found is None:
        st.caption("Identical recordings are looked for once the clips are measured (Overview).")
    _keep(split)


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
                st.markdown(":red-badge[speakers shared] goes with every figure from this split.")


def shared_counts(leaks: LeakAudit) -> None:
    """How many of the test's speakers, sentences, ... training has too, in the worst fold."""
    worst = leaks.worst()
    rows = worst[(worst["source"] == "train") & (worst["target"] == "test")].set_index("kind")
    for column, (kind, (title, meaning)) in zip(st.columns(len(KINDS)), KINDS.items(), strict=True):
        value, detail = _value(rows, kind)
        column.metric(title, value, help=f"{meaning} {detail}", border=True)


def _value(rows: pd.DataFrame, kind: str) -> tuple[str, str]:
    if kind not in rows.index or rows.isna().loc[kind, "shared"]:
        return "not known", "The corpus does not say, or its clips are not measured yet."
    row = rows.loc[kind]
    return f"{row['shared']:.0f} of {row['total']:.0f}", (
        f"They make up {100 * row['clips']:.0f} % of the test clips (in the worst fold, where "
        "there are several)."
    )


def _keep(split: Split) -> None:
    """Save and download."""
    name = f"{split.corpus}-{split.policy}-{split.seed}-{split.hash[:8]}.json"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Save the split",
            type="primary",
            on_click=_save,
            args=(split, name),
            help="Keeps it in the workbench's own folder, where training finds it.",
        )
        st.download_button(
            "Download as JSON",
            lambda: _as_file(split),
            file_name=name,
            mime="application/json",
            on_click="ignore",
        )
        used = sum(part in PARTS for part in split.table.iloc[:, 0])
        st.caption(f"Hash {split.hash} · {count(used, 'clip')}", width="content")


def _save(split: Split, name: str) -> None:
    path = split.save(settings.home() / "splits" / name)
    st.toast(f"Saved as {plain(path)}")


def _as_file(split: Split) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return split.save(Path(folder) / "split.json").read_bytes()
