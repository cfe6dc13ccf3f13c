"""Adversarial attacks on a model at growing epsilons: curves, and the least epsilon of a clip."""

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
    from ser_core.evaluation import Predictions
    from ser_core.inference.evaluation_clips import EvaluationClips
    from ser_core.models.classifier import EmotionClassifier
    from ser_core.models.predictor import Predictor, Probabilities

SILENT = "silent: there is nothing to attack"
NOT_FINITE = "its gradient is not a number"
FLAT = "its gradient is zero"
REASONS = (SILENT, NOT_FINITE, FLAT)
"""Why a clip cannot be attacked."""

RESYNTHESISED = "heard"
"""Ending of the name of a curve whose feature maps were made into sound and classified again."""

Progress = Callable[[int], None]
"""Called with how many clips more are done."""


def attack_curves(
    predictor: Predictor,
    subset: EvaluationClips,
    attack: str,
    domain: str,
    *,
    levels: Sequence[float] | None = None,
    seed: int = 0,
    progress: Progress = lambda _clips: None,
) -> list[Curve]:
    """Attack the clips of a subset at every level.

    Args:
        predictor: A single trained network.
        subset: Clips.
        attack: Name in `ATTACKS`.
        domain: Name in `ATTACK_DOMAINS`.
        levels: Epsilons in the domain's unit, from mild to severe; its default ones when absent.
        seed: Of what is random in the attack.
        progress: Called with every batch.

    Returns:
        Curve of the predictions; for an attack on a representation that can be resynthesised,
        also the curve for that sound, which shows how much of the attack survives.

    Raises:
        ModelError: If the model gives no gradient, or the sound cannot be attacked through it.
        UnknownNameError: If there is no such attack or domain.
    """
    run = _Run(
        predictor,
        attackable(predictor, GRADIENTS),
        subset,
        ATTACKS[attack],
        ATTACK_DOMAINS[domain],
        seed,
    )
    chosen = tuple(levels or run.domain.levels(run.model))
    clean = predict_clips(predictor, subset)
    status = [""] * len(subset)
    seen = [np.zeros((len(subset), len(run.model.classes))) for _ in chosen]
    sounds: list[list[Waveform | None]] = [[None] * len(subset) for _ in chosen]
    for batch in run.domain.batches(run.model, subset):
        for row, each in zip(batch.rows, statuses(batch), strict=True):
            status[row] = each
        for number, level in enumerate(chosen):
            changed = run.attack(batch.target, run.domain.epsilon(batch, level), seed=seed)
            seen[number][batch.rows] = probabilities(batch, changed)
            for row, sound in zip(batch.rows, run.sounds(batch, changed), strict=True):
                sounds[number][row] = sound
            progress(len(batch.rows))
    curves = []
    on_features = run.domain.name == "representation"
    if on_features:
        predicted = [table(subset.clips, each, run.model.classes) for each in seen]
        curves.append(run.curve(chosen, clean, predicted, status))
    resynthesised = [[sound for sound in each if sound is not None] for each in sounds]
    if all(len(each) == len(subset) for each in resynthesised):
        predicted = [predict_clips(predictor, subset, each) for each in resynthesised]
        curves.append(run.curve(chosen, clean, predicted, status, resynthesised=on_features))
    return curves


@dataclass(frozen=True)
class _Run:
    predictor: Predictor
    model: EmotionClassifier
    subset: EvaluationClips
    attack: Attack
    domain: AttackDomain
    seed: int

    def sounds(self, batch: Batch, changed: Tensor) -> list[Waveform | None]:
        """The changed clips as sound, as from a file; None where none can be made."""
        rate = self.predictor.sample_rate
        if self.domain.name == "sound":
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
        predicted: Sequence[Predictions],
        status: Sequence[str],
        *,
        resynthesised: bool = False,
    ) -> Curve:
        """Predictions at every level as a curve; `resynthesised` if feature maps became sound."""
        unit = self.domain.unit(self.model)
        gathering = Gathering(clean)
        for level, each in zip(levels, predicted, strict=True):
            gathering.add(level, unit, each)
        name = f"{self.attack.name}-{self.domain.name}"
        title = f"{self.attack.title} {self.domain.title}"
        return Curve(
            f"{name}-{RESYNTHESISED}" if resynthesised else name,
            f"{title}, as heard" if resynthesised else title,
            ATTACK,
            unit,
            gathering.ordered(),
            self.subset.by_speaker,
            f"{self.attack.describe} {self.domain.describe}",
            tuple(status),
            mean_sigma(self.model) if unit == "dB" else None,
        )


def probabilities(batch: Batch, changed: Tensor) -> Probabilities:
    """Probabilities of a changed batch, shape (batch, classes)."""
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
    domain: str,
    *,
    steps: int = 6,
    seed: int = 0,
) -> float | None:
    """Least epsilon that changes the prediction of one clip, between two of the domain's levels.

    Args:
        predictor: A single trained network.
        sound: Subset of one clip.
        attack: Name in `ATTACKS`.
        domain: Name in `ATTACK_DOMAINS`.
        steps: Halvings between the level that changes it and the one before.
        seed: Of what is random in the attack.

    Returns:
        In the domain's unit; None where the prediction is wrong already, or no level changes it.
    """
    run = _Run(
        predictor,
        attackable(predictor, GRADIENTS),
        sound,
        ATTACKS[attack],
        ATTACK_DOMAINS[domain],
        seed,
    )
    (batch,) = run.domain.batches(run.model, sound)

    def wrong(level: float) -> bool:
        changed = run.attack(batch.target, run.domain.epsilon(batch, level), seed=seed)
        return bool(probabilities(batch, changed).argmax() != int(batch.target.true[0]))

    if probabilities(batch, batch.target.x).argmax() != int(batch.target.true[0]):
        return None
    levels = run.domain.levels(run.model)
    severe = next((n for n, level in enumerate(levels) if wrong(level)), None)
    if severe is None:
        return None
    mild, found = run.domain.milder(levels, severe), levels[severe]
    for _ in range(steps):
        middle = run.domain.between(mild, found)
        mild, found = (mild, middle) if wrong(middle) else (middle, found)
    return found
