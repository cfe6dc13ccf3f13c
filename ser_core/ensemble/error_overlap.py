"""Whether members err on the same clips: those that do complement each other little."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from ser_core.ensemble.member_predictions import MemberPredictions


def error_overlap(stack: MemberPredictions) -> pd.DataFrame:
    """Errors that pairs of members share (Kuncheva & Whitaker, 2003).

    Args:
        stack: Rows that are scored; only their test rows where they have such.

    Returns:
        A row a pair: `first`, `second`; `both` (clips that both got wrong), `either` (that at
        least one did), `shared` = both / either, `q` (Yule's Q of being right: 1 when they err
        alike, 0 when independently, below when they make up for each other) and `kappa` (Cohen's,
        of being right). NaN where it is undefined, as for members without an error.
    """
    wrong = np.stack(
        [stack.probabilities[i].argmax(axis=1) != stack.rows.true for i in range(len(stack.names))]
    )
    pairs = combinations(range(len(stack.names)), 2)
    return pd.DataFrame(
        [
            {"first": stack.names[i], "second": stack.names[j], **_pair(wrong[i], wrong[j])}
            for i, j in pairs
        ]
    )


def _pair(one: np.ndarray, two: np.ndarray) -> dict[str, float]:
    both, neither = float((one & two).sum()), float((~one & ~two).sum())
    first, second = float((one & ~two).sum()), float((~one & two).sum())
    rows = both + neither + first + second
    observed = (both + neither) / rows
    chance = ((both + first) * (both + second) + (neither + second) * (neither + first)) / rows**2
    return {
        "both": both,
        "either": both + first + second,
        "shared": _ratio(both, both + first + second),
        "q": _ratio(both * neither - first * second, both * neither + first * second),
        "kappa": _ratio(observed - chance, 1 - chance),
    }


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")
