"""The corpus as a map: choose clips with a lasso, see them in the table, hear them."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import buttons, selection, theme
from pages.components.job_progress import is_at_work
from pages.corpus import clip_table, filters
from ser_core.core import SerError, count, seconds, settings
from ser_core.features.embedding import FEWEST, MAPS, load_embedding
from ser_core.features.encoders.recent import recent_encoders
from ser_core.features.representations import make
from ser_core.jobs import PROGRESS_FILE, start
from ser_core.plots.corpus_map import RIGHT, UNKNOWN, WRONG, map_figure
from ser_core.plots.palette import NO_LABEL
from ser_core.plots.theme import CONFIG

if TYPE_CHECKING:
    from pages.components.selection import Active
    from pages.corpus.filters import Filtered

CHART = "corpus-map"
BY_NAME = {name: prefix for prefix, name in MAPS.items()}
FUNCTIONALS = "functionals"
START = 8  # s, for the job to load what it needs
CLIPS_PER_SECOND = 40  # a cautious guess, for the estimate before the job has a pace of its own
HEIGHT = 560
LASSO: dict[str, Any] = {
    **CONFIG,
    "displayModeBar": True,
    "modeBarButtonsToRemove": ["autoScale2d", "zoomIn2d", "zoomOut2d"],
}
COLOURED = {
    "Emotion": "emotion",
    "Speaker": "speaker",
    "Gender": "gender",
    "Part": "part",
    "Answer": "answer",
    "Error": "wrong",
}
"""What points may be coloured by, with its column."""


def show(active: Active) -> None:
    """The map, and the table of the clips that were chosen on it."""
    found = filters.show(active)
    features, kind, color, by_speaker = _controls(found)
    path = result_path(active, features, by_speaker=by_speaker)
    points = _load(str(path), path.stat().st_mtime) if path.exists() else None
    if points is None:
        _offer(active, features, path, by_speaker=by_speaker)
        return
    _draw(active, found, points, BY_NAME[kind], color, clip_table.current(active, found))
    clip_table.table(active, found.clips, found.order)
    clip_table.show_answer(found, active.heard)


def _controls(found: Filtered) -> tuple[str, str, str, bool]:
    """Features, name of the map, column of the colour, and whether speakers are standardised."""
    present = [name for name, column in COLOURED.items() if _has(found.all, column)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Map", list(BY_NAME), default=next(iter(BY_NAME)), required=True, key="map",
            bind="query-params",
            help="t-SNE keeps neighbours together; how far groups are apart means nothing. PCA "
            "shows the two directions in which the features vary most.",
        )  # fmt: skip
        color = st.selectbox(
            "Colour by", present, key="colour", bind="query-params", width=150,
            help="Answer and Error need a run: choose one at Answers of.",
        )  # fmt: skip
        features = st.selectbox(
            "Features", [FUNCTIONALS, *recent_encoders()], key="map-features", width=220,
            format_func=lambda each: each if each == FUNCTIONALS else Path(each).name,
            help="What the clips are compared by: statistics of pitch, level and timbre, or a "
            "pretrained encoder that was used lately.",
        )  # fmt: skip
        by_speaker = st.toggle(
            "Within each speaker", key="map-by-speaker", bind="query-params",
            help="Features are standardised within each speaker, so that voices count less than "
            "how they speak.",
        )  # fmt: skip
    return str(features), str(kind), COLOURED[color], by_speaker


def _has(clips: pd.DataFrame, column: str) -> bool:
    return column in clips and bool(clips[column].notna().any())


def result_path(active: Active, features: str, *, by_speaker: bool) -> Path:
    """File of the maps: named by clips, speakers, lengths and features."""
    clips = active.corpus.usable[["speaker", "duration"]]
    content = pd.util.hash_pandas_object(clips.astype("string"), index=True).to_numpy().tobytes()
    where = hashlib.sha256(str(active.corpus.root).encode() + content).hexdigest()[:16]
    by = "-by-speaker" if by_speaker else ""
    folder = settings.home() / "cache" / "maps"
    return folder / f"{where}-{_identity(features)}{by}.parquet"


@st.cache_resource(max_entries=16, show_spinner=False)
def _identity(features: str) -> str:
    """Name and parameters of the features; of an encoder its weights, not its folder."""
    try:
        chosen = make(features) if features == FUNCTIONALS else make("encoder", encoder=features)
    except SerError:
        return hashlib.sha256(features.encode()).hexdigest()[:16]  # the job will say why
    return f"{chosen.name}-{chosen.hash}"


@st.cache_resource(max_entries=8, show_spinner=False)
def _load(path: str, stamp: float) -> pd.DataFrame | None:  # noqa: ARG001  (part of the key)
    return load_embedding(Path(path))


def _offer(active: Active, features: str, path: Path, *, by_speaker: bool) -> None:
    """Show the job at work, or what became of the last one and a button to start."""
    clips = len(active.corpus.usable)
    if clips < FEWEST:
        st.info("There are too few clips for a map.")
        return
    with st.container(border=True):
        if is_at_work(path.stem, "The map could not be made"):
            return
        pace = f"about {seconds(START + clips / CLIPS_PER_SECOND)}"
        st.markdown(
            f"Map of {count(clips, 'clip')}: those with similar features lie near each other. "
            f"{pace[0].upper()}{pace[1:]} with functionals; the map and the features are saved."
        )
        buttons.button("Make the map", _start, active, features, path, by_speaker, type="primary")


def _start(active: Active, features: str, path: Path, by_speaker: bool) -> None:
    command = [sys.executable, "-m", "ser_core", "corpus", "map", str(active.source)]
    command += ["--out", str(path)]
    command += [] if features == FUNCTIONALS else ["--encoder", features]
    command += ["--by-speaker"] if by_speaker else []
    command += ["--reader", active.selection.reader] if active.selection.reader else []
    start(
        [*command, "--progress-file", PROGRESS_FILE],
        title=f"Map the clips of {active.corpus.name}",
        key=path.stem,
    )


def _draw(
    active: Active, found: Filtered, points: pd.DataFrame, kind: str, column: str, clip: str
) -> None:
    groups = groups_of(found.all, column)
    place = points[[f"{kind}_1", f"{kind}_2"]]
    chosen = filters.chosen(active)
    figure = map_figure(place, groups, clip=clip, chosen=chosen, height=HEIGHT)
    theme.figure(
        figure,
        key=CHART,
        config=LASSO,
        on_select=lambda: _selected(active),
        selection_mode=("points", "box", "lasso"),
    )
    st.caption(
        "Click a point to play it. Draw around points to see them in the table below; a double "
        "click ends the choice. Axes have no unit."
    )


def groups_of(clips: pd.DataFrame, column: str) -> pd.Series[str]:
    """Group of each clip by a column, in words."""
    values = clips[column]
    if column == "wrong":
        verdict = values.astype(object).map({True: WRONG, False: RIGHT})
        return verdict.fillna(UNKNOWN).astype("string")
    missing = {"emotion": NO_LABEL, "answer": UNKNOWN}.get(column, "not named")
    return values.astype("string").fillna(missing)


def _selected(active: Active) -> None:
    """Play the one point that was clicked, or show the clips within a lasso in the table."""
    state: Any = st.session_state[CHART]
    about = [point.get("customdata") for point in state["selection"]["points"]]
    clips = [each if isinstance(each, str) else each[0] for each in about if each]
    if len(clips) == 1:
        selection.choose(clip=clips[0])
        clips = []
    filters.choose(active, clips, "chosen on the map")
