"""Tables of predictions as they leave the workbench, and come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser_core.core import ParameterError, files
from ser_core.inference.classify import EnrolledSpeaker, InferenceModel

UNLIKE = "unlike_training"


def signed(
    table: pd.DataFrame, model: InferenceModel, enrolled: EnrolledSpeaker | None
) -> pd.DataFrame:
    """A table of predictions that leaves the workbench, with what it takes to understand it later.

    Returns:
        The table with `threshold` (empty where the model has none), `model`, `voice_clips` (how
        many clips were enrolled, 0 for none), `other_voice` and, where it is known,
        `unlike_training` before the column `problem`.
    """
    threshold = model.reading(enrolled.statistics if enrolled else None).threshold
    about: dict[str, Any] = {
        "threshold": np.nan if threshold is None else threshold,
        "model": model.name,
        "voice_clips": len(enrolled.timbres) if enrolled else 0,
    }
    other = table.get("other_voice", False)
    rest = table.drop(columns=["problem", "other_voice", UNLIKE], errors="ignore")
    unlike = {UNLIKE: table[UNLIKE]} if UNLIKE in table else {}
    return rest.assign(**about, other_voice=other, **unlike, problem=table["problem"])


def read_predictions(path: Path) -> pd.DataFrame:
    """A table of predictions that the command line wrote as CSV.

    Raises:
        ParameterError: If it is none.
    """
    words = ("file", "answer", "problem")
    try:
        texts = dict.fromkeys((*words, "speaker", "label"), "str")  # the last two of turns only
        table = pd.read_csv(files.regular(path, files.TABLE), dtype=texts)
        return table.assign(**{name: table[name].fillna("") for name in words})
    except (OSError, ValueError, KeyError) as error:
        raise ParameterError("is no table of predictions", subject=str(path)) from error
