"""How a corpus is opened, as one value: kept by name, written into recipes, taken everywhere.

An opening is a small JSON file. Wherever a corpus is named (`--corpus`, `corpus:` of a recipe, the
page Corpus, `open_corpus`), the name of a kept opening or the path of its file may stand instead;
`demo` is the bundled demo.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ser_core.core import CorpusError, ParameterError, did_you_mean, files, settings
from ser_core.storage import Trash, atomic, read_json

SUFFIX = ".json"
MARK = "ser-corpus"
"""Value of `kind` in the file of an opening, by which it is known."""

DEMO = "demo"
"""Name of the bundled demo, for those who have no clone to find its folder in."""

TRASH = Trash()
"""Of openings."""

READING = ("options", "include", "labels", "own_labels", "dropped", "relabelled")
"""What a recipe keeps of an opening beside the corpus and its reader, in order."""


@dataclass(frozen=True)
class Opening:
    """A corpus and how it is opened.

    Attributes:
        path: Folder of the corpus, or a table that lists its clips.
        reader: Name in `READERS`; found by looking at the files when empty.
        options: Options of the reader by name, as JSON has them.
        include: Regular expression; clips whose path it does not match are left out.
        labels: Emotion (or class of one's own) by label, as the corpus spells the label.
        own_labels: Whether labels that name no emotion are classes of their own; otherwise clips
            with such a label cannot be used.
        dropped: Clips that the user leaves out, each with the reason.
        relabelled: Emotion (or class of one's own) by clip, where the user says another than the
            corpus.
        name: What it is kept as; empty where it is not kept.
    """

    path: Path
    reader: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    include: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    own_labels: bool = False
    dropped: Mapping[str, str] = field(default_factory=dict)
    relabelled: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the corpus and its reader is said."""
        return not self.reading()

    def reading(self) -> dict[str, Any]:
        """What is said beside the corpus and its reader, as JSON; defaults are left out."""
        plain = json.loads(json.dumps({name: _plain(getattr(self, name)) for name in READING}))
        return {name: value for name, value in plain.items() if value}

    def as_dict(self) -> dict[str, Any]:
        """JSON form; `of` reads it."""
        named = {"name": self.name, "reader": self.reader}
        return {
            "kind": MARK,
            "corpus": str(self.path),
            **{key: value for key, value in named.items() if value},
            **self.reading(),
        }

    @property
    def hash(self) -> str:
        """Content address, 16 hexadecimal digits; the name counts for nothing."""
        content = replace(self, path=self.path.absolute(), name="").as_dict()
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def said(self) -> list[str]:
        """What it does, as short sentences."""
        count, changed = len(self.dropped), len(self.relabelled)
        labels = ", ".join(f"{label} = {to}" for label, to in self.labels.items())
        options = ", ".join(f"{name} = {_shown(value)}" for name, value in self.options.items())
        each = {
            f"Options of the reader: {options}": options,
            f"Only clips whose path matches {self.include}": self.include,
            f"Labels: {labels}": labels,
            "Labels that name no emotion are classes of their own": self.own_labels,
            f"{count:,} {'clip is' if count == 1 else 'clips are'} left out": count,
            f"{changed:,} {'clip has' if changed == 1 else 'clips have'} another label": changed,
        }
        return [sentence for sentence, holds in each.items() if holds]


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return ", ".join(str(each.get("corpus", "")) for each in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def of(content: Mapping[str, Any]) -> Opening:
    """Opening of its JSON form.

    Raises:
        ParameterError: If a name or a type is wrong.
    """
    others = ("kind", "corpus", "reader", "name")
    reading = {name: value for name, value in content.items() if name not in others}
    return Opening(
        Path(str(content["corpus"])),
        reader=str(content.get("reader") or ""),
        name=str(content.get("name") or ""),
        **_checked(reading),
    )


def of_recipe(recipe: Mapping[str, Any]) -> Opening:
    """Opening of the corpus of a recipe, by its plain values.

    Raises:
        ParameterError: If its section `opening` has a wrong name or type.
    """
    path, reader = Path(str(recipe["corpus"])), str(recipe.get("reader") or "")
    return Opening(path, reader, **_checked(recipe.get("opening") or {}))


def checked_reading(content: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `Opening.reading`, checked and without defaults.

    Raises:
        ParameterError: If a name or a type is wrong.
    """
    return Opening(Path(), **_checked(content)).reading()


_KINDS: dict[str, type] = {
    "options": Mapping,
    "include": str,
    "labels": Mapping,
    "own_labels": bool,
    "dropped": Mapping,
    "relabelled": Mapping,
}
_WORDS = {Mapping: "names with values", str: "text", bool: "true or false"}


def _checked(reading: Mapping[str, Any]) -> dict[str, Any]:
    """The values with labels and clips as text, which YAML takes for numbers where they look so."""
    for name, value in reading.items():
        if name not in _KINDS:
            raise ParameterError(
                "is no option of how a corpus is opened", subject=name,
                remedy=did_you_mean(name, READING),
            )  # fmt: skip
        if not isinstance(value, _KINDS[name]):
            raise ParameterError(
                f"must be {_WORDS[_KINDS[name]]}", subject=name, remedy="Correct the value"
            )
    by_text = ("labels", "dropped", "relabelled")
    texts = {name: _texts(reading[name]) for name in by_text if name in reading}
    return {**reading, **texts}


def _texts(values: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key): "" if value is None else str(value) for key, value in values.items()}


def folder() -> Path:
    """Where openings are kept."""
    return settings.home() / "corpora"


def file_of(name: str) -> Path:
    """File of the opening that is kept by a name."""
    return folder() / f"{name}{SUFFIX}"


def save(opening: Opening, name: str) -> Opening:
    """Keep an opening by a name; an earlier one of that name is replaced.

    Returns:
        The opening with its name and an absolute path.

    Raises:
        ParameterError: If the name is empty, or cannot be the name of a file.
        SerError: If it cannot be written.
    """
    if not re.fullmatch(r"\w[\w .+-]{0,79}", name) or name != name.strip():
        raise ParameterError(
            "is no name for a corpus", subject=name or "(empty)",
            remedy="Take letters, digits, blanks, and . - + _ in between",
        )  # fmt: skip
    path = opening.path.expanduser().absolute()
    kept = replace(opening, path=path, name=name)
    _write(file_of(name), kept)
    return kept


def delete(name: str) -> Path:
    """Take an opening off the list; `restore` brings it back within a week.

    Returns:
        Where it is kept until then.

    Raises:
        CorpusError: If none is kept by this name.
    """
    if not file_of(name).is_file():
        raise CorpusError(
            "no corpus is kept by this name", subject=name,
            remedy=did_you_mean(name, [each.name for each in saved()]),
        )  # fmt: skip
    return TRASH.move(file_of(name))


def restore(kept: Path) -> Path:
    """Bring a deleted opening back.

    Raises:
        SerError: If it is gone for good.
    """
    return TRASH.restore(kept)


def saved() -> list[Opening]:
    """The openings that are kept, by name; files that are none are passed over."""
    found = [_read(file) for file in sorted(folder().glob(f"*{SUFFIX}"))]
    return [opening for opening in found if opening]


def found(corpus: str | Path) -> Opening | None:
    """The opening that a path or a name stands for; None where it is a folder or a table.

    What exists at the path comes first, so no kept name hides a folder.

    Raises:
        CorpusError: If a JSON file is named that is no opening.
    """
    path = Path(corpus).expanduser()
    if files.is_file(path) and path.suffix.lower() == SUFFIX:
        opening = _read(path)
        if opening is None:
            raise CorpusError(
                "the file does not say how a corpus is opened", subject=str(path),
                remedy="Give the folder of the corpus, a table, or a file that corpus save wrote",
            )  # fmt: skip
        return opening
    if files.is_file(path) or files.is_folder(path):
        return None
    named = file_of(str(corpus))
    # A name with a folder in it is a path.
    if named.parent == folder() and files.is_file(named):
        return _read(named)
    return Opening(settings.demo_corpus()) if str(corpus) == DEMO else None


def snapshot(opening: Opening) -> Path:
    """A path that always opens the same: the corpus itself where nothing more is said.

    Otherwise a file named by its content, which a later change of a kept opening does not touch.
    It is what plans and jobs hold.

    Raises:
        SerError: If it cannot be written.
    """
    path = opening.path.expanduser().absolute()
    if opening.is_plain and not opening.reader:
        return path
    file = folder() / "by-content" / f"{opening.hash}{SUFFIX}"
    if not file.exists():
        _write(file, replace(opening, path=path))
    return file


def _write(file: Path, opening: Opening) -> None:
    atomic.write(file, json.dumps(opening.as_dict(), indent=1, ensure_ascii=False))


def _read(file: Path) -> Opening | None:
    content = read_json(file)
    if not content or content.get("kind") != MARK or "corpus" not in content:
        return None
    return of(content)
