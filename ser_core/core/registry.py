"""Named things that pages and the command line list by themselves."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from ser_core.core.errors import UnknownNameError

T = TypeVar("T")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Sentence that suggests the nearest known name, or lists all when none is near.

    >>> did_you_mean("mell", ["mel", "mfcc"])
    "Did you mean 'mel'"
    >>> did_you_mean("xyz", ["mel", "mfcc"])
    'Known are: mel, mfcc'
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}" if near else f"Known are: {', '.join(known)}"


class Registry(Generic[T]):
    """Names to things, in the order they were registered.

    >>> shapes = Registry("shape")
    >>> @shapes.register("square")
    ... def square(): ...
    >>> list(shapes)
    ['square']
    >>> shapes["sqare"]
    Traceback (most recent call last):
    ser_core.core.errors.UnknownNameError: sqare: no such shape. Did you mean 'square'.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that files the decorated thing under `name`.

        Raises:
            ValueError: If the name is taken; two things of one name would hide each other.
        """

        def file_under(thing: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = thing
            return thing

        return file_under

    def __getitem__(self, name: str) -> T:
        """Thing of this name.

        Raises:
            UnknownNameError: If there is none, with the name that was probably meant.
        """
        if name not in self:  # also what no name is, as a list in a recipe
            text = str(name)
            raise UnknownNameError(
                f"no such {self.kind}", subject=text, remedy=did_you_mean(text, self._entries)
            )
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._entries

    def items(self) -> Iterable[tuple[str, T]]:
        """Pairs of name and thing, in the order of registration."""
        return self._entries.items()
