"""Make the next batch while the present one is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")


def prefetched(items: Iterable[T], ahead: int = 2) -> Iterator[T]:
    """The same items in the same order, made by a thread up to `ahead` before they are asked for.

    An error while making an item is raised where the item would have been.
    """
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as maker:
        pending = deque(maker.submit(next, iterator, end) for _ in range(ahead))
        while (item := pending.popleft().result()) is not end:
            pending.append(maker.submit(next, iterator, end))
            yield cast(T, item)
