"""`predict` along recordings of any length: windows of a timeline, or turns of speakers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser_core.core import AudioError, CorpusError, ParameterError
from ser_core.core.batches import attempted
from ser_core.storage import atomic

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.corpora.annotations import Segment
    from ser_core.inference.classify import EnrolledSpeaker, InferenceModel, Recording
    from ser_core.inference.timeline import Windows

SPEECH = "speech"

Turns = Annotated[
    str,
    typer.Option(
        help="Classify turns instead: speech (where somebody speaks, by silero-vad), or a file "
        ".rttm, .TextGrid, .eaf or .csv that says who speaks when in the one recording.",
    ),
]
Tier = Annotated[str, typer.Option(help="With --turns FILE: tier of the turns.")]
EnrolTurns = Annotated[
    bool,
    typer.Option(
        "--enrol-turns",
        help="With --turns FILE: enrol each speaker with up to a minute of their own turns.",
    ),
]
TextGrid = Annotated[
    Path | None,
    typer.Option(help="With --timeline or --turns: file for Praat's TextGrid of one recording."),
]
Rttm = Annotated[
    Path | None, typer.Option(help="With --timeline or --turns: file for an RTTM of one recording.")
]


@dataclass(frozen=True)
class Along:
    """What is asked of recordings that more than one prediction is made of.

    Attributes:
        windows: Of a timeline; None without one.
        turns: "speech", a file of segments, or empty without turns.
        tier: Tier of the turns.
        enrol_own: Whether speakers are enrolled with their own turns.
        textgrid: File to write.
        rttm: File to write.
    """

    windows: Windows | None
    turns: str
    tier: str
    enrol_own: bool
    textgrid: Path | None
    rttm: Path | None

    @property
    def asked(self) -> str:
        """The option that asks for more than one prediction; empty where none does."""
        return "--turns" if self.turns else "--timeline" if self.windows else ""

    @property
    def _file(self) -> bool:
        return self.turns not in ("", SPEECH)

    def check(self, recordings: int, *, enrolled: bool) -> None:
        """Refuse options that say nothing together, before anything is predicted.

        Raises:
            ParameterError: If they do.
        """
        one = recordings == 1
        rules: list[tuple[str, object, str]] = [
            ("--turns", self.turns and self.windows, "goes without --timeline"),
            ("--turns", self._file and not one, "is of one recording"),
            ("--tier", self.tier and not self._file, "belongs to --turns FILE"),
            ("--enrol-turns", self.enrol_own and not self._file, "belongs to --turns FILE"),
            ("--enrol-turns", self.enrol_own and enrolled, "goes without --enrol"),
        ]
        for name, path in (("--textgrid", self.textgrid), ("--rttm", self.rttm)):
            rules.append((name, path and not self.asked, "belongs to --timeline or --turns"))
            rules.append((name, path and not one, "is of one recording"))
        for name, broken, why in rules:
            if broken:
                raise ParameterError(why, subject=name, remedy="Leave one of them out")

    def tables(
        self,
        model: InferenceModel,
        several: list[Recording],
        enrolled: EnrolledSpeaker | None,
        report: Callable[[int, int], None],
    ) -> Iterator[pd.DataFrame]:
        """Rows of each recording, some at a time; one that cannot be read is a row with why."""
        first = ["file", "start", "end"]
        if self._file and not self._given():
            raise CorpusError(
                "has no turns", subject=self.turns, remedy="Name another tier, or file"
            )
        for done, each in enumerate(several, start=1):
            within = report if len(several) == 1 else None  # of one recording, else recordings
            for table in self._of_recording(model, each, enrolled, within):
                named = table.assign(file=each.name)
                yield named[[*first, *named.columns.drop(first)]]
            if not within:
                report(done, len(several))

    def _of_recording(
        self,
        model: InferenceModel,
        recording: Recording,
        enrolled: EnrolledSpeaker | None,
        report: Callable[[int, int], None] | None,
    ) -> Iterator[pd.DataFrame]:
        import numpy as np

        from ser_core.inference.classify import rows_of
        from ser_core.inference.timeline import timeline_parts
        from ser_core.inference.turns import predict_turns

        sound, problem = attempted(lambda: model.stream(recording))
        if sound is not None and self.windows:
            yield from timeline_parts(model, sound, self.windows, enrolled, report)
            return
        if sound is not None:
            turns, problem = attempted(lambda: self._found(recording))
            if turns:
                own = self.enrol_own
                yield predict_turns(model, sound, turns, enrolled, enrol_own=own, progress=report)
                return
        about = {"start": np.nan, "end": np.nan, "problem": problem}
        yield rows_of([about], np.full((1, len(model.classes)), np.nan), model)

    def _found(self, recording: Recording) -> list[Segment]:
        """Turns of a recording; an error where there are none."""
        from ser_core.inference.turns import found_turns

        turns = self._given() or found_turns(recording)
        if not turns:
            raise AudioError("nobody is heard to speak", subject=recording.name)
        return turns

    def _given(self) -> list[Segment]:
        """Turns of the file that was named; none where none was."""
        from ser_core.corpora.annotations import read_segments

        return read_segments(Path(self.turns), self.tier) if self._file else []

    def write(self, table: pd.DataFrame, several: list[Recording]) -> None:
        """Write the TextGrid and the RTTM that were asked for."""
        if not (self.textgrid or self.rttm):
            return
        from ser_core.corpora.annotations import to_rttm, to_textgrid
        from ser_core.inference.turns import as_segments

        segments = as_segments(table)
        if self.textgrid:
            atomic.write(self.textgrid, to_textgrid(segments, float(table["end"].max())))
        if self.rttm:
            atomic.write(self.rttm, to_rttm(segments, Path(several[0].name).stem))
