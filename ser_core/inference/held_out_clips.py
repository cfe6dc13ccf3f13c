"""Held-out clips of a corpus for a model: its own test clips, where they are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ser_core.inference.provenance import provenance_of
from ser_core.models.abilities import SINGLE, can

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.corpora import Corpus
    from ser_core.evaluation.predictions import Predictions
    from ser_core.models.predictor import Predictor

UNAUDITED = "not audited"


@dataclass(frozen=True)
class HeldOutClips:
    """Clips of emotions that a model knows.

    Attributes:
        clips: Their names, in the order of the corpus.
        tested: Whether they are the model's own test clips; otherwise they are all there are, and
            may have trained it.
        grade: Of the audit of the split that the model was trained with, or "not audited".
        elsewhere: Whether the corpus is another than that of the training.
    """

    clips: tuple[str, ...]
    tested: bool
    grade: str
    elsewhere: bool

    @property
    def new_voices(self) -> bool:
        """Whether they are test clips of speakers that the model has not heard."""
        return self.tested and self.grade in ("A", "B")


def held_out_clips(predictor: Predictor, corpus: Corpus) -> HeldOutClips:
    """Clips that no model has heard that is asked, as far as that can be known."""
    rows = corpus.usable[corpus.usable["emotion"].isin(list(predictor.classes))]
    about = predictor.about
    test, grade = _answered(predictor, rows), _grade(about.get("split", {}).get("audit"))
    if test is None:
        made_of = provenance_of(predictor, corpus)
        test = made_of.of([str(clip) for clip in rows.index], "test")
        grade = made_of.audit.grade if made_of.audit else UNAUDITED
    trained_on = about.get("corpus", {}).get("name")
    elsewhere = bool(trained_on) and trained_on != corpus.name
    every = tuple(str(clip) for clip in rows.index)
    return HeldOutClips(tuple(test) or every, bool(test), grade, elsewhere)


def _answered(predictor: Predictor, rows: pd.DataFrame) -> list[str] | None:
    """Test clips that a model's own answers name; None where it has no answers.

    Those of an ensemble are of the models it was measured with, not of those it asks.
    """
    answers: Predictions | None = getattr(predictor, "predictions", None)
    if answers is None or not can(predictor, SINGLE):
        return None
    table = answers.table[answers.table["part"] == "test"]
    true = dict(zip(table["clip"], table["true"], strict=True))
    return [str(clip) for clip in rows.index if true.get(clip) == rows["emotion"][clip]]


def _grade(audit: dict[str, object] | None) -> str:
    return str((audit or {}).get("grade", UNAUDITED))
