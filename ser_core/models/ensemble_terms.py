"""Words that `ensemble.json` and its card share with the search for weights; free of imports."""

from __future__ import annotations

AUTO, VALIDATION, OUT_OF_FOLD = "auto", "validation", "out-of-fold"

FIT_ON = {
    AUTO: "out-of-fold where the split has three folds or more, else validation",
    VALIDATION: "the weights for the test clips of a fold come from the validation clips of the "
    "same fold",
    OUT_OF_FOLD: "the weights for the test clips of a fold come from the test clips of all other "
    "folds",
}
"""Clips that weights are fitted on, and what that means."""

POOLED, SINGLE = "ensemble", "best single member"
"""The optimised pool and the strongest of its members, as the comparison names them."""
