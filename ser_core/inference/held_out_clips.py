"""Held-out clips of a corpus for a model: its own test clips, where they are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ser_core.corpora import UNSEEN_GRADES
from ser_core.inference.provenance import provenance_of
from ser_core.models.abilities import SINGLE, can

if TYPE_CHECKING:
    import pandas as pd

    from ser_core.corpora import Corpus
    from ser_core.evaluation import Predictions
    from ser_core.models.predictor import Predictor

UNAUDITED = "not audited"


@dataclass(frozen=True)
class HeldOutClips:
    """Clips of the emotions of a model.

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
    def unseen_speakers(self) -> bool:
        """Whether they are test clips of unseen speakers."""
        return self.tested and self.grade in UNSEEN_GRADES


def held_out_clips(predictor: Predictor, corpus: Corpus) -> HeldOutClips:
    """Clips that none of the models trained on, as far as that is recorded."""
    rows = corpus.usable[corpus.usable["emotion"].isin(list(predictor.classes))]
    about = predictor.about
    test, grade = _test_clips_of(predictor, rows), _grade(about.get("split", {}).get("audit"))
    if test is None:
        made_of = provenance_of(predictor, corpus)
        test = made_of.of([str(clip) for clip in rows.index], "test")
        grade = made_of.audit.grade if made_of.audit else UNAUDITED
    trained_on = about.get("corpus", {}).get("name")
    elsewhere = bool(trained_on) and trained_on != corpus.name
    every = tuple(str(clip) for clip in rows.index)
    return HeldOutClips(tuple(test) or every, bool(test), grade, elsewhere)


def _test_clips_of(predictor: Predictor, rows: pd.DataFrame) -> list[str] | None:
    """Test clips that a model's own predictions name; None where it has none.

    Those of an ensemble are of the models it was measured with, not of those it asks.
    """
    predictions: Predictions | None = getattr(predictor, "predictions", None)
    if predictions is None or not can(predictor, SINGLE):
        return None
    table = predictions.table[predictions.table["part"] == "test"]
    true = dict(zip(table["clip"], table["true"], strict=True))
    return [str(clip) for clip in rows.index if true.get(clip) == rows["emotion"][clip]]


def _grade(audit: dict[str, object] | None) -> str:
    return str((audit or {}).get("grade", UNAUDITED))
