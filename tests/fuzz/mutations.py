"""Values that a file may hold in place of the right ones, for hypothesis."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

from ser_core.core import SerError

T = TypeVar("T")

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([2**31, 2**63, 10**30, -(10**30)]),
    st.floats(),
    st.sampled_from(["", "0", "nan", "../..", "/dev/zero", "\0", "a" * 300, "*", "(", "é\u202e"]),
    st.text(max_size=8),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


def tried(work: Callable[[], T]) -> T | None:
    """What some work gives; None where it is refused in words. Any other exception is a fault."""
    try:
        return work()
    except SerError as error:
        said = error
    assert said.problem
    assert str(said)
    return None


def places(document: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values in a document of JSON, its own first."""
    found = [before]
    inner = document.items() if isinstance(document, dict) else (
        enumerate(document) if isinstance(document, list) else ()
    )  # fmt: skip
    for name, value in inner:
        found += places(value, (*before, name))
    return found


@st.composite
def mutated(draw: st.DrawFn, document: Any, most: int = 2) -> Any:
    """The document with one value or a few replaced, taken away or added."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, most))):
        *above, last = ("", *draw(st.sampled_from(places(changed))))
        if not above:
            return draw(ANYTHING)
        holder = changed
        for name in above[1:]:
            holder = holder[name]
        kind = draw(st.sampled_from(["replace", "replace", "take away", "add"]))
        if kind == "replace":
            holder[last] = draw(ANYTHING)
        elif kind == "take away":
            del holder[last]
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(list(holder)) | st.text(max_size=6))] = draw(ANYTHING)
    return changed


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes cut, or with some of them changed, taken away or put in."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(changed)))
        new = draw(
            st.binary(max_size=4) | st.sampled_from([b"\0", b"\xff\xfe", b'"', b"\n", b"\r"])
        )
        changed[place : place + draw(st.integers(0, 4))] = new
    return bytes(changed[: draw(st.integers(0, len(changed)))] if draw(st.booleans()) else changed)
