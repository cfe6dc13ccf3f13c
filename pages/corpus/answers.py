"""The held-out answers of a run beside the clips of the open corpus."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components import errors, scores, session_cache
from pages.components.errors import plain
from ser_core.core import SerError, count
from ser_core.corpora import Split
from ser_core.evaluation import (
    Predictions,
    beside,
    held_out_answers,
    label_errors,
    parts_of,
)
from ser_core.inference.catalogue import models, models_of
from ser_core.runs import catalogue, layout

if TYPE_CHECKING:
    from pathlib import Path

    from pages.components.selection import Active

NONE = ""
ENROLLED = ":enrolled"
PARAMETER = "answers"
KEY = "answers-of"

PREDICTIONS, OF_ENROLLED = "predictions.parquet", "enrolled-predictions.parquet"
"""Held-out answers of a run and of an ensemble; those of an ensemble to enrolled speakers."""

WEAK = 0.3
"""Share of wrong answers above which suspected label errors come with a warning."""


@dataclass(frozen=True)
class Source:
    """What has held-out answers to clips of the corpus: a run, or a model that keeps its test.

    Attributes:
        name: What it is called, with the voices where they are enrolled.
        file: Its table of predictions.
        changed: When the answers were made, seconds since the epoch.
        badge: Of the scores.
        run: Its identifier; empty of a model.
    """

    name: str
    file: Path
    changed: float
    badge: str
    run: str = ""


@dataclass(frozen=True)
class Answers:
    """Held-out answers of one run or model to clips of the corpus.

    Attributes:
        name: What it is called, with the voices where they are enrolled.
        table: Of `held_out_answers`.
        models: Of a run, key of the model that answered each clip (of several, the first); empty
            where it is no single model that can be opened.
        parts: Part of the run's split of each clip; None where the split is not there any more.
        suspects: Suspected label errors, a row a clip, the most suspected first.
        badge: Of the scores.
        columns: `answer`, `confidence`, `wrong`, `self_confidence` and, where it is known, `part`,
            indexed by the clips of the corpus.
    """

    name: str
    table: pd.DataFrame
    models: pd.Series[str]
    parts: pd.Series[str] | None
    suspects: pd.DataFrame
    badge: str
    columns: pd.DataFrame


def choose(active: Active) -> Answers | None:
    """Let the user choose a run or a model with answers to this corpus; its answers, or None."""
    known = _sources(active)
    if not known:
        return None
    asked = st.query_params.get(PARAMETER, NONE)
    st.session_state[KEY] = asked if asked in known else NONE
    chosen = st.selectbox(
        "Answers of",
        [NONE, *known],
        format_func=lambda key: known[key].name if key else "no model",
        key=KEY,
        on_change=_write,  # a binding would put the name into the address, which others may have
        help="A finished run on this corpus, or a model whose test was on it. Only held-out "
        "answers are shown: each is of a model that was not trained on the clip.",
    )
    if not chosen:
        return None
    try:
        return of(active, known[chosen])
    except SerError as error:
        errors.show(error)
        return None


def _write() -> None:
    """Put the chosen run into the address."""
    if st.session_state[KEY]:
        st.query_params[PARAMETER] = st.session_state[KEY]
    else:
        st.query_params.pop(PARAMETER, None)


def _sources(active: Active) -> dict[str, Source]:
    """What has answers to the open corpus, by its value in the address: runs, then models."""
    finished = catalogue.runs_on(active.corpus)
    often = Counter(run.name for run in finished)
    found = {}
    for run in finished:
        if run.result is None:
            continue
        name = run.name if often[run.name] == 1 else f"{run.name}, {run.short_id}"
        made = Source(name, run.folder / PREDICTIONS, run.result.finished, run.result.badge, run.id)
        found[run.id] = made
        if run.result.enrolled is not None:
            found[run.id + ENROLLED] = _enrolled(made, layout.ENROLLED)
    for info in models(exported=False):
        about, file = info.about, info.folder / PREDICTIONS
        tested_here = about.get("corpus", {}).get("name") == active.corpus.name
        if about.get("members") and tested_here and file.is_file():
            name = f"{info.title} ({info.kind})"
            made = Source(name, file, info.changed, info.performance.badge)
            found[info.key] = made
            if file.with_name(OF_ENROLLED).is_file():
                found[info.key + ENROLLED] = _enrolled(made, OF_ENROLLED)
    return found


def _enrolled(source: Source, file: str) -> Source:
    name = f"{source.name} (speakers enrolled)"
    return replace(source, name=name, file=source.file.with_name(file))


def of(active: Active, source: Source) -> Answers:
    """Answers of a run or a model, made once a session.

    Raises:
        SerError: If its predictions cannot be read.
    """
    opening = active.corpus.opening
    key = (source, str(active.corpus.root), opening.hash if opening else "")
    found: Answers = session_cache.cached("_answers", 4, key, lambda: _made(active, source))
    return found


def _made(active: Active, source: Source) -> Answers:
    predictions = Predictions.load(source.file)
    table = held_out_answers(predictions)
    suspects = label_errors(table).table
    parts = _parts(source)
    clips = active.corpus.clips
    columns = beside(clips, table)[["answer", "confidence", "wrong"]]
    columns = columns.join(table[["self_confidence"]])
    if parts is not None:
        columns = columns.assign(part=parts.reindex(clips.index))
    models_of_clips = _models(source, predictions)
    return Answers(source.name, table, models_of_clips, parts, suspects, source.badge, columns)


def _models(source: Source, predictions: Predictions) -> pd.Series[str]:
    """Key of the first model that answered each clip; nothing where it cannot be opened."""
    if not source.run:
        return pd.Series(dtype=str)
    known = {info.key for info in models_of(catalogue.one(source.run))}
    answered = predictions.part("test").table.drop_duplicates("clip").set_index("clip")
    keys = pd.Series(
        [f"{source.run}:fold-{fold}-seed-{seed}"
         for fold, seed in zip(answered["fold"], answered["seed"], strict=True)],
        index=answered.index, dtype=str,
    )  # fmt: skip
    return keys[keys.isin(known)]


def _parts(source: Source) -> pd.Series[str] | None:
    if not source.run:
        return None
    try:
        return parts_of(Split.load(source.file.parent / "split.json"))
    except SerError:
        return None


def suspected(found: Answers) -> str:
    """What to make of the suspected label errors, in a sentence; stronger of a weak model."""
    wrong = float(found.columns["wrong"].fillna(value=False).astype(bool).mean())
    many = count(int(found.columns.index.isin(found.suspects.index).sum()), "suspect") + "."
    if wrong > WEAK:
        return (
            f"{many} This model is wrong in {100 * wrong:.0f} % of the clips, so most suspects are "
            "mistakes of its own: choose the answers of a better one, or listen to the first only."
        )
    return f"{many} Listen before you relabel: the model may be mistaken, or the emotion mixed."


def caption(found: Answers) -> None:
    """How many clips have an answer, how many are wrong, and how the split was."""
    known = found.columns["answer"].notna()
    wrong = found.columns["wrong"].fillna(value=False)
    share = f", {100 * wrong.sum() / known.sum():.0f} % of them wrong" if known.any() else ""
    missing = len(known) - int(known.sum())
    rest = f"; {count(missing, 'clip')} without one" if missing else ""
    badge = scores.badge(found.badge) or scores.NEW_SPEAKERS_BADGE
    st.caption(
        f"Held-out answers to {count(int(known.sum()), 'clip')}{share}{rest} {badge} "
        f"{plain(found.name)}"
    )
