"""Values that are computed once a session: the latest of each kind stay in its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


def cached(name: str, most: int, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """The value that this session has for a key; made now if there is none.

    Args:
        name: Of the cache, in the session state.
        most: Values that the cache holds; the oldest go first.
        key: Of the value.
        make: Makes it.
    """
    cache: dict[tuple[Any, ...], Any] = st.session_state.setdefault(name, {})
    if key not in cache:
        made = make()
        while len(cache) >= most:
            cache.pop(next(iter(cache)))
        cache[key] = made
    return cache[key]
