"""Which layer of a pretrained encoder tells emotions apart: UAR by layer, for unseen speakers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ser_core.core import CorpusError, ParameterError
from ser_core.corpora import Corpus, LeakAudit, Split, audit_split, make_split, open_corpus
from ser_core.evaluation import Predictions, report
from ser_core.features.encoders import open_folder
from ser_core.features.representations import EncoderStatistics, make
from ser_core.inference.layer_curve import ALL, CHOSEN, GRID, VERSION, LayerCurve, Point, root
from ser_core.inference.nested_heads import VOICES, Clips, Scored, fits_needed, score
from ser_core.recipes.recipe import parse
from ser_core.storage import atomic, read_json
from ser_core.training.sources import Prepared, prepare

MOST_FOLDS = 20
"""Speakers up to which each is left out by itself."""

FOLDS = 10
"""Folds of speakers where there are more."""

CLIPS_A_FIT = 30
"""Clips that are represented in the time of one training set, for the progress."""

OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A layer curve to be computed.

    Attributes:
        encoder: Folder of the encoder.
        corpus: Path of the corpus.
        reader: Reader of the corpus; found by itself when empty.
        statistics: Over time, as for the representation `encoder`.
        grid: Values of C of the logistic regression to choose from; one is taken as it is.
        together: Whether all layers side by side are tried too.
    """

    encoder: Path
    corpus: Path
    reader: str = ""
    statistics: str = "mean, spread"
    grid: tuple[float, ...] = GRID
    together: bool = True

    def __post_init__(self) -> None:
        if not self.grid or min(self.grid) <= 0:
            raise ParameterError("C must be above 0", subject="c", remedy="Try 0.002")

    @property
    def representation(self) -> EncoderStatistics:
        """All layers of the encoder.

        Raises:
            ModelError: If the folder holds no encoder that can be used.
        """
        given = {"encoder": str(self.encoder), "first": 0, "statistics": self.statistics}
        found = make("encoder", **given)
        assert isinstance(found, EncoderStatistics)  # noqa: S101  (registered under this name)
        return found

    @property
    def hash(self) -> str:
        """Name of its folder: changes with the weights and with what is done."""
        return self._digest("encoder")

    @property
    def layer_hash(self) -> str:
        """Of what decides the figure of one layer, whatever else is tried."""
        return self._digest("encoder", "together")

    def _digest(self, *without: str) -> str:
        given = {name: str(value) for name, value in asdict(self).items() if name not in without}
        content = json.dumps([VERSION, self.representation.hash, given], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def folder(self) -> Path:
        """Folder of its result."""
        return root() / self.hash


def layer_curve(
    plan: Plan,
    folder: Path,
    *,
    workers: int | None = None,
    progress: OnProgress = lambda _done, _total, _note: None,
) -> LayerCurve:
    """Compute UAR by layer, and write the result and the predictions of each choice of layers.

    Layers whose predictions are in the folder already are not computed again, so that what was
    interrupted goes on.

    Args:
        plan: What to do.
        folder: Where to; of this plan alone.
        workers: Processes; all cores when absent.
        progress: Called with (done, total, what is done).

    Raises:
        SerError: If encoder or corpus cannot be used.
    """
    rep, corpus = plan.representation, open_corpus(plan.corpus, plan.reader or None)
    split = _split(corpus)
    audit = audit_split(split, corpus)
    count, groups = len(corpus.usable), len(split.folds)
    names = [str(layer) for layer in range(rep.last + 1)] + [ALL] * plan.together
    per_layer = fits_needed(groups, plan.grid) * CLIPS_A_FIT
    total = count + per_layer * len(names)
    progress(0, total, "features")
    prepared = prepare(corpus, _recipe(plan), lambda done, _all: progress(done, total, "features"))
    work = _Work(plan, folder, corpus, split, prepared)
    scored = {}
    for number, name in enumerate(names):
        before = count + number * per_layer
        words = "all layers together" if name == ALL else f"layer {name} of {rep.last}"
        steps = iter(range(before + CLIPS_A_FIT, total + 1, CLIPS_A_FIT))
        progress(before, total, words)
        scored[name] = work.scored(
            name,
            workers,
            lambda s=steps, w=words: progress(next(s), total, w),  # type: ignore[misc]
        )
    curve = _curve(plan, work, audit, scored)
    curve.save(folder)
    progress(total, total, "done")
    return curve


def _recipe(plan: Plan) -> Any:
    return parse(
        {
            "corpus": str(plan.corpus),
            "reader": plan.reader or None,
            "representation": {
                "name": "encoder",
                "encoder": str(plan.encoder),
                "first": 0,
                "statistics": plan.statistics,
            },
            "network": {"name": "logistic"},
        }
    )


def _split(corpus: Corpus) -> Split:
    """Each speaker left out, or folds of speakers where there are many.

    Raises:
        CorpusError: If clips name no speaker.
    """
    speakers = corpus.usable["speaker"]
    if speakers.isna().any():
        raise CorpusError(
            f"{int(speakers.isna().sum())} clips have no speaker to leave out",
            subject=corpus.name,
            remedy="Choose a corpus that names its speakers",
        )
    if speakers.nunique() <= MOST_FOLDS:
        return make_split(corpus, "leave-one-speaker-out", fractions=(0.9, 0.0, 0.1))
    return make_split(corpus, "grouped-k-fold", folds=FOLDS)


@dataclass(frozen=True)
class _Work:
    """Everything that the layers share."""

    plan: Plan
    folder: Path
    corpus: Corpus
    split: Split
    prepared: Prepared

    @property
    def groups(self) -> Tensor:
        """Number of the fold that tests each clip."""
        tested = self.split.table.loc[self.prepared.clips] == "test"
        return torch.from_numpy(tested.to_numpy().argmax(axis=1))

    def scored(self, name: str, workers: int | None, on_fit: Callable[[], None]) -> Scored:
        """Predictions of a choice of layers, from the folder where they are there."""
        kept = self._kept(name)
        if kept is not None:
            return kept
        found = score(self._clips(name), self.plan.grid, workers=workers, on_fit=on_fit)
        for enrolled in VOICES:
            self.predictions(found.probabilities[enrolled]).save(self._file(name, enrolled))
        about = {"plan": self.plan.layer_hash, "c": found.c, "inner": found.inner}
        atomic.write(self.folder / f"{name}.json", json.dumps(about))
        return found

    def predictions(self, probabilities: Any) -> Predictions:
        """Table of predictions of all clips, each by the model of its fold."""
        rows, classes = self.corpus.usable.loc[self.prepared.clips], self.prepared.classes
        groups = self.groups.numpy()
        tables = [
            Predictions.of(rows[groups == fold], probabilities[groups == fold], classes, fold=fold)
            for fold in range(len(self.split.folds))
        ]
        return Predictions.concat(tables)

    def _clips(self, name: str) -> Clips:
        source = self.prepared.data.source
        every = range(len(self.prepared.clips))
        chosen = slice(None) if name == ALL else slice(int(name), int(name) + 1)
        features = torch.stack([source.whole(clip)[chosen].clone() for clip in every])
        speaker = self.corpus.usable.loc[self.prepared.clips, "speaker"].astype("category")
        codes = torch.from_numpy(speaker.cat.codes.to_numpy(dtype=np.int64))
        classes = len(self.prepared.classes)
        return Clips(features, self.prepared.data.targets, codes, self.groups, classes)

    def _kept(self, name: str) -> Scored | None:
        about = read_json(self.folder / f"{name}.json")
        if not about or about["plan"] != self.plan.layer_hash:
            return None
        probabilities = {}
        for enrolled in VOICES:
            table = Predictions.load(self._file(name, enrolled))
            order = pd.Index(table.table["clip"]).get_indexer(pd.Index(self.prepared.clips))
            probabilities[enrolled] = table.probabilities[order].astype(np.float32)
        return Scored(probabilities, tuple(about["c"]), tuple(about["inner"]))

    def _file(self, name: str, enrolled: bool) -> Path:
        return self.folder / f"{name}-{'enrolled' if enrolled else 'not-enrolled'}.parquet"


def _curve(plan: Plan, work: _Work, audit: LeakAudit, scored: Mapping[str, Scored]) -> LayerCurve:
    folds = work.split.folds
    chosen = _chosen(scored, len(folds))
    if chosen:
        scored = {**scored, CHOSEN: _assembled(work, scored, chosen)}
    points = tuple(_points(work, audit, scored))
    source = open_folder(plan.encoder)
    first = work.predictions(next(iter(scored.values())).probabilities[False])
    about = {
        "encoder": plan.encoder.name,
        "family": source.model_type,
        "weights": source.weights_hash,
        "layers": plan.representation.last,
        "corpus": work.corpus.name,
        "clips": len(work.prepared.clips),
        "speakers": int(work.corpus.usable["speaker"].nunique()),
        "classes": list(work.prepared.classes),
        "badge": report(first, audit).badge,
    }
    return LayerCurve(
        about,
        _protocol(plan, work),
        points,
        dict(zip(folds, chosen, strict=True)) if chosen else {},
    )


def _chosen(scored: Mapping[str, Scored], folds: int) -> list[str]:
    """Layers with the highest UAR within the training speakers of each fold."""
    if not all(each.inner for each in scored.values()):
        return []
    return [max(scored, key=lambda name: scored[name].inner[fold]) for fold in range(folds)]


def _assembled(work: _Work, scored: Mapping[str, Scored], chosen: list[str]) -> Scored:
    """Predictions of each fold's clips by the layers that were chosen for it."""
    groups = work.groups.numpy()
    probabilities = {
        enrolled: np.stack(
            [
                scored[chosen[group]].probabilities[enrolled][clip]
                for clip, group in enumerate(groups)
            ]
        )
        for enrolled in VOICES
    }
    c = tuple(scored[name].c[fold] for fold, name in enumerate(chosen))
    return Scored(probabilities, c, ())


def _points(work: _Work, audit: LeakAudit, scored: Mapping[str, Scored]) -> Iterator[Point]:
    for name, each in scored.items():
        for enrolled in VOICES:
            found = report(work.predictions(each.probabilities[enrolled]), audit)
            yield Point(name, enrolled, found.uar, each.c)


def _protocol(plan: Plan, work: _Work) -> dict[str, Any]:
    by_itself = work.split.policy == "leave-one-speaker-out"
    one = "one speaker" if by_itself else "one fold of speakers"
    grid = ", ".join(f"{c:g}" for c in plan.grid)
    return {
        "split": work.split.policy,
        "folds": len(work.split.folds),
        "features": f"{plan.statistics} over time of each layer, stored in half precision",
        "normalisation": "by speaker; without enrolment by the training part",
        "classifier": "logistic regression (L2); every training clip counts twice, enrolled and "
        "not",
        "c": f"chosen of {grid} by leaving out {one} more at a time within the training speakers, "
        "by the mean UAR of enrolled and not enrolled"
        if len(plan.grid) > 1
        else f"{grid}, given",
        "enrolled": "each test speaker by all own test clips, without their labels",
        "chosen": "of each fold the layers with the highest UAR within its training speakers"
        if len(plan.grid) > 1
        else "",
    }
