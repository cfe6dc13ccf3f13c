"""Results of a benchmark: tables, and figures with intervals."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser_core.core import SerError, files
from ser_core.evaluation import Interval
from ser_core.explain.deletion_tests import DeletionTests, table_of
from ser_core.explain.faithfulness import CONTROLS
from ser_core.explain.model_input import Map
from ser_core.explain.sanity_checks import CHECKS, Check, over_clips, reasons
from ser_core.explain.summary_statistics import ClipMeans, Rank, ranks
from ser_core.storage import atomic
from ser_core.storage.npz import read_npz
from ser_core.storage.parquet import read_parquet

FIGURES = {
    "faithfulness": "Insertion minus deletion; higher is better.",
    "deletion": "Mean probability of the predicted class while the most relevant parts are "
    "removed, over all areas; lower is better.",
    "insertion": "Mean probability of the predicted class while only the most relevant parts "
    "are shown, over all areas; higher is better.",
    "drop": "Loss of probability when the most relevant fifth of the input is removed.",
}
HIGHER_IS_BETTER = {"faithfulness": True, "deletion": False, "insertion": True, "drop": True}
FEWEST = 5
"""Least number of clips for figures of one emotion."""

TABLES = ("clips", "scores", "checks", "times", "readings", "trials")


@dataclass(frozen=True, eq=False)
class Bench:
    """Methods over many clips.

    Attributes:
        about: Model, corpus, methods with their labels, terms, and how long it took.
        clips: A row a clip: `clip, emotion, speaker, answer`.
        scores: A row a clip and method, chance included: `clip, method` and `FIGURES`.
        checks: A row a clip, method and check: `clip, method, check, value`.
        times: Seconds of processor time, a row a clip and a column a method.
        readings: A row a clip, method and part: `clip, method, aspect, part, share, area`.
        trials: A row a clip and method, controls included: deletion tests of the maps, as
            `deletion_tests.COLUMNS`.
        maps: Mean positive relevance over the course of a clip, (bins, points), by method
            and predicted class.
    """

    about: dict[str, Any]
    clips: pd.DataFrame
    scores: pd.DataFrame
    checks: pd.DataFrame
    times: pd.DataFrame
    readings: pd.DataFrame
    trials: pd.DataFrame
    maps: dict[str, dict[str, Map]]

    @property
    def methods(self) -> list[str]:
        """Names of the methods that applied, in their order."""
        return [str(name) for name in self.times.columns]

    @cached_property
    def emotions(self) -> list[str]:
        """True emotions with at least `FEWEST` clips."""
        counts = self.clips["emotion"].value_counts()
        return [str(name) for name in counts.index[counts >= FEWEST]]

    def wide(self, figure: str, emotion: str = "") -> pd.DataFrame:
        """A figure of every clip, one column a method, chance included.

        Args:
            figure: Key of `FIGURES`.
            emotion: Only clips whose true emotion it is; all when empty.
        """
        table = self.scores.pivot_table(index="clip", columns="method", values=figure)
        ordered = table.reindex(index=self._of(emotion), columns=[*self.methods, *CONTROLS])
        return ordered.dropna(axis="columns", how="all")

    def _of(self, emotion: str) -> list[str]:
        rows = self.clips if not emotion else self.clips[self.clips["emotion"] == emotion]
        return list(rows["clip"])

    def speakers(self, clips: pd.Index[Any]) -> pd.Series[Any] | None:
        """Speakers of clips, where they are the units of intervals."""
        if not self.about["by_speaker"]:
            return None
        named = self.clips.set_index("clip")["speaker"].replace("", pd.NA)
        return named.reindex(clips)

    def means(self, figure: str, emotion: str = "") -> ClipMeans:
        """Means of a figure with what their intervals need."""
        table = self.wide(figure, emotion)
        return ClipMeans.of(table, self.speakers(table.index))

    def figure(self, method: str, figure: str = "faithfulness", emotion: str = "") -> Interval:
        """Mean of a figure with its interval."""
        return self.means(figure, emotion).mean(method)

    def over_chance(self, method: str, control: str, figure: str = "faithfulness") -> Interval:
        """How much better a method is than chance on the same clips."""
        means = self.means(figure)
        pair = (method, control) if HIGHER_IS_BETTER[figure] else (control, method)
        return means.difference(*pair)

    @cached_property
    def deletion_tests(self) -> DeletionTests:
        """Deletion tests of the maps; speakers are the units where they are named."""
        return DeletionTests(
            self.trials, self.clips.set_index("clip")["speaker"].replace("", pd.NA)
        )

    @cached_property
    def verdicts(self) -> dict[str, list[Check]]:
        """Checks of every method: the median over the clips is held against the bound."""
        found: dict[str, list[Check]] = {name: [] for name in self.methods}
        for method in self.methods:
            own = self.checks[self.checks["method"] == method]
            for name in CHECKS:
                values = [float(each) for each in own.loc[own["check"] == name, "value"]]
                if values:
                    found[method].append(over_clips(name, values))
        return found

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Why a method is in no ranking, by its name."""
        failed = {name: reasons(checks) for name, checks in self.verdicts.items()}
        return {
            **{name: why for name, why in failed.items() if why},
            **{name: str(why) for name, why in self.about["excused"].items()},
        }

    @property
    def ranked(self) -> list[str]:
        """Methods whose checks all passed."""
        return [name for name in self.methods if name not in self.left_out]

    def ranks(self, figure: str = "faithfulness", emotion: str = "") -> dict[str, Rank]:
        """Ranks of the methods that passed all checks, as far as the data support them."""
        if len(self.ranked) < 2:
            return {}
        table = self.wide(figure, emotion)[self.ranked]
        table = table if HIGHER_IS_BETTER[figure] else -table
        return ranks(table, self.speakers(table.index))

    def by_emotion(self, figure: str = "faithfulness") -> pd.DataFrame:
        """A row an emotion and method: value and ends of the interval."""
        rows = []
        for emotion in self.emotions:
            means = self.means(figure, emotion)
            for name in means.names:
                found = means.mean(name)
                ends = {"value": found.value, "low": found.low, "high": found.high}
                rows.append({"emotion": emotion, "method": name, **ends})
        return pd.DataFrame(rows)

    def atlas(self, method: str, aspect: str) -> pd.DataFrame:
        """Where the positive relevance of each predicted class lies, over its clips.

        Args:
            method: Name of a method.
            aspect: Key of `speech_relevance.ASPECTS`.

        Returns:
            A row a predicted class and part: `answer, part, area`, and `value, low, high` of the
            share; `clips` is their number. Classes of fewer than `FEWEST` clips are left out.
        """
        own = self.readings
        own = own[(own["method"] == method) & (own["aspect"] == aspect)]
        answers = self.clips.set_index("clip")["answer"]
        own = own.assign(answer=answers.reindex(own["clip"]).to_numpy())
        rows = [
            row
            for answer, table in own.groupby("answer", sort=False)
            if table["clip"].nunique() >= FEWEST
            for row in self._shares(str(answer), table)
        ]
        columns = ["answer", "part", "value", "low", "high", "area", "clips"]
        return pd.DataFrame(rows, columns=columns)

    def _shares(self, answer: str, table: pd.DataFrame) -> list[dict[str, Any]]:
        parts = list(dict.fromkeys(table["part"]))
        shares = table.pivot_table(index="clip", columns="part", values="share")
        shares = shares.reindex(columns=parts).dropna(how="all").fillna(0.0)
        areas = table.groupby("part")["area"].mean()
        means = ClipMeans.of(shares, self.speakers(shares.index))
        found = {part: means.mean(part) for part in parts}
        return [
            {
                "answer": answer,
                "part": part,
                "value": each.value,
                "low": None if each.low is None else max(0.0, each.low),
                "high": None if each.high is None else min(1.0, each.high),
                "area": float(areas[part]),
                "clips": len(shares),
            }
            for part, each in found.items()
        ]

    def summary(self) -> dict[str, Any]:
        """All figures, for JSON."""
        places = self.ranks()
        return {
            **self.about,
            "chance": {kind: self._figures(kind) for kind in CONTROLS},
            "heard": {
                name: {figure: _ends(each) for figure, each in figures.items()}
                for name, figures in self.deletion_tests.summary().items()
            },
            "methods": {
                name: {
                    "label": self.about["methods"][name],
                    "rank": str(places[name]) if name in places else None,
                    "left_out": self.left_out.get(name, ""),
                    "checks": {each.name: vars(each) for each in self.verdicts[name]},
                    **self._figures(name),
                    "over_chance": {kind: _ends(self.over_chance(name, kind)) for kind in CONTROLS},
                    "by_emotion": {
                        emotion: _ends(self.figure(name, emotion=emotion))
                        for emotion in self.emotions
                    },
                    "seconds_a_clip": float(self.times[name].median()),
                }
                for name in self.methods
            },
        }

    def _figures(self, name: str) -> dict[str, Any]:
        return {figure: _ends(self.figure(name, figure)) for figure in FIGURES}

    def save(self, folder: Path) -> Path:
        """Write `bench.json`, the tables and the maps, each in one step.

        Raises:
            SerError: If it cannot be written.
        """
        for name in TABLES:
            content = io.BytesIO()
            getattr(self, name).to_parquet(content, index=False)
            atomic.write(folder / f"{name}.parquet", content.getvalue())
        packed = io.BytesIO()
        named = {f"{method}/{answer}": each for method, of in self.maps.items()
                 for answer, each in of.items()}  # fmt: skip
        np.savez_compressed(packed, allow_pickle=False, **named)
        atomic.write(folder / "maps.npz", packed.getvalue())
        content_json = {"about": self.about, "summary": self.summary()}
        atomic.write(folder / "bench.json", json.dumps(content_json, ensure_ascii=False, indent=1))
        return folder

    @classmethod
    def load(cls, folder: Path) -> Bench:
        """Read what `save` wrote.

        Raises:
            SerError: If there is none, or it is damaged.
        """
        try:
            about = files.read_json(folder / "bench.json")["about"]
            tables = {name: _read(folder / f"{name}.parquet") for name in TABLES}
            maps = _nested(read_npz(folder / "maps.npz"))
        except (OSError, ValueError, KeyError) as error:
            raise SerError(
                "there is no benchmark, or it is damaged",
                subject=str(folder),
                remedy="Run it again",
            ) from error
        return cls(about, **tables, maps=maps)


def _read(file: Path) -> pd.DataFrame:
    """A table; an empty one for the trials of a bench from before there were any."""
    if file.stem == "trials" and not file.exists():
        return table_of({})
    return read_parquet(file)


def _nested(flat: Mapping[str, Map]) -> dict[str, dict[str, Map]]:
    found: dict[str, dict[str, Map]] = {}
    for name, values in flat.items():
        method, _, answer = name.partition("/")
        found.setdefault(method, {})[answer] = values
    return found


def _ends(found: Interval) -> dict[str, Any]:
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "how": found.how if found.low is not None else "no interval",
    }
