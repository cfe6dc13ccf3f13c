"""Severity sweep: predictions under a perturbation at growing levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.robustness.clip_predictions import predict_clips
from ser_core.robustness.curve import LINE, Curve, Gathering
from ser_core.robustness.perturbations import PERTURBATIONS, perturbed, surroundings

if TYPE_CHECKING:
    from ser_core.evaluation import Predictions
    from ser_core.inference.evaluation_clips import EvaluationClips
    from ser_core.models.predictor import Predictor

Progress = Callable[[int], None]


def severity_curve(
    predictor: Predictor,
    subset: EvaluationClips,
    kind: str,
    *,
    levels: Sequence[float] | None = None,
    noises: Path | None = None,
    seed: int = 0,
    clean: Predictions | None = None,
    progress: Progress = lambda _clips: None,
) -> Curve:
    """Predictions of any model for the clips of a subset under one perturbation, at every level.

    Args:
        predictor: The model.
        subset: Clips.
        kind: Name in `PERTURBATIONS`.
        levels: In the unit of the kind, from mild to severe; the kind's own when absent.
        noises: Folder of the user's own noises, for `recorded`.
        seed: Of everything random.
        clean: Predictions for the unchanged clips, if known.
        progress: Called with the number of further clips done.

    Raises:
        UnknownNameError: If there is no such kind.
        ParameterError: If it needs a folder and there is none.
        AudioError: If the folder holds no sound.
    """
    chosen = PERTURBATIONS[kind]
    around = surroundings(subset, noises=noises, seed=seed)
    gathering = Gathering(clean or predict_clips(predictor, subset))
    for level in levels or chosen.levels:
        if level == chosen.neutral:
            continue
        gathering.add(
            level, chosen.unit, predict_clips(predictor, subset, perturbed(chosen, around, level))
        )
        progress(len(subset))
    return Curve(
        chosen.name,
        chosen.title,
        LINE,
        chosen.unit,
        gathering.ordered(chosen.neutral),
        subset.by_speaker,
        chosen.describe,
    )


def kinds(*, noises: Path | None = None) -> list[str]:
    """Names of all kinds that can be tried: those that need a folder only where there is one."""
    return [
        name for name, kind in PERTURBATIONS.items() if noises is not None or not kind.needs_folder
    ]
