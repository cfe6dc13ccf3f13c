"""Corpora labelled by their file names: a regular expression and tables of codes for each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ser_core.corpora.readers.base import READERS, CorpusSource, Listing, Reader, table_of
from ser_core.corpora.tables import read_table

Codes = Mapping[str, str]
UNKNOWN_NAME = "unknown name"
"""Beginning of the problem of a file that is named otherwise."""


@dataclass(frozen=True)
class NameCoded(Reader):
    r"""A naming scheme.

    Attributes:
        title: Name of the corpus.
        expects: What its files are called, with an example.
        pattern: Regular expression for the end of the path, without the file's ending. Its groups
            are columns of `Corpus.clips`, as the file spells them.
        labels: Emotion for each code.
        codes: Column to (group, meaning of its codes); a code without meaning leaves the column
            empty. Columns not named here are the group of their name, as spelled.
        speakers: Name of a CSV table of the speakers, if the corpus comes with one, and its
            columns for speaker, gender and age.
        licence: Terms of the corpus.
        note: What the user should know about every copy of this corpus.
    """

    title: str
    expects: str
    pattern: str
    labels: Codes
    codes: Mapping[str, tuple[str, Codes]] = field(default_factory=dict)
    speakers: tuple[str, Codes] | None = None
    licence: str = ""
    note: str = ""

    def match(self, path: str) -> re.Match[str] | None:
        """The coded part at the end of a path, None where the name is not of this scheme."""
        return re.search(rf"(?:^|/)({self.pattern})\.\w+$", path)

    def detect(self, source: CorpusSource) -> float:
        """Share of the sound files with such a name, once they are the majority."""
        if source.table or not source.files:
            return 0.0
        share = sum(map(bool, map(self.match, source.files))) / len(source.files)
        return 0.95 * share if share > 0.5 else 0.0

    def read(self, source: CorpusSource) -> Listing:
        """List the clips; of files with the same name and content length, the first alone.

        Archives of these corpora often hold every file twice, in a folder and again in a copy of
        that folder inside itself. The notes count the copies.
        """
        files = _without_copies(source, {path: self._identity(path) for path in source.files})
        people = self._people(source)
        rows = [self._row(path, people) for path in files]
        copies = len(source.files) - len(files)
        note = f"{copies} files are copies of others in a nested folder and are not listed twice"
        notes = (note if copies else "", self.note)
        return Listing(
            table_of(rows), source.root, self.labels, self.title, tuple(filter(None, notes))
        )

    def _identity(self, path: str) -> str:
        match = self.match(path)
        return match[1] if match else path

    def _row(self, path: str, people: Mapping[str, dict[str, str]]) -> dict[str, str]:
        match = self.match(path)
        if not match:
            return {"path": path, "problem": f"{UNKNOWN_NAME}: it is none of the {self.expects}"}
        groups = {name: code for name, code in match.groupdict().items() if code}
        decoded = {
            column: meaning.get(groups.get(group, ""), "")
            for column, (group, meaning) in self.codes.items()
        }
        row = groups | decoded
        return {"path": path} | row | people.get(row.get("speaker", ""), {})

    def _people(self, source: CorpusSource) -> dict[str, dict[str, str]]:
        """Gender and age by speaker, from the corpus's own table when it is there."""
        if not self.speakers:
            return {}
        name, columns = self.speakers
        path = source.find(name)
        return _by_speaker(path, columns) if path else {}


def _by_speaker(path: Path, columns: Codes) -> dict[str, dict[str, str]]:
    table = read_table(path, required=columns)
    table = table[list(columns)].rename(columns=dict(columns))
    table["gender"] = table["gender"].str.lower()
    return {row.pop("speaker"): row for row in table.to_dict("records")}  # type: ignore[misc]


def _without_copies(source: CorpusSource, identities: Mapping[str, str]) -> list[str]:
    """Paths without nested copies: same identity and same size; the shallowest wins."""
    by_identity: dict[str, list[str]] = defaultdict(list)
    for path in sorted(identities, key=lambda path: (path.count("/"), path)):
        by_identity[identities[path]].append(path)
    unique = [
        path
        for paths in by_identity.values()
        for path in (paths if len(paths) == 1 else _by_size(source, paths))
    ]
    return sorted(unique)


def _by_size(source: CorpusSource, paths: list[str]) -> list[str]:
    sizes: dict[int, str] = {}
    for path in paths:
        sizes.setdefault((source.root / path).lstat().st_size, path)
    return list(sizes.values())


def _table(text: str) -> dict[str, str]:
    """Codes from lines of `code meaning`."""
    return dict(line.strip().split(maxsplit=1) for line in text.strip().splitlines())


_BY_SPEAKER_EMODB = {
    "03": ("male", "31"), "08": ("female", "34"), "09": ("female", "21"), "10": ("male", "32"),
    "11": ("male", "26"), "12": ("male", "30"), "13": ("female", "32"), "14": ("female", "35"),
    "15": ("male", "25"), "16": ("female", "31"),
}  # fmt: skip

