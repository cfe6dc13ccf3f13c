"""`python -m ser_core robustness`: a model on noise, lines and damage, and on shortcuts alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ser_core.cli import console
from ser_core.cli.options import (
    CardFolder,
    Clips,
    Few,
    Include,
    JsonFile,
    Labels,
    Model,
    OwnLabels,
    Places,
    ProgressFile,
    Reader,
    ReaderOptions,
    Seed,
    Threads,
    TriedOn,
    opened_as,
)
from ser_core.storage import atomic

if TYPE_CHECKING:
    from ser_core.robustness.assessment import Plan
    from ser_core.robustness.card import Card

Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--perturbation", "-p", help="Perturbation, as white or opus; can be repeated. All when "
        "absent; none with `none`."
    ),
]  # fmt: skip
Attacks = Annotated[
    list[str] | None,
    typer.Option("--attack", help="fgsm, pgd or random as well; can be repeated."),
]
Shortcuts = Annotated[
    bool,
    typer.Option("--shortcuts", help="Shortcut tests: scores on duration, loudness ... alone."),
]
Noises = Annotated[
    Path | None, typer.Option(help="Folder of your own noises, as one more perturbation.")
]


def robustness(
    model: Model,
    corpus: TriedOn,
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    clips: Clips = None,
    kinds: Kinds = None,
    attacks: Attacks = None,
    places: Places = None,
    shortcuts: Shortcuts = False,
    few: Few = False,
    noises: Noises = None,
    seed: Seed = 0,
    threads: Threads = 1,
    json: JsonFile = None,
    out: CardFolder = None,
    progress_file: ProgressFile = None,
) -> None:
    """Test a model under perturbations of growing severity, and write its robustness card.

    Scores are of the model's own test clips where the corpus has them.
    """
    from ser_core.robustness.assessment import Plan
    from ser_core.robustness.attack_domains import ATTACK_DOMAINS
    from ser_core.robustness.severity_sweep import kinds as every

    plan = Plan(
        model=model,
        corpus=opened_as(corpus, reader, label, option, include, own_labels=own_labels),
        reader=reader or "",
        clips=clips,
        kinds=_wanted(kinds, every(noises=noises)),
        attacks=tuple(attacks or ()),
        places=tuple(places or ATTACK_DOMAINS),
        few=few,
        shortcuts=shortcuts,
        noises=noises,
        seed=seed,
    )
    files = {"json": json, "out": out, "progress_file": progress_file}
    carry_out(plan, "Robustness", threads=threads, **files)


def _wanted(kinds: list[str] | None, every: list[str]) -> tuple[str, ...]:
    if kinds == ["none"]:
        return ()
    return tuple(kinds or every)


def carry_out(
    plan: Plan,
    label: str,
    *,
    threads: int,
    json: Path | None,
    out: Path | None,
    progress_file: Path | None,
) -> Card:
    """Run a plan, keep its card in its folder and in MLflow, and print it."""
    import torch

    from ser_core import tracking
    from ser_core.robustness.assessment import run

    torch.set_num_threads(threads)
    folder = out or plan.folder
    with console.progress(label, progress_file) as report, tracking.run(
        f"{label}: {plan.model.name}", "robustness", params=_params(plan)
    ) as tracked:  # fmt: skip
        card = run(plan, report)
        write(card, folder)
        _track(tracked, card, folder)
    if json:
        console.write_json(json, card.as_dict())
    show(card, folder)
    return card


def write(card: Card, folder: Path) -> None:
    """Everything of a card as files in a folder.

    Raises:
        SerError: If they cannot be written.
    """
    from ser_core.plots.publication_robustness import markdown, page, print_card

    card.save(folder)
    if card.line or card.attacks:
        atomic.write(folder / "card.png", print_card(card))
    atomic.write(folder / "card.md", markdown(card))
    atomic.write(folder / "card.html", page(card))


def _params(plan: Plan) -> dict[str, Any]:
    from dataclasses import asdict

    return {name: value for name, value in asdict(plan).items() if value not in (None, "", ())}


def _track(run: Any, card: Card, folder: Path) -> None:
    """Figures as metrics, one step a level, and the files."""
    areas = {f"area_uar.{curve.name}": curve.area() for curve in card.curves if curve.troubled}
    whole = {"clean_uar": card.clean("uar").value, "clean_wa": card.clean("wa").value}
    known = {**whole, **areas, "area_uar": card.area()}
    run.metrics({name: value for name, value in known.items() if value is not None})
    for curve in card.curves:
        for step, point in enumerate(curve.points):
            found = {
                f"{figure}.{curve.name}": curve.interval(point, figure).value
                for figure in ("uar", "wa")
            }
            run.metrics({n: v for n, v in found.items() if v is not None}, step=step)
    run.tags({"subset": card.subset, "badge": card.badge, "folder": str(folder)})
    run.describe(f"{card.subset}. {card.badge}")
    for name in ("card.json", "answers.parquet", "card.html", "card.md", "card.png"):
        if (folder / name).exists():
            run.artifact(folder / name)


def show(card: Card, folder: Path) -> None:
    """Print a card: what was tried on what, a row a kind, what to know."""
    from ser_core.plots.publication_robustness import findings

    out = console.output
    badge = f" [bold yellow]{card.badge}[/]" if card.badge else ""
    out.print(f"[bold]{card.title}[/]{badge}\n{card.subset}; intervals: {card.how}", soft_wrap=True)
    out.print(f"Unperturbed: UAR {card.clean('uar')}, WA {card.clean('wa')}")
    rows = [
        {
            "perturbation": row["title"],
            "area (UAR)": row["area_uar"],
            "worst severity": row["worst_level"],
            "UAR there": _ends(row),
        }
        for row in card.summary().to_dict("records")
    ]
    if rows:
        out.print(console.table(rows))
    for sentence in findings(card):
        out.print(sentence, soft_wrap=True)
    out.print(f"The card is in {folder}", soft_wrap=True)


def _ends(row: Any) -> str:
    ends = [row["worst_uar"], row["worst_uar_low"], row["worst_uar_high"]]
    value, low, high = (console.formatted(each) for each in ends)
    return f"{value} ({low} to {high})"
