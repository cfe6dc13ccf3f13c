"""Figures that are published: what each rests on, and the tables that say it.

A published result is a folder with the recipe (or the call that pooled several into an ensemble),
the predictions and a summary: small, and enough to compute every figure again, or to train again
what gave it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ser_core.core import SerError, files, settings
from ser_core.core.plain_yaml import load_yaml
from ser_core.corpora import UNSEEN_GRADES
from ser_core.evaluation import Cell, CorpusMatrix, Interval, Predictions, compare, interval
from ser_core.storage import atomic, read_json

NOT_ENROLLED, ENROLLED = "predictions.parquet", "enrolled.parquet"
TRANSDUCTIVE = "transductive.parquet"
TABLES = {
    NOT_ENROLLED: (NOT_ENROLLED,),
    ENROLLED: (ENROLLED, "enrolled-predictions.parquet"),
    TRANSDUCTIVE: (TRANSDUCTIVE,),
}
"""What a published table is called, and what runs and ensembles call it."""

VOICES = {
    NOT_ENROLLED: "not enrolled",
    ENROLLED: "enrolled",
    TRANSDUCTIVE: "enrolled, transductive",
}
"""What is known of the test speaker, by table."""

OWN_TO_A_MACHINE = ("corpus", "reader")

SEVERAL = ("leave-one-corpus-out", "cross-corpus")
"""Policies that take several corpora."""


def root() -> Path:
    """Where published results are stored."""
    return settings.REPOSITORY / "artifacts" / "results"


@dataclass(frozen=True)
class Published:
    """A published result.

    Attributes:
        name: Of its folder, below the root.
        folder: With `summary.json`, `predictions.parquet`, for models that enrol speakers
            `enrolled.parquet`, and where all clips of a speaker were classified together
            `transductive.parquet`.
    """

    name: str
    folder: Path

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """What the run or the ensemble said of itself.

        Raises:
            SerError: If it cannot be read.
        """
        found = read_json(self.folder / "summary.json")
        if found is None:
            raise SerError("has no summary that can be read", subject=str(self.folder))
        return found

    @property
    def recipe(self) -> Path | None:
        """Recipe that trained it; None for an ensemble."""
        file = self.folder / "recipe.yaml"
        return file if file.exists() else None

    @property
    def tables(self) -> tuple[str, ...]:
        """Which tables there are."""
        return tuple(name for name in TABLES if (self.folder / name).exists())

    def predictions(self, table: str = NOT_ENROLLED) -> Predictions:
        """Predictions on the test clips.

        Raises:
            SerError: If they are missing or damaged.
        """
        return Predictions.load(self.folder / table).part("test")

    @property
    def speakers_shared(self) -> bool:
        """Whether test speakers were in training."""
        return self.summary["split"]["audit"]["grade"] not in UNSEEN_GRADES

    @property
    def is_across(self) -> bool:
        """Whether it is of several corpora."""
        return self.summary["split"]["policy"] in SEVERAL

    def figure(self, name: str, table: str = NOT_ENROLLED) -> Interval:
        """A figure of the test clips with its interval, by speakers where they are new."""
        return interval(self.predictions(table), name, by_speaker=not self.speakers_shared)


def published(folder: Path | None = None) -> list[Published]:
    """All published results below a folder, by name."""
    top = folder or root()
    found = sorted(top.rglob("summary.json"))
    return [Published(file.parent.relative_to(top).as_posix(), file.parent) for file in found]


def keep(run: Path, name: str, folder: Path | None = None) -> Published:
    """Publish a finished run or an ensemble: its test predictions, its summary and its recipe.

    Paths of this machine are left out.

    Args:
        run: Folder of the run, or of the ensemble.
        name: Of the result; slashes make folders.
        folder: Where results are stored; `root()` when absent.

    Raises:
        SerError: If the run is not finished, or the result cannot be written.
    """
    target = (folder or root()) / name
    summary = read_json(run / "summary.json") or _of_ensemble(run)
    if summary is None:
        raise SerError(
            "is no finished run",
            subject=str(run),
            remedy="Choose a folder with a summary.json or an ensemble.json",
        )
    for table, names in TABLES.items():
        for file in (run / name for name in names if (run / name).exists()):
            Predictions.load(file).part("test").save(target / table)
    recipe = run / "recipe.yaml"
    if recipe.exists():
        atomic.write(target / "recipe.yaml", _portable(files.read_text(recipe)))
    atomic.write(target / "summary.json", json.dumps(_short(summary), indent=1, ensure_ascii=False))
    return Published(name, target)


def _of_ensemble(folder: Path) -> dict[str, Any] | None:
    """Summary of an ensemble: its members by name, their weights, and how these were found."""
    about = read_json(folder / "ensemble.json")
    if about is None:
        return None
    members = [member["name"] for member in about["members"]]
    said = {key: about[key] for key in ("name", "pooling", "temperature", "options", "fit_on")}
    weights = {"weights": dict(zip(members, about["weights"], strict=True))}
    known = about.get("enrolled")
    enrolled = {"weights": known["weights"], "temperature": known["temperature"]} if known else None
    return {**said, **weights, "enrolled": enrolled, "split": about["split"]}


def _portable(recipe: str) -> str:
    content = {k: v for k, v in load_yaml(recipe).items() if k not in OWN_TO_A_MACHINE}
    if "corpora" in content.get("opening", {}).get("options", {}):
        del content["opening"]  # it says where each of several corpora lies
    training = {k: v for k, v in content.pop("train", {}).items() if k != "threads"}
    content |= {"train": training} if training else {}
    if "encoder" in content.get("representation", {}):
        content["representation"] = _without_folder(content["representation"])
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _without_folder(representation: Mapping[str, Any]) -> dict[str, Any]:
    """An encoder's representation by its configuration and the hash of its weights."""
    from ser_core.features.representations import make

    every = make(**representation).parameters
    return {"name": representation["name"], **{k: v for k, v in every.items() if k != "encoder"}}


