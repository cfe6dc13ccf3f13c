"""What lies where no reader fits, and what to do with it: one sentence, the likeliest first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import PurePosixPath

from ser_core.audio import ENDINGS
from ser_core.core import files
from ser_core.corpora.clip_tables import ClipTable
from ser_core.corpora.emotions import normalise
from ser_core.corpora.readers import READERS, CorpusSource

_TABLE = "as a table clips.csv with the columns path, emotion and speaker"
FORMATS = {
    r"[^/]+\.parquet": "{} is a Parquet table: write the sound in it, and the table of its clips, "
    "by corpus extract PATH --out FOLDER, and open that folder",
    r"[^/]+\.arrow": "{} is a data set as save_to_disk writes it, which is not read: write it as "
    "Parquet (dataset.to_parquet(FILE)), then corpus extract reads that",
    r"[^/]+\.(?:xlsx?|xlsm|ods)": "{} is a spreadsheet: save it as CSV (UTF-8)",
    r"wav\.scp|utt2spk|utt2emo": "{} is a list of Kaldi: write what wav.scp, utt2spk and the list "
    f"of emotions say {_TABLE}",
    r"[^/]+\.jsonl": f"{{}} is of JSON lines: write them {_TABLE}",
}
"""What to do with a file, by its name (a regular expression)."""
_SPEECHBRAIN = re.compile(rb'"(?:wav|audio|path|audio_path)"\s*:')
_MOST = 0.8
"""Share of the files whose names say an emotion in one place."""


def remedy(source: CorpusSource) -> str:
    """What to do about a folder or a table that no reader fits."""
    ways: tuple[Callable[[CorpusSource], str], ...] = (_tables, _formats, _json, _names, _readers)
    if not source.files and not source.table:  # nothing that a table could list
        ways = (_formats, *ways)
    return next(said for way in ways if (said := way(source)))


def _tables(source: CorpusSource) -> str:
    """What would mend the first table."""
    unreadable = next((table for table in source.tables if table.remedy), None)
    if unreadable:
        beside = ", beside --reader manifest" if "--option" in unreadable.remedy else ""
        return f"{unreadable.remedy}{beside}"
    names = {table.name: table for table in source.tables if len(table.cells)}
    for name, table in names.items():
        clip = next((each for each in table.cells.columns if _is_sound(each)), "")
        if clip:
            return (
                f"Write a line with the names of the columns, as path,emotion,speaker, above the "
                f"first line of {name}, which is that of {clip}"
            )
        missing = [field for field in ("path", "label") if field not in table.columns]
        given = "" if source.table else f" --option table={name}"
        if len(missing) == 1 and not (table.fault and "path" in table.columns):
            return (
                f"Name the column: --reader manifest{given} --option columns.{missing[0]}=NAME, "
                f"one of {', '.join(table.cells.columns)}"
            )
        if not missing and table.fault:
            return (
                "Open the folder that holds the sound, or name it: --reader manifest"
                f"{given} --option sound=FOLDER"
            )
    return next((_header_of(name) for name, table in names.items() if _lists(table)), "")


def _lists(table: ClipTable) -> bool:
    """Whether the first cells of a table name sound, whatever its columns are called."""
    cells = " ".join(table.cells.iloc[:3].to_numpy().ravel()).lower()
    return any(ending in cells for ending in ENDINGS)


def _header_of(name: str) -> str:
    return (
        f"Write the names of the columns, as path,emotion,speaker, into the first line of {name}, "
        "and commas, tabs, semicolons or | between the columns"
    )


def _is_sound(name: str) -> bool:
    return PurePosixPath(name.replace("\\", "/")).suffix.lower() in ENDINGS


def _named(source: CorpusSource, pattern: str) -> list[str]:
    if source.table:
        return [source.table.name] if re.fullmatch(pattern, source.table.name, re.I) else []
    return source.named(pattern)


def _formats(source: CorpusSource) -> str:
    for pattern, said in FORMATS.items():
        found = _named(source, pattern)
        if found:
            return said.format(found[0])
    return ""


def _json(source: CorpusSource) -> str:
    for name in _named(source, r"[^/]+\.json"):
        file = source.table or source.root / name
        try:
            with files.regular(file, files.TABLE).open("rb") as content:
                if _SPEECHBRAIN.search(content.read(4096)):
                    return f"{name} lists sound in JSON, as SpeechBrain does: write it {_TABLE}"
        except OSError:
            continue
    return ""


def _names(source: CorpusSource) -> str:
    """A pattern for names of files that say the emotion in one place between signs."""
    if source.table or not source.files:
        return ""
    stems = [PurePosixPath(path).stem for path in source.files]
    for sign in "_-. ":
        places = Counter(
            place
            for stem in stems
            for place, word in enumerate(stem.split(sign))
            if normalise(word)
        )
        place, number = next(iter(places.most_common(1)), (0, 0))
        if number >= _MOST * len(stems):
            own = re.escape(sign)
            before = f"[^/{own}]+{own}" * place
            return (
                "The names of the files seem to say the emotion: --reader folders --option "
                f"'pattern=(?:^|/){before}(?P<label>[^/{own}.]+)[^/]*$'; a group (?P<speaker>...) "
                "takes the speaker"
            )
    return ""


def _readers(source: CorpusSource) -> str:
    flat = (
        "If the names of the files say the emotion, say where: --reader folders --option "
        r"'pattern=(?P<speaker>[A-Z]+\d+)_(?P<label>[a-z]+)_'. "
    )
    names = ", ".join(name for name, _ in READERS.items())
    return (
        f"{flat if source.files and not source.table else ''}If the corpus is one of these, name "
        f"its reader by --reader: {names}"
    )
