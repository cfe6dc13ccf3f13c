"""The tabs of a finished ensemble: weights, baselines, errors, confidence, search, card."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pages.components import downloads, scores, theme
from pages.components.errors import plain
from pages.ensemble import loading
from ser_core.evaluation import METRICS, coverage_risk
from ser_core.models.ensemble_card import card as card_text
from ser_core.models.ensemble_card import sentences
from ser_core.plots.ensemble import (
    OVERLAPS,
    calibration_figure,
    coverage_figure,
    history_figure,
    overlap_figure,
    weight_rows,
)
from ser_core.plots.publication_results import print_confusion, print_intervals, print_reliability
from ser_core.plots.results import confusion_figure, intervals_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ser_core.ensemble.catalogue import Saved
    from ser_core.evaluation import Report

OVERLAP_WORDS = {"shared": "Errors in common", "q": "Yule's Q", "kappa": "Cohen's kappa"}

WEIGHTED = (
    "Weight of each member, with 95 % bootstrap interval",
    (
        "Bootstrap: clips or whole speakers are drawn anew a thousand times; the interval holds "
        "the weights fitted on these. A wide one means that the clips do not determine the weight. "
        "Hollow: not used."
    ),
)
STACKED = (
    "Share of each member in the coefficients, with 95 % jackknife interval",
    (
        "Stacking has a coefficient for each member and pair of emotions. The share is that of the "
        "sum of their sizes; the interval comes from fits without a fifth of the clips, or of the "
        "speakers, at a time."
    ),
)
"""Title of the weights, and what they are."""


def _about(saved: Saved) -> Mapping[str, Any]:
    about = saved.about
    assert about is not None  # noqa: S101  (only made ones are shown)
    return about


def weights(saved: Saved, report: Report) -> None:
    """Weights with intervals, importances, and what each member adds."""
    about = _about(saved)
    results = about["results"]
    rows = weight_rows(results["weights"])
    highest = max([1.0, *(row.interval.high or 0 for row in rows)])
    limits = (-0.03 * highest, 1.03 * highest)  # room for the points at the ends
    with st.container(border=True):
        title, meaning = STACKED if about.get("stacking") else WEIGHTED
        st.markdown(f"**{title}**", help=meaning)
        theme.figure(intervals_figure(rows, title="Weight", limits=limits), key="weights")
        draw = partial(print_intervals, rows, "Weight", saved.name, report.badge)
        downloads.figures(f"{saved.id}-weights", draw)
    objective = about["options"]["objective"]
    st.dataframe(
        pd.DataFrame(_member_rows(results, objective)),
        hide_index=True,
        placeholder="",
        column_config=_formats(),
    )
    downloads.button(
        "Weights (CSV)", f"{saved.id}-weights.csv", "text/csv",
        lambda: str(pd.DataFrame(results["weights"]).to_csv(index=False)), "One row per member",
    )  # fmt: skip
    for note in results["notes"]:
        st.caption(plain(note))


def _member_rows(results: Mapping[str, Any], objective: str) -> list[dict[str, Any]]:
    cost = {(row["member"], row["figure"]): row for row in results["left_out"]}
    return [
        {
            "Member": row["member"],
            "Weight": row["weight"],
            "95 %": f"{row['low']:.3f} to {row['high']:.3f}",
            f"{METRICS[objective].title} alone": row["alone"],
            **_importance(row),
            "UAR without it": _change(cost.get((row["member"], "uar"))),
            "NLL without it": _change(cost.get((row["member"], "nll"))),
        }
        for row in results["weights"]
    ]


def _importance(row: Mapping[str, Any]) -> dict[str, float]:
    """Of the weight; nothing where no weights were searched."""
    return {} if row["importance"] is None else {"Importance": 100 * row["importance"]}


def _change(row: Mapping[str, Any] | None) -> str:
    """Change of a figure with its interval, in words."""
    if row is None:
        return "–"
    low, high = row["difference_low"], row["difference_high"]
    if row["difference"] == low == high == 0:
        return "none"
    if low is None or high is None:
        return f"{row['difference']:+.3f}"
    return f"{row['difference']:+.3f} ({low:+.3f} to {high:+.3f})"


def _formats() -> dict[str, Any]:
    kind = st.column_config
    alone = {
        f"{metric.title} alone": kind.NumberColumn(
            f"{metric.title} alone",
            format="%.3f",
            help=("On the clips that the weights are fitted on."),
        )
        for _, metric in METRICS.items()
    }
    changed = (
        "Ablation: change when everything is fitted again without it, with its paired 95 % "
        "interval."
    )
    return {
        **alone,
        "Weight": kind.NumberColumn("Weight", format="%.3f"),
        "Importance": kind.NumberColumn(
            "Importance", format="%.0f %%", help="Share of the variance of the objective over "
            "the search that this weight explains."
        ),
        "UAR without it": kind.TextColumn("UAR without it", help=changed),
        "NLL without it": kind.TextColumn("NLL without it", help=f"{changed} Higher is worse."),
    }  # fmt: skip


def against_baselines(saved: Saved, report: Report) -> None:
    """Against equal weights and the best single member, in words and as a table."""
    results = _about(saved)["results"]
    with st.container(border=True):
        st.markdown(
            f"**Comparison with baselines**, on {count_of(results)} not used to fit the weights "
            f"{scores.badge(report.badge) or scores.NEW_SPEAKERS_BADGE}",
            help="All three are calibrated and cross-fitted: each is fitted without the fold it "
            "is tested on. Intervals of the differences are paired.",
        )
        for line in [each for name in ("uar", "wa", "nll") for each in _lines(results, name)]:
            st.markdown(f"- {plain(line)}")
        st.caption(f"Best single member on the clips of the fit: {plain(results['best_single'])}")
    table = _comparison(results["comparison"])
    st.dataframe(table, hide_index=True, placeholder="")
    downloads.button(
        "Comparison (CSV)", f"{saved.id}-comparison.csv", "text/csv",
        lambda: str(pd.DataFrame(results["comparison"]).to_csv(index=False)),
        "One row per ensemble and score",
    )  # fmt: skip


def count_of(results: Mapping[str, Any]) -> str:
    """Test clips in words."""
    return f"{results['test_clips']:,} test clips"


def _lines(results: Mapping[str, Any], name: str) -> list[str]:
    return sentences(results["comparison"], name)


def _comparison(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a contestant, a column a figure with its interval and its paired difference."""
    lines: dict[str, dict[str, Any]] = {}
    for row in rows:
        title = METRICS[row["figure"]].title
        line = lines.setdefault(row["contestant"], {"": row["contestant"]})
        line[title] = _ends(row)
        if row["difference"] is not None:
            line[f"{title}: ensemble minus it"] = _change(row)
    table = pd.DataFrame(list(lines.values())).fillna("")
    return table[sorted(table, key=lambda name: str(name).endswith("minus it"))]


