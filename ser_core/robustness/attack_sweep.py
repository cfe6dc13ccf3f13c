"""Attack a model on clips at growing epsilons, and see what it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ser_core.audio import Waveform
from ser_core.models.abilities import GRADIENTS
from ser_core.robustness import resynthesis
from ser_core.robustness.attack_domains import (
    ATTACK_DOMAINS,
    AttackDomain,
    Batch,
    as_file,
    attackable,
    mean_sigma,
)
from ser_core.robustness.attacks import ATTACKS, Attack
from ser_core.robustness.clip_predictions import predict_clips, table
from ser_core.robustness.curve import ATTACK, Curve, Gathering

if TYPE_CHECKING:
    from ser_core.evaluation.predictions import Predictions
    from ser_core.inference.evaluation_clips import EvaluationClips
    from ser_core.models.classifier import EmotionClassifier
    from ser_core.models.predictor import Predictor, Probabilities

SILENT = "silent: there is nothing to attack"
NOT_FINITE = "its gradient is not a number"
FLAT = "its gradient is zero"
REASONS = (SILENT, NOT_FINITE, FLAT)
"""Why a clip cannot be attacked."""

HEARD = "heard"
"""Ending of the name of a curve whose feature maps were made into sound and classified again."""

Told = Callable[[int], None]
"""Called with how many clips more are done."""


def attack_curves(
    predictor: Predictor,
    subset: EvaluationClips,
    attack: str,
    place: str,
    *,
    levels: Sequence[float] | None = None,
    seed: int = 0,
    told: Told = lambda _clips: None,
) -> list[Curve]:
    """Attack the clips of a subset at every level.

    Args:
        predictor: A single trained network.
        subset: Clips.
        attack: Name in `ATTACKS`.
        place: Name in `ATTACK_DOMAINS`.
        levels: Epsilons in the place's unit, from mild to severe; the place's own when absent.
        seed: Of what is random in the attack.
        told: Called with every batch.

    Returns:
        What the model answers; for an attack on a representation that sound can be made from
        also what it answers to that sound, which tells how much of the attack survives.

    Raises:
        ModelError: If the model gives no gradient, or the sound cannot be attacked through it.
        UnknownNameError: If there is no such attack or place.
    """
    run = _Run(
        predictor,
        attackable(predictor, GRADIENTS),
        subset,
        ATTACKS[attack],
        ATTACK_DOMAINS[place],
        seed,
    )
    chosen = tuple(levels or run.place.levels(run.model))
    clean = predict_clips(predictor, subset)
    status = [""] * len(subset)
    seen = [np.zeros((len(subset), len(run.model.classes))) for _ in chosen]
    sounds: list[list[Waveform | None]] = [[None] * len(subset) for _ in chosen]
    for batch in run.place.batches(run.model, subset):
        for row, each in zip(batch.rows, statuses(batch), strict=True):
            status[row] = each
        for number, level in enumerate(chosen):
            changed = run.attack(batch.target, run.place.epsilon(batch, level), seed=seed)
            seen[number][batch.rows] = probabilities(batch, changed)
            for row, sound in zip(batch.rows, run.sounds(batch, changed), strict=True):
                sounds[number][row] = sound
            told(len(batch.rows))
    curves = []
    on_features = run.place.name == "representation"
    if on_features:
        answers = [table(subset.clips, each, run.model.classes) for each in seen]
        curves.append(run.curve(chosen, clean, answers, status))
    heard = [[sound for sound in each if sound is not None] for each in sounds]
    if all(len(each) == len(subset) for each in heard):
        answers = [predict_clips(predictor, subset, each) for each in heard]
        curves.append(run.curve(chosen, clean, answers, status, heard=on_features))
    return curves


@dataclass(frozen=True)
class _Run:
    predictor: Predictor
    model: EmotionClassifier
    subset: EvaluationClips
    attack: Attack
    place: AttackDomain
    seed: int

    def sounds(self, batch: Batch, changed: Tensor) -> list[Waveform | None]:
        """The changed clips as sound, as from a file; None where none can be made."""
        rate = self.predictor.sample_rate
        if self.place.name == "sound":
            own = zip(changed, batch.lengths.tolist(), strict=True)
            return [as_file(row[:length], rate) for row, length in own]
        representation = self.model.representation
        if not resynthesis.possible(representation):
            return [None] * len(batch.rows)
        made: list[Waveform | None] = []
        for row, feature_map, before, n in zip(
            batch.rows, changed, batch.target.x, batch.lengths.tolist(), strict=True
        ):
            frames = int(representation.frames(torch.tensor(n)))
            change = (feature_map - before)[..., :frames]
            sound = torch.from_numpy(self.subset.sounds[row].samples)
            made.append(as_file(resynthesis.resynthesised(sound, change, representation), rate))
        return made

    def curve(
        self,
        levels: Sequence[float],
        clean: Predictions,
        answers: Sequence[Predictions],
        status: Sequence[str],
        *,
        heard: bool = False,
    ) -> Curve:
        """Answers at every level as a curve; `heard` where feature maps were made into sound."""
        unit = self.place.unit(self.model)
        gathering = Gathering(clean)
        for level, each in zip(levels, answers, strict=True):
            gathering.add(level, unit, each)
        name = f"{self.attack.name}-{self.place.name}"
        title = f"{self.attack.title} {self.place.title}"
        return Curve(
            f"{name}-{HEARD}" if heard else name,
            f"{title}, as heard" if heard else title,
            ATTACK,
            unit,
            gathering.ordered(),
            self.subset.by_speaker,
            f"{self.attack.describe} {self.place.describe}",
            tuple(status),
            mean_sigma(self.model) if unit == "dB" else None,
        )


def probabilities(batch: Batch, changed: Tensor) -> Probabilities:
    """What the network answers to a changed batch, shape (batch, classes)."""
    with torch.no_grad():
        found: Probabilities = batch.target.forward(changed).double().softmax(-1).numpy()
    return found


def statuses(batch: Batch) -> list[str]:
    """Why each clip of a batch cannot be attacked; empty texts where it can."""
    with torch.enable_grad():
        gradient = batch.target.gradient() * batch.target.mask
    values = gradient.flatten(1)
    finite, flat = values.isfinite().all(1), (values == 0).all(1)
    unit = batch.unit.expand(len(values), *batch.unit.shape[1:]).flatten(1)
    silent = (unit == 0).all(1)
    found = []
    for nothing, number, zero in zip(silent.tolist(), finite.tolist(), flat.tolist(), strict=True):
        found.append(SILENT if nothing else NOT_FINITE if not number else FLAT if zero else "")
    return found


def smallest_epsilon(
    predictor: Predictor,
    sound: EvaluationClips,
    attack: str,
    place: str,
    *,
    steps: int = 6,
    seed: int = 0,
) -> float | None:
    """Least epsilon that turns the answer to one clip, between two of the place's levels.

    Args:
        predictor: A single trained network.
        sound: Subset of one clip.
        attack: Name in `ATTACKS`.
        place: Name in `ATTACK_DOMAINS`.
        steps: Halvings between the level that turns it and the one before.
        seed: Of what is random in the attack.

    Returns:
        In the place's unit; None where the answer is wrong already, or no level turns it.
    """
    run = _Run(
        predictor,
        attackable(predictor, GRADIENTS),
        sound,
        ATTACKS[attack],
        ATTACK_DOMAINS[place],
        seed,
    )
    (batch,) = run.place.batches(run.model, sound)

    def wrong(level: float) -> bool:
        changed = run.attack(batch.target, run.place.epsilon(batch, level), seed=seed)
        return bool(probabilities(batch, changed).argmax() != int(batch.target.true[0]))

    if probabilities(batch, batch.target.x).argmax() != int(batch.target.true[0]):
        return None
    levels = run.place.levels(run.model)
    severe = next((n for n, level in enumerate(levels) if wrong(level)), None)
    if severe is None:
        return None
    mild, found = run.place.milder(levels, severe), levels[severe]
    for _ in range(steps):
        middle = run.place.between(mild, found)
        mild, found = (mild, middle) if wrong(middle) else (middle, found)
    return found
