"""One vocabulary of emotions, and the many names that corpora give them."""

from __future__ import annotations

import re
import unicodedata

from ser_core.core import EMOTIONS

# Only names that mean one thing in every corpus: "excited" or "frustrated" are left to the label
# map of the user, since papers disagree about where they belong, and so are one-letter codes.
_SYNONYMS: dict[str, str] = {
    "anger": (
        "angry ang mad rage wut aerger arger zlosc gniew colere rabbia ira 生气 生氣 愤怒 憤怒"
    ),
    "disgust": "disgusted dis ekel wstret obrzydzenie degout disgusto asco 厌恶 厭惡",
    "fear": "fearful fea afraid scared angst strach lek peur paura miedo 恐惧 恐懼 害怕",
    "happiness": (
        "happy hap joy joyful glad freude gluck radosc szczescie joie gioia alegria "
        "高兴 高興 快乐 快樂 开心 開心"
    ),
    "sadness": (
        "sad sorrow trauer traurig traurigkeit smutek tristesse tristezza tristeza "
        "悲伤 悲傷 难过 難過"
    ),
    "surprise": (
        "surprised sur surprising ps pleasant_surprise pleasant_surprised uberraschung "
        "ueberraschung zaskoczenie zdziwienie sorpresa 惊讶 驚訝"
    ),
    "neutral": (
        "neu normal neutrality neutralnosc neutralny neutralna neutralne neutre neutrale 中性"
    ),
    "calm": "calmness relaxed ruhig spokoj spokojny calme",
    "contempt": "contemptuous con verachtung pogarda mepris disprezzo",
    "boredom": "bored bor boring langeweile nuda znudzenie ennui noia aburrimiento",
}
_VOCABULARY = {name: emotion for emotion, names in _SYNONYMS.items() for name in names.split()} | {
    emotion: emotion for emotion in EMOTIONS
}
_NOT_DECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "ß": "ss"})


_SHORT = frozenset(["ang", "dis", "fea", "hap", "sur", "ps", "neu", "con", "bor"])
"""Names that are codes, and may as well be initials or another word."""


def composed(text: str) -> str:
    """Text with each letter and its accents as one character (NFC), as most tables have it.

    >>> len("e\N{COMBINING ACUTE ACCENT}"), len(composed("e\N{COMBINING ACUTE ACCENT}"))
    (2, 1)
    """
    return unicodedata.normalize("NFC", text)


def _plain(label: str) -> str:
    """Label without case, accents and separators.

    >>> _plain(" Złość ")
    'zlosc'
    >>> _plain("Pleasant surprise")
    'pleasant_surprise'
    """
    letters = unicodedata.normalize("NFKD", label.casefold().translate(_NOT_DECOMPOSED))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\s_-]+", "_", bare.strip())


def normalise(label: str) -> str | None:
    """Emotion of the vocabulary that a label names, or None when it names none.

    >>> normalise("surprised"), normalise("Ärger"), normalise("frustrated")
    ('surprise', 'anger', None)
    """
    return _VOCABULARY.get(_plain(label))


def is_short(label: str) -> bool:
    """Whether a label that names an emotion is a code rather than a word.

    >>> is_short("PS"), is_short("sad")
    (True, False)
    """
    return _plain(label) in _SHORT


def ordered(emotions: object) -> list[str]:
    """Distinct emotions among the given ones, in the order of the vocabulary.

    Classes that are no emotion follow, sorted; numbers by their size.

    >>> ordered(["neutral", "anger", "neutral"])
    ['anger', 'neutral']
    >>> ordered(["10", "low", "9", "anger"])
    ['anger', '9', '10', 'low']
    """
    present = set(emotions)  # type: ignore[call-overload]
    own = sorted((name for name in present if name not in EMOTIONS), key=by_number)
    return [*(emotion for emotion in EMOTIONS if emotion in present), *own]


def by_number(label: str) -> tuple[bool, float, str]:
    """Key that sorts labels: numbers by their size, then words."""
    number = label.lstrip("+-").replace(".", "", 1).isdecimal()
    return not number, float(label) if number else 0.0, label
