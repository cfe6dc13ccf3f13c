"""What a corpus is: a table with a row for every clip, and where its files lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from ser_core.core import CorpusError
from ser_core.corpora.emotions import ordered
from ser_core.corpora.paths import Fence
from ser_core.corpora.saved_openings import Opening

TEXT_FIELDS = (
    "emotion", "label", "speaker", "gender", "age", "sentence", "text", "intensity", "official",
    "corpus",
)  # fmt: skip
"""Columns a reader may fill; nullable strings except `age`, which is nullable whole years."""

UNLABELLED = "unlabelled"
"""The `problem` of a clip that is there to be predicted, such as the test part of a competition."""

LEFT_OUT = "left out"
"""Beginning of the `problem` of a clip that the user leaves out; its reason follows."""

COLUMNS = (*TEXT_FIELDS, "duration", "sample_rate", "channels", "problem")
"""All columns of `Corpus.clips`, in order."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """A collection of clips with their labels.

    Attributes:
        name: What people call it.
        root: Folder that the clips are relative to.
        clips: A row for every clip the corpus lists, indexed by `clip` (path relative to `root`
            with forward slashes, unique). Columns: `emotion` (vocabulary), `label` (as the corpus
            spells it), `speaker`, `gender`, `age` (years), `sentence`, `text`, `intensity`,
            `official` (part or fold of the corpus' own split, as it spells it), `corpus` (which of
            several that were joined), `duration` (s), `sample_rate` (Hz), `channels`, and
            `problem`: empty, `UNLABELLED`, or why the clip cannot be used. What is unknown is
            `pd.NA`.
        licence: Terms of the corpus where they are known.
        reader: Name of the reader that opened it.
        label_map: Original label to emotion of the vocabulary, for the labels that occur.
        notes: What a reader did that the user should know, as sentences.
        ids: Id in its table of each clip that is to be predicted, by clip: those `unlabelled`, and
            those among them whose file cannot be read.
        template: Template of the submission that came with the unlabelled clips, if there is one.
        opening: How it was opened, the labels that were mapped before included; None for one that
            was put together otherwise.
    """

    name: str
    root: Path
    clips: pd.DataFrame
    licence: str = ""
    reader: str = ""
    label_map: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    ids: dict[str, str] = field(default_factory=dict)
    template: Path | None = None
    opening: Opening | None = None

    def __len__(self) -> int:
        """Number of clips listed, usable or not."""
        return len(self.clips)

    @cached_property
    def usable(self) -> pd.DataFrame:
        """The labelled clips without a problem: what is trained on and tested with."""
        return self.clips[self.clips["problem"] == ""]

    @cached_property
    def unlabelled(self) -> pd.DataFrame:
        """The clips that are there to be predicted; they are never `usable`."""
        return self.clips[self.clips["problem"] == UNLABELLED]

    @property
    def faulty(self) -> int:
        """Clips that cannot be used; those to be predicted or left out are none of them."""
        return len(self.clips) - len(self.usable) - len(self.unlabelled) - len(self.left_out)

    @cached_property
    def left_out(self) -> pd.DataFrame:
        """The clips that the user leaves out."""
        return self.clips[self.clips["problem"].str.startswith(LEFT_OUT)]

    @cached_property
    def emotions(self) -> list[str]:
        """Emotions of the usable clips, in the order of the vocabulary."""
        return ordered(self.usable["emotion"].dropna())

    @cached_property
    def speakers(self) -> list[str]:
        """Speakers of the usable clips, sorted; empty when the corpus names none."""
        return sorted(self.usable["speaker"].dropna().unique())

    @cached_property
    def corpora(self) -> list[str]:
        """Names of the corpora that were joined, sorted; empty where it is one."""
        return sorted(self.usable["corpus"].dropna().unique())

    def path(self, clip: str) -> Path:
        """File of a clip.

        Raises:
            CorpusError: If the corpus lists no such clip, or its path leaves the corpus folder.
        """
        if clip not in self.clips.index:
            raise CorpusError(f"the corpus {self.name} lists no such clip", subject=clip)
        refusal = Fence(self.root).refusal(clip)
        if refusal:
            raise CorpusError(refusal, subject=clip, remedy="Move the file into the corpus folder")
        return self.root / clip
