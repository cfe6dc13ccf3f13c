"""How people are written in tables: who is nobody, which gender is meant, who may be one person."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from ser_core.corpora.emotions import composed

UNSAID = ("nan", "none", "null", "?", "n/a", "<na>", "unknown")
"""What tables write where a value is not known; no speaker and no label is called so."""

NOBODY = frozenset(
    [*UNSAID, "na", "#n/a", "n.a.", "n. a.", "(null)", "undefined", "unspecified", "not available"]
)
"""What no speaker is called, beside names without a letter or a digit."""

_GENDERS = {
    name: gender
    for gender, names in {
        "female": (
            "f", "fem", "female", "w", "woman", "women", "k", "kobieta", "weiblich", "frau",
            "femme", "mujer", "donna",
        ),
        "male": (
            "m", "male", "man", "men", "mężczyzna", "männlich", "mann", "homme", "hombre", "uomo",
        ),
    }.items()
    for name in names
}  # fmt: skip


def speakers(names: pd.Series[str]) -> pd.Series[str]:
    """Names of speakers without those that say that nobody is known.

    >>> speakers(pd.Series(["Jan", "N/A", "-", "?"], dtype="string")).to_list()
    ['Jan', <NA>, <NA>, <NA>]
    """
    nobody = names.str.casefold().isin(NOBODY) | names.str.fullmatch(r"[\W_]+").fillna(value=False)
    return whole(names.mask(nobody, pd.NA))


def whole(names: pd.Series[str]) -> pd.Series[str]:
    """Names without the ".0" that tables put behind numbers, where all of them are numbers.

    >>> whole(pd.Series(["1.0", "2"], dtype="string")).to_list()
    ['1', '2']
    >>> whole(pd.Series(["1.0", "b"], dtype="string")).to_list()
    ['1.0', 'b']
    """
    known = names.dropna()
    if not known.str.fullmatch(r"\d+(?:\.0+)?").all():
        return names
    return names.str.replace(r"\.0+$", "", regex=True)


def genders(names: pd.Series[str]) -> pd.Series[str]:
    """Genders, female and male spelled as everywhere.

    >>> genders(pd.Series(["F", "woman", "m", "other"], dtype="string")).to_list()
    ['female', 'female', 'male', 'other']
    """
    return names.str.casefold().map(_GENDERS).astype("string").fillna(names)


def alike(names: Iterable[str]) -> list[list[str]]:
    """Names that differ only in case, leading zeros, blanks or punctuation, together.

    >>> alike(["EB0", "eb0", "spk 1", "spk_01", "spk-2", "1-2", "12"])
    [['EB0', 'eb0'], ['spk 1', 'spk_01']]
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        groups.setdefault(_bare(name) or name, []).append(name)
    return [each for each in groups.values() if len(each) > 1]


def _bare(name: str) -> str:
    text = re.sub(r"(?<=\d)\.0+$", "", composed(name).casefold())
    text = re.sub(r"(?<!\d)0+(?=\d)", "", text)
    between = re.sub(r"(?<=\d)[\W_]+(?=\d)", " ", text)
    return re.sub(r"(?<!\d)[\W_]+|[\W_]+(?!\d)", "", between)
