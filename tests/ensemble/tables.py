"""Answers of members that do not exist, for the tests of this folder."""

import numpy as np
import pandas as pd

from ser_core.ensemble.member_predictions import MemberPredictions
from ser_core.evaluation import Predictions

SIX = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")


def drawn(skill, seed=0, rows=300, folds=1, part="validation", sharpness=1.0, true_seed=0):
    """Six-class answers of some skill; the true emotions depend on `true_seed` alone.

    At sharpness 1 they are calibrated, above overconfident. Speakers are the folds.
    """
    true = np.random.default_rng(true_seed).integers(0, 6, rows)
    logits = np.random.default_rng(seed + 100).standard_normal((rows, 6))
    logits[np.arange(rows), true] += skill
    return table(true, sharpness * skill * logits, folds=folds, part=part)


def table(true, logits, *, folds=1, part="validation", clip="clip"):
    """Predictions of given scores before a softmax; rows are dealt to the folds in turn."""
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    fold = np.arange(len(true)) % folds
    rows = pd.DataFrame(
        {
            "clip": [f"{clip}{number:04d}.wav" for number in range(len(true))],
            "fold": fold,
            "part": part,
            "seed": 0,
            "true": np.array(SIX)[true],
            "speaker": [f"speaker {number}" for number in fold],
        }
    )
    given = likely / likely.sum(axis=1, keepdims=True)
    return Predictions(rows.assign(**{f"p_{name}": given[:, i] for i, name in enumerate(SIX)}))


def sure(true, classes=6, confidence=0.999):
    """Scores that are right with this confidence."""
    logits = np.full((len(true), classes), np.log((1 - confidence) / (classes - 1)))
    logits[np.arange(len(true)), true] = np.log(confidence)
    return logits


def both_parts(skill, seed, rows=240, folds=1):
    """Validation and test answers of one member, of different clips."""
    parts = [
        drawn(skill, seed + 7 * number, rows, folds, part, true_seed=number)
        for number, part in enumerate(("validation", "test"))
    ]
    tables = [
        each.table.assign(clip=[f"{part}-{clip}" for clip in each.table["clip"]])
        for part, each in zip(("v", "t"), parts, strict=True)
    ]
    return Predictions(pd.concat(tables, ignore_index=True))


def stack_of(**members):
    return MemberPredictions.of(members)
