"""Stratified assignment of clips to parts: singly, or whole groups at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.intp]
Shares = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]

# The best of a few deals is balanced, and another seed still gives another deal. More are made
# only while none is acceptable, as when one speaker alone has a class.
TRIES = 16
MOST_TRIES = 500


def stratified(classes: Codes, shares: Shares, rng: np.random.Generator) -> Codes:
    """Part of every clip, dealt class by class in the given shares.

    Args:
        classes: Class of every clip, shape (clips,).
        shares: Of each part, adding up to 1; part 0 is never left without a class.
        rng: Source of the choices.
    """
    parts = np.zeros(len(classes), np.intp)
    for code in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == code))
        parts[members] = np.repeat(np.arange(len(shares)), allocations(len(members), shares))
    return parts


def allocations(count: int, shares: Shares) -> Codes:
    """Whole numbers that add up to `count`, nearest to the shares; the first is at least 1.

    >>> allocations(9, np.array([0.8, 0.1, 0.1])).tolist()
    [7, 1, 1]
    """
    exact = count * shares
    whole = np.floor(exact + 1e-9).astype(np.intp)
    largest = np.argsort(whole - exact, kind="stable")[: count - whole.sum()]
    whole[largest] += 1
    if count and not whole[0]:
        whole[np.argmax(whole)] -= 1
        whole[0] = 1
    return whole


def stratified_groups(
    groups: Sequence[Codes],
    classes: Codes,
    shares: Sequence[Shares],
    rng: np.random.Generator,
    acceptable: Callable[[Counts], bool],
) -> Codes | None:
    """Part of every clip when all clips of a group go to one part.

    Args:
        groups: One or more groupings, each with the group of every clip. With several, a clip
            whose groups fall to different parts belongs to none: its part is -1.
        classes: Class of every clip.
        shares: For each grouping, the share of clips that each part should get.
        rng: Source of the choices.
        acceptable: Decides from the counts of clips, shape (parts, classes), whether they will do.

    Returns:
        The best balanced of `TRIES` deals, or None when no acceptable one is found.
    """
    best, least = None, np.inf
    for number, parts in enumerate(_deals(groups, shares, rng)):
        if number >= TRIES and best is not None:
            break
        counts = count(parts, classes, len(shares[0]))
        if acceptable(counts) and (error := imbalance(counts)) < least:
            best, least = parts, error
    return best


def _deals(
    groups: Sequence[Codes], shares: Sequence[Shares], rng: np.random.Generator
) -> Iterator[Codes]:
    for _ in range(MOST_TRIES):
        deals = [
            consecutive_groups(of, share, rng)[of] for of, share in zip(groups, shares, strict=True)
        ]
        agree = np.all([deal == deals[0] for deal in deals], axis=0)
        yield np.where(agree, deals[0], -1)


def consecutive_groups(groups: Codes, shares: Shares, rng: np.random.Generator) -> Codes:
    """Part of every group: a random order of the groups, cut where the shares are reached.

    Every part gets a group, so there must be as many groups as parts.
    """
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    middles = np.cumsum(sizes[order]) - sizes[order] / 2
    ends = np.searchsorted(middles, np.cumsum(shares)[:-1] * sizes.sum())
    steps = np.arange(1, len(shares))
    ends = np.maximum.accumulate(np.maximum(ends, steps) - steps) + steps
    ends = np.minimum(ends, len(sizes) - len(shares) + steps)
    parts = np.empty(len(sizes), np.intp)
    parts[order] = np.searchsorted(ends, np.arange(len(sizes)), side="right")
    return parts


def count(parts: Codes, classes: Codes, n_parts: int) -> Counts:
    """Clips of each class in each part, shape (parts, classes); clips of part -1 do not count."""
    used = parts >= 0
    n_classes = classes.max() + 1
    cells = parts[used] * n_classes + classes[used]
    return np.bincount(cells, minlength=n_parts * n_classes).reshape(n_parts, n_classes)


def imbalance(counts: Counts) -> float:
    """Mean relative distance of the class shares of the parts from those of all clips dealt.

    0 when every part has every class in the share it has overall; a class that a part lacks
    has twice the weight.
    """
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / max(counts.sum(), 1)
    distance = np.abs(counts - expected) / np.maximum(expected, 1e-9)
    return float(np.mean(distance + (counts == 0)))
