"""Faithfulness: a benchmark of all methods over the model's test clips, run as a job."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import buttons, job_progress, theme
from pages.components.errors import plain
from pages.explain import loading, sound_deletion
from pages.explain.sound_deletion import method_title
from ser_core.core import pasted, settings
from ser_core.explain import BASELINES, METHODS
from ser_core.explain.benchmark_plan import seen_by
from ser_core.explain.benchmark_report import FIGURES, HIGHER_IS_BETTER
from ser_core.explain.faithfulness import CONTROLS
from ser_core.explain.mlflow_logging import heading
from ser_core.explain.model_input import within
from ser_core.explain.sanity_checks import CHECKS
from ser_core.features.representations import make
from ser_core.inference.performance import performance
from ser_core.jobs import PROGRESS_FILE, State, find, start
from ser_core.plots.palette import ACCENT, NO_EMOTION, emotion_color
from ser_core.plots.results import Row, intervals_figure
from ser_core.storage import read_json

if TYPE_CHECKING:
    from pages.components.selection import Active
    from ser_core.explain.benchmark_report import Bench
    from ser_core.inference.catalogue import ModelInfo

PUBLISHED = {"Grad-CAM": 0.478, "LIME": 0.278, "LRP": 0.106}
"""Drops in probability that a student project reports, from 12 clips, unequal areas and one random
mask: for comparison, not as a standard."""


def show(info: ModelInfo, active: Active) -> None:
    """Start a bench, watch it, and see what the last one found."""
    st.markdown(
        "Faithfulness: how much the parts that a map marks matter to the model. The most "
        "relevant parts are **removed** (deletion) or **shown alone** (insertion), with the "
        "same tiles, areas and baseline for all methods, beside random orders."
    )
    key = f"explain:{info.folder}"
    job = find(key, running=False)
    if job is not None and job.state is State.RUNNING:
        job_progress.watch(str(job.folder), on_cancel="Results so far are lost.")
    else:
        if job is not None and job.state is State.FAILED:
            st.error(f"The last benchmark failed: {plain(job.reason)}")
        _start_form(info, active, key)
    found = loading.bench(info)
    if found is None:
        st.info("No benchmark of this model yet. 50 clips give a first impression, 200 a result.")
        return
    provenance(found, info)
    _present(found.bench, found.folder, info)


def provenance(found: loading.Found, info: ModelInfo) -> None:
    """Clips of the figures, and their origin if they were not computed here."""
    if not found.published:
        st.markdown(heading(found.bench))
        return
    about = found.bench.about
    made = datetime.fromtimestamp(about["finished"], UTC)
    part = ""
    if found.model != info.folder:
        seen = within(make(**about["representation"]).title)
        shared = performance(read_json(found.model / "bundle.json") or {}).badge
        badge = f":orange-badge[{shared}] " if shared else ""
        part = f"{badge}**Of its network on {seen} only**: "
    st.markdown(
        f":blue-badge[Bundled] {part}{heading(found.bench)} A benchmark of your own replaces it."
    )
    st.caption(
        f"Computed on {made.day} {made:%B %Y} by `{about['command']}`; data in "
        f"`{_short(found.folder)}`."
    )


def _short(folder: Path) -> str:
    """A folder below the repository, from there."""
    root = settings.REPOSITORY
    return str(folder.relative_to(root) if folder.is_relative_to(root) else folder)


def _start_form(info: ModelInfo, active: Active, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        clips = st.number_input(
            "Clips", 5, 5000, 50, 5, key="bench-clips", width=120,
            help="Test clips of the model where this corpus has them; some seconds each, mostly "
                 "for LIME.",
        )  # fmt: skip
        fill = st.selectbox(
            "Baseline", list(BASELINES), key="bench-fill", width=200,
            help=(
                "What removed parts are replaced by: the same for all methods, and the baseline "
                "of those that need one."
            ),
        )  # fmt: skip
        enrol, seen_as = _enrolled(info), _seen_as(info)
        names = st.multiselect(
            "Attribution methods", list(METHODS), key="bench-methods", placeholder="all",
            format_func=lambda name: METHODS[name].title,
        )  # fmt: skip
        command = command_line(info, active, int(clips), str(fill), names, enrol, seen_as)
        buttons.button("Run benchmark", _start, command, info, key, type="primary")
    st.caption("It runs as a job, also when you close the page. The same in a terminal:")
    st.code(pasted(command), language="bash", wrap_lines=True)


def _enrolled(info: ModelInfo) -> int:
    """Number of enrolment clips of each speaker, for a model that can enrol."""
    if not loading.model(info).predictor.enrols:
        return 0
    known = st.number_input(
        "Enrolment clips per speaker", 0, 30, 0, 1, key="bench-enrol", width=160,
        help="Unlabelled clips other than those explained. 0: speakers are not enrolled.",
    )  # fmt: skip
    return int(known)


def _seen_as(info: ModelInfo) -> str:
    """Name of what is explained, where the networks of an ensemble see several things."""
    known = seen_by(loading.model(info).predictor)
    titles = {rep.name: rep.title for rep in known.values()}
    if len(titles) < 2:
        return ""
    chosen = st.selectbox(
        "Representation", list(titles), format_func=titles.__getitem__, key="bench-seen", width=200,
        help="The networks of this ensemble use several representations; maps are of one, and "
             "the others still get the whole clip.",
    )  # fmt: skip
    return str(chosen)


def command_line(
    info: ModelInfo,
    active: Active,
    clips: int,
    fill: str,
    names: list[str],
    enrol: int = 0,
    seen_as: str = "",
) -> list[str]:
    """Command of a bench."""
    chosen = [part for name in names for part in ("--method", name)]
    chosen += ["--enrol", str(enrol)] if enrol else []
    chosen += ["--seen-as", seen_as] if seen_as else []
    return [
        sys.executable, "-m", "ser_core", "explain", "bench", "--model",
        str(info.folder.absolute()), "--corpus", str(active.source), "--clips", str(clips),
        "--fill", fill, *chosen,
    ]  # fmt: skip


def _start(command: list[str], info: ModelInfo, key: str) -> None:
    command = [*command, "--progress-file", PROGRESS_FILE]
    start(command, title=f"Explanations of {info.title}", key=key)


def _present(found: Bench, folder: Path, info: ModelInfo) -> None:
    figure = st.segmented_control(
        "Figure", list(FIGURES), default="faithfulness", required=True, key="bench-figure",
        format_func=str.capitalize, help="\n".join(f"- **{k}**: {v}" for k, v in FIGURES.items()),
    )  # fmt: skip
    left, right = st.columns([4, 7], gap="medium")
    with left, st.container(border=True):
        _chart(found, figure)
    with right:
        _table(found)
    sound_deletion.show(found)
    _checks(found)
    _by_emotion(found, figure)
    _files(found, folder, info)


def _chart(found: Bench, figure: str) -> None:
    means = found.means(figure)
    rows = [
        Row(
            method_title(name),
            means.mean(name),
            NO_EMOTION if name in CONTROLS else ACCENT,
            found.left_out.get(name, ""),
            name not in found.left_out,
        )
        for name in means.names
    ]
    better = "higher" if HIGHER_IS_BETTER[figure] else "lower"
    st.markdown(f"**{figure.capitalize()}**, {better} is better; hollow: a check failed")
    low = -0.2 if figure in ("faithfulness", "drop") else 0.0
    theme.figure(
        intervals_figure(rows, title=figure.capitalize(), limits=(low, 1.0)), key="bench-means"
    )
    if figure == "drop":
        said = ", ".join(f"{name} {value:.3f}" for name, value in PUBLISHED.items())
        st.caption(
            "The most relevant fifth of the input is removed for every method; the random "
            f"baseline is the mean of many masks. A student project reports {said}, from 12 "
            "clips with unequal areas and one random mask."
        )


def _table(found: Bench) -> None:
    ranks = found.ranks()
    rows: list[dict[str, Any]] = []
    for name in found.methods:
        failed = sum(not each.passed for each in found.verdicts[name])
        rows.append(
            {
                "Method": method_title(name),
                "Rank": str(ranks[name]) if name in ranks else "",
                "Checks": f"{failed} failed" if failed else "all passed",
                "Over random": str(found.over_chance(name, CONTROLS[1])),
                "Seconds": float(found.times[name].median()),
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="",
        column_config={
            "Over random": st.column_config.TextColumn(
                help="Faithfulness minus that of random contiguous masks on the same clips."
            ),
            "Rank": st.column_config.TextColumn(
                help="By faithfulness, from simultaneous tests of paired differences. Empty "
                "where a check failed, a dash where the differences are not significant."
            ),
            "Seconds": st.column_config.NumberColumn(
                format="%.2f", help="CPU time for a map of one clip, median."
            ),
        },
    )
    for name, why in found.left_out.items():
        color = "gray" if name in found.about["excused"] else "red"
        st.caption(f":{color}[{method_title(name)}] is not ranked, {plain(why)}.")


def _checks(found: Bench) -> None:
    """What was measured by every check of every method."""
    rows = [
        {
            "Method": method_title(name),
            "Question": each.asks,
            "Passed": "yes" if each.passed else "no",
            "Measured": each.value,
            "Good is": each.good,
            "What is measured": f"{each.term}. {CHECKS[each.name].help}",
        }
        for name in found.methods
        for each in found.verdicts[name]
    ]
    with st.expander("Sanity checks"):
        st.markdown("Median over the clips, against the bound of each check.")
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config={"Measured": st.column_config.NumberColumn(format="%.3f")},
        )


def _by_emotion(found: Bench, figure: str) -> None:
    if not found.emotions:
        return
    box = st.expander("By emotion", key="bench-emotions", on_change="rerun")
    if not box.open:
        return
    with box:
        columns = st.columns(2, gap="medium")
        for number, name in enumerate(found.methods):
            rows = [
                Row(emotion, found.figure(name, figure, emotion), emotion_color(emotion))
                for emotion in found.emotions
            ]
            with columns[number % 2]:
                st.markdown(f"**{method_title(name)}**")
                theme.figure(
                    intervals_figure(rows, title=figure.capitalize(), limits=(-0.3, 1.0)),
                    key=f"emotions-{name}",
                )


def _files(found: Bench, folder: Path, info: ModelInfo) -> None:
    stem = info.key.replace(":", "-")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Download", width="content")
        st.download_button(
            "JSON", lambda: json.dumps(found.summary(), indent=1), f"{stem}-bench.json",
            "application/json", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "CSV", lambda: str(found.scores.to_csv(index=False)), f"{stem}-bench.csv", "text/csv",
            on_click="ignore", help="One row per clip and method",
        )  # fmt: skip
        st.caption(f"Stored in `{_short(folder)}`.", width="content")
