"""How long a training will take, and how much memory: from runs like it, or from a few real steps.

`python -m ser_core.runs.time_estimate RECIPE.yaml PACE.json` measures in a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.core import settings
from ser_core.runs import catalogue
from ser_core.storage import atomic, read_json

if TYPE_CHECKING:
    from ser_core.corpora import Split
    from ser_core.recipes.recipe import Recipe
    from ser_core.runs.catalogue import RunInfo

START = 8.0
"""Seconds until the first step, for loading what is needed."""

MB = 2**20

PAST, MEASURED, ROUGH = "from a run like it", "from steps measured here", "a rough guess"


@dataclass(frozen=True)
class Pace:
    """How fast this machine trains a recipe.

    Attributes:
        train: Seconds a training clip and epoch, validation included where it is from a past run.
        judge: Seconds a clip that is scored.
        prepare: Seconds a clip that is decoded and represented.
        cost: Of the recipe (see `cost`), to carry the pace over to others.
        source: Where it is from, in words.
        peak: Memory of the measuring process at its most, in MB; 0 where it is not known.
        held: Memory that sounds of a clip take which are trained on, in MB.
        features: Memory that its feature maps take, as far as there is room, in MB.
        sounds: Memory that its sound takes otherwise, as far as there is room, in MB.
    """

    train: float
    judge: float
    prepare: float
    cost: float
    source: str
    peak: float = 0.0
    held: float = 0.0
    features: float = 0.0
    sounds: float = 0.0

    @classmethod
    def read(cls, path: Path) -> Pace | None:
        """Pace as a measurement left it."""
        try:
            return cls(**content) if (content := read_json(path)) else None
        except TypeError:
            return None


@dataclass(frozen=True)
class Plan:
    """What there is to do.

    Attributes:
        trainings: Folds times seeds.
        training: Clips that train, with their copies at other speeds, in each of the trainings.
        scored: Clips of validation and test, summed over the trainings.
        validation: Clips of validation, summed likewise.
        clips: Of the corpus.
        epochs: Of each training.
        batch: Clips a step.
    """

    trainings: int
    training: tuple[int, ...]
    scored: int
    validation: int
    clips: int
    epochs: int
    batch: int

    @property
    def steps(self) -> int:
        """Changes of the weights in all."""
        each = (divmod(clips, self.batch) for clips in self.training)
        return self.epochs * sum(full + (rest > 1) for full, rest in each)

    def memory(self, pace: Pace) -> float | None:
        """Memory in MB that it takes at most; None where the pace does not say."""
        from ser_core.training.held import FEATURES_SHARE, SOUNDS_SHARE, room

        if not pace.peak:
            return None
        features = min(self.clips * pace.features, room(FEATURES_SHARE) / MB)
        sounds = min(self.clips * pace.sounds, room(SOUNDS_SHARE) / MB)
        return pace.peak + self.clips * pace.held + features + sounds

    def seconds(self, pace: Pace, times: int = 1) -> float:
        """Time that it takes at a pace, done so many times with the same clips prepared once."""
        judged = self.epochs * self.validation * pace.judge + self.scored * pace.judge
        trained = self.epochs * sum(self.training) * pace.train
        return START + self.clips * pace.prepare + times * (trained + judged)


def plan(recipe: Recipe, split: Split) -> Plan:
    """What a recipe does with a split of its corpus."""
    from ser_core.training.learners import learner_of

    only = recipe.split.only
    chosen = [fold for number, fold in enumerate(split.folds) if only is None or number in only]
    counts = split.table[chosen].apply(lambda parts: parts.value_counts()).fillna(0)
    totals = counts.sum(axis=1).astype(int).to_dict()
    seeds, copies = len(recipe.seeds), 1 + len(recipe.augment.speeds)
    validation = totals.get("validation", 0) * seeds
    return Plan(
        trainings=len(chosen) * seeds,
        training=tuple(copies * counts.loc["train"].astype(int)) * seeds,
        scored=validation + totals.get("test", 0) * seeds,
        validation=validation,
        clips=len(split.table),
        epochs=learner_of(recipe).epochs(recipe),
        batch=recipe.train.batch,
    )


def known_pace(recipe: Recipe, known: Sequence[RunInfo]) -> Pace | None:
    """Pace of a finished run of the same shape, of a measurement of it, or of another's.

    Args:
        recipe: What to train.
        known: Runs, the newest first.
    """
    shape = shape_of(recipe)
    for run in known:
        if run.result and _shape_of_run(run) == shape and (pace := _past(run)):
            return pace
    if measured := Pace.read(file_of(recipe)):
        return replace(measured, source=MEASURED)
    return _scaled(recipe)


def shape_of(recipe: Recipe) -> str:
    """Hash of all that the pace depends on."""
    return _shape(recipe.as_dict())


def _shape(content: dict[str, object]) -> str:
    train = content["train"]
    assert isinstance(train, dict)  # noqa: S101  (a section of every recipe)
    parts = [content[name] for name in ("representation", "normalise", "augment", "network")]
    own = [train[name] for name in ("batch", "crop_s", "mixup", "average", "precision", "threads")]
    # Recipes of before there were attacks and parts do not name them.
    attack = [each for each in (train.get("adversarial", "none"),) if each != "none"]
    divided = [each for each in (train.get("parts", 1),) if each != 1]
    tuned = content.get("fine_tune")
    tuning = [tuned] if isinstance(tuned, dict) and tuned.get("method") != "frozen" else []
    every = [*parts, *own, content["corpus"], *attack, *divided, *tuning]
    text = json.dumps(every, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _about(run: RunInfo) -> dict[str, object]:
    bundles = sorted(run.folder.glob("fold-*-seed-*/bundle/bundle.json"))
    return (read_json(bundles[0]) or {}) if bundles else {}


def _shape_of_run(run: RunInfo) -> str:
    """Hash of a run's shape; empty where its bundle lacks a part of it."""
    recipe = _about(run).get("recipe")
    try:
        return _shape(recipe) if isinstance(recipe, dict) else ""
    except KeyError:  # written by another version, or by other hands
        return ""