SCHEMES = {
    # Livingstone & Russo (2018): modality-channel-emotion-intensity-statement-repetition-actor.
    "ravdess": NameCoded(
        title="RAVDESS",
        expects="files named like 03-01-05-01-02-01-12.wav",
        pattern=r"03-(?:01|02)-(?P<label>0[1-8])-(?P<intensity>0[12])-(?P<sentence>0[12])"
        r"-0[12]-(?P<speaker>[012]\d)",
        labels={
            "01": "neutral", "02": "calm", "03": "happiness", "04": "sadness",
            "05": "anger", "06": "fear", "07": "disgust", "08": "surprise",
        },
        codes={
            "gender": ("speaker", {f"{n:02}": "male" if n % 2 else "female" for n in range(1, 25)}),
            "intensity": ("intensity", {"01": "normal", "02": "strong"}),
            "text": (
                "sentence",
                {
                    "01": "Kids are talking by the door.",
                    "02": "Dogs are sitting by the door.",
                },
            ),
        },
        licence="CC BY-NC-SA 4.0",
    ),
    # Cao et al. (2014): actor_sentence_emotion_intensity.
    "crema-d": NameCoded(
        title="CREMA-D",
        expects="files named like 1001_DFA_ANG_XX.wav",
        pattern=r"(?P<speaker>1\d{3})_(?P<sentence>[A-Z]{3})_(?P<label>[A-Z]{3})"
        r"_(?P<intensity>LO|MD|HI|XX?)",
        labels={
            "ANG": "anger", "DIS": "disgust", "FEA": "fear",
            "HAP": "happiness", "NEU": "neutral", "SAD": "sadness",
        },
        codes={
            "intensity": ("intensity", {"LO": "low", "MD": "medium", "HI": "high"}),
            "text": (
                "sentence",
                _table("""
                    IEO It's eleven o'clock.
                    TIE That is exactly what happened.
                    IOM I'm on my way to the meeting.
                    IWW I wonder what this is about.
                    TAI The airplane is almost full.
                    MTI Maybe tomorrow it will be cold.
                    IWL I would like a new alarm clock.
                    ITH I think I have a doctor's appointment.
                    DFA Don't forget a jacket.
                    ITS I think I've seen this before.
                    TSI The surface is slick.
                    WSI We'll stop in a couple of minutes.
                """),
            ),
        },
        speakers=("VideoDemographics.csv", {"ActorID": "speaker", "Sex": "gender", "Age": "age"}),
        licence="ODbL 1.0",
    ),
    # Pichora-Fuller & Dupuis (2020): speaker_word_emotion. One file of the archive is OA_....
    "tess": NameCoded(
        title="TESS",
        expects="files named like OAF_back_angry.wav",
        pattern=r"(?P<speaker>OAF?|YAF)_(?P<sentence>[a-z']+)"
        r"_(?P<label>angry|disgust|fear|happy|neutral|ps|sad)",
        labels={},
        codes={
            "speaker": ("speaker", {"OAF": "OAF", "OA": "OAF", "YAF": "YAF"}),
            "gender": ("speaker", {"OAF": "female", "OA": "female", "YAF": "female"}),
            "age": ("speaker", {"OAF": "64", "OA": "64", "YAF": "26"}),
        },
        licence="CC BY-NC-ND 4.0",
    ),
    # Haq & Jackson (2010): speaker_emotion and number, or a folder for each speaker.
    "savee": NameCoded(
        title="SAVEE",
        expects="files named like DC_a01.wav or DC/a01.wav",
        pattern=r"(?P<speaker>DC|JE|JK|KL)[_/](?P<label>sa|su|[adfhn])\d\d",
        labels={
            "a": "anger", "d": "disgust", "f": "fear", "h": "happiness",
            "n": "neutral", "sa": "sadness", "su": "surprise",
        },
        codes={"gender": ("speaker", dict.fromkeys(("DC", "JE", "JK", "KL"), "male"))},
        note="The numbers in the file names do not say which sentence is spoken, since each emotion"
        " counts its own, so the sentences are unknown",
    ),
    # Burkhardt et al. (2005): speaker, text, emotion, version, with German initials.
    "emo-db": NameCoded(
        title="EMO-DB",
        expects="files named like 03a01Fa.wav",
        pattern=r"(?P<speaker>0[389]|1[0-6])(?P<sentence>[ab]\d\d)(?P<label>[WLEAFTN])[a-z]?",
        labels={
            "W": "anger", "L": "boredom", "E": "disgust", "A": "fear",
            "F": "happiness", "T": "sadness", "N": "neutral",
        },
        codes={
            "gender": ("speaker", {code: who[0] for code, who in _BY_SPEAKER_EMODB.items()}),
            "age": ("speaker", {code: who[1] for code, who in _BY_SPEAKER_EMODB.items()}),
            "text": (
                "sentence",
                _table("""
                    a01 Der Lappen liegt auf dem Eisschrank.
                    a02 Das will sie am Mittwoch abgeben.
                    a04 Heute abend könnte ich es ihm sagen.
                    a05 Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.
                    a07 In sieben Stunden wird es soweit sein.
                    b01 Was sind denn das für Tüten, die da unter dem Tisch stehen?
                    b02 Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.
                    b03 An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes \
besucht.
                    b09 Ich will das eben wegbringen und dann mit Karl was trinken gehen.
                    b10 Die wird auf dem Platz sein, wo wir sie immer hinlegen.
                """),
            ),
        },
    ),
}  # fmt: skip

for _name, _scheme in SCHEMES.items():
    READERS.register(_name)(_scheme)
