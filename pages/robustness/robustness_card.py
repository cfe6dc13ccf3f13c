"""The robustness card of a model: overview, perturbations, attacks, shortcuts, files."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import downloads, scores, theme
from pages.components.errors import error_boundary, plain
from pages.robustness import attack_charts, loading, run_form
from ser_core.plots.publication_robustness import findings, markdown, page, print_card
from ser_core.plots.robustness import overview_figure, perturbation_figure, recalls_figure
from ser_core.robustness.assessment import root
from ser_core.robustness.card import Card, CardInfo, cards
from ser_core.robustness.card_comparison import gain_between
from ser_core.robustness.perturbations import PERTURBATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pages.components.selection import Active
    from ser_core.inference.catalogue import ModelInfo
    from ser_core.robustness.curve import Curve

KIND = "kind"
SHARED = (
    "Its speakers are also in training: scores without perturbation are higher than on unseen "
    "speakers. The card is about the loss."
)
WARNED = ("relies on it", "masks its gradient", "masking its gradient", "does not need that")


def show(info: ModelInfo, active: Active) -> None:  # noqa: ARG001  (every tab is called alike)
    """What was tried on the model, and what else can be."""
    run_form.show(info)
    found = [each for each in cards(root()) if each.about.get("model_path") == _path(info)]
    if not found:
        attack = " and the FGSM attack" if run_form.has_gradient(info) else ""
        st.info(
            "No robustness test of this model yet. The quick look takes less than a minute: how "
            f"predictions change under noise, reverberation, codecs{attack}."
        )
        return
    with error_boundary():
        chosen = _chosen(found)
        card = loading.card(chosen.folder)
        _card(card)
        _compare(card, chosen)


def _path(info: ModelInfo) -> str:
    return str(info.folder.absolute())


def _chosen(found: Sequence[CardInfo]) -> CardInfo:
    """The card of the address, or the newest."""
    by_id = {each.folder.name: each for each in found}
    wanted = st.query_params.get(run_form.CARD, "")
    chosen = wanted if wanted in by_id else found[0].folder.name
    if len(found) > 1:
        st.session_state["robustness-card"] = chosen
        st.selectbox(
            "Card",
            list(by_id),
            format_func=lambda name: _title(by_id[name]),
            key="robustness-card",
            on_change=_card_changed,
        )
    return by_id[chosen]


def _card_changed() -> None:
    st.query_params[run_form.CARD] = st.session_state["robustness-card"]


def _title(info: CardInfo) -> str:
    import time

    when = time.strftime("%d %b, %H:%M", time.localtime(info.when))
    return f"{when} · {info.about['subset']} · {info.about.get('tried', '')}".rstrip(" ·")


def _card(card: Card) -> None:
    badge = f":orange-badge[{card.badge}] " if card.badge else ""
    st.subheader("Robustness card")
    note = card.clean().note
    flattered = SHARED if card.badge == "speakers shared" else ""
    said = " ".join(f"{card.subset[:1].upper()}{card.subset[1:]}. {note} {flattered}".split())
    st.markdown(f"{badge}{plain(said)}")
    _metrics(card)
    if card.line or card.attacks:
        theme.figure(
            overview_figure(card.summary(), clean=card.clean(), chance=_chance(card)),
            key="overview",
        )
        st.caption(
            f"{plain(card.subset)}. {card.how}. Area: the mean UAR over the levels, equally "
            "spaced; for a fully robust model it equals the clean UAR."
        )
    _findings(card)
    if card.line:
        _perturbations(card)
    if card.attacks:
        attack_charts.show(card)
    _files(card)


def _metrics(card: Card) -> None:
    columns = st.columns(3)
    columns[0].metric("Clean UAR", str(card.clean("uar")))
    area = card.area()
    if area is not None:
        columns[1].metric(
            "Mean area under the curves (UAR)",
            f"{area:.3f}",
            help=(
                "Mean over all perturbations of the area under the curve of UAR against severity."
            ),
        )
    worst = card.worst()
    if worst is not None:
        column, group = worst
        columns[2].metric(
            f"Worst {column}",
            f"{group.name}: {group.uar.value:.3f}",
            help=f"UAR {group.uar} over all perturbations, {group.n:,} predictions. Groups are "
            "ranked by UAR, so some of the gap is chance.",
        )


def _findings(card: Card) -> None:
    """Findings as sentences; what a model should not do stands out."""
    for sentence in findings(card):
        warns = any(words in sentence for words in WARNED)
        (st.warning if warns else st.markdown)(plain(sentence))


def _perturbations(card: Card) -> None:
    st.subheader("Perturbations")
    by_name = {curve.name: curve for curve in card.line}
    wanted = st.query_params.get(KIND, "")
    chosen = wanted if wanted in by_name else next(iter(by_name))
    if len(by_name) > 1:
        st.session_state["robustness-kind"] = chosen
        st.pills(
            "Perturbation",
            list(by_name),
            format_func=lambda name: by_name[name].title,
            key="robustness-kind",
            required=True,
            on_change=_kind_changed,
            label_visibility="collapsed",
        )
    _curve(by_name[chosen], card)


def _kind_changed() -> None:
    st.query_params[KIND] = st.session_state["robustness-kind"]


def _curve(curve: Curve, card: Card) -> None:
    axis = PERTURBATIONS[curve.name].axis if curve.name in PERTURBATIONS else "Severity"
    st.markdown(f"**{curve.title}**: {plain(curve.describe)}")
    left, right = st.columns(2)
    with left:
        theme.figure(perturbation_figure(curve, axis=axis, chance=_chance(card)), key="trouble")
    with right:
        theme.figure(recalls_figure(curve, axis=axis), key="recalls")
    st.caption(f"{scores.badge(card.badge)} {plain(card.subset)}; bands: {plain(card.how)}".strip())


def _chance(card: Card) -> float:
    true = card.curves[0].clean.predictions.true
    return 1 / max(1, len(set(true.tolist())))


def _compare(card: Card, own: CardInfo) -> None:
    """Gain and cost against a card of another model or training."""
    others = {each.folder.name: each for each in cards(root()) if each.folder != own.folder}
    if not others or not (card.line or card.attacks):
        return
    with st.expander("Compare with another card", type="compact"):
        st.caption(
            "Train the same recipe with adversarial training or noise augmentation, run the "
            "same tests on both models, and see the gain under perturbation and the cost in "
            "clean UAR."
        )
        name = st.selectbox(
            "Before",
            list(others),
            index=None,
            placeholder="choose a card",
            format_func=lambda key: f"{others[key].about['model']} · {_title(others[key])}",
            key="robustness-before",
        )
        if name is None:
            return
        with error_boundary():
            found = gain_between(loading.card(others[name].folder), card)
            st.markdown(plain(found.sentence))
            st.dataframe(
                found.table.drop(columns="kind").rename(columns=str.capitalize),
                hide_index=True,
                column_config={
                    column: st.column_config.NumberColumn(format="%.3f")
                    for column in ("Before", "After", "Gain")
                },
            )


def _files(card: Card) -> None:
    stem = "".join(c if c.isalnum() else "-" for c in card.title).strip("-").lower()
    with downloads.row():
        st.caption("Download", width="content")
        downloads.button(
            "HTML",
            f"{stem}-robustness.html",
            "text/html",
            partial(page, card),
            "One page with figure and tables",
        )
        downloads.button(
            "Markdown",
            f"{stem}-robustness.md",
            "text/markdown",
            partial(markdown, card, figure=""),
            "The tables as text",
        )
        if card.line or card.attacks:
            downloads.button(
                "PNG",
                f"{stem}-robustness.png",
                "image/png",
                partial(print_card, card),
                "All curves in one figure",
            )
            downloads.button(
                "CSV",
                f"{stem}-robustness.csv",
                "text/csv",
                partial(_csv, card),
                "Every level with scores and intervals",
            )
        downloads.button(
            "JSON",
            f"{stem}-robustness.json",
            "application/json",
            partial(_json, card),
            "Everything on the card",
        )


def _csv(card: Card) -> str:
    return str(card.table().to_csv(index=False))


def _json(card: Card) -> str:
    return json.dumps(card.as_dict(), indent=1, ensure_ascii=False)
