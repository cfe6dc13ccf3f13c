"""Classifiers on fixed features, tested on groups of speakers in turn, with a nested choice of C.

A group is left out and predicted; C is chosen by leaving out each of the other groups too (nested
cross-validation: Cawley & Talbot, 2010). A fit without two groups serves both: it predicts the
second for the choice made for the first, and the first for that of the second.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ser_core.core import ParameterError, in_processes
from ser_core.models.networks.logistic import LogisticSpec
from ser_core.models.normalisation import Moments, Normaliser
from ser_core.training.data import SpeakerMoments
from ser_core.training.trainer import validation_metrics

Probabilities = npt.NDArray[np.float32]

VOICES = (False, True)
"""Whether the speakers that are predicted are enrolled."""


@dataclass(frozen=True)
class Clips:
    """Clips with fixed features.

    Attributes:
        features: One frame a clip, shape (clips, channels, bins, 1).
        targets: Class of each, shape (clips,).
        speakers: Number of the speaker of each, shape (clips,).
        groups: Number of the group that tests each, from 0; a speaker is in one. Shape (clips,).
        classes: Number of classes.
    """

    features: Tensor
    targets: Tensor
    speakers: Tensor
    groups: Tensor
    classes: int

    @property
    def count(self) -> int:
        """Number of groups."""
        return int(self.groups.max()) + 1


@dataclass(frozen=True)
class Scored:
    """What came out for one set of features.

    Attributes:
        probabilities: By enrolment: of all clips, each by the model of its group, shape (clips,
            classes).
        c: Chosen C by group.
        inner: UAR within the training groups at that C, by group: mean of both ways of enrolment.
            Empty where C was given.
    """

    probabilities: dict[bool, Probabilities]
    c: tuple[float, ...]
    inner: tuple[float, ...]


Fits = dict[tuple[int, float, bool], Probabilities]
"""Probabilities of the clips of a group, by group, C and enrolment."""


def fits_needed(groups: int, grid: tuple[float, ...]) -> int:
    """Training sets that `score` goes through, for a progress bar."""
    return groups + (groups * (groups - 1) // 2 if len(grid) > 1 else 0)


def score(
    clips: Clips,
    grid: tuple[float, ...],
    *,
    workers: int | None = None,
    on_fit: Callable[[], None] = lambda: None,
) -> Scored:
    """Predict every clip by a logistic regression that has not met its group.

    Features are normalised by speaker, as `ser_core.models.normalisation.Normaliser` does it. Every
    training clip counts twice, enrolled and not, as where a model is trained.

    Args:
        clips: What to train and test on.
        grid: Values of C (the inverse of the penalty) to choose from; one is taken as it is.
        workers: Processes; all cores when absent.
        on_fit: Called after each training set.

    Raises:
        ParameterError: If there are too few groups.
    """
    nested = len(grid) > 1
    if clips.count < 2 + nested:
        raise ParameterError(
            f"{clips.count} groups of speakers leave none to train on",
            subject="leave one speaker out",
            remedy="Give C instead of choosing it" if clips.count > 1 else "Give more speakers",
        )
    every = range(clips.count)
    inner: list[tuple[float, float]] = []
    if nested:
        pairs: list[tuple[tuple[int, ...], tuple[float, ...]]] = [
            (pair, grid) for pair in itertools.combinations(every, 2)
        ]
        found = dict(_fitted(clips, pairs, workers, on_fit))
        inner = [_best(clips, grid, found, group) for group in every]
    c = tuple(chosen for chosen, _ in inner) if nested else (grid[0],) * clips.count
    last = dict(_fitted(clips, [((g,), (c[g],)) for g in every], workers, on_fit))
    probabilities = {}
    for enrolled in VOICES:
        table = np.zeros((len(clips.targets), clips.classes), dtype=np.float32)
        for group in every:
            table[(clips.groups == group).numpy()] = last[(group,)][group, c[group], enrolled]
        probabilities[enrolled] = table
    return Scored(probabilities, c, tuple(uar for _, uar in inner))


def _fitted(
    clips: Clips,
    sets: list[tuple[tuple[int, ...], tuple[float, ...]]],
    workers: int | None,
    on_fit: Callable[[], None],
) -> Iterator[tuple[tuple[int, ...], Fits]]:
    for result in in_processes(partial(_fit, clips), sets, workers=workers):
        on_fit()
        yield result


def _fit(
    clips: Clips, task: tuple[tuple[int, ...], tuple[float, ...]]
) -> tuple[tuple[int, ...], Fits]:
    """Models without some groups, one a C, and what they say of those groups."""
    left_out, grid = task
    channels, bins = clips.features.shape[1:3]
    moments = Moments.of(clips.features, torch.ones(len(clips.features)))
    known = SpeakerMoments(clips.speakers, moments)
    training = (~torch.isin(clips.groups, torch.tensor(left_out))).nonzero().flatten()
    normaliser = Normaliser("speaker", channels, bins, summary=True)
    normaliser.fit(moments[training])
    inputs = torch.cat(
        [_normalised(clips, normaliser, known, training, enrolled=each) for each in VOICES]
    )
    classes = clips.targets[training].repeat(len(VOICES)).numpy()
    tests = {group: (clips.groups == group).nonzero().flatten() for group in left_out}
    given = {
        (group, enrolled): _normalised(clips, normaliser, known, test, enrolled=enrolled)
        for group, test in tests.items()
        for enrolled in VOICES
    }
    found: Fits = {}
    for c in grid:
        spec = LogisticSpec(c=c, channels=channels, bins=bins, classes=clips.classes)
        network = spec.build()
        network.fit(network.embed(inputs).numpy(), classes, seed=0)
        for (group, enrolled), test in given.items():
            found[group, c, enrolled] = network(test).softmax(-1).numpy()
    return left_out, found


def _normalised(
    clips: Clips, normaliser: Normaliser, known: SpeakerMoments, chosen: Tensor, *, enrolled: bool
) -> Tensor:
    """Normalised features; enrolled by all of each speaker's clips among those chosen."""
    features = clips.features[chosen]
    if not enrolled:
        return normaliser(features)  # type: ignore[no-any-return]
    # One speaker at a time: statistics of each clip at once would be three times the features.
    result = torch.empty_like(features)
    speakers = clips.speakers[chosen]
    for speaker, (own, statistics) in known.among(chosen).items():
        rows = speakers == speaker
        given = statistics.expand(len(own), *statistics.shape)
        result[rows] = normaliser(features[rows], None, given)
    return result


def _best(
    clips: Clips,
    grid: tuple[float, ...],
    found: Mapping[tuple[int, ...], Fits],
    group: int,
) -> tuple[float, float]:
    """C with the highest UAR on the other groups, each left out in turn, and that UAR."""
    others = [other for other in range(clips.count) if other != group]
    true = torch.cat([clips.targets[clips.groups == other] for other in others])
    scores = {}
    for c in grid:
        uars = []
        for enrolled in VOICES:
            said = [found[min(o, group), max(o, group)][o, c, enrolled] for o in others]
            metrics = validation_metrics(torch.from_numpy(np.concatenate(said)), true)
            uars.append(metrics["val_uar"])
        scores[c] = float(np.mean(uars))
    best = max(grid, key=lambda c: (scores[c], -c))  # of equals the simplest
    return best, scores[best]
