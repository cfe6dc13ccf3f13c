"""IEMOCAP: five sessions of two actors, labelled in the text files of `EmoEvaluation`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from ser_core.core import CorpusError, ParameterError, did_you_mean, files
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader, table_of
from ser_core.corpora.tables import unreadable

EVALUATION = r"Session[1-5]/dialog/EmoEvaluation/Ses\w+\.txt"
TRANSCRIPT = r"Session[1-5]/dialog/transcriptions/Ses\w+\.txt"
WORDS_OF_LABELS = {
    "ang": "anger", "hap": "happiness", "sad": "sadness", "neu": "neutral",
    "dis": "disgust", "fea": "fear", "sur": "surprise",
}  # fmt: skip
FOUR = ("ang", "hap", "exc", "sad", "neu")
"""Labels of the four classes that most papers report: 5,531 turns with the excited ones."""
UNDECIDED = "xxx"
CLASSES = ("four", "all")
EXCITED = ("happiness", "own", "out")

# [6.2901 - 8.2357]	Ses01F_impro01_F000	neu	[2.5000, 2.5000, 2.5000]
_TURN = re.compile(r"^\[[\d.]+ - [\d.]+\]\s+(Ses\w+)\s+([a-z]{3})\s+\[", re.MULTILINE)
_WORDS = re.compile(r"^(Ses\w+) \[[\d.:-]+\]:\s*(.*)$", re.MULTILINE)
_NAME = re.compile(r"Ses0(?P<session>[1-5])[FM]_\w+_(?P<gender>[FM])\w+")


@reader("iemocap")
class Iemocap(Reader):
    """The layout of the release: `Session1/dialog/EmoEvaluation`, `Session1/sentences/wav`.

    Busso et al. (2008), IEMOCAP: interactive emotional dyadic motion capture database. The name of
    a turn says the session, who wears the markers (`Ses01F`), the dialogue, and who speaks (`F` or
    `M` at its end): only session and end tell the speaker.
    """

    title = "IEMOCAP"
    expects = "folders Session1 to Session5 with dialog/EmoEvaluation/*.txt and sentences/wav"
    licence = "Licence agreement of USC, research only"
    language = "English"
    source = "Busso et al. (2008)"
    own_split = (
        "five folds, one session each, so both speakers of a test fold are unseen (the protocol of "
        "most papers; figures of many encoders: Ma et al. 2024, EmoBox)"
    )

    def detect(self, source: CorpusSource) -> float:
        """Certain when a session has such text files."""
        return 0.95 if not source.table and source.named(EVALUATION) else 0.0

    def read(
        self, source: CorpusSource, *, classes: str = "four", excited: str = "happiness"
    ) -> Listing:
        """List the turns that have a label.

        Args:
            source: Folder of the release, or one above it.
            classes: "four" lists anger, happiness, sadness and neutral alone; "all" lists every
                label on which the raters agreed.
            excited: What the label excited is: "happiness" as in most papers, "own" keeps it as a
                label of its own, "out" leaves it out.

        Raises:
            CorpusError: If there are no such text files, or one cannot be read.
            ParameterError: If an option has another value.
        """
        _one_of("classes", classes, CLASSES)
        _one_of("excited", excited, EXCITED)
        said = dict(_found(source, EVALUATION, _TURN))
        if not said:
            raise CorpusError(
                "there are no turns with labels", subject=str(source.path),
                remedy=f"Give the folder that has {self.expects}",
            )  # fmt: skip
        words = dict(_found(source, TRANSCRIPT, _WORDS))
        wanted = _wanted(said.values(), classes, excited)
        sounds = {PurePosixPath(path).stem: path for path in source.files if "/dialog/" not in path}
        rows = [
            {"path": sounds.get(turn, _usual(turn)), "label": label}
            | turn_fields(turn)
            | _spoken(words.get(turn, ""))
            for turn, label in said.items()
            if label in wanted
        ]
        labels = WORDS_OF_LABELS | ({"exc": "happiness"} if excited == "happiness" else {})
        notes = tuple(_notes(said.values(), wanted, excited))
        return Listing(table_of(rows), source.root, labels, self.title, notes)


def turn_fields(name: str) -> dict[str, str]:
    """Speaker, gender and fold that the name of a turn says; none where it is no such name.

    >>> turn_fields("Ses01F_impro01_M002")
    {'speaker': 'Ses01M', 'gender': 'male', 'official': 'Session1'}
    """
    match = _NAME.fullmatch(name)
    if not match:
        return {}
    session, gender = match["session"], match["gender"]
    return {
        "speaker": f"Ses0{session}{gender}",
        "gender": {"F": "female", "M": "male"}[gender],
        "official": f"Session{session}",
    }


def _found(source: CorpusSource, where: str, what: re.Pattern[str]) -> Iterable[tuple[str, str]]:
    for name in source.named(where):
        path = source.root / name
        try:
            text = files.read_bytes(path).decode("utf-8", errors="replace")
        except OSError as error:
            raise unreadable(path, error) from error
        yield from ((match[1], match[2]) for match in what.finditer(text))


def _usual(turn: str) -> str:
    """Where a turn lies in the release, for one whose file is missing."""
    return f"Session{turn[4]}/sentences/wav/{turn.rpartition('_')[0]}/{turn}.wav"


def _spoken(words: str) -> dict[str, str]:
    words = words.strip()
    return {"text": words, "sentence": words.casefold()} if words else {}


def _wanted(labels: Iterable[str], classes: str, excited: str) -> set[str]:
    given = set(labels) - {UNDECIDED}
    wanted = given & set(FOUR) if classes == "four" else given
    return wanted - {"exc"} if excited == "out" else wanted


def _notes(labels: Iterable[str], wanted: set[str], excited: str) -> Iterable[str]:
    counts = Counter(labels)
    if "exc" in wanted and excited == "happiness":
        yield f"{counts['exc']:,} turns labelled exc (excited) count as happiness"
    left = {label: many for label, many in counts.most_common() if label not in wanted}
    if left:
        shown = ", ".join(f"{label} {many:,}" for label, many in left.items())
        yield (
            f"Not listed: {shown}. Turns with xxx have no majority among the raters; --option "
            "classes=all lists every other label"
        )


def _one_of(name: str, value: str, values: tuple[str, ...]) -> None:
    if value not in values:
        raise ParameterError(
            f"{value!r} is none of {', '.join(values)}", subject=name,
            remedy=did_you_mean(value, values),
        )  # fmt: skip
