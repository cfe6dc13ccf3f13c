"""What a training reads again and again: in memory as far as there is room, fetched otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar, overload

import psutil

FEATURES_SHARE, SOUNDS_SHARE = 1 / 2, 1 / 8
"""Of the memory of the computer, that feature maps and sounds may take."""


class Sized(Protocol):
    """Something that knows how much memory it takes."""

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        ...


T = TypeVar("T", bound=Sized)


def room(share: float) -> int:
    """A share of the memory of this computer, in bytes."""
    return int(psutil.virtual_memory().total * share)


class Held(Sequence[T]):
    """Things by number, of which some stay in memory; the others are fetched at each access.

    Args:
        count: Of the things.
        fetch: Gives the thing of a number.
        most: Bytes that may stay in memory; None for all.
    """

    def __init__(self, count: int, fetch: Callable[[int], T], most: int | None = None) -> None:
        self._count, self._fetch, self._most = count, fetch, most
        self._held: dict[int, T] = {}
        self.nbytes = 0

    def put(self, first: int, things: Iterable[T]) -> None:
        """Keep things of successive numbers in memory, as far as there is room.

        Args:
            first: Number of the first of them.
            things: What `fetch` would give.
        """
        for number, thing in enumerate(things, start=first):
            if self._most is None or self.nbytes + thing.nbytes <= self._most:
                self._held[number] = thing
                self.nbytes += thing.nbytes

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> T: ...

    @overload
    def __getitem__(self, number: slice) -> list[T]: ...

    def __getitem__(self, number: int | slice) -> T | list[T]:
        """The thing of a number, or those of several."""
        if isinstance(number, slice):
            return [self[each] for each in range(self._count)[number]]
        place = range(self._count)[number]
        held = self._held.get(place)
        return self._fetch(place) if held is None else held
