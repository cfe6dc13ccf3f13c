"""From what a request holds to predictions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import pandas as pd

from ser_core.inference.classify import InferenceModel, Recording, classify

AUDIO = "audio"
"""Column of the request: the content of a sound file, in base64."""

NO_BASE64 = "is no base64. Send the content of a sound file, encoded"


def answers(model: InferenceModel, audio: Sequence[object]) -> pd.DataFrame:
    """A row a sound: `classify, confidence, uncertain, problem, seconds` and the probabilities.

    Numbers are 0 where there is no prediction, since JSON has no NaN.

    Args:
        model: The model.
        audio: Content of sound files, in base64 text.
    """
    contents = [decoded(each) for each in audio]
    several = [Recording("sound", content or b"") for content in contents]
    table = classify(model, several).drop(columns="file")
    table.loc[[content is None for content in contents], "problem"] = NO_BASE64
    first = ["answer", "confidence", "uncertain", "problem", "seconds"]
    return table[[*first, *table.columns.drop(first)]].fillna(0.0)


def decoded(text: object) -> bytes | None:
    """Content of a base64 text; None where it is none."""
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        return None
