"""A training run in MLflow: one run, and one below it for every fold and seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core import tracking
from ser_core.core import TrackingError, files, formatting
from ser_core.storage import atomic, read_json

if TYPE_CHECKING:
    from ser_core.models.bundle import Bundle
    from ser_core.recipes.recipe import Recipe
    from ser_core.runs.execute import Outcome
    from ser_core.training.learner import Metrics
    from ser_core.training.plan import Member

FILES = ("recipe.yaml", "split.json", "predictions.parquet", "enrolled.parquet", "summary.json")
"""What a run is read from; the summary comes last, since it makes a run count as finished. Not all
runs have predictions for enrolled speakers."""

IDS = "tracking.json"


@dataclass(frozen=True)
class Tracker:
    """Watcher that logs a run to MLflow.

    Attributes:
        run: The run of the whole recipe.
        folder: Of the run; the ids are kept in it, so a resumed training goes on in the same runs.
    """

    run: tracking.Run
    folder: Path

    def member(self, member: Member) -> AbstractContextManager[Callable[[int, Metrics], None]]:
        """Run of one fold and seed, below the run of the recipe."""
        return self._member(member)

    @contextmanager
    def _member(self, member: Member) -> Iterator[Callable[[int, Metrics], None]]:
        name = f"{formatting.fold(member.fold_name)}, seed {member.seed}"
        tags = {"fold": member.fold_name, "seed": member.seed}
        start = {"kind": "fold", "parent": self.run.id, "tags": tags}
        with opened(self.folder, member.name, name, start) as run:
            self.run.tags({f"member.{member.name}": run.id})
            yield lambda epoch, metrics: run.metrics(metrics, step=epoch)

    def trained(self, member: Member, bundle: Bundle, folder: Path) -> None:
        """Keep the bundle and its test figures with the member's run."""
        ids = read_json(self.folder / IDS) or {}
        run = tracking.Run(ids[member.name], member.name)
        run.metrics(_figures("test", bundle.about["metrics"]))
        run.artifact(folder)

    def finished(self, outcome: Outcome, figures: Mapping[str, bytes]) -> None:
        """Keep what the recipe came to.

        Args:
            outcome: Of the run.
            figures: Images by file name.
        """
        summary = files.read_json(outcome.folder / "summary.json")
        known = _figures("enrolled", summary.get("enrolled", {}))
        self.run.metrics({**_figures("test", summary["test"]), **known, "minutes": outcome.minutes})
        audit = outcome.audit
        self.run.tags({"leak_grade": audit.grade, "speakers_shared": audit.speakers_shared})
        self.run.describe(_note(summary))
        for name in FILES:
            if (outcome.folder / name).exists():
                self.run.artifact(outcome.folder / name)
        for name, content in figures.items():
            self.run.figure(content, name)


@contextmanager
def tracked(recipe: Recipe, folder: Path) -> Iterator[Tracker]:
    """MLflow run of a recipe, the same one when it is resumed in its folder.

    Raises:
        TrackingError: If the store cannot be written, or another process still writes this run.
    """
    start = {
        "kind": "training",
        "params": {**recipe.as_dict(), "recipe_hash": recipe.hash},
        "tags": {
            "folder": str(folder),
            "policy": recipe.split.policy,
            "representation": recipe.representation["name"],
        },
    }
    with opened(folder, "run", recipe.name, start) as run:
        yield Tracker(run, folder)


@contextmanager
def opened(folder: Path, key: str, name: str, start: dict[str, Any]) -> Iterator[tracking.Run]:
    """Run whose id stands in the folder under a key, or a new one whose id is written there."""
    ids = read_json(folder / IDS) or {}
    if key in ids and _exists(ids[key]):
        with tracking.resume(ids[key]) as run:
            yield run
        return
    with tracking.run(name, **start) as run:
        atomic.write(folder / IDS, json.dumps({**ids, key: run.id}))
        yield run


def _exists(run_id: str) -> bool:
    try:
        tracking.one(run_id)
    except TrackingError:
        return False
    return True


def _figures(part: str, figures: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Values and ends of intervals as metrics, those that exist."""
    return {
        f"{part}_{name}{end and '_'}{end}": figure[end or "value"]
        for name, figure in figures.items()
        for end in ("", "low", "high")
        if figure[end or "value"] is not None
    }


def _note(summary: Mapping[str, Any]) -> str:
    audit = summary["split"]["audit"]
    rows = "\n".join(
        f"| {name.upper()} | {figure['value']:.3f} | {figure['low']:.3f} to {figure['high']:.3f} |"
        for name, figure in summary["test"].items()
        if figure["value"] is not None and figure["low"] is not None
    )
    return (
        f"Split **{summary['split']['policy']}**, leak grade **{audit['grade']}**. "
        f"{audit['reading']}\n\n| test part, {summary['clips']} clips | value | 95 % interval |\n"
        f"|---|---|---|\n{rows}\n"
    )
