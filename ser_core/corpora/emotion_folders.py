"""Which folder above a clip names its emotion: one level of the tree for the whole corpus."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ser_core.corpora.emotions import composed, is_short, normalise

_NO = frozenset(
    ["not", "no", "non", "isnt", "without", "nicht", "kein", "keine", "keinen", "ohne", "nie",
     "bez", "pas", "sans", "sin", "senza"]
)  # fmt: skip
"""Words that turn what follows into its opposite: "not_angry" is no anger."""

_OF_A_CODE = 0.5
"""What an emotion counts that a level names by codes such as "ps" or "con" only."""


@dataclass(frozen=True)
class EmotionFolder:
    """What the folders above a clip say.

    Attributes:
        name: The part of the folder's name that names the emotion, or the whole name where it
            names none: the label.
        emotion: Emotion of the vocabulary, None where no folder names one.
        against: Name of a folder above the clip that names another emotion; empty if none does.
    """

    name: str
    emotion: str | None
    against: str = ""


def emotion_folders(files: Iterable[str]) -> dict[str, EmotionFolder]:
    """What the folder of each clip says, by the folder's path.

    Folders of emotions lie at one level, counted from the top or from the clips: the one whose
    folders name most emotions for most clips, and the nearest to the clips of equal ones. So
    "anger/normal" is anger where other clips lie in "happiness/normal". A clip without an emotion
    there has that of the nearest folder that never contradicts the chosen level.

    Args:
        files: Paths below the root, with forward slashes.

    >>> said = emotion_folders(["anger/normal/a.wav", "anger/loud/b.wav", "joy/normal/c.wav"])
    >>> [(each.name, each.emotion, each.against) for each in said.values()]
    [('anger', 'anger', 'normal'), ('anger', 'anger', ''), ('joy', 'happiness', 'normal')]
    """
    sizes = Counter(path.rpartition("/")[0] for path in files)
    parts = {folder: folder.split("/") if folder else [] for folder in sizes}
    level = _level(sizes, parts)
    doubtful = {
        core.casefold()
        for names in parts.values()
        if (chosen := _at(names, level)) and (own := normalise(core_of(chosen)))
        for name in names
        if (normalise(core := core_of(name)) or own) != own
    }
    return {folder: _said(names, level, doubtful) for folder, names in parts.items()}


def _level(sizes: Mapping[str, int], parts: Mapping[str, list[str]]) -> int:
    """Index into the folders above a clip, negative from the clip."""
    clips: dict[int, int] = defaultdict(int)
    worth: dict[int, dict[str, float]] = defaultdict(dict)
    for folder, names in parts.items():
        for place, name in enumerate(names):
            core = core_of(name)
            emotion = normalise(core)
            if not emotion:
                continue
            counts = _OF_A_CODE if is_short(core) else 1.0
            for level in (place, place - len(names)):
                clips[level] += sizes[folder]
                worth[level][emotion] = max(counts, worth[level].get(emotion, 0.0))
    # From the clips before from the top; then the nearest.
    return max(
        clips, default=-1,
        key=lambda level: (clips[level] * sum(worth[level].values()), level < 0, level),
    )  # fmt: skip


def _at(names: list[str], level: int) -> str:
    return names[level] if -len(names) <= level < len(names) else ""


def _said(names: list[str], level: int, doubtful: set[str]) -> EmotionFolder:
    cores = [core_of(name) for name in reversed(names)]
    chosen = core_of(_at(names, level))
    if not normalise(chosen):
        near = (core for core in cores if core.casefold() not in doubtful and normalise(core))
        chosen = next(near, composed(_at(names, level) or (names[-1] if names else "")))
    emotion = normalise(chosen)
    against = (core for core in cores if emotion and (normalise(core) or emotion) != emotion)
    return EmotionFolder(chosen, emotion, next(against, ""))


@lru_cache(maxsize=4096)
def core_of(folder: str) -> str:
    """The part of a folder's name that names an emotion; the whole name where none does.

    >>> core_of("03_angry"), core_of("not angry"), core_of("angry_sad")
    ('angry', 'not angry', 'angry_sad')
    """
    folder = composed(folder)
    if normalise(folder):
        return folder
    words = [word for word in re.split(r"[\W\d_]+", folder.replace("'", "")) if word]
    named = [place for place, word in enumerate(words) if normalise(word)]
    if len(named) != 1 or _NO.intersection(word.casefold() for word in words[: named[0]]):
        return folder
    return words[named[0]]
