"""What the JSON file of a model must be like before anything is built from it.

Files of models are exchanged between people. What is in one is checked by kind, bounds and
contradictions at the door, so that no page or command meets text where it needs a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ser_core.core import SerError, is_class_name

MOST_CLASSES = 100
"""Classes of the largest model; a corpus may have labels of its own."""

TEMPERATURES = (0.01, 100.0)
"""Bounds of a temperature that is read; fitted ones lie far within."""

_MAPPINGS = ("recipe", "split", "corpus", "metrics", "training", "encoder", "results")
_FACTS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "seed": int,
    "recipe.name": str,
    "recipe.corpus": str,
    "recipe.split": Mapping,
    "corpus.name": str,
    "corpus.licence": str,
    **{f"corpus.{part}_clips": int for part in ("train", "validation", "test")},
    "split.policy": str,
    "split.seed": int,
    "split.hash": str,
    "split.fold": (str, int),
    "split.audit": Mapping,
    "split.audit.grade": str,
    "split.audit.reading": str,
    "unseen": Mapping,
    "unseen.clips": int,
    "unseen_enrolled": Mapping,
    "enrolled": Mapping,
    "seen": Mapping,
    "representation": Mapping,
    "network": Mapping,
    "members": list,
}
"""Kinds of what else is shown of a model, by its place; each may be absent."""

_CONFIDENCE = ("confidence", "confidence_enrolled", "confidence_seen")


def check_description(about: object, version: int) -> None:
    """Refuse the description of a model of which nothing sound can be made.

    Args:
        about: Content of its JSON file.
        version: That the file must be of.

    Raises:
        ValueError: For the first thing that cannot be, in words.
    """
    if not isinstance(about, Mapping):
        raise ValueError("its description is no JSON object")
    found = about.get("version", version)
    if isinstance(found, bool) or found != version:
        raise ValueError(f"version {found!r}, not {version}")
    check_classes(about.get("classes"))
    for name in _CONFIDENCE:
        if about.get(name) is not None:
            _check_confidence(name, about[name])
    check_facts(about)


def check_facts(about: Mapping[str, Any]) -> None:
    """Refuse facts that lists, pages and cards show of a model and that are of another kind.

    Raises:
        ValueError: For the first one.
    """
    for name in _MAPPINGS:
        if about.get(name) is not None and not isinstance(about[name], Mapping):
            raise ValueError(f"{name!r} is no JSON object")
    for path, kinds in _FACTS.items():
        found: Any = about
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is not None and (not isinstance(found, kinds) or isinstance(found, bool)):
            raise ValueError(f"{path} is {found!r:.60}")
    _check_figures(about)


def _check_figures(about: Mapping[str, Any]) -> None:
    for of in (about, about.get("enrolled"), about.get("seen")):
        for name in ("metrics", "unseen", "unseen_enrolled"):
            figures = of.get(name) if isinstance(of, Mapping) else None
            for title, figure in figures.items() if isinstance(figures, Mapping) else ():
                if isinstance(figure, Mapping):
                    _check_figure(f"{name}.{title}", figure)
                elif name == "metrics":
                    raise ValueError(f"metrics.{title} is {figure!r:.60}")


def _check_figure(name: str, figure: Mapping[str, Any]) -> None:
    for end in ("value", "low", "high"):
        number = figure.get(end)
        if isinstance(number, bool) or not isinstance(number, int | float | None):
            raise ValueError(f"{name}.{end} is {number!r:.60}, no number")


def check_classes(classes: object) -> None:
    """Refuse what is no list of two or more different names of classes, emotions or others.

    Raises:
        ValueError: For the first thing that cannot be.
    """
    if not isinstance(classes, list) or not all(isinstance(each, str) for each in classes):
        raise ValueError("its classes are no list of names")
    if not 2 <= len(classes) <= MOST_CLASSES or len(set(classes)) < len(classes):
        raise ValueError(f"{len(classes)} classes, of which {len(set(classes))} are different")
    unknown = [name for name in classes if not is_class_name(name)]
    if unknown:
        raise ValueError(f"{unknown[0]!r:.60} is no name that a class can have")


def check_temperature(value: object) -> float:
    """A temperature.

    Raises:
        ValueError: If it is none.
    """
    low, high = TEMPERATURES
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"a temperature of {value!r:.40}; it lies between {low:g} and {high:g}")
    return float(value)


def check_threshold(value: object) -> None:
    """Refuse what is neither a probability nor None.

    Raises:
        ValueError: If it is neither.
    """
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"threshold {value!r:.40}")


def _check_confidence(name: str, content: object) -> None:
    if not isinstance(content, Mapping):
        raise ValueError(f"{name!r} is no JSON object")
    check_temperature(content.get("temperature", 1.0))
    check_threshold(content.get("threshold"))


def card_of(make: Callable[[Mapping[str, Any]], str], about: Mapping[str, Any]) -> str:
    """Model card of a description; of one that lacks something, a card that says so.

    Args:
        make: Writes the card.
        about: Content of the JSON file of the model.
    """
    try:
        return make(about)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        name = str(about.get("name") or "This model")
        return (
            f"# {name}\n\nIts description is not complete, so that no card can be written: "
            f"{type(error).__name__}: {line(error)}.\n"
        )


def line(error: Exception) -> str:
    """The first line of what an error says, for the reason of a refusal; its kind if it is silent.

    >>> line(KeyError("classes")), line(MemoryError())
    ("lacks 'classes'", 'MemoryError')
    """
    if isinstance(error, KeyError) and not isinstance(error, SerError):
        return f"lacks {error!s:.80}"
    lines = str(getattr(error, "strerror", None) or error).splitlines()
    return (lines[0] if lines else type(error).__name__)[:300].rstrip(".")
