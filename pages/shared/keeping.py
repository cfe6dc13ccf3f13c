"""What a session has made already, so that it is not made again: the latest of each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


def kept(room: str, most: int, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """What was made for this key in this session; made now if there is none.

    Args:
        room: What it is kept with.
        most: Things a room holds; the oldest go first.
        key: Of the thing.
        make: Makes it.
    """
    cache: dict[tuple[Any, ...], Any] = st.session_state.setdefault(room, {})
    if key not in cache:
        made = make()
        while len(cache) >= most:
            cache.pop(next(iter(cache)))
        cache[key] = made
    return cache[key]
