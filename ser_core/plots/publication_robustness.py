"""A robustness card as files: a figure to print, a page in Markdown, and one page of HTML."""

from __future__ import annotations

import base64
import html
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ser_core.core import count
from ser_core.plots.palette import NO_EMOTION
from ser_core.plots.publication_results import Format, heading, printed
from ser_core.plots.robustness import ATTACKS, BAND, FIGURES, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ser_core.evaluation import Interval
    from ser_core.robustness.card import Card
    from ser_core.robustness.curve import Curve

COLUMNS = 4

LIMITS = (
    "An interval covers other clips of this kind, not another training run. Perturbations are "
    "computed: real rooms and lines differ."
)


def print_card(card: Card, kind: Format = "png") -> bytes:
    """All curves of a card, a panel each, with intervals; attacks in one domain share a panel."""
    panels = _panels(card)

    def draw(figure: Figure) -> None:
        rows = -(-len(panels) // COLUMNS)
        axes = figure.subplots(rows, min(COLUMNS, len(panels)), squeeze=False, sharey=True)
        for axis, (title, curves) in zip(axes.flat, panels, strict=False):
            _panel(axis, title, curves)
        for axis in list(axes.flat)[len(panels) :]:
            axis.set_axis_off()
        for row in axes:
            row[0].set_ylabel("UAR")
        figure.suptitle(heading(f"{card.title}\n{card.subset}; {card.how}", card.badge))

    rows = max(1, -(-len(panels) // COLUMNS))
    return printed((2.6 * min(COLUMNS, max(1, len(panels))), 0.8 + 2.1 * rows), kind, draw)


def _panels(card: Card) -> list[tuple[str, dict[str, Curve]]]:
    """Title and curves of every panel."""
    panels: list[tuple[str, dict[str, Curve]]] = [(c.title, {"uar": c}) for c in card.line]
    domains: dict[str, dict[str, Curve]] = {}
    for curve in card.attacks:
        attack, _, domain = curve.name.partition("-")
        domains.setdefault(domain, {})[attack] = curve
    return [*panels, *((DOMAINS.get(domain, domain), found) for domain, found in domains.items())]


DOMAINS = {
    "representation": "Attack on the representation",
    "representation-heard": "The same, resynthesised as sound",
    "sound": "Attack on the sound",
}


def _panel(axis: Axes, title: str, curves: Mapping[str, Curve]) -> None:
    for name, curve in curves.items():
        label, color = {**FIGURES, **ATTACKS}.get(name, (name, SECOND))
        found = [curve.interval(point) for point in curve.points]
        known = [n for n, each in enumerate(found) if each.low is not None]
        axis.fill_between(
            known, [found[n].low or 0 for n in known], [found[n].high or 0 for n in known],
            color=color, alpha=BAND, lw=0,
        )  # fmt: skip
        values = [float("nan") if each.value is None else each.value for each in found]
        axis.plot(values, color=color, marker="o", ms=3, lw=1.2, label=label)
    one = next(iter(curves.values()))
    labels = [p.label if p.is_clean else f"{p.level:g}" for p in one.points]
    axis.set_xticks(range(len(labels)), labels, fontsize=6, rotation=45)
    axis.axhline(_chance(one), color=NO_EMOTION, ls=":", lw=0.8)
    axis.set(ylim=(-0.02, 1.02), title=title)
    axis.set_xlabel(one.unit, fontsize=7)
    axis.tick_params(axis="y", labelsize=7)
    if len(curves) > 1:
        axis.legend(frameon=False, fontsize=6)


def _chance(curve: Curve) -> float:
    return 1 / max(1, len(set(curve.clean.predictions.true.tolist())))


def markdown(card: Card, *, figure: str = "card.png") -> str:
    """The card as Markdown; the figure is a file beside it."""
    parts = [
        f"# Robustness of {card.title}",
        _what(card),
        f"![UAR against severity]({figure})" if figure else "",
        *(f"## {title}\n\n{text}" for title, text in _sections(card).items()),
        LIMITS,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def page(card: Card) -> str:
    """The card as one page of HTML that needs no other file."""
    feature_map = base64.b64encode(print_card(card)).decode()
    sections = "\n".join(
        f"<h2>{html.escape(title)}</h2>\n{_as_html(text)}"
        for title, text in _sections(card).items()
    )
    badge = f'<p class="badge">{html.escape(card.badge)}</p>' if card.badge else ""
    title = html.escape(f"Robustness of {card.title}")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>
<body><h1>{title}</h1>{badge}
{_as_html(_what(card))}
<img alt="UAR against every perturbation, with intervals" src="data:image/png;base64,{feature_map}">
{sections}
<p class="limits">{html.escape(LIMITS)}</p>
</body></html>
"""


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;"
    "color:#1d2530}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:1.6rem}img{max-width:100%}"
    "table{border-collapse:collapse}td,th{padding:.2rem .7rem;border-bottom:1px solid #dde2e8;"
    "text-align:left}td:not(:first-child){font-variant-numeric:tabular-nums}"
    ".badge{display:inline-block;background:#fbe3d4;color:#7c2d06;padding:.1rem .6rem;"
    "border-radius:.6rem}.limits{color:#5a6472}"
)


def _what(card: Card) -> str:
    when = time.strftime("%d %B %Y", time.localtime(float(card.about["when"])))
    badge = f" **{card.badge.capitalize()}.**" if card.badge else ""
    enrolled = " Each speaker was enrolled from their own clean clips." * bool(
        card.about.get("enrolled")
    )
    note = f" {card.clean().note}".rstrip()
    return (
        f"{card.subset[:1].upper()}{card.subset[1:]}.{badge} Intervals: {card.how}. Clean: UAR "
        f"{card.clean('uar')}, WA {card.clean('wa')}.{note}{enrolled} {when}."
    )


def _sections(card: Card) -> dict[str, str]:
    """Parts of the card in Markdown, by title; only those that there are."""
    sections = {
        "Perturbations": _perturbations(card),
        "Worst group": _worst(card),
        "Adversarial attacks": _attacks(card),
        "Shortcuts": _shortcuts(card),
        "Left out": "\n".join(f"- {each}" for each in card.left_out),
    }
    return {title: text for title, text in sections.items() if text}


def _perturbations(card: Card) -> str:
    rows = [_row(curve) for curve in card.line]
    if not rows:
        return ""
    area = card.area("uar")
    mean = f"\n\nMean area under these curves: UAR {area:.3f}." if area is not None else ""
    return (
        _table(("Perturbation", "Area (UAR)", "Area (WA)", "Worst severity", "UAR there"), rows)
        + "\n\nArea: the mean score over the levels, equally spaced; for a fully robust model "
        f"it equals the clean score.{mean}"
    )


def _row(curve: Curve) -> tuple[str, ...]:
    worst = min(curve.troubled, key=lambda point: curve.interval(point).value or 0.0)
    return (
        curve.title, _number(curve.area("uar")), _number(curve.area("wa")), worst.label,
        str(curve.interval(worst)),
    )  # fmt: skip


def _attacks(card: Card) -> str:
    if not card.attacks:
        return ""
    rows = [_attack_row(curve) for curve in card.attacks]
    sentences = [
        f"- {DOMAINS[domain]}: {found.sentence}" for domain, found in card.maskings.items()
    ]
    head = ("Attack", "Area (UAR)", "Mildest", "success rate", "Most severe", "success rate")
    return (
        _table(head, rows)
        + "\n\nSuccess rate: share of the correctly classified clips that are misclassified "
        "under attack." + ("\n\n" + "\n".join(sentences) if sentences else "")
    )


def _attack_row(curve: Curve) -> tuple[str, ...]:
    first, last = curve.troubled[0], curve.troubled[-1]
    return (
        curve.title, _number(curve.area("uar")), _level(curve, 0), str(curve.success(first)),
        _level(curve, -1), str(curve.success(last)),
    )  # fmt: skip


def _level(curve: Curve, number: int) -> str:
    point = curve.troubled[number]
    if curve.sigma is None or point.level is None:
        return point.label
    return f"{point.label} ({point.level / curve.sigma:.2g} σ)"


def _worst(card: Card) -> str:
    found = card.worst()
    if found is None:
        return ""
    column, group = found
    other = card.groups[column].best
    best = f" The best, {other.name}: UAR {other.uar}." if other else ""
    return (
        f"Over all perturbations, {column} **{group.name}** scores lowest: UAR {group.uar}, "
        f"{count(group.n, 'prediction')}.{best} Groups are ranked by UAR, so some of the gap is "
        "chance."
    )


def _shortcuts(card: Card) -> str:
    from ser_core.evaluation import Interval
    from ser_core.robustness.probes import Probe
    from ser_core.robustness.shortcuts import ShortcutScore

    lines = []
    for each in card.shortcuts:
        given = {name: value for name, value in each.items() if name != "leans"}
        ends = {name: _interval(given[name], Interval) for name in ("uar", "wa")}
        lines.append(f"- {ShortcutScore(**{**given, **ends}).sentence}")
    for each in card.probes:
        given = {name: value for name, value in each.items() if name != "tells"}
        lines.append(f"- {Probe(**given).sentence}")
    return "\n".join(lines)


def findings(card: Card) -> list[str]:
    """Findings of a card as plain sentences: masking, worst group, shortcuts."""
    worst = [_worst(card)] if card.worst() else []
    sentences = [f"{DOMAINS[domain]}: {found.sentence}" for domain, found in card.maskings.items()]
    lines = [line.removeprefix("- ") for line in _shortcuts(card).splitlines()]
    return [*sentences, *(text.replace("**", "") for text in worst), *lines, *card.left_out]


def _interval(given: Any, kind: type[Interval]) -> Interval:
    return kind(**given) if isinstance(given, Mapping) else given


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _as_html(text: str) -> str:
    """The little Markdown that is written above, as HTML."""
    blocks = [_block(block) for block in text.split("\n\n")]
    return "\n".join(blocks)


def _block(block: str) -> str:
    lines = block.splitlines()
    if block.startswith("|"):
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in cells[0])
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in cells[2:]
        )
        return f"<table><tr>{head}</tr>{body}</table>"
    if block.startswith("- "):
        items = "".join(f"<li>{_bold(line.removeprefix('- '))}</li>" for line in lines)
        return f"<ul>{items}</ul>"
    return f"<p>{_bold(block)}</p>"


def _bold(text: str) -> str:
    parts = html.escape(text).split("**")
    return "".join(f"<strong>{part}</strong>" if n % 2 else part for n, part in enumerate(parts))
