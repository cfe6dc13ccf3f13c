"""Class means: the mean of a representation over the clips of each emotion."""

from __future__ import annotations

import hashlib
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components import buttons, theme
from pages.components.errors import plain
from pages.components.job_progress import is_at_work
from pages.representations.feature_map_files import button
from ser_core.core import count, seconds, settings
from ser_core.corpora import ordered
from ser_core.features.extraction import ClassMeans, load_means, means_csv
from ser_core.features.feature_map import FeatureMap, centred_on_mean, feature_map_of_values
from ser_core.jobs import PROGRESS_FILE, start
from ser_core.plots.publication_features import print_means
from ser_core.plots.representations import QUIET, SMALL, feature_map_figure, means_lines
from ser_core.plots.scales import scale_for

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.corpora import Corpus
    from ser_core.features.representations import Representation
    from ser_core.plots.scales import Scale

APART = "Difference from the mean"
VIEWS = {
    "Means": "Every clip is time-normalised to one length; all maps share one scale. A mean shows "
    "level and pace, not pitch contours: those differ from clip to clip.",
    APART: "Each emotion's mean minus the mean of all emotions: red is above it, blue "
    "below. With few clips, speakers and sentences show as much as emotions.",
}
START = 5  # s, for the job to load what it needs
CLIPS_PER_SECOND = 150  # a cautious guess, for the estimate before the job has a pace of its own


def show(active: Active, representation: Representation) -> None:
    """The means if they are there, the job that makes them, or a button to start it."""
    st.subheader("Class means: mean of each emotion over the corpus")
    labelled = active.corpus.usable["emotion"].dropna()
    if labelled.nunique() < 2:
        st.caption("This corpus labels fewer than two emotions, so there is nothing to compare.")
        return
    path = result_path(active.corpus, representation)
    means = _load(str(path), path.stat().st_mtime) if path.exists() else None
    if means is None:
        _offer(active, representation, path, len(labelled))
    else:
        _draw(means, representation, path)


def result_path(corpus: Corpus, representation: Representation) -> Path:
    """File of the means: named by clips, their labels and lengths, and by the parameters."""
    clips = corpus.usable[["emotion", "duration"]]
    content = pd.util.hash_pandas_object(clips.astype("string"), index=True).to_numpy().tobytes()
    where = hashlib.sha256(str(corpus.root).encode() + content).hexdigest()[:16]
    name = f"{where}-{representation.name}-{representation.hash}.npz"
    return settings.home() / "cache" / "means" / name


@st.cache_resource(max_entries=16, show_spinner=False)
def _load(path: str, stamp: float) -> ClassMeans | None:  # noqa: ARG001  (part of the key)
    return load_means(Path(path))


def _offer(active: Active, representation: Representation, path: Path, clips: int) -> None:
    with st.container(border=True):
        if is_at_work(path.stem, "The mean could not be computed"):
            return
        st.markdown(
            f"Mean of each emotion over {count(clips, 'clip')} of "
            f"{plain(active.corpus.name)}, each time-normalised to one length, with the parameters "
            f"above. About {seconds(START + clips / CLIPS_PER_SECOND)}; the result is saved."
        )
        buttons.button(
            "Compute the means",
            _start,
            *(active, representation, path),
            type="primary",
            help="Every clip is decoded and represented once. You can close this page meanwhile.",
        )


def _start(active: Active, representation: Representation, path: Path) -> None:
    values = [f"--set={name}={value}" for name, value in representation.parameters.items()]
    command = [sys.executable, "-m", "ser_core", "represent", str(active.source)]
    options = ["--mean-by", "emotion", "--representation", representation.name, "--out", str(path)]
    start(
        [*command, *options, *values, "--progress-file", PROGRESS_FILE],
        title=f"Average the {representation.title} of {active.corpus.name}",
        key=path.stem,
    )


def _draw(means: ClassMeans, representation: Representation, path: Path) -> None:
    """A feature map per emotion on one scale; lines in one plot where for one number a frame."""
    view = st.segmented_control(
        "Show",
        list(VIEWS),
        default=next(iter(VIEWS)),
        required=True,
        key="means-view",
        label_visibility="collapsed",
    )
    named = ordered(means.features)
    arrays = {emotion: means.features[emotion] for emotion in named}
    apart = view == APART
    arrays = centred_on_mean(arrays) if apart else arrays
    shown = {e: feature_map_of_values(representation, array, e) for e, array in arrays.items()}
    scale = scale_for(list(shown.values()), signed=apart or None)
    if next(iter(shown.values())).is_line:
        theme.figure(means_lines(shown, means.clips, scale), key="means")
    else:
        _small_multiples(shown, means, scale)
    unread = f" {count(len(means.unreadable), 'clip')} could not be read." * bool(means.unreadable)
    st.caption(VIEWS[view or APART] + unread)
    title = f"Mean {representation.title} of each emotion" + ", minus the mean of all" * apart
    stem = f"{'apart' if apart else 'mean'}-{representation.name}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Download", width="content")
        for kind in ("png", "svg"):
            make = partial(print_means, shown, means.clips, scale, title, kind)
            button(kind.upper(), stem, f"image/{kind}", make, "All emotions in one figure")
        help_ = "The means: a row an emotion and part of the clip, a column a bin"
        table = partial(means_csv, representation, means)
        button("CSV", f"mean-{representation.name}", "text/csv", table, help_)
        help_ = "For NumPy: the mean of each emotion, axes, number of clips, parameters"
        kind = "application/octet-stream"
        button("NPZ", f"mean-{representation.name}", kind, path.read_bytes, help_)


def _small_multiples(shown: dict[str, FeatureMap], means: ClassMeans, scale: Scale) -> None:
    grid = st.grid(3, min_column_width=280, gap="small")
    for emotion, feature_map in shown.items():
        with grid.cell(), st.container(border=True, gap="xxsmall"):
            st.html(f"{theme.chip(emotion)} · {count(means.clips[emotion], 'clip')}")
            figure = feature_map_figure(feature_map, scale, SMALL)
            theme.figure(figure, key=f"mean-{emotion}", config=QUIET)
