"""How alike two maps are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def rank_correlation(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Spearman's rank correlation of two maps, -1 to 1; 0 where one of them is flat.

    >>> rank_correlation([1, 2, 3], [10, 20, 30]), rank_correlation([1, 2, 3], [3, 2, 1])
    (1.0, -1.0)
    >>> rank_correlation([1, 1, 1], [1, 2, 3])
    0.0
    """
    one, two = (_ranks(np.asarray(each, dtype=np.float64).ravel()) for each in (first, second))
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    return round(float(one @ two) / size, 12) if size > 0 else 0.0


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ranks from which their mean is taken; equal values share one."""
    from scipy.stats import rankdata

    ranks = np.asarray(rankdata(values), dtype=np.float64)
    return np.asarray(ranks - ranks.mean())
