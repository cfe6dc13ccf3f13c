"""Names of the parts that corpora come divided into: train, dev, test, and numbers of folds."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ser_core.corpora.split import PARTS

NAMES = {
    "train": ("train", "training", "trn", "tr"),
    "validation": ("validation", "val", "valid", "dev", "devel", "development"),
    "test": ("test", "testing", "tst", "eval", "evaluation", "heldout"),
}
_PART = {name: part for part, names in NAMES.items() for name in names}
MOST_FOLDS = 40
"""A column with more values than this, as one of speakers, gives no folds."""


def part_of(value: str) -> str:
    """Part that a value of a column names; empty where it names none.

    >>> part_of("Train"), part_of("Development"), part_of("test1"), part_of("3")
    ('train', 'validation', 'test', '')
    """
    return _PART.get(re.sub(r"[\W_]+|\d+$", "", value.casefold().strip()), "")


def part_in_name(name: str) -> str:
    """Part that one word of the name of a table or folder names; empty where none or two do.

    >>> part_in_name("dev_labels"), part_in_name("labels"), part_in_name("train_test")
    ('validation', '', '')
    """
    found = {part_of(word) for word in re.split(r"[\W_]+", name)} - {""}
    return found.pop() if len(found) == 1 else ""


def are_parts(values: Iterable[str]) -> bool:
    """Whether values of a column name parts, training among them.

    >>> are_parts(["train", "test", "test"]), are_parts(["a", "b"])
    (True, False)
    """
    found = {part_of(value) for value in set(values)}
    return PARTS[0] in found and len(found - {""}) > 1


def are_folds(values: Iterable[str]) -> bool:
    """Whether values of a column are folds: two or more small numbers, or words with a number.

    >>> are_folds(["1", "2"]), are_folds(["fold-1", "fold-2"]), are_folds(["train", "test"])
    (True, True, False)
    """
    given = set(values)
    if not 2 <= len(given) <= MOST_FOLDS:
        return False
    return all(re.fullmatch(r"(?:[a-z]*[\W_]*)?\d{1,2}(?:\.0)?", each.casefold()) for each in given)
