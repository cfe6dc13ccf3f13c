"""Formatting of counts, times and names of folds for people."""

from __future__ import annotations


def count(number: int, thing: str) -> str:
    """A number of things.

    >>> count(1, "clip"), count(4037, "clip")
    ('1 clip', '4,037 clips')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def seconds(time: float) -> str:
    """A span of time, as exact as anyone needs.

    >>> seconds(0.4), seconds(42.3), seconds(200), seconds(5400)
    ('1 s', '42 s', '3 min', '1.5 h')
    """
    if time < 90:
        return f"{max(1, round(time))} s"
    return f"{round(time / 60)} min" if time < 3600 else f"{time / 3600:.1f} h"


def fold(name: str) -> str:
    """A fold for people, whose own name may say already that it is one.

    >>> fold("EB0"), fold("fold 3")
    ('fold EB0', 'fold 3')
    """
    return name if name.startswith("fold") else f"fold {name}"
