"""All methods over many clips: checks, faithfulness on equal terms, where the relevance lies."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ser_core import audio
from ser_core.core import ModelError, WorkerError, give_back, in_processes, settings
from ser_core.core.batches import attempted
from ser_core.explain.attribution import Attribution, attributed, why_not_applicable
from ser_core.explain.benchmark_plan import Plan, command
from ser_core.explain.benchmark_report import Bench
from ser_core.explain.deletion_tests import deletion_tests, table_of
from ser_core.explain.faithfulness import faithfulness
from ser_core.explain.masked_audio import DeletionTest
from ser_core.explain.method import Progress, Relevance, silently
from ser_core.explain.model_input import Floats, Map, ModelInput, model_input
from ser_core.explain.published_benchmarks import identity
from ser_core.explain.sanity_checks import Case, Check, check
from ser_core.explain.speech_relevance import relevance_by_aspect
from ser_core.models.predictor import Predictor, SpeakerStatistics, load

LEFT_OUT = "left_out"
"""Key, in `about` of a benchmark, of the clips that are not in it, each with the reason."""

COLUMNS = 40
"""Points in time of a map that is averaged over clips."""


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
        predicted: Predicted emotion, which is explained.
        scores: Figures by method, chance included.
        checks: Values by method and check.
        seconds: Of processor time, by method.
        reading: Rows of `speech_relevance.relevance_by_aspect` with the column `method`.
        maps: Positive relevance for that class, summing to 1, (bins, `COLUMNS`), by method.
        trials: Deletion tests of the maps, by method, controls included.
        excused: Why a method does not apply, by its name.
        representation: Name and parameters of what was seen.
    """

    number: int
    predicted: str
    scores: dict[str, dict[str, float]]
    checks: dict[str, dict[str, float]]
    seconds: dict[str, float]
    reading: pd.DataFrame
    maps: dict[str, Floats]
    trials: dict[str, DeletionTest]
    excused: dict[str, str]
    representation: dict[str, Any]


