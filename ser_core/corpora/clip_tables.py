"""The tables in a folder that may list clips: what each is, and why it is taken or not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pandas as pd

from ser_core.core import CorpusError, count, files
from ser_core.corpora.parts import part_in_name
from ser_core.corpora.tables import header, id_column, is_lfs_pointer, read_table

if TYPE_CHECKING:
    from ser_core.corpora.file_index import FileIndex

# Usual names of the columns, the most specific first.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "path": (
        "path", "file", "filename", "filepath", "fileid", "wav", "wavpath", "wavfile", "audio",
        "audiopath", "audiofile", "clip", "recording", "name", "fname", "paths", "files",
        "filenames", "filepaths", "wavs", "clips", "datei", "dateiname", "pfad", "plik",
        "nazwapliku", "sciezka", "fichier", "chemin", "archivo", "ruta", "arquivo", "caminho",
        "percorso", "dosya", "файл", "путь", "파일", "파일명", "文件", "文件名", "ファイル", "id",
    ),
    "label": (
        "emotion", "label", "emotionlabel", "emotionname", "class", "category", "target", "emo",
        "emotions", "labels", "classes", "emotionclass", "emotioncategory", "emotioncat",
        "emoclass", "emolabel", "emotionlabels", "categories", "majoremotion", "gefuhl",
        "emotionen",
        "emocja", "emocje", "emocion", "emociones", "emozione", "emozioni", "emocao", "emocoes",
        "emotie", "duygu", "эмоция", "감정", "情感", "情绪", "感情", "etykieta", "etiqueta",
    ),
    "speaker": (
        "speaker", "speakerid", "spk", "spkid", "actor", "actorid", "subject", "subjectid",
        "participant", "participantid", "clientid", "speakers", "spkr", "spkrid",
        "actors", "spkname", "speakername", "sprecher", "sprecherin", "mowca", "locuteur",
        "hablante", "parlante", "falante", "orador",
        "диктор", "화자", "说话人", "話者", "talker", "talkerid",
    ),
    "gender": ("gender", "sex", "genders", "geschlecht", "plec", "sexe", "genero", "sesso", "пол",
               "성별", "性别", "性別"),
    "age": ("age", "alter", "wiek", "edad", "eta", "idade", "возраст", "나이", "年龄", "年齢"),
    "sentence": ("sentence", "sentenceid", "promptid", "statement", "textid", "satz", "satzid",
                 "zdanie", "frase", "phrase"),
    "text": ("text", "transcript", "transcription", "rawtext", "normalizedtext", "utterance",
             "sentencetext", "prompt", "transkript", "tekst", "texte", "texto", "testo"),
    "intensity": ("intensity", "level", "strength"),
    "official": ("official", "split", "splitset", "fold", "folds", "partition", "subset",
                 "datasplit", "part", "set"),
}  # fmt: skip
# Usual names of the times of a segment; the unit may follow, as in start_ms or "end (s)".
TIMES: dict[str, tuple[str, ...]] = {
    "start": ("start", "starttime", "timestart", "startat", "begin", "begintime", "beg", "onset",
              "onsettime", "offset", "segmentstart", "segstart", "tstart", "tbegin", "from", "tmin",
              "xmin", "anfang", "von", "od", "poczatek", "debut", "inicio"),
    "end": ("end", "endtime", "timeend", "endat", "stop", "stoptime", "finish", "segmentend",
            "segend", "tend", "tstop", "to", "until", "tmax", "xmax", "ende", "bis", "do",
            "koniec", "fin"),
    "duration": ("duration", "dur", "segmentduration", "length"),
}  # fmt: skip
UNITS = dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1.0) | dict.fromkeys(
    ("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 0.001
)
"""Seconds of each unit of time that the name of a column may end in."""
TABLES = (".csv", ".tsv")
SUBMISSION = "submission"
"""In the name of a table: its labels are placeholders, to be replaced by predictions."""
SHOWN = 6


@dataclass(frozen=True, eq=False)
class ClipTable:
    """A table, as far as it can be read.

    Attributes:
        path: Its file.
        name: Path below the folder of the corpus.
        cells: Its cells, as strings; empty where it cannot be read.
        columns: Its column for each field of a clip.
        index: Of the sound files of the corpus.
        fault: Why it lists no clips, whatever its labels; empty where it does.
        remedy: What to do about a table that cannot be read.
    """

    path: Path
    name: str
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)
    columns: Mapping[str, str] = field(default_factory=dict)
    index: FileIndex | None = None
    fault: str = ""
    remedy: str = ""

    @cached_property
    def files(self) -> pd.Series[str]:
        """File of each row below the folder; what the table says where there is none."""
        texts = self.cells[self.columns["path"]]
        return self.index.find(texts, self.near, strict=True) if self.index else texts

    @cached_property
    def near(self) -> list[str]:
        """Folders below that of the corpus which are this table's: its own, and those of its name.

        `train/metadata.csv` and `train.csv` are tables of `train/`, and `WR0_labels.csv` of `WR0/`.
        """
        own = PurePosixPath(self.name).parent.as_posix()
        words = [self.path.stem, *re.split(r"[\W_]+", self.path.stem)]
        named = self.index.kin(words, part_in_name(self.path.stem)) if self.index else []
        return [*([own] if own != "." else []), *named]

    @cached_property
    def here(self) -> pd.Series[bool]:
        """Whether the file of each row is there."""
        assert self.index is not None  # noqa: S101  (a table without a fault has one)
        known = self.index.is_file
        return self.files.map(known).astype(bool)

    @property
    def has_labels(self) -> bool:
        """Whether a column of labels has something in it."""
        return "label" in self.columns and bool((self.cells[self.columns["label"]] != "").any())

    @property
    def is_submission(self) -> bool:
        """Whether its name says that its labels are placeholders."""
        return SUBMISSION in self.path.stem.casefold()

    @cached_property
    def ids(self) -> pd.Series[str]:
        """Id of each clip."""
        return self.cells[id_column(list(self.cells.columns))]

    @property
    def part(self) -> str:
        """Part of a corpus that its name, or that of its folder, says it lists; empty if none."""
        folder = PurePosixPath(self.name).parent.name
        return part_in_name(self.path.stem) or part_in_name(folder)

    @property
    def why_not(self) -> str:
        """Why it is no table of labelled clips; empty where it is one."""
        if self.fault:
            return self.fault
        if self.is_submission:
            return "its name says that its labels are placeholders of a submission"
        if "label" not in self.columns:
            return f"no column of emotions among {_listed(self.cells.columns)}"
        return "" if self.has_labels else "its column of emotions is empty"

    def is_apart_from(self, other: ClipTable) -> bool:
        """Whether most of its clips are not in the other table."""
        return 2 * int(self.files.isin(set(other.files)).sum()) < len(self.files)

    def rows(self) -> pd.DataFrame:
        """Rows for a `Listing`: the fields that it has, under their names."""
        found = pd.DataFrame({name: self.cells[own] for name, own in self._fields()})
        if "sentence" not in found and "text" in found:
            found["sentence"] = found["text"].str.casefold()
        if "official" in found and not found["official"].ne("").any():
            found = found.drop(columns="official")
        return found.assign(path=self.files)

    def _fields(self) -> list[tuple[str, str]]:
        return [(name, own) for name, own in self.columns.items() if name not in TIMES]


def opened(
    path: Path,
    root: Path,
    index: FileIndex,
    columns: Mapping[str, str] | None = None,
    encoding: str = "",
) -> ClipTable:
    """A table as it is; what is wrong with it is its `fault`.

    Args:
        path: Its file.
        root: Folder of the corpus.
        index: Of its sound files.
        columns: Column for each field, where the guess is wrong.
        encoding: Of its text; found out when empty.
    """
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    if is_lfs_pointer(path):
        return ClipTable(path, name, fault=f"{files.LFS_PROBLEM} (git lfs pull fetches it)")
    given = {key: own for key, own in (columns or {}).items() if own in header(path, encoding)}
    mapping = guess(header(path, encoding)) | given
    try:
        cells = read_table(path, encoding=encoding)
    except CorpusError as error:
        return ClipTable(path, name, columns=mapping, fault=error.problem, remedy=error.remedy)
    if "path" not in mapping:
        return ClipTable(
            path, name, cells, mapping, index, f"no column of files among {_listed(cells.columns)}"
        )
    tried = dict.fromkeys([mapping["path"], *_of_paths(cells, given)])
    every = [ClipTable(path, name, cells, {**mapping, "path": own}, index) for own in tried]
    table = next((each for each in every if each.here.any()), every[0])
    return replace(table, fault=_fault(table))


def _of_paths(cells: pd.DataFrame, given: Mapping[str, str]) -> list[str]:
    """Columns that may hold the files, where none was named: a first one may hold other ids."""
    plain = {plain_name(column): column for column in cells.columns}
    return [] if "path" in given else [plain[name] for name in SYNONYMS["path"] if name in plain]


def _fault(table: ClipTable) -> str:
    texts = table.cells[table.columns["path"]]
    texts = texts[texts != ""]
    if texts.empty:
        return "it has no rows" if table.cells.empty else "its column of files is empty"
    if table.here.any():
        return ""
    first = texts.iloc[0]
    assert table.index is not None  # noqa: S101
    if table.index.tidy(first).startswith("/"):
        return f"its paths are absolute and lead out of the folder, as {first}"
    if ".." in first.replace("\\", "/").split("/"):
        return f"its paths lead out of the folder, as {first}"
    rivals = table.index.rivals([table.index.tidy(text) for text in texts], table.near)
    if rivals:
        return f"its names are in several folders alike, as {first} in {_listed(rivals)}"
    return f"none of its {len(texts):,} files is in the folder, the first is {first}"


def guess(columns: Iterable[str]) -> dict[str, str]:
    """Column for each field, by name, in the languages of `SYNONYMS`.

    >>> guess(["File_Name", "Emotions", "Speaker ID"])
    {'path': 'File_Name', 'label': 'Emotions', 'speaker': 'Speaker ID'}
    """
    plain = {plain_name(column): column for column in reversed(list(columns))}
    found = {
        field: next((plain[name] for name in names if name in plain), None)
        for field, names in SYNONYMS.items()
    }
    return {field: column for field, column in found.items() if column is not None}


def plain_name(column: str) -> str:
    """Name of a column without case, accents and signs.

    >>> plain_name("Émotion_Label"), plain_name("płeć")
    ('emotionlabel', 'plec')
    """
    letters = unicodedata.normalize("NFKD", column.casefold().replace("ł", "l"))
    # Hangul is composed again, since its decomposed letters are no accents.
    bare = "".join(each for each in letters if not unicodedata.combining(each) and each.isalnum())
    return unicodedata.normalize("NFC", bare)


def segments(table: ClipTable) -> bool:
    """Whether the labels hold for segments of the files; see `has_segments`."""
    return has_segments(table.cells, table.columns)


def has_segments(cells: pd.DataFrame, columns: Mapping[str, str] | None = None) -> bool:
    """Whether rows are of segments of files: a start after 0, or an end.

    A duration alone says how long a file is; beside starts that are all 0 it is taken for that.

    Args:
        cells: Of the table.
        columns: Those of the times, where they are not found by their names.
    """
    found = _time_columns(cells, columns or {})
    if "start" not in found or len(found) < 2:
        return False
    bounds = [_seconds(cells, found[name]) for name in ("start", "end") if name in found]
    return not all(each.eq(0).all() for each in bounds)


def times(table: ClipTable) -> pd.DataFrame:
    """Start and end of each row in seconds; the end NaN where it is that of the file.

    Raises:
        CorpusError: If the table has no such columns.
    """
    return times_in(table.cells, table.path, table.columns)


def times_in(
    cells: pd.DataFrame, path: Path, columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """As `times`, of the cells of a table; errors name its path."""
    found = _time_columns(cells, columns or {})
    if "start" not in found or len(found) < 2:
        raise CorpusError(
            "the table has no columns of a start and an end, or a start and a duration, so there "
            "is nothing to cut",
            subject=str(path),
            remedy="If it has, name them: --option columns.start=NAME --option columns.end=NAME",
        )
    starts = _seconds(cells, found["start"])
    ends = _seconds(cells, found.get("end") or found["duration"])
    ends = ends.where(ends > 0)
    return pd.DataFrame({"start": starts, "end": ends if "end" in found else starts + ends})


def is_time(column: str) -> bool:
    """Whether the name of a column is a usual one of a time.

    >>> is_time("Start (ms)"), is_time("started")
    (True, False)
    """
    name = plain_name(column)
    return any(name == each + unit for names in TIMES.values() for each in names for unit in UNITS)


def _time_columns(cells: pd.DataFrame, given: Mapping[str, str]) -> dict[str, str]:
    """Column of each time that there is."""
    plain = {plain_name(column): column for column in reversed(list(cells.columns))}
    names = dict(TIMES)
    if any(f"onset{unit}" in plain for unit in UNITS):  # and so the offset is no start
        names["end"] = (*names["end"], "offset", "offsettime")
    found = {
        field: next((plain[n + unit] for n in own for unit in UNITS if n + unit in plain), "")
        for field, own in names.items()
    }
    found |= {field: given[field] for field in TIMES if field in given}
    return {field: column for field, column in found.items() if column}


def _seconds(cells: pd.DataFrame, column: str) -> pd.Series[float]:
    """Times as seconds; 0 for what is none: `NaT` ends a whole file."""
    texts = cells[column].astype(str).str.replace(r"^(-?\d+),(\d+)$", r"\1.\2", regex=True)
    numbers = pd.to_numeric(texts, errors="coerce") * _unit(column)
    times = pd.to_timedelta(texts.where(numbers.isna()), errors="coerce").dt.total_seconds()
    return numbers.fillna(times).fillna(0.0)


def _unit(column: str) -> float:
    """Seconds of the unit in which numbers of a column are.

    >>> _unit("startTimeMs"), _unit("t0 [ms]"), _unit("items")
    (0.001, 0.001, 1.0)
    """
    word = plain_name(re.split(r"[\W_]+", column.strip(" )]}"))[-1])
    if word in UNITS:
        return UNITS[word]
    name = plain_name(column)
    every = [each for names in TIMES.values() for each in names]
    return next((UNITS[unit] for unit in UNITS if any(name == n + unit for n in every)), 1.0)


def left_over(left: Iterable[ClipTable], chosen: Sequence[ClipTable]) -> list[str]:
    """A sentence on each table that was not read."""
    return [f"Not read: {table.name}, {_reason(table, chosen)}" for table in left]


def _reason(table: ClipTable, chosen: Sequence[ClipTable]) -> str:
    if table.why_not:
        return table.why_not
    same = next((other.name for other in chosen if not table.is_apart_from(other)), "")
    if same:
        return f"its clips are those of {same}"
    read = " and ".join(other.name for other in chosen)
    return f"it has {count(int(table.here.sum()), 'clip')} of its own, and {read} no fewer"


def tables_in(folder: Path) -> list[Path]:
    """Tables directly in a folder, sorted."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in TABLES)


def _listed(names: Iterable[str]) -> str:
    every = [str(name) for name in names]
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return f"{', '.join(every[:SHOWN])}{more}"