def _past(run: RunInfo) -> Pace | None:
    """Seconds a clip and epoch, of the trainings of a run."""
    about = _about(run)
    corpus, courses = about.get("corpus"), catalogue.learning_curves(run.folder)
    if not isinstance(corpus, dict) or not courses or not corpus.get("train_clips"):
        return None
    history = courses[0].history
    epoch = sorted(each["seconds"] for each in history)[len(history) // 2]
    recipe = about.get("recipe")
    speeds = recipe.get("augment", {}).get("speeds", ()) if isinstance(recipe, dict) else ()
    clips = corpus["train_clips"] * (1 + len(speeds))
    return Pace(epoch / clips, 0.0, 0.01, 0.0, PAST)


def _scaled(recipe: Recipe) -> Pace | None:
    """Pace of the measurement whose cost is nearest, in proportion to the cost."""
    mine = cost(recipe)
    paces = [p for file in folder().glob("*.json") if (p := Pace.read(file)) and p.cost > 0]
    if not paces:
        return None
    nearest = min(paces, key=lambda pace: abs(math.log(pace.cost / mine)))
    factor = mine / nearest.cost
    return Pace(nearest.train * factor, nearest.judge * factor, nearest.prepare, mine, ROUGH)


def cost(recipe: Recipe) -> float:
    """How long a clip takes, in units whose ratio alone means something.

    What the network says of itself, times the passes of a clip.
    """
    from ser_core.features.representations import make
    from ser_core.training.adversarial import STEPS

    rep = make(**recipe.representation)
    channels, bins, _ = rep.silence.shape
    frames = 1 if rep.summary else (recipe.train.crop_s or 3.0) * rep.frame_rate
    passes = 1 + STEPS.get(recipe.train.adversarial, 0) / 2  # half of the clips are attacked
    return passes * recipe.network_spec(classes=2).cost(channels * bins * frames)


def folder() -> Path:
    """Where measurements are stored."""
    return settings.home() / "cache" / "paces"


def file_of(recipe: Recipe) -> Path:
    """File of the measurement of a recipe."""
    return folder() / f"{shape_of(recipe)}.json"


def measure(recipe: Recipe) -> Pace:
    """Prepare a few clips of the corpus and train a few real steps on them.

    Raises:
        SerError: If corpus or recipe cannot be used.
    """
    import torch

    from ser_core.corpora import open_corpus
    from ser_core.training.learners import learner_of
    from ser_core.training.sources import prepare

    torch.set_num_threads(recipe.train.threads or torch.get_num_threads())
    corpus = open_corpus(recipe.corpus_opening)
    batch = min(recipe.train.batch, len(corpus.usable))
    some = corpus.usable.sample(min(2 * batch, len(corpus.usable)), random_state=0)
    some = corpus.clips.loc[_with_every_emotion(list(some.index), corpus.usable["emotion"])]
    started = time.perf_counter()
    prepared = prepare(replace(corpus, clips=some), recipe)
    prepare_s = (time.perf_counter() - started) / len(some)
    train_s, judge_s = learner_of(recipe).pace(recipe, prepared)
    memory = prepared.memory
    held, features, sounds = (
        each / len(some) / MB for each in (memory.always, memory.features, memory.sounds)
    )
    return Pace(
        train_s, judge_s, prepare_s, cost(recipe), MEASURED, _peak(), held, features, sounds
    )


def _peak() -> float:
    """Memory that this process has taken at its most, in MB; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB


def _with_every_emotion(clips: list[str], emotion: object) -> list[str]:
    """The clips, and one of each emotion, so that the network is the real one."""
    import pandas as pd

    column = pd.Series(emotion)
    return sorted({*clips, *column.drop_duplicates().index})


def main(recipe: Path, out: Path) -> None:
    """Measure the recipe of a file and write its pace."""
    from ser_core.core import keep_freed
    from ser_core.recipes.recipe import load

    keep_freed()
    atomic.write(out, json.dumps(asdict(measure(load(recipe)))))


if __name__ == "__main__":
    from ser_core.core import SerError

    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except SerError as error:
        sys.exit(str(error))