def _ends(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return "–"
    if row["low"] is None or row["high"] is None:
        return f"{row['value']:.3f}"
    return f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def overlap(saved: Saved, _report: Report) -> None:
    """Which members err on the same clips."""
    pairs = _about(saved)["results"]["overlap"]
    measure = st.segmented_control(
        "Measure",
        list(OVERLAPS),
        default="shared",
        required=True,
        format_func=OVERLAP_WORDS.__getitem__,
        key="overlap",
        bind="query-params",
        label_visibility="collapsed",
    )
    with st.container(border=True):
        st.markdown(
            "**Error overlap**: members with different errors improve each other.",
            help="**Errors in common**: clips that both get wrong, as a share of those that "
            "either gets wrong. **Yule's Q** and **Cohen's kappa** of being correct: 1 for "
            "the same errors, 0 for independent ones, below 0 for complementary ones.",
        )
        theme.figure(overlap_figure(pairs, measure), key=f"overlap-{measure}")
    downloads.button(
        "Pairs (CSV)", f"{saved.id}-overlap.csv", "text/csv",
        lambda: str(pd.DataFrame(pairs).to_csv(index=False)), "One row per pair of members",
    )  # fmt: skip


def confidence(saved: Saved, report: Report) -> None:
    """Calibration before and after temperature scaling, and risk against coverage."""
    about = _about(saved)
    results = about["results"]
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        st.markdown(f"**Temperature scaling**, temperature {about['temperature']:.2f}")
        curves = results["reliability"]
        theme.figure(calibration_figure(curves["before"], curves["after"]), key="calibration")
        st.markdown(_calibration_text(about))
        downloads.figures(f"{saved.id}-reliability", partial(print_reliability, report, saved.name))
    with right, st.container(border=True):
        st.markdown("**Rejection: risk against coverage**")
        done = results["rejection"]
        point = (done["coverage"], done["risk"]) if done and done["risk"] is not None else None
        curve = coverage_risk(loading.predictions(saved).part("test"))
        theme.figure(coverage_figure({"ensemble": curve}, point=point), key="coverage")
        st.markdown(_rejection_text(about))
        st.markdown(scores.badge(report.badge))


def _calibration_text(about: Mapping[str, Any]) -> str:
    results = about["results"]
    parts = [
        f"{METRICS[name].title} {results['before'][name]['value']:.3f} → "
        f"**{about['metrics'][name]['value']:.3f}**"
        for name in ("ece", "nll", "brier")
    ]
    floor = f"{results['ece_by_chance']:.3f}"
    return f"{' · '.join(parts)}. A perfectly calibrated model would show an ECE of about {floor}."


def _rejection_text(about: Mapping[str, Any]) -> str:
    threshold, done = about["threshold"], about["results"]["rejection"]
    risk = 100 * about["options"]["risk"]
    if threshold is None or done is None:
        return (
            f"No rejection threshold keeps the risk at {risk:g} %, so every prediction is "
            "*uncertain*."
        )
    wrong = "none" if done["risk"] is None else f"{100 * done['risk']:.1f} %"
    ends = "" if done["risk_low"] is None else (
        f" (95 %: {100 * done['risk_low']:.1f} to {100 * done['risk_high']:.1f})"
    )  # fmt: skip
    return (
        f"Rejection threshold **{threshold:.2f}**: predictions of lower confidence are "
        f"*uncertain*. It is chosen for {risk:g} % errors on the clips of the fit. On test "
        f"clips, coverage is **{100 * done['coverage']:.0f} %**, and **{wrong}**{ends} of the "
        "covered clips are wrong."
    )


def confusion(saved: Saved, report: Report) -> None:
    """Which emotions it takes for which."""
    with st.container(border=True):
        theme.figure(confusion_figure(report.confusion_table(), normalised=True), key="confusion")
        draw = partial(print_confusion, report, saved.name, normalised=True)
        downloads.figures(f"{saved.id}-confusion", draw)
    downloads.files(
        saved.id,
        {
            "Predictions (CSV)": (
                "-predictions.csv",
                lambda: str(loading.predictions(saved).table.to_csv(index=False)),
                "Every test prediction with all probabilities",
            ),
            "Report (JSON)": ("-report.json", report.to_json, "Every score with its interval"),
        },
    )


def search(saved: Saved, _report: Report) -> None:
    """Every trial of the search for the weights in use."""
    trials = loading.trials(saved)
    objective = _about(saved)["options"]["objective"]
    with st.container(border=True):
        st.markdown(
            f"**Search: {len(trials):,} trials** on the clips of the fit; orange: initial points",
            help="A trial is a penalty, with the cross-validated objective."
            if _about(saved).get("stacking")
            else "Equal weights, each member alone and the weights of least NLL come first, so "
            "the result is never worse than these on the clips of the fit. For other clips "
            "see Is it worth it?",
        )
        rows = [{str(k): v for k, v in row.items()} for row in trials.to_dict("records")]
        theme.figure(history_figure(rows, objective), key="search")
    st.dataframe(trials, hide_index=True, height=300, placeholder="")
    downloads.button(
        "Search (CSV)", f"{saved.id}-trials.csv", "text/csv",
        lambda: str(trials.to_csv(index=False)), "One row per trial",
    )  # fmt: skip


def card(saved: Saved, _report: Report) -> None:
    """The card that goes with the files."""
    text = card_text(_about(saved))
    st.markdown(text)
    downloads.button("Card", f"{saved.id}.md", "text/markdown", lambda: text, "Markdown")
