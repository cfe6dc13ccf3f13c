"""Robustness card: all results of one model, to store, show and export."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser_core.core import EvaluationError, files
from ser_core.evaluation import Group, Groups, Interval, Predictions, by_group
from ser_core.robustness.attack_domains import ATTACK_DOMAINS
from ser_core.robustness.curve import ATTACK, FIGURES, LINE, Curve, Point
from ser_core.robustness.gradient_masking import Masking, masking
from ser_core.storage import atomic
from ser_core.storage.parquet import read_parquet

VERSION = 1
CARD, PREDICTIONS = "card.json", "answers.parquet"
GROUPED = ("speaker", "gender")


@dataclass(frozen=True, eq=False)
class Card:
    """Results of a model under perturbations and attacks, and with shortcuts alone.

    Attributes:
        about: What was tried on what: `model`, `model_path`, `corpus`, `subset`, `badge`, `seed`,
            `by_speaker`, `when` and other facts of the run.
        curves: Of every perturbation and attack.
        shortcuts: As `ShortcutScore.as_dict`; empty where they were not tried.
        probes: As `Probe.as_dict`; empty likewise.
        left_out: What could not be tried, and why, as sentences.
    """

    about: Mapping[str, Any]
    curves: tuple[Curve, ...]
    shortcuts: tuple[Mapping[str, Any], ...] = ()
    probes: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Name of the model."""
        return str(self.about["model"])

    @property
    def subset(self) -> str:
        """The clips, in words."""
        return str(self.about["subset"])

    @property
    def badge(self) -> str:
        """What every figure wears; often empty."""
        return str(self.about["badge"])

    @property
    def line(self) -> tuple[Curve, ...]:
        """Curves of perturbations."""
        return tuple(curve for curve in self.curves if curve.family == LINE and curve.troubled)

    @property
    def attacks(self) -> tuple[Curve, ...]:
        """Curves of attacks."""
        return tuple(curve for curve in self.curves if curve.family == ATTACK)

    @property
    def how(self) -> str:
        """Method of the intervals, as words."""
        return self.clean("uar").how

    def clean(self, metric: str = "uar") -> Interval:
        """Figure of the unchanged clips.

        Raises:
            EvaluationError: If the card has no curve.
        """
        if not self.curves:
            raise EvaluationError("nothing was tested", subject="robustness card")
        return self.curves[0].interval(self.curves[0].clean, metric)

    def area(self, metric: str = "uar") -> float | None:
        """Mean of the areas under the curves of perturbations; None without any."""
        areas = [area for curve in self.line if (area := curve.area(metric)) is not None]
        return float(np.mean(areas)) if areas else None

    def summary(self) -> pd.DataFrame:
        """A row a curve: its area, and the level where the model does worst."""
        return pd.DataFrame([_summary(curve) for curve in self.curves if curve.troubled])

    @cached_property
    def maskings(self) -> dict[str, Masking]:
        """Verdict on masked gradients, by domain, where FGSM and PGD were tried on the same."""
        found = {curve.name: curve for curve in self.attacks}
        return {
            domain: masking(found[f"fgsm-{domain}"], found[f"pgd-{domain}"],
                           found.get(f"random-{domain}"))
            for domain in ATTACK_DOMAINS
            if f"fgsm-{domain}" in found and f"pgd-{domain}" in found
        }  # fmt: skip

    @cached_property
    def groups(self) -> dict[str, Groups]:
        """Figures of every speaker and gender, all levels of all perturbations pooled."""
        if not self.line:
            return {}
        answers, by_speaker = pooled(self.line), bool(self.about.get("by_speaker"))
        found = {name: by_group(answers, name, by_speaker=by_speaker) for name in GROUPED}
        return {name: groups for name, groups in found.items() if len(groups.groups) > 1}

    def worst(self) -> tuple[str, Group] | None:
        """The group that perturbations harm most: column and group of the lowest UAR."""
        every = [(name, groups.worst) for name, groups in self.groups.items() if groups.worst]
        known = [(name, group) for name, group in every if group.uar.value is not None]
        return min(known, key=lambda pair: pair[1].uar.value or 0.0, default=None)

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain values: by kind and level `wa`, `uar` and their intervals."""
        return {
            "version": VERSION,
            "about": dict(self.about),
            "intervals": self.how,
            "clean": {metric: asdict(self.clean(metric)) for metric in FIGURES},
            "area": {metric: self.area(metric) for metric in FIGURES},
            "perturbations": {curve.name: _curve_json(curve) for curve in self.line},
            "attacks": {curve.name: _curve_json(curve) for curve in self.attacks},
            "masking": {domain: asdict(found) for domain, found in self.maskings.items()},
            "groups": {name: _groups(found) for name, found in self.groups.items()},
            "shortcuts": [dict(each) for each in self.shortcuts],
            "probes": [dict(each) for each in self.probes],
            "left_out": list(self.left_out),
        }

    def table(self) -> pd.DataFrame:
        """A row for every curve and level, with figures and ends of their intervals."""
        tables = [curve.table().assign(title=curve.title) for curve in self.curves]
        return pd.concat(tables, ignore_index=True)

    def save(self, folder: Path) -> Path:
        """Write `card.json` and `answers.parquet` into a folder.

        Raises:
            SerError: If they cannot be written.
        """
        content = io.BytesIO()
        _prediction_table(self.curves).to_parquet(content, index=False)
        atomic.write(folder / PREDICTIONS, content.getvalue())
        stored = {"curves": [_stored(curve) for curve in self.curves], **self.as_dict()}
        atomic.write(folder / CARD, json.dumps(stored, indent=1, ensure_ascii=False))
        return folder


def load_card(folder: Path) -> Card:
    """Read what `Card.save` wrote.

    Raises:
        EvaluationError: If there is no card, or it is damaged.
    """
    try:
        content = files.read_json(folder / CARD)
        answers = read_parquet(folder / PREDICTIONS)
        curves = tuple(_read(each, answers) for each in content["curves"])
        return Card(
            content["about"], curves, tuple(content["shortcuts"]), tuple(content["probes"]),
            tuple(content["left_out"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            "is no robustness card", subject=str(folder), remedy="Run it again"
        ) from error


def _summary(curve: Curve) -> dict[str, Any]:
    worst = min(curve.troubled, key=lambda point: curve.interval(point).value or 0.0)
    found = curve.interval(worst)
    return {
        "kind": curve.name,
        "title": curve.title,
        "family": curve.family,
        "area_uar": curve.area("uar"),
        "area_wa": curve.area("wa"),
        "worst_level": worst.label,
        "worst_uar": found.value,
        "worst_uar_low": found.low,
        "worst_uar_high": found.high,
    }


def _curve_json(curve: Curve) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "title": curve.title,
        "describe": curve.describe,
        "unit": curve.unit,
        "area": {metric: curve.area(metric) for metric in FIGURES},
        "levels": curve.rows(),
    }
    if curve.family == ATTACK:
        smallest = curve.smallest()
        summary["smallest_epsilon"] = _median(curve)
        summary["never_turned"] = int(smallest.isna().sum())
        summary["not_attacked"] = [status for status in curve.status or () if status]
    return summary


def _median(curve: Curve) -> float | None:
    """Level at which half of the clips that were right are turned; None where that is not reached.

    The first of the levels tried, clips turned by it or a milder one.
    """
    smallest = curve.smallest()
    for point in curve.troubled:
        milder = {each.level for each in curve.troubled[: curve.troubled.index(point) + 1]}
        if len(smallest) and float(smallest.isin(list(milder)).mean()) >= 0.5:
            return point.level
    return None


def _groups(found: Groups) -> list[dict[str, Any]]:
    return [asdict(group) for group in found.groups]


def _stored(curve: Curve) -> dict[str, Any]:
    own = ("name", "title", "family", "unit", "by_speaker", "describe", "status", "sigma")
    points = [{"level": point.level, "label": point.label} for point in curve.points]
    return {**{name: getattr(curve, name) for name in own}, "points": points}


def _prediction_table(curves: Sequence[Curve]) -> pd.DataFrame:
    tables = [
        point.predictions.table.assign(curve=curve.name, point=number)
        for curve in curves
        for number, point in enumerate(curve.points)
    ]
    return pd.concat(tables, ignore_index=True)


def _read(stored: Mapping[str, Any], answers: pd.DataFrame) -> Curve:
    own = answers[answers["curve"] == stored["name"]]
    points = []
    for number, each in enumerate(stored["points"]):
        rows = own[own["point"] == number].drop(columns=["curve", "point"])
        points.append(Point(each["level"], Predictions(rows), each["label"]))
    status = stored["status"]
    fields = {name: value for name, value in stored.items() if name not in ("points", "status")}
    return Curve(**fields, points=tuple(points), status=None if status is None else tuple(status))


def pooled(curves: Sequence[Curve]) -> Predictions:
    """Predictions at all levels of all curves; each level counts as one more row of its clip."""
    points = [point for curve in curves for point in curve.troubled]
    tables = [point.predictions.table.assign(seed=number) for number, point in enumerate(points)]
    return Predictions(pd.concat(tables, ignore_index=True))


@dataclass(frozen=True)
class CardInfo:
    """A stored card, as far as `card.json` holds it.

    Attributes:
        folder: Where it is.
        about: As `Card.about`.
        when: Seconds since the epoch.
    """

    folder: Path
    about: Mapping[str, Any] = field(default_factory=dict)
    when: float = 0.0


def cards(root: Path) -> list[CardInfo]:
    """Cards stored in the folders of a folder, the newest first."""
    from ser_core.storage import read_json

    found = []
    for file in root.glob(f"*/{CARD}"):
        content = read_json(file) or {}
        about = content.get("about")
        if content.get("version") == VERSION and isinstance(about, dict) and "model" in about:
            found.append(CardInfo(file.parent, about, float(about.get("when", 0.0))))
    return sorted(found, key=lambda info: info.when, reverse=True)
