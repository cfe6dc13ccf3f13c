"""Gain from enrolment: predictions with none, some or all of a speaker's clips enrolled.

No label of an enrolled clip is used. The clips that are enrolled in any of the compared ways are
left out of the test in all of them, so that every figure is of the same clips.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ser_core import audio
from ser_core.audio import Waveform
from ser_core.core import ModelError, ParameterError
from ser_core.core.batches import attempted, spared
from ser_core.corpora import Corpus
from ser_core.evaluation import Predictions
from ser_core.inference.cached_features import CachedFeatures, Rows, cache_features
from ser_core.models.abilities import name_of
from ser_core.models.predictor import Predictor, Probabilities
from ser_core.training import seeds

Count = int | None
"""Clips of a speaker that are enrolled; None for all of them, which are tested too."""

OnProgress = Callable[[int], None]
OnRefused = Callable[[str, str], None]

Tables = dict[Count, Predictions]
"""Predictions by the number of enrolled clips."""

OnTables = Callable[[Tables], None]


@dataclass(frozen=True)
class Enrolment:
    """How speakers are enrolled.

    Attributes:
        counts: Numbers of clips to compare; 0 for none, None for all clips of the speaker,
            those that are predicted included.
        draws: How often the clips are drawn anew; the figures are over all draws together.
        seed: Of the draws.
        among: Emotion that the enrolled clips are drawn from, as when somebody is asked to say a
            calm sentence; any when empty.

    Raises:
        ParameterError: If there is nothing to do, or a number is negative.
    """

    counts: tuple[Count, ...] = (0,)
    draws: int = 1
    seed: int = 0
    among: str = ""

    def __post_init__(self) -> None:
        if not self.counts or any(count is not None and count < 0 for count in self.counts):
            raise ParameterError(f"{self.counts} are no numbers of clips", subject="enrolment")
        if self.draws < 1:
            raise ParameterError(f"{self.draws} draws give nothing", subject="enrolment")

    @property
    def most(self) -> int:
        """Clips that are left out of the test, of every speaker."""
        return max((count or 0 for count in self.counts), default=0)

    @property
    def times(self) -> int:
        """Draws that differ: one is enough where nothing is drawn."""
        return self.draws if self.most else 1


def predict_with_enrolment(
    predictor: Predictor,
    corpus: Corpus,
    clips: Sequence[str],
    enrolment: Enrolment = Enrolment(),
    *,
    fold: int = 0,
    part: str = "test",
    seed: int = 0,
    allow_unenrolled: bool = False,
    seen: Collection[str] = (),
    on_progress: OnProgress = lambda _predicted: None,
    on_refused: OnRefused | None = None,
    on_tables: OnTables = lambda _tables: None,
) -> dict[Count, Predictions]:
    """Predictions of a model on clips of a corpus, one table a number of enrolled clips.

    Args:
        predictor: The model.
        corpus: Where the clips are.
        clips: Names of usable clips, of emotions of the model.
        enrolment: How speakers are enrolled.
        fold: Number to write into the tables.
        part: "test" or "validation", likewise.
        seed: Of the training; draw d is written as the seed `seed * times + d`.
        allow_unenrolled: Whether a model that cannot enrol speakers predicts without
            enrolment instead of raising.
        seen: Speakers of whom clips were in training.
        on_progress: Called with the number of predictions made since the last call.
        on_refused: Called with the name of a clip that cannot be read, or that the model fails
            on, and why; the others are predicted without it. Where absent, such a clip is an
            error.
        on_tables: Called with the tables of each draw of a speaker as soon as there are any.

    Raises:
        ParameterError: If a speaker has too few clips, or none is named.
        ModelError: If the model cannot enrol speakers and `allow_unenrolled` is not set, or
            fails on every clip.
        AudioError: If a clip cannot be decoded, and `on_refused` is absent.
    """
    _check(predictor, corpus, clips, enrolment, allow_unenrolled=allow_unenrolled)
    found: dict[Count, list[Predictions]] = {count: [] for count in enrolment.counts}
    refused: dict[str, str] = {}

    def of_speaker(name: str, rows: pd.DataFrame, waves: Sequence[Waveform]) -> list[Tables]:
        subject = _Speaker(
            name, rows, cache_features(predictor, waves), predictor, enrolment, on_progress,
            seen=name in seen,
        )  # fmt: skip
        numbers = [seed * enrolment.times + draw for draw in range(enrolment.times)]
        return [
            {
                count: subject.predicted(count, draw, fold=fold, part=part, seed=number)
                for count in enrolment.counts
            }
            for draw, number in enumerate(numbers)
        ]

    for speaker, rows in _speakers(corpus.usable.loc[list(clips)]):
        predict = partial(of_speaker, speaker)
        if on_refused is None:
            tables = predict(rows, [_load(predictor, corpus, clip) for clip in rows.index])
        else:
            tables, problems = _without_failures(predictor, corpus, rows, predict)
            refused |= problems
        for table in tables:
            on_tables(table)
        for count in enrolment.counts:
            found[count] += [table[count] for table in tables]
    _report(refused, predictor, on_refused, every=not any(found.values()))
    return {count: Predictions.concat(tables) for count, tables in found.items()}


def _report(
    refused: Mapping[str, str],
    predictor: Predictor,
    on_refused: OnRefused | None,
    *,
    every: bool,
) -> None:
    """Say which clips have no predictions; that none has any is an error."""
    if not refused or on_refused is None:
        return
    for clip, problem in refused.items():
        on_refused(clip, problem)
    if every:
        clip, problem = next(iter(refused.items()))
        raise ModelError(
            f"answers none of {len(refused):,} clips: {clip}: {problem}",
            subject=name_of(predictor.about),
            remedy="Choose another model, or other clips",
        )


def _load(predictor: Predictor, corpus: Corpus, clip: object) -> Waveform:
    return audio.load(corpus.path(str(clip)), sample_rate=predictor.sample_rate)


def _without_failures(
    predictor: Predictor,
    corpus: Corpus,
    rows: pd.DataFrame,
    predict: Callable[[pd.DataFrame, Sequence[Waveform]], list[Tables]],
) -> tuple[list[Tables], dict[str, str]]:
    """Tables of the clips that can be read and predicted, and why there is none of each other.

    Which clips a model fails on is looked for only where it fails on them together.
    """
    waves: dict[str, Waveform] = {}
    problems: dict[str, str] = {}
    for clip in map(str, rows.index):
        wave, problem = attempted(partial(_load, predictor, corpus, clip))
        if wave is None:
            problems[clip] = problem
        else:
            waves[clip] = wave
    kept = rows.drop(index=list(problems))
    if not waves:
        return [], problems
    tables, _ = attempted(partial(predict, kept, list(waves.values())))
    if tables is not None:
        return tables, problems
    names = list(waves)
    _, failed = spared(lambda some: predictor.predict([waves[clip] for clip in some]), names)
    problems |= {names[number]: why for number, why in failed.items()}
    left = [clip for clip in names if clip not in problems]
    return predict(kept.loc[left], [waves[clip] for clip in left]) if left else [], problems


def prediction_count(clips: int, speakers: int, enrolment: Enrolment) -> int:
    """Number of predictions that `predict_with_enrolment` makes, for a progress bar."""
    tested = clips - speakers * enrolment.most
    once = sum(count is None or count == 0 for count in enrolment.counts)
    return clips * once + tested * enrolment.times * (len(enrolment.counts) - once)


class _Speaker:
    """One speaker with cached features; what needs no draw is predicted once."""

    def __init__(
        self,
        name: str,
        rows: pd.DataFrame,
        features: CachedFeatures,
        predictor: Predictor,
        enrolment: Enrolment,
        on_progress: OnProgress,
        *,
        seen: bool,
    ) -> None:
        self.name, self.rows, self.features, self.seen = name, rows, features, seen
        self.classes, self.enrols = predictor.classes, predictor.enrols
        self.enrolment, self.on_progress = enrolment, on_progress
        self.undrawn: dict[Count, Probabilities] = {}

    def predicted(self, count: Count, draw: int, **about: Any) -> Predictions:
        enrolled, tested = self._drawn(draw)
        if count and self.enrols:
            probabilities = self.features.predict(tested, enrolled[:count])
            self.on_progress(len(tested))
        else:
            probabilities = self._without_drawing(count if self.enrols else 0)[tested]
            self.on_progress(len(tested) if count else 0)
        rows = self.rows.iloc[tested]
        return Predictions.of(rows, probabilities, self.classes, **about)

    def _without_drawing(self, count: Count) -> Probabilities:
        if count not in self.undrawn:
            every = np.arange(len(self.rows))
            self.undrawn[count] = self.features.predict(
                every, every if count is None else None, seen=self.seen
            )
            self.on_progress(len(every))
        return self.undrawn[count]

    def _drawn(self, draw: int) -> tuple[Rows, Rows]:
        """Clips to enrol, in the order of the draw, and clips to test."""
        number = seeds.number(self.enrolment.seed, "enrol", self.name, draw)
        order = np.random.default_rng(number).permutation(self._pool())
        enrolled = order[: self.enrolment.most]
        return enrolled, np.setdiff1d(np.arange(len(self.rows)), enrolled)

    def _pool(self) -> Rows:
        among, most = self.enrolment.among, self.enrolment.most
        allowed = np.full(len(self.rows), fill_value=True)
        if among:
            allowed = (self.rows["emotion"] == among).to_numpy(np.bool_)
        pool = np.flatnonzero(allowed)
        if len(pool) < most or len(self.rows) <= most:
            kind = f"{among} clips" if among else "clips"
            raise ParameterError(
                f"has {len(pool)} {kind}, too few to enrol {most} and test others",
                subject=f"speaker {self.name}",
                remedy="Enrol fewer",
            )
        return pool


def _speakers(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Clips of each speaker; those without a speaker together, under an empty name."""
    for name, own in rows.groupby(rows["speaker"].astype("string").fillna(""), sort=True):
        yield str(name), own


def _check(
    predictor: Predictor,
    corpus: Corpus,
    clips: Sequence[str],
    enrolment: Enrolment,
    *,
    allow_unenrolled: bool,
) -> None:
    if not any(count != 0 for count in enrolment.counts):
        return
    if not predictor.enrols and not allow_unenrolled:
        raise ModelError(
            "does not use enrolment",
            subject=name_of(predictor.about),
            remedy="Enrol nothing, or choose a model trained with normalisation by speaker",
        )
    if corpus.usable.loc[list(clips), "speaker"].isna().any():
        raise ParameterError(
            "not every clip names its speaker, so speakers cannot be enrolled",
            subject=corpus.name,
            remedy="Enrol nothing",
        )
