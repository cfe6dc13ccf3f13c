"""All methods over many clips: checks, faithfulness on equal terms, where the relevance lies.

Every method that compares with a baseline takes the fill that parts are replaced by, so that none
is at home where others are guests.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ser_core import audio, settings
from ser_core.corpora import Corpus
from ser_core.errors import ModelError, ParameterError
from ser_core.explain.attribution import Attribution, attributed
from ser_core.explain.checks import Case, Check, check
from ser_core.explain.faithfulness import Terms, faithfulness
from ser_core.explain.method import METHODS, Method, Relevance, make
from ser_core.explain.report import Bench
from ser_core.explain.speech import reading
from ser_core.explain.view import Floats, View, look
from ser_core.models.predictor import Predictor, load
from ser_core.parallel import in_processes
from ser_core.predicting.origin import of_model

Progress = Callable[[int, int], None]

CHECKED = 24
"""Clips on which the costly checks are made, which take a method several times."""

COLUMNS = 40
"""Points in time of a map that is averaged over clips."""


@dataclass(frozen=True)
class Plan:
    """What is compared, and on what.

    Attributes:
        model: Folder of the model.
        corpus: Where the clips are.
        clips: Names of the clips.
        files: Their files.
        emotions: Their true emotions.
        speakers: Their speakers; empty where the corpus does not say.
        methods: What explains, by name.
        terms: What all are compared on.
        checked: Clips on which the costly checks are made.
        seen: Whether the clips may have trained the model.
        by_speaker: Whether the figures speak of new voices, so that speakers are the units.
    """

    model: Path
    corpus: str
    clips: tuple[str, ...]
    files: tuple[Path, ...]
    emotions: tuple[str, ...]
    speakers: tuple[str, ...]
    methods: Mapping[str, Method]
    terms: Terms = field(default_factory=Terms)
    checked: int = CHECKED
    seen: bool = False
    by_speaker: bool = False


def plan(
    model: Path,
    corpus: Corpus,
    *,
    clips: int | None = None,
    methods: Sequence[str] = (),
    terms: Terms = Terms(),  # noqa: B008 - frozen
    checked: int = CHECKED,
    **parameters: Mapping[str, object],
) -> Plan:
    """Choose the clips: those of the model's own test part, spread over the emotions.

    Args:
        model: Folder of the model.
        corpus: Corpus it was tested on, or another.
        clips: At most so many; all when None.
        methods: Names of the methods; all when there is none.
        terms: What all are compared on.
        checked: Clips on which the costly checks are made.
        parameters: Of methods, by name of the method.

    Raises:
        ModelError: If the model cannot be opened, or no clip is of an emotion that it knows.
        UnknownNameError: If there is no such method.
        ParameterError: If fewer than two clips are wanted.
    """
    if clips is not None and clips < 2:
        raise ParameterError(f"{clips} clips tell nothing", subject="clips", remedy="Use 200")
    predictor = load(model)
    chosen, seen = test_clips(predictor, corpus)
    names = spread(chosen, clips)
    rows = chosen.loc[names]
    return Plan(
        model,
        corpus.name,
        tuple(names),
        tuple(corpus.path(clip) for clip in names),
        tuple(rows["emotion"]),
        tuple(rows["speaker"].fillna("")),
        {
            name: on_terms(make(name, **parameters.get(name, {})), terms)
            for name in methods or METHODS
        },
        terms,
        checked,
        seen,
        not seen and keeps_voices_apart(predictor, corpus),
    )


def test_clips(predictor: Predictor, corpus: Corpus) -> tuple[pd.DataFrame, bool]:
    """Clips that the model was tested on, and whether they may have trained it.

    Where the model names no test clips, or the corpus has none of them, all clips of its emotions.

    Raises:
        ModelError: If there is none.
    """
    usable = corpus.usable[corpus.usable["emotion"].isin(list(predictor.classes))]
    predictions = getattr(predictor, "predictions", None)
    if predictions is None or hasattr(predictor, "models"):
        # An ensemble's answers are of the models it was measured with, not of those it asks.
        known = pd.Index(of_model(predictor, corpus).of(list(usable.index), "test"))
    else:
        table = predictions.table
        known = usable.index.intersection(pd.Index(table.loc[table["part"] == "test", "clip"]))
    if len(known):
        return usable.loc[known], False
    if usable.empty:
        raise ModelError("knows none of the corpus' emotions", subject=corpus.name)
    return usable, True


def spread(clips: pd.DataFrame, count: int | None) -> list[str]:
    """So many clips at equal steps through the emotions and speakers, in the order of the table."""
    ordered = clips.sort_index().sort_values(["emotion", "speaker"], kind="stable").index
    total = len(ordered)
    count = total if count is None else min(count, total)
    return [str(ordered[i * total // count]) for i in range(count)]


def keeps_voices_apart(predictor: Predictor, corpus: Corpus) -> bool:
    """Whether the model was tested on voices that it had not heard."""
    if hasattr(predictor, "models"):
        audit = of_model(predictor, corpus).audit
        return audit is not None and audit.grade in ("A", "B")
    return predictor.about.get("split", {}).get("audit", {}).get("grade", "") in ("A", "B")


def on_terms(method: Method, terms: Terms) -> Method:
    """The method with the fill as its baseline, where it has one."""
    own = dataclasses.asdict(method)
    return make(method.name, **{**own, "baseline": terms.fill}) if "baseline" in own else method


@dataclass(frozen=True)
class Task:
    """One clip of a plan.

    Attributes:
        number: Of the clip.
        plan: All of it.
        costly: Whether to make the costly checks.
    """

    number: int
    plan: Plan
    costly: bool


@dataclass(frozen=True, eq=False)
class Record:
    """What was found of one clip.

    Attributes:
        number: Of the clip.
        answer: Emotion that the model answered, which is explained.
        scores: Figures by method, chance included.
        checks: Values by method and check.
        seconds: By method.
        reading: Rows of `speech.reading` with the column `method`.
        maps: What speaks for the answer, summing to 1, (bins, `COLUMNS`), by method.
        excused: Why a method does not apply, by its name.
    """

    number: int
    answer: str
    scores: dict[str, dict[str, float]]
    checks: dict[str, dict[str, float]]
    seconds: dict[str, float]
    reading: pd.DataFrame
    maps: dict[str, Floats]
    excused: dict[str, str]


def run(chosen: Plan, *, workers: int | None = 1, progress: Progress | None = None) -> Bench:
    """Do what was planned.

    Args:
        chosen: From `plan`.
        workers: Processes; 1 works in this one, None takes all cores.
        progress: Called with how many clips are done and how many there are.

    Raises:
        SerError: If a clip or the model cannot be read.
    """
    begun = time.time()
    step = max(1, len(chosen.clips) // max(1, chosen.checked))
    tasks = [Task(i, chosen, i % step == 0) for i in range(len(chosen.clips))]
    records = []
    for record in in_processes(measured, tasks, workers=workers):
        records.append(record)
        if progress:
            progress(len(records), len(tasks))
    return collected(chosen, sorted(records, key=lambda each: each.number), time.time() - begun)


@lru_cache(maxsize=2)
def _opened(model: Path) -> Predictor:
    return load(model)


def measured(task: Task) -> Record:
    """Everything about one clip."""
    chosen = task.plan
    predictor = _opened(chosen.model)
    waveform = audio.load(chosen.files[task.number], sample_rate=predictor.sample_rate)
    view = look(predictor, waveform)
    target = view.target(None)
    excused = {name: why for name, each in chosen.methods.items() if (why := _excuse(view, each))}
    found = {
        name: attributed(view, method, target)
        for name, method in chosen.methods.items()
        if name not in excused
    }
    maps = {name: each.values for name, each in found.items()}  # noqa: PD011  (no pandas)
    return Record(
        task.number,
        view.classes[target],
        faithfulness(view, target, maps, chosen.terms),
        {name: _values(view, each, target, costly=task.costly) for name, each in found.items()},
        {name: each.seconds for name, each in found.items()},
        _readings(found, waveform),
        {name: _shrunk(each) for name, each in found.items()},
        excused,
    )


def _excuse(view: View, method: Method) -> str:
    reasons = [method.excuse(sight) for sight, _ in view.through()]
    return next(filter(None, reasons), "")


def checks_of(view: View, found: Attribution, target: int, *, costly: bool) -> list[Check]:
    """Checks of a map, through the network that weighs most where there are several.

    Args:
        view: The clip before the model.
        found: What explained it.
        target: Index of the class in `view.classes`.
        costly: Whether to make those that take the method several times.
    """
    parts = view.through(found.representation.hash)
    sight, _ = max(parts, key=lambda pair: pair[1])
    own = sight.classes.index(view.classes[target])
    if len(parts) == 1:
        relevance = Relevance(torch.from_numpy(found.values), found.details)
    else:
        relevance = found.method.relevance(sight, own)
    case = Case(sight, found.method, own, relevance)
    return check(case, costly=costly)


def _values(view: View, found: Attribution, target: int, *, costly: bool) -> dict[str, float]:
    return {each.name: each.value for each in checks_of(view, found, target, costly=costly)}


def _readings(found: Mapping[str, Attribution], waveform: audio.Waveform) -> pd.DataFrame:
    tables = [reading(each, waveform).assign(method=name) for name, each in found.items()]
    return pd.concat(tables, ignore_index=True)


def _shrunk(found: Attribution) -> Floats:
    """What speaks for the answer over the course of the clip, all channels together."""
    from ser_core.extraction import stretched

    positive = found.positive.sum(axis=0, keepdims=True)
    total = float(positive.sum())
    brought = np.asarray(stretched(positive, COLUMNS)[0], dtype=np.float64)
    return brought / brought.sum() if total > 0 and brought.sum() > 0 else brought * 0


def collected(chosen: Plan, records: Iterable[Record], seconds: float) -> Bench:
    """Tables of all clips."""
    records = list(records)
    clips = pd.DataFrame(
        {
            "clip": chosen.clips,
            "emotion": chosen.emotions,
            "speaker": chosen.speakers,
            "answer": [each.answer for each in records],
        }
    )
    scores = pd.DataFrame(
        [
            {"clip": chosen.clips[each.number], "method": name, **figures}
            for each in records
            for name, figures in each.scores.items()
        ]
    )
    checks = pd.DataFrame(
        [
            {"clip": chosen.clips[each.number], "method": method, "check": name, "value": value}
            for each in records
            for method, values in each.checks.items()
            for name, value in values.items()
        ],
        columns=["clip", "method", "check", "value"],
    )
    times = pd.DataFrame([each.seconds for each in records])
    readings = pd.concat(
        [each.reading.assign(clip=chosen.clips[each.number]) for each in records],
        ignore_index=True,
    )
    excused: dict[str, str] = {}
    for each in records:
        excused |= each.excused
    return Bench(
        about(chosen, seconds, excused), clips, scores, checks, times, readings, _means(records)
    )


def _means(records: Sequence[Record]) -> dict[str, dict[str, Floats]]:
    """Mean map by method and answer."""
    found: dict[str, dict[str, list[Floats]]] = {}
    for each in records:
        for method, values in each.maps.items():
            found.setdefault(method, {}).setdefault(each.answer, []).append(values)
    return {
        method: {answer: np.mean(maps, axis=0) for answer, maps in by_answer.items()}
        for method, by_answer in found.items()
    }


def about(chosen: Plan, seconds: float, excused: Mapping[str, str]) -> dict[str, Any]:
    """What is known of a bench beside its tables."""
    predictor = _opened(chosen.model)
    rep = dict(predictor.about).get("representation")
    return {
        "model": str(chosen.model),
        "name": str(dict(predictor.about).get("recipe", {}).get("name", chosen.model.name)),
        "corpus": chosen.corpus,
        "clips": len(chosen.clips),
        "representation": rep,
        "methods": {name: each.label for name, each in chosen.methods.items()},
        "terms": dataclasses.asdict(chosen.terms),
        "clips_may_have_trained_the_model": chosen.seen,
        "by_speaker": chosen.by_speaker,
        "excused": dict(excused),
        "seconds": seconds,
        "finished": time.time(),
    }


def folder_of(model: Path) -> Path:
    """Where the bench of a model is kept."""
    key = hashlib.sha256(str(model.resolve()).encode()).hexdigest()[:16]
    return settings.home() / "explain" / key
