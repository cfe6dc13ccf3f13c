"""Options of an opening as people type them: `pattern=...`, `columns.path=wav`, `0=anger`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ser_core.core import ParameterError


def pair(text: str, *, last: bool = False) -> tuple[str, str]:
    """Name and value of `name=value`, divided at the first sign or at the last.

    Raises:
        ParameterError: If there is no sign, or no name before it.
    """
    name, equals, value = text.rpartition("=") if last else text.partition("=")
    if not equals or not name:
        raise ParameterError("has no value", subject=text, remedy="Write it as name=value")
    return name, value


def by_name(texts: Iterable[str]) -> dict[str, Any]:
    """Values by name; `columns.path=wav` is the entry "path" of the option "columns".

    Raises:
        ParameterError: If a text has no value.

    >>> by_name(["table=train.csv", "columns.path=wav"])
    {'table': 'train.csv', 'columns': {'path': 'wav'}}
    >>> by_name(["common=true", 'corpora=[{"corpus": "a"}]', "pattern=[{]"])
    {'common': True, 'corpora': [{'corpus': 'a'}], 'pattern': '[{]'}
    """
    options: dict[str, Any] = {}
    for name, value in map(pair, texts):
        option, dot, entry = name.partition(".")
        if dot:
            options.setdefault(option, {})[entry] = value
        else:
            options[option] = _value(value)
    return options


def _value(text: str) -> Any:
    """What JSON makes of true, false and a list of sections; every other value is text."""
    if text in ("true", "false") or text.startswith("[{"):
        try:
            return json.loads(text)
        except ValueError:  # a regular expression may begin so, too
            return text
    return text


def labels(texts: Iterable[str]) -> dict[str, str]:
    """Emotion by label; a label may contain an equals sign.

    Raises:
        ParameterError: If a text has no value.

    >>> labels(["a=b=anger", "0="])
    {'a=b': 'anger', '0': ''}
    """
    return dict(pair(text, last=True) for text in texts)


def texts(options: Mapping[str, Any]) -> list[str]:
    """Texts that `by_name` reads as these options.

    >>> texts({"columns": {"path": "wav"}, "pattern": "a"})
    ['columns.path=wav', 'pattern=a']
    >>> texts({"common": True, "corpora": [{"corpus": "a"}]})
    ['common=true', 'corpora=[{"corpus": "a"}]']
    """
    found = []
    for name, value in options.items():
        entries = value.items() if isinstance(value, Mapping) else ()
        found += [f"{name}.{key}={each}" for key, each in entries]
        found += [] if isinstance(value, Mapping) else [f"{name}={_text(value)}"]
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
