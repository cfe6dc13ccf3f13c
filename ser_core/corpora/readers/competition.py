"""A competition: a table of labelled clips, one of unlabelled clips, a template to fill."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ser_core.core import CorpusError, count
from ser_core.corpora.clip_tables import ClipTable, left_over
from ser_core.corpora.readers.base import CorpusSource, Listing, Reader, reader
from ser_core.corpora.readers.manifest import parts_of

ORIGINAL = ("sample", "template", "example", "baseline")
"""In the names of templates, where a filled submission may lie beside them."""


@dataclass(frozen=True)
class _Tables:
    """What each table of a competition is."""

    labelled: tuple[ClipTable, ...]
    unlabelled: ClipTable
    template: ClipTable | None
    left: tuple[ClipTable, ...]

    @property
    def labelled_names(self) -> str:
        """Names of the tables of labelled clips."""
        return " and ".join(table.name for table in self.labelled)


@reader("competition")
class Competition(Reader):
    """Clips with labels and clips to predict, each part in a table of its own.

    A table with "submission" in its name is the template of the submission: its labels are
    placeholders. So is a table with the very ids of the unlabelled clips. Without a table of
    unlabelled clips the template lists them.
    """

    title = "Competition"
    expects = (
        "a table of labelled clips (train.csv) beside a table of unlabelled clips (test.csv) or a "
        "template of the submission (sample_submission.csv)"
    )

    def detect(self, source: CorpusSource) -> float:
        """Fits when both parts are there and their files exist."""
        return 0.85 if _tables(source) else 0.0

    def read(self, source: CorpusSource) -> Listing:
        """List the clips of both parts, the labelled ones first.

        Raises:
            CorpusError: If one of the two parts is missing.
        """
        found = _tables(source)
        if found is None:
            raise CorpusError(
                "there are no two tables of labelled and of unlabelled clips",
                subject=str(source.path),
                remedy=f"Looked for {self.expects}",
            )
        labelled = pd.concat([_rows(table) for table in found.labelled], ignore_index=True)
        if len(found.labelled) > 1:
            parts = [part for table in found.labelled for part in [table.part] * len(table.cells)]
            labelled["official"] = parts
        unlabelled = _rows(found.unlabelled, labelled=False)
        both = labelled["path"].isin(set(unlabelled["path"]))
        rows = pd.concat([labelled[~both], unlabelled], ignore_index=True)
        notes = tuple(_notes(found, int(both.sum())))
        template = found.template.path if found.template else None
        return Listing(rows, source.root, notes=notes, template=template)


def _rows(table: ClipTable, *, labelled: bool = True) -> pd.DataFrame:
    rows = table.rows()
    if not labelled:
        rows = rows.drop(columns="official", errors="ignore").assign(label="")
    return rows.assign(id=table.ids, unlabelled=not labelled)


def _notes(found: _Tables, shared: int) -> list[str]:
    labelled, unlabelled = found.labelled_names, found.unlabelled.name
    lists = "lists" if len(found.labelled) == 1 else "list"
    notes = [f"{labelled} {lists} the labelled clips, {unlabelled} the unlabelled ones"]
    if found.template:
        notes.append(f"{found.template.name} is the template of the submission")
    if shared:
        notes.append(
            f"{count(shared, 'clip')} of {labelled} stand in {unlabelled}, too, and are taken as "
            "unlabelled only"
        )
    return [*notes, *left_over(found.left, found.labelled)]


def _tables(source: CorpusSource) -> _Tables | None:
    """The tables of a competition; None where a part is missing."""
    if source.table or len(source.tables) < 2:
        return None
    tables = [table for table in source.tables if "path" in table.columns and len(table.cells)]
    labelled = parts_of(source.tables)
    if not labelled:
        return None
    named = [table for table in tables if table.is_submission]
    rest = [table for table in tables if table not in named and not table.fault]
    without = [
        table
        for table in rest
        if not table.has_labels and all(table.is_apart_from(other) for other in labelled)
    ]
    unlabelled = max(without, key=lambda table: len(table.cells), default=None)
    others = [table for table in tables if table not in labelled and table is not unlabelled]
    template = _template(named, others, unlabelled)
    apart = template and all(template.is_apart_from(other) for other in labelled)
    if unlabelled is None and template and not template.fault and apart:
        unlabelled = template
    if unlabelled is None:
        return None
    read = (*labelled, unlabelled, template)
    left = tuple(table for table in source.tables if table not in read)
    return _Tables(tuple(labelled), unlabelled, template, left)


def _template(
    named: list[ClipTable], others: list[ClipTable], unlabelled: ClipTable | None
) -> ClipTable | None:
    """The template: by its name, or by the ids of the unlabelled clips."""
    if named:
        originals = [t for t in named if any(word in t.path.stem.casefold() for word in ORIGINAL)]
        return (originals or named)[0]
    ids = set(unlabelled.ids) if unlabelled else set()
    return next((table for table in others if ids and set(table.ids) == ids), None)
