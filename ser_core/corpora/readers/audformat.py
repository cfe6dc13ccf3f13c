"""Databases of audformat (`db.yaml` and its tables), read by the library of that name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ser_core.core import CorpusError, MissingPartError, count, did_you_mean, files
from ser_core.core.plain_yaml import load_yaml
from ser_core.corpora.clip_tables import guess
from ser_core.corpora.parts import part_in_name
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader
from ser_core.corpora.readers.manifest import WHOLE

HEADER = r"db\.yaml"
INSTALL = "pip install 'ser-workbench[audformat]'"
FIELDS = ("speaker", "gender", "age", "text", "sentence", "intensity")


@reader("audformat")
class Audformat(Reader):
    """A folder with `db.yaml`, as audb and other tools of audEERING publish databases.

    The tables with a column of emotions are read; speakers, genders and ages are taken from them,
    from the other tables of files, or from what the scheme of the speakers says. Parts are those
    that the tables are assigned to (`split_id`).

    Format: https://audeering.github.io/audformat/
    """

    title = "audformat database"
    expects = "a file db.yaml with the tables of an audformat database"

    def detect(self, source: CorpusSource) -> float:
        """Fits when there is such a file."""
        return 0.9 if not source.table and source.named(HEADER) else 0.0

    def read(
        self, source: CorpusSource, *, table: str = "", emotion: str = "", segments: str = ""
    ) -> Listing:
        """List the files that have an emotion.

        Args:
            source: Folder of the database.
            table: Table of the emotions, when the guess is wrong; all that begin so are read.
            emotion: Column of the emotions, when the guess is wrong.
            segments: "whole" gives whole files the emotions of their segments.

        Raises:
            CorpusError: If the database cannot be read, has no column of emotions, or labels
                segments of its files.
            MissingPartError: If audformat is not installed.
        """
        listing = self.segments(source, table=table, emotion=emotion)
        rows = listing.rows
        whole = (rows["start"] == 0) & rows["end"].isna()
        if segments != WHOLE and not whole.all():
            raise CorpusError(
                "the database labels segments of its files, which are not cut",
                subject=str(source.path),
                remedy="Write them as files of their own by corpus extract; --option "
                "segments=whole gives whole files their labels",
            )
        return Listing(rows.drop(columns=["start", "end"]), listing.root, name=listing.name,
                       notes=listing.notes, licence=listing.licence)  # fmt: skip

    def segments(self, source: CorpusSource, *, table: str = "", emotion: str = "") -> Listing:
        """List the segments that have an emotion, and the files that have one as a whole.

        Raises:
            CorpusError: As `read`, but for segments.
            MissingPartError: If audformat is not installed.
        """
        header = source.named(HEADER)
        if not header:
            raise CorpusError("there is no db.yaml", subject=str(source.path))
        root = (source.root / header[0]).parent
        database = _loaded(root)
        chosen = _labelled(database, table, emotion, root)
        rows = pd.concat(
            [_rows(database, name, column) for name, column in chosen.items()], ignore_index=True
        )
        rows = _described(rows, database)
        if len(set(rows["official"])) < 2:
            rows = rows.drop(columns="official")
        listed = ", ".join(chosen)
        return Listing(
            rows, root, name=str(database.name),
            notes=(f"Read {count(len(chosen), 'table')} of {len(database.tables)}: {listed}",),
            licence=str(database.license or ""),
        )  # fmt: skip


def _loaded(root: Path) -> Any:
    """The database, once it is known that loading it runs nothing.

    The library reads pickled copies of tables, and any object of YAML, both of which may hold code.
    """
    try:
        load_yaml(files.read_text(root / "db.yaml"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CorpusError(
            f"db.yaml is no plain YAML ({str(error).splitlines()[0]})", subject=str(root)
        ) from error
    pickled = sorted(root.glob("*.pkl"))
    if pickled:
        raise CorpusError(
            "the database has pickled tables, which may run code when they are opened",
            subject=str(pickled[0]),
            remedy="Delete the .pkl files: they are copies of the tables beside them",
        )
    try:
        import audformat
    except ImportError as error:
        raise MissingPartError(
            "is not installed", subject="audformat", remedy=f"Install it: {INSTALL}"
        ) from error
    try:
        return audformat.Database.load(str(root), load_data=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CorpusError(
            f"audformat cannot read it ({str(error).splitlines()[0][:200]})", subject=str(root),
            remedy="Repair the database",
        ) from error  # fmt: skip


def _labelled(database: Any, table: str, emotion: str, root: Path) -> dict[str, str]:
    """Column of emotions of each table to read: all parts of one, else the largest."""
    columns = {
        name: emotion if emotion in each.columns else guess(list(each.columns)).get("label", "")
        for name, each in database.tables.items()
        if name.startswith(table)
    }
    fitting = {
        name: column
        for name, column in columns.items()
        if column and (not emotion or column == emotion)
    }
    if not fitting:
        every = sorted({column for each in database.tables.values() for column in each.columns})
        raise CorpusError(
            "no table has a column that looks like emotions", subject=str(root),
            remedy=did_you_mean(emotion, every) if emotion
            else f"Name it by --option emotion=, one of {', '.join(every)}",
        )  # fmt: skip
    parts: dict[str, str] = {}
    for name in sorted(fitting, key=lambda name: -len(database.tables[name])):
        part = _part(database, name)
        if part:
            parts.setdefault(part, name)
    largest = max(fitting, key=lambda name: len(database.tables[name]))
    together = sum(len(database.tables[name]) for name in parts.values())
    chosen = list(parts.values()) if together >= len(database.tables[largest]) else [largest]
    return {name: fitting[name] for name in chosen}


def _part(database: Any, name: str) -> str:
    """Part of a table, as the database says it, or else as the end of the table's name does."""
    stated = database.tables[name].split_id
    return str(database.splits[stated].type) if stated else part_in_name(name.rpartition(".")[2])


