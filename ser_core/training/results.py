"""Results of a training: predictions, figures and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ser_core.corpora import LeakAudit
from ser_core.evaluation import TRAINED_ON, Predictions, interval
from ser_core.models.bundle import Bundle, architecture
from ser_core.recipes.recipe import Recipe
from ser_core.training.data import SpeakerMoments
from ser_core.training.learner import Fitted
from ser_core.training.plan import Member, Plan

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from ser_core.audio import Waveform
    from ser_core.models.predictor import Probabilities
    from ser_core.training.sources import Prepared

HEADLINES = ("uar", "wa")

STRETCH = 1024
"""Clips whose sounds are in memory at the same time while they are predicted."""


def predictions_of(
    bundle: Bundle, plan: Plan, member: Member, *, enrolled: bool, held_out: Bundle | None = None
) -> Predictions:
    """Predictions of a bundle on validation and test clips, from waveforms, as a user gets them.

    Args:
        bundle: The model.
        held_out: What predicts validation clips where these trained the model.
        plan: Whose clips.
        member: Whose fold.
        enrolled: Whether each speaker is enrolled from all clips of that speaker in the same
            part, without their labels; else none is.
    """
    prepared, tables = plan.prepared, []
    for part, clips in plan.split.fold(member.fold).items():
        if part not in ("validation", "test"):
            continue
        positions = prepared.positions(clips)
        model = held_out if held_out is not None and part == "validation" else bundle
        speakers = _statistics(model, plan, positions) if enrolled else None
        probabilities = _in_stretches(model, prepared, positions, speakers)
        rows, classes = plan.corpus.usable.loc[clips], bundle.classes
        fold, seed = member.fold, member.seed
        table = Predictions.of(rows, probabilities, classes, fold=fold, part=part, seed=seed)
        tables.append(_with_origin(table, plan, member))
    return Predictions.concat(tables)


def _in_stretches(
    model: Bundle, prepared: Prepared, positions: Tensor, speakers: Tensor | None
) -> Probabilities:
    """Probabilities of any number of clips, whose sounds need not be in memory all at once."""
    rows = range(0, len(positions), STRETCH)
    return np.concatenate(
        [
            model.predict_each(
                _sounds(prepared, positions[row : row + STRETCH]),
                None if speakers is None else speakers[row : row + STRETCH],
            )
            for row in rows
        ]
    )


def _sounds(prepared: Prepared, positions: Tensor) -> list[Waveform]:
    return [prepared.waveforms[position] for position in positions.tolist()]


def _statistics(bundle: Bundle, plan: Plan, positions: Tensor) -> Tensor | None:
    """Statistics of each clip's speaker, from all of these clips; None where none are used.

    What was prepared for the training is of the encoder as it was before a fine-tuning, so a model
    whose encoder was trained represents the clips anew.
    """
    known = plan.prepared.data.speaker_moments
    if known is None:
        return None
    if not plan.recipe.fine_tune.on:
        return known.full(positions, positions)
    moments = bundle.moments(_sounds(plan.prepared, positions))
    own = SpeakerMoments(known.speakers[positions], moments)
    every = torch.arange(len(positions))
    return own.full(every, every)


def _with_origin(predictions: Predictions, plan: Plan, member: Member) -> Predictions:
    """The predictions with the corpora that trained the model, where several were joined."""
    if not plan.corpus.corpora:
        return predictions
    train = plan.split.fold(member.fold)["train"]
    origin = plan.corpus.clips.loc[train, "corpus"].dropna().unique()
    return Predictions(predictions.table.assign(**{TRAINED_ON: " + ".join(sorted(origin))}))


def about(plan: Plan, member: Member, fitted: Fitted) -> dict[str, Any]:
    """What `bundle.json` says of a training."""
    recipe, split, corpus = plan.recipe, plan.split, plan.corpus
    parts = split.fold(member.fold)
    learned = fitted.model.spec.learned(fitted.model.network)
    return {
        **architecture(fitted.model),
        **({"learned": learned} if learned else {}),
        **_encoder(recipe),
        "recipe": recipe.as_dict(),
        "recipe_hash": recipe.hash,
        "corpus": {
            "name": corpus.name,
            "licence": corpus.licence,
            **{f"{part}_clips": len(clips) for part, clips in parts.items()},
            "test_speakers": speakers_in(corpus.usable.loc[parts["test"]]),
        },
        "split": {
            "policy": split.policy,
            "seed": split.seed,
            "hash": split.hash,
            "fold": member.fold_name,
            "audit": plan.audit.as_dict(),
        },
        "seed": member.seed,
        "training": dict(fitted.record),
    }


def speakers_in(rows: pd.DataFrame) -> int | None:
    """How many speakers there are, where every clip names its own; else None."""
    names = rows["speaker"]
    return None if names.isna().any() else int(names.nunique())


def _encoder(recipe: Recipe) -> dict[str, Any]:
    """Where the pretrained encoder comes from, as long as its folder is there to be asked."""
    from ser_core.features.encoders import catalogue

    origin = catalogue.encoder_of({"representation": recipe.representation})
    return {"encoder": origin.as_dict()} if origin else {}


def figures(predictions: Predictions, audit: LeakAudit) -> dict[str, Any]:
    """Headline figures of test clips; intervals over speakers where these are new."""
    test = predictions.part("test")
    return {name: _figure(test, audit, name) for name in HEADLINES}


def _figure(predictions: Predictions, audit: LeakAudit, name: str) -> dict[str, Any]:
    figure = interval(predictions, name, by_speaker=not audit.speakers_shared)
    return {
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "method": f"{figure.method} over {figure.units} {figure.over}",
    }