def run(chosen: Plan, *, workers: int | None = 1, progress: Progress | None = None) -> Bench:
    """Do what was planned.

    Args:
        chosen: From `plan`.
        workers: Processes; 1 works in this one, None takes all cores.
        progress: Called with how many clips are done and how many there are.

    A clip that fails is left out and named in `about`, and so are those that were not reached when
    a worker process was killed: hours of work are not lost to one of them.

    Raises:
        SerError: If the model cannot be read, or no clip can be explained.
    """
    begun = time.time()
    step = max(1, len(chosen.clips) // max(1, chosen.checked))
    tasks = [Task(i, chosen, i % step == 0) for i in range(len(chosen.clips))]
    records: dict[int, Record] = {}
    failed: dict[int, str] = {}
    done = 0
    try:
        for number, record, problem in in_processes(measured, tasks, workers=workers):
            done += 1
            if record is None:
                failed[number] = problem
            else:
                records[number] = record
            if progress:
                progress(done, len(tasks))
    except WorkerError as error:
        if not records:
            raise
        missing = {task.number for task in tasks} - {*records, *failed}
        failed |= dict.fromkeys(missing, error.problem)
    if not records:
        raise ModelError(
            f"no clip could be explained: {chosen.clips[min(failed)]}: {failed[min(failed)]}",
            subject=str(chosen.model),
        )
    kept = sorted(records)
    own = [replace(records[number], number=place) for place, number in enumerate(kept)]
    found = collected(chosen.only(kept), own, time.time() - begun)
    missing_clips = {chosen.clips[number]: why for number, why in sorted(failed.items())}
    return replace(found, about={**found.about, LEFT_OUT: missing_clips})


@lru_cache(maxsize=2)
def _opened(model: Path) -> Predictor:
    return load(model)


@lru_cache(maxsize=64)
def _enrolled(model: Path, files: tuple[Path, ...]) -> SpeakerStatistics | None:
    """Speaker enrolled from files; None without files."""
    predictor = _opened(model)
    waves = [audio.load(each, sample_rate=predictor.sample_rate) for each in files]
    return predictor.enrol(waves) if waves else None


def measured(task: Task) -> tuple[int, Record | None, str]:
    """Number of a clip with all results of it, or why there are none; frees its memory."""
    record, problem = attempted(partial(_measured, task))
    give_back()
    return task.number, record, problem


def _measured(task: Task) -> Record:
    chosen = task.plan
    predictor = _opened(chosen.model)
    waveform = audio.load(chosen.files[task.number], sample_rate=predictor.sample_rate)
    speaker = _enrolled(chosen.model, chosen.voices.get(chosen.speakers[task.number], ()))
    view = model_input(predictor, waveform, speaker)
    target = view.target(None)
    seen_as = view.through(chosen.seen_as)[0][0].representation
    why = {
        name: why_not_applicable(view, each, seen_as.hash) for name, each in chosen.methods.items()
    }
    excused = {name: reason for name, reason in why.items() if reason}
    found, seconds = {}, {}
    for name in (each for each in chosen.methods if each not in excused):
        start = time.process_time()  # others on this computer do not count
        found[name] = attributed(view, chosen.methods[name], target, seen_as.hash)
        seconds[name] = time.process_time() - start
    maps = {name: each.values for name, each in found.items()}  # noqa: PD011  (no pandas)
    return Record(
        task.number,
        view.classes[target],
        faithfulness(view, target, maps, chosen.terms, seen_as.hash),
        {name: _values(view, each, target, costly=task.costly) for name, each in found.items()},
        seconds,
        _readings(found, waveform),
        {name: _shrunk(each) for name, each in found.items()},
        deletion_tests(
            partial(model_input, predictor, speaker=speaker, like=view),
            waveform,
            found,
            chosen.terms,
            task.number,
        ),
        excused,
        {"name": seen_as.name, **seen_as.parameters},
    )


def checks_of(
    view: ModelInput,
    found: Attribution,
    target: int,
    *,
    costly: bool,
    progress: Progress = silently,
) -> list[Check]:
    """Checks of a map, through the network of greatest weight where there are several.

    Args:
        view: The clip before the model.
        found: What explained it.
        target: Index of the class in `view.classes`.
        costly: Whether to make those that take the method several times.
        progress: Called with how many checks are done and how many there are.
    """
    parts = view.through(found.representation.hash)
    network_input, _ = max(parts, key=lambda pair: pair[1])
    own = network_input.classes.index(view.classes[target])
    if len(parts) == 1:
        relevance = Relevance(torch.from_numpy(found.values), found.details)
    else:
        relevance = found.method.relevance(network_input, own)
    case = Case(network_input, found.method, own, relevance)
    return check(case, costly=costly, progress=progress)


def _values(view: ModelInput, found: Attribution, target: int, *, costly: bool) -> dict[str, float]:
    return {each.name: each.value for each in checks_of(view, found, target, costly=costly)}


def _readings(found: Mapping[str, Attribution], waveform: audio.Waveform) -> pd.DataFrame:
    tables = [
        relevance_by_aspect(each, waveform).assign(method=name) for name, each in found.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _shrunk(found: Attribution) -> Floats:
    """Positive relevance over the course of the clip, all channels together."""
    from ser_core.features.extraction import time_normalised

    positive = found.positive.sum(axis=0, keepdims=True)
    total = float(positive.sum())
    brought = np.asarray(time_normalised(positive, COLUMNS)[0], dtype=np.float64)
    return brought / brought.sum() if total > 0 and brought.sum() > 0 else brought * 0


def collected(chosen: Plan, records: Iterable[Record], seconds: float) -> Bench:
    """Tables of all clips."""
    records = list(records)
    clips = pd.DataFrame(
        {
            "clip": chosen.clips,
            "emotion": chosen.emotions,
            "speaker": chosen.speakers,
            "answer": [each.predicted for each in records],
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
    trials = table_of({chosen.clips[each.number]: each.trials for each in records})
    description = about(chosen, seconds, excused, records[0].representation)
    maps = _means(records)
    return Bench(description, clips, scores, checks, times, readings, trials, maps)


def _means(records: Sequence[Record]) -> dict[str, dict[str, Map]]:
    """Mean map by method and predicted class."""
    found: dict[str, dict[str, list[Floats]]] = {}
    for each in records:
        for method, values in each.maps.items():
            found.setdefault(method, {}).setdefault(each.predicted, []).append(values)
    return {
        method: {
            predicted: np.mean(maps, axis=0).astype(np.float32)
            for predicted, maps in by_class.items()
        }
        for method, by_class in found.items()
    }


def about(
    chosen: Plan, seconds: float, excused: Mapping[str, str], seen: Mapping[str, Any]
) -> dict[str, Any]:
    """What is known of a bench beside its tables."""
    predictor = _opened(chosen.model)
    return {
        "model": str(chosen.model),
        "name": str(dict(predictor.about).get("recipe", {}).get("name", chosen.model.name)),
        "identity": identity(chosen.model),
        "command": command(chosen),
        "corpus": chosen.corpus,
        "clips": len(chosen.clips),
        "representation": dict(seen),
        "seen_as": chosen.seen_as,
        "methods": {name: each.label for name, each in chosen.methods.items()},
        "terms": dataclasses.asdict(chosen.terms),
        "clips_may_have_trained_the_model": chosen.seen,
        "by_speaker": chosen.by_speaker,
        "enrolled": chosen.enrolled,
        "excused": dict(excused),
        "seconds": seconds,
        "finished": time.time(),
    }


def folder_of(model: Path) -> Path:
    """Folder of the benchmark of a model."""
    key = hashlib.sha256(str(model.resolve()).encode()).hexdigest()[:16]
    return settings.home() / "explain" / key