def _rows(database: Any, name: str, column: str) -> pd.DataFrame:
    table = database.tables[name]
    cells = table.get().reset_index()
    known = {field: own for field, own in guess(list(cells.columns)).items() if field in FIELDS}
    rows = pd.DataFrame({field: cells[own].astype("string") for field, own in known.items()})
    whole = pd.Series(float("nan"), index=cells.index)
    times = {
        name: cells[name].dt.total_seconds() if name in cells else whole
        for name in ("start", "end")
    }
    return rows.assign(
        path=cells["file"].astype("string"), label=cells[column].astype("string"),
        start=times["start"].fillna(0.0), end=times["end"],
        official=_part(database, name),
    )  # fmt: skip


def _described(rows: pd.DataFrame, database: Any) -> pd.DataFrame:
    """The rows with what other tables of files and the scheme of the speakers say."""
    for table in database.tables.values():
        cells = table.get().reset_index()
        if "file" not in cells or "start" in cells:
            continue
        known = guess(list(table.columns))
        for field in (field for field in FIELDS if field in known and field not in rows):
            by_file = cells.drop_duplicates("file").set_index("file")[known[field]]
            rows[field] = rows["path"].map(by_file).astype("string")
    people = _people(database)
    for field in ("gender", "age"):
        if field not in rows and "speaker" in rows and people:
            rows[field] = rows["speaker"].map(
                lambda who, f=field: str(people.get(who, {}).get(f, ""))
            )
    return rows


def _people(database: Any) -> dict[str, Mapping[str, Any]]:
    """What the schemes say of each speaker."""
    scheme = next((one for name, one in database.schemes.items() if name == "speaker"), None)
    labels = scheme.labels if scheme is not None else None
    if not isinstance(labels, Mapping):
        return {}
    return {str(who): said for who, said in labels.items() if isinstance(said, Mapping)}
