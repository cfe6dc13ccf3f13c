"""The report of one training or evaluation: what Results shows of it, as a document."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from ser_core import __version__
from ser_core.core import EvaluationError, count, formatting
from ser_core.corpora import POLICIES
from ser_core.inference.catalogue import ModelInfo, contamination_of, models, models_of
from ser_core.inference.saved_evaluations import SavedEvaluation
from ser_core.reports import sections
from ser_core.reports.card_blocks import card_blocks
from ser_core.reports.commands import commands
from ser_core.reports.document import (
    Block,
    Code,
    Document,
    Heading,
    Text,
    clean,
    clean_lines,
)
from ser_core.runs import catalogue
from ser_core.runs.run_notes import notes_of

if TYPE_CHECKING:
    from ser_core.runs.catalogue import RunInfo

INTERVALS = (
    "An interval covers other clips, or other speakers where these are its units; it does not "
    "cover another training. Scores on different splits are not comparable: see the leak grade."
)
DETAILS = {
    False: "What follows is without enrolment: nothing is known of the speaker.",
    True: "What follows is with enrolled speakers.",
}
"""Which predictions the sections below the scores are of, by whether they are with enrolment."""


def run_report(run: RunInfo, *, enrolled: bool = False) -> Document:
    """Report of a finished training or a saved evaluation.

    Args:
        run: Which.
        enrolled: Whether confusion, emotions, groups and calibration are those with enrolled
            speakers; as without where that was not measured. The scores are given both ways.

    Raises:
        EvaluationError: If it is not finished.
        SerError: If its predictions are missing or damaged.
    """
    if run.result is None:
        raise EvaluationError(
            "is not finished, so there is nothing to report", subject=run.name, remedy="Let it end"
        )
    report = catalogue.report_of(run)
    known = catalogue.report_of(run, enrolled=True) if run.result.enrolled else None
    detailed = known if enrolled and known else report
    blocks: list[Block] = [
        Text(about(run), "note"),
        *notes(run),
        *sections.verdict(report),
        *encoder_note(run),
        *_changed(run),
        *sections.scores(report, known),
        Text(INTERVALS, "note"),
        *([Text(DETAILS[detailed is known])] if known else []),
        *sections.confusion(detailed),
        *sections.emotions(detailed),
        *sections.groups(detailed),
        *sections.calibration(detailed),
        *split_section(run),
        *recipe_section(run),
        *_cards(run),
        *commands_section(run),
    ]
    return Document(clean(run.name), tuple(blocks), made())


def made() -> str:
    """Who made a report, and when."""
    when = datetime.now().astimezone().strftime("%d %b %Y, %H:%M %Z")
    parts = ", ".join(f"{name} {version(name)}" for name in ("torch", "scikit-learn", "numpy"))
    return f"SER Workbench {__version__} ({parts}), report of {when}"


def about(run: RunInfo) -> str:
    """Kind of result, representation, split, size and date, in a line."""
    result = run.result
    assert result is not None  # noqa: S101  (reports are of finished ones)
    when = datetime.fromtimestamp(result.finished).strftime("%d %b %Y, %H:%M")
    if isinstance(run, SavedEvaluation):
        kind = "exported file" if run.exported else "model"
        which = f"{run.part} clips of its split" if run.part else "clips"
        on = f"{count(result.clips, 'prediction')} on {which}"
        name = clean(run.content.get("corpus_name", ""))
        return f"Evaluation of a {kind} · {clean(run.representation)} · {on} of {name} · {when}"
    return (
        f"Training · corpus {clean(run.corpus.name) or 'not named'} · {clean(run.representation)} "
        f"· split {clean(run.policy)} · {count(result.members, 'training')}, "
        f"{formatting.seconds(60 * result.minutes)} · {when} · hash {run.id}"
    )


def notes(run: RunInfo) -> list[Block]:
    """Tags and note that the user gave it."""
    said = notes_of(run.folder)
    tags = [Text(clean(f"Tags: {', '.join(said.tags)}", 2000))] if said.tags else []
    lines = [line for line in clean_lines(said.note).splitlines() if line.strip()]
    return [
        *tags,
        *(Text(f"{'' if number else 'Note: '}{line}") for number, line in enumerate(lines)),
    ]


def encoder_note(run: RunInfo) -> list[Block]:
    """Whether the pretrained encoder may have heard the corpus."""
    heard = contamination_of(run)
    return [Text(clean(f"{heard.badge.capitalize()}. {heard.said}", 2000))] if heard else []


def _changed(run: RunInfo) -> list[Block]:
    if not isinstance(run, SavedEvaluation) or not run.outdated:
        return []
    said = "The model was changed or deleted since: these predictions are of the earlier one."
    return [Text(said, "warning")]


def split_section(run: RunInfo) -> list[Block]:
    """Policy, what the clips are to the model, and what test and training share."""
    audit = catalogue.audit_of(run)
    title = POLICIES[run.policy].title if run.policy in POLICIES else run.policy
    blocks: list[Block] = [Heading("Split")]
    blocks += [Text(f"Policy: {clean(title)}.")] if title else []
    if isinstance(run, SavedEvaluation):
        blocks += [Text(clean(run.said, 2000))] if run.said else []
        blocks += [
            Text(f"Left out: {count(int(clips), 'clip')}, {clean(reason)}", "note")
            for reason, clips in dict(run.content.get("left_out") or {}).items()
        ]
    if audit is None:
        return [*blocks, Text("The split was not audited for leaks.", "warning")]
    return [*blocks, *sections.shared_counts(audit)]


def recipe_section(run: RunInfo) -> list[Block]:
    """The recipe of a training; none of an evaluation."""
    if isinstance(run, SavedEvaluation):
        return []
    said = (
        f"Fields that are not named have their defaults. Hash {run.id}: the same recipe with the "
        "same seed on the same machine gives the same model."
    )
    return [Heading("Recipe"), Code(clean_lines(run.recipe_text)), Text(said, "note")]


def _cards(run: RunInfo) -> list[Block]:
    """Model card, of the first model where there are several."""
    found = _models(run)
    if not found or not found[0].card:
        return []
    several = (
        [Text(f"The first of {count(len(found), 'model')}, one a fold and seed.", "note")]
        if len(found) > 1
        else []
    )
    return [Heading("Model card"), *several, *card_blocks(found[0].card)]


def _models(run: RunInfo) -> list[ModelInfo]:
    if not isinstance(run, SavedEvaluation):
        return models_of(run)
    return [each for each in models() if each.folder == run.model][:1]


def commands_section(run: RunInfo) -> list[Block]:
    """Commands to paste."""
    blocks: list[Block] = [Heading("Commands")]
    for what, command in commands(run).items():
        blocks += [Text(what), Code(command)]
    return blocks
