"""Acceptance of an exported file: verify it against the app and write the verdict into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ser_core.audio import Waveform
from ser_core.core import SerError, demo_corpus
from ser_core.corpora import Corpus, of_recipe, open_corpus
from ser_core.evaluation import Predictions, compare
from ser_core.export.parity import Clip, ParityReport, verify, write_verdict
from ser_core.export.plan import CALIBRATING, CLIPS
from ser_core.export.quantisation import FEWEST
from ser_core.inference.classify import InferenceModel, open_model
from ser_core.inference.evaluation_clips import (
    EvaluationClips,
    choose,
    decoded,
    drawn,
    left_out,
)
from ser_core.inference.provenance import provenance
from ser_core.models.onnx import open_onnx
from ser_core.models.predictor import Predictor

Report = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Sounds that int8 is measured out on.

    Attributes:
        sounds: At the model's sample rate.
        description: What they are: "training clips of nEMO".
    """

    sounds: tuple[Waveform, ...]
    description: str


def corpus_of(predictor: Predictor, path: Path | None, reader: str | None = None) -> Corpus:
    """The corpus that is named, else that of the training where it is still there, else the demo.

    Raises:
        CorpusError: If the named one cannot be opened.
    """
    if path is not None:
        return open_corpus(path, reader)
    recipe = predictor.about.get("recipe", {})
    if recipe.get("corpus") and Path(recipe["corpus"]).exists():
        try:
            return open_corpus(of_recipe(recipe))
        except SerError:  # something else is there now
            return open_corpus(demo_corpus())
    return open_corpus(demo_corpus())


def calibration(
    predictor: Predictor, folder: Path | None, corpus: Corpus, clips: int = CALIBRATING
) -> Calibration:
    """Clips of the training part, drawn evenly over emotions; any, where that part is unknown."""
    usable = corpus.usable
    trained = provenance(predictor.about, folder, corpus).of(list(usable.index), "train")
    named = f"training clips of {corpus.name}"
    if len(trained) < FEWEST:
        trained = [str(clip) for clip in usable.index]
        named = f"clips of {corpus.name}, unknown whether the model was trained on them"
    table = drawn(usable.loc[trained], clips, 0)
    sounds, unusable = decoded(predictor, corpus, [str(clip) for clip in table.index])
    return Calibration(sounds, f"{named}; {left_out(unusable)}" if unusable else named)


def accept(
    file: Path,
    against: Path,
    corpus: Corpus,
    clips: int | None = CLIPS,
    *,
    seed: int = 0,
    marked: bool = True,
    report: Report | None = None,
) -> ParityReport:
    """Hold a file against the model it was made from, and write into it what was found.

    Args:
        file: Exported.
        against: Folder of the model, or another exported file.
        corpus: With its test clips, which are taken where they are known.
        clips: How many; all when None.
        seed: Of the drawing.
        marked: Whether the verdict is written into the file.
        report: Called with steps done, steps in all, and the one under way.

    Raises:
        SerError: If one of them cannot be opened, or there are no clips.
    """
    app, model = open_model(against), open_onnx(file)
    subset = choose(app.predictor, corpus, clips, seed=seed)
    names = [str(clip) for clip in subset.clips.index]
    rows = [Clip(*each) for each in zip(names, subset.sounds, strict=True)]
    compared = None
    if report:
        on_report = report
        compared = lambda done, total: on_report(done, total, "comparing predictions")  # noqa: E731
    found = verify(
        model, app, rows, description=subset.description, against=_named(app), progress=compared
    )
    if not found.unanswered:  # else it has no UAR of these clips
        found = replace(found, uar=_uar(model, app, subset))
    if marked:
        write_verdict(file, found)
    return found


def _named(app: InferenceModel) -> str:
    about = app.predictor.about
    return str(about.get("name") or about.get("recipe", {}).get("name") or app.folder.name)


def _uar(model: Predictor, app: InferenceModel, subset: EvaluationClips) -> dict[str, Any] | None:
    """UAR of both, and what the file loses, paired on the same clips."""
    own, theirs = (
        Predictions.of(subset.clips, np.asarray(probabilities), predictor.classes)
        for predictor, probabilities in (
            (model, model.predict(subset.sounds)),
            (app.predictor, app.probabilities(subset.sounds)),
        )
    )
    found = compare(own, theirs, by_speaker=subset.by_speaker)
    return {
        "file": found.a,
        "app": found.b,
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "over": f"{found.units} {found.over}",
        "clips": subset.description,
        "badge": subset.badge,
    }