def _short(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The summary without the table of what each fold's parts share."""
    split = dict(summary["split"])
    split["audit"] = {k: v for k, v in split["audit"].items() if k != "worst"}
    return {**summary, "split": split}


Row = dict[str, str]


def rows(results: list[Published], figures: tuple[str, ...] = ("uar", "wa", "ece")) -> list[Row]:
    """A row for each table of each result: what it is, and its figures with intervals."""
    return [row for result in results for row in _rows(result, figures)]


def _rows(result: Published, figures: tuple[str, ...]) -> Iterator[Row]:
    summary = result.summary
    for table in result.tables:
        yield {
            "result": result.name,
            "test": f"{summary['split']['policy']}"
            + (", speakers shared" if result.speakers_shared else ""),
            "voices": VOICES[table],
            "clips": f"{result.predictions(table).table['clip'].nunique():,}",
            **{name.upper(): _said(result.figure(name, table)) for name in figures},
            "minutes": f"{summary['minutes']:.0f}" if "minutes" in summary else "",
        }


def across_corpora(matrices: Mapping[str, CorpusMatrix]) -> list[Row]:
    """A row for each corpus that trained, by what is known of the test speakers."""
    return [
        {"voices": voices, "trained on": row}
        | {f"tested on {column}": _said_of(matrix.cell(row, column)) for column in matrix.columns}
        for voices, matrix in matrices.items()
        for row in matrix.rows
    ]


def _said_of(cell: Cell | None) -> str:
    return _said(cell.figure) if cell else "–"


def every_representation(
    unseen: list[Published], shared: list[Published], table: str = NOT_ENROLLED
) -> list[Row]:
    """A row for each representation: its cost, what it scores alone, what the others gain by it.

    The gain is of the mean of all their probabilities over the mean without it, on the unseen
    speakers, with a paired interval by speakers.

    Args:
        unseen: Results of the speaker-disjoint split, whose last name is the representation's.
        shared: The same of the random split; those that are missing leave an empty cell.
        table: File of the predictions, `NOT_ENROLLED` or `ENROLLED`.
    """
    tables = {_last(each): _in_order(each.predictions(table)) for each in unseen}
    flattered = {_last(each): each for each in shared}
    return [
        {
            "representation": _last(each),
            "KB a second": f"{_kilobytes(each):.1f}",
            "UAR, random split": _said(flattered[_last(each)].figure("uar", table))
            if _last(each) in flattered
            else "",
            "UAR, unseen speakers": _said(each.figure("uar", table)),
            "gain in the mean of all": _gain(tables, _last(each)),
        }
        for each in unseen
    ]


def networks(shared: list[Published], unseen: list[Published]) -> list[Row]:
    """A row for each network: its size, its scores on both splits, and how long it was trained.

    Args:
        shared: Results of the random split, whose last name is the network's.
        unseen: The same of a speaker-disjoint split; those that are missing leave an empty cell.
    """
    strangers = {_last(each): each for each in unseen}
    return [_network_row(each, strangers.get(_last(each))) for each in shared]


def _network_row(shared: Published, unseen: Published | None) -> Row:
    trained = [each for each in (shared, unseen) if each is not None]
    return {
        "network": _last(shared),
        "parameters": f"{_parameters(shared):,}",
        "WA, random split": _said(shared.figure("wa")),
        "UAR, random split": _said(shared.figure("uar")),
        "UAR, unseen speakers": _said(unseen.figure("uar")) if unseen else "–",
        "minutes": " + ".join(f"{each.summary['minutes']:.0f}" for each in trained),
    }


def _parameters(result: Published) -> int:
    """Weights that are trained, of a network on the classes of its predictions."""
    from ser_core.recipes.recipe import load

    if result.recipe is None:
        raise SerError("was made of no recipe", subject=result.name)
    recipe = load(result.recipe, ["corpus=anywhere"])
    classes = result.predictions().probabilities.shape[1]
    return sum(each.numel() for each in recipe.network_spec(classes).build().parameters())


def _last(result: Published) -> str:
    return result.name.rpartition("/")[2]


def _in_order(predictions: Predictions) -> Predictions:
    return Predictions(predictions.table.sort_values(["clip", "fold", "seed"], ignore_index=True))


def _kilobytes(result: Published) -> float:
    """Of a second of the representation in float16."""
    from ser_core.features.representations import make

    recipe = load_yaml(files.read_text(result.folder / "recipe.yaml"))
    rep = make(**recipe.get("representation", {"name": "melspectrogram"}))
    channels, bins, _ = rep.silence.shape
    frames = 1.0 if rep.summary else rep.frame_rate
    return 2 * channels * bins * frames / 1000


def _gain(tables: Mapping[str, Predictions], name: str) -> str:
    others = [table.probabilities for other, table in tables.items() if other != name]
    if not others:
        return "–"
    rows = tables[name]
    every = rows.with_probabilities(np.mean([*others, rows.probabilities], axis=0))
    found = compare(every, rows.with_probabilities(np.mean(others, axis=0)), "uar", by_speaker=True)
    ends = f" ({found.low:+.3f} to {found.high:+.3f})" if found.low is not None else ""
    return f"{found.difference:+.3f}{ends}"


def _said(figure: Interval) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "–"
    return f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})"


def markdown(table: list[Row]) -> str:
    """Rows as a Markdown table.

    >>> print(markdown([{"result": "a", "UAR": "0.5"}]))
    | result | UAR |
    | --- | --- |
    | a | 0.5 |
    """
    if not table:
        return ""
    lines = [list(table[0]), ["---"] * len(table[0]), *(list(row.values()) for row in table)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
