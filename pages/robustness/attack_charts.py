"""Attacks of a card: curves against epsilon, as feature map and as sound, and the confusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import scores, theme
from pages.components.errors import plain
from ser_core.core import count
from ser_core.plots.robustness import attack_figure, flows_figure, recalls_figure
from ser_core.robustness.attack_domains import ATTACK_DOMAINS

if TYPE_CHECKING:
    from ser_core.robustness.card import Card
    from ser_core.robustness.curve import Curve

EPSILON = {"dB": "Largest change ε (dB)", "σ": "Largest change ε (σ)", "dB SNR": "SNR ε (dB)"}
METRICS = {"uar": "UAR", "wa": "WA (accuracy)", "success": "Success rate"}


def show(card: Card) -> None:
    """All attacks, one domain at a time."""
    st.subheader("Adversarial attacks")
    domains = _by_domain(card)
    left, right = st.columns(2)
    with left:
        domain = st.segmented_control(
            "Domain",
            list(domains),
            default=next(iter(domains)),
            required=True,
            format_func=lambda name: ATTACK_DOMAINS[name].title,
            help=" ".join(each.describe for _, each in ATTACK_DOMAINS.items()),
        )
    with right:
        metric = st.segmented_control(
            "Figure",
            list(METRICS),
            default="uar",
            required=True,
            format_func=METRICS.__getitem__,
            help=(
                "Success rate: share of the correctly classified clips whose prediction the "
                "attack changes to a wrong one."
            ),
        )
    seen, resynthesised = domains[str(domain)]
    _curves(seen, resynthesised, str(metric), card)
    _in_sigma(seen)
    _flows({**seen, **{f"{name}, resynthesised": curve for name, curve in resynthesised.items()}})


def _by_domain(card: Card) -> dict[str, tuple[dict[str, Curve], dict[str, Curve]]]:
    """By domain: attacks as the network sees them, and resynthesised."""
    found: dict[str, tuple[dict[str, Curve], dict[str, Curve]]] = {}
    for curve in card.attacks:
        attack, domain, *resynthesised = curve.name.split("-")
        found.setdefault(domain, ({}, {}))[1 if resynthesised else 0][attack] = curve
    return found


def _curves(
    seen: dict[str, Curve], resynthesised: dict[str, Curve], metric: str, card: Card
) -> None:
    chance = None if metric == "success" else 1 / len(set(card.curves[0].clean.predictions.true))
    parts = {
        "Attacked representation": seen,
        "Resynthesised as sound and classified again": resynthesised,
    }
    parts = parts if resynthesised else {"": seen}
    for number, (column, (title, curves)) in enumerate(
        zip(st.columns(len(parts)), parts.items(), strict=True)
    ):
        with column:
            if title:
                st.markdown(f"**{title}**")
            unit = next(iter(curves.values())).unit
            chart = attack_figure(
                curves, metric=metric, axis=EPSILON.get(unit, unit), chance=chance
            )
            theme.figure(chart, key=f"attack-{number}")
    st.caption(f"{scores.badge(card.badge)} {plain(card.subset)}; bands: {plain(card.how)}".strip())


def _in_sigma(seen: dict[str, Curve]) -> None:
    """Epsilon in units of z-scored features, as in the literature; and half of the clips turned."""
    curve = next(iter(seen.values()))
    lines = []
    for name, each in seen.items():
        smallest = each.smallest()
        turned = smallest.notna().mean() if len(smallest) else 0.0
        level = _half(each)
        half = f"at least half of the correct predictions are changed at {level}" if level else (
            f"{100 * turned:.0f} % of the correct predictions are changed at some level"
        )  # fmt: skip
        lines.append(f"{name.upper() if name != 'random' else 'Random signs'}: {half}.")
    if curve.sigma:
        lines.append(
            f"1 σ of the normalised representation is {curve.sigma:.1f} dB: an ε of 1 dB is "
            f"{1 / curve.sigma:.3f} σ."
        )
    missing = [status for status in curve.status or () if status]
    if missing:
        lines.append(f"{count(len(missing), 'clip')} could not be attacked ({missing[0]}).")
    st.markdown(plain(" ".join(lines)))


def _half(curve: Curve) -> str:
    smallest = curve.smallest()
    levels = [point.level for point in curve.troubled]
    for number, point in enumerate(curve.troubled):
        if len(smallest) and smallest.isin(levels[: number + 1]).mean() >= 0.5:
            sigma = f" ({point.level / curve.sigma:.2g} σ)" if curve.sigma and point.level else ""
            return f"{point.label}{sigma}"
    return ""


def _title(curve: Curve) -> str:
    """Title of a curve; stored ones say "as heard" of representations made into sound."""
    return curve.title.replace(", as heard", ", resynthesised")


def _flows(curves: dict[str, Curve]) -> None:
    """Of one attack at one level: which emotion turns into which."""
    left, right = st.columns(2)
    with left:
        name = st.selectbox(
            "Attack", list(curves), format_func=lambda each: _title(curves[each]), key="flow-attack"
        )
    curve = curves[str(name)]
    labels = [point.label for point in curve.troubled]
    with right:
        label = st.select_slider("Epsilon", labels, value=labels[len(labels) // 2], key="flow-at")
    point = curve.troubled[labels.index(label) if label in labels else -1]
    flows = curve.flows(point)
    one, two = st.columns(2)
    with one:
        st.markdown(
            f"**Predictions under attack** at {point.label}",
            help=(
                "Clips that were classified correctly before: left the true emotion, right the "
                "prediction under attack."
            ),
        )
        if flows.to_numpy().sum():
            theme.figure(flows_figure(flows), key="flows")
        else:
            st.caption("No clip was classified correctly before.")
    with two:
        st.markdown("**Recall of each emotion**")
        theme.figure(
            recalls_figure(curve, axis=EPSILON.get(curve.unit, curve.unit).split(" (")[0]),
            key="attack-recalls",
        )
