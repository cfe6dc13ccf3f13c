"""Finished runs made without training: tables, splits and tiny bundles of random weights."""

import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import torch

from ser_core.core import demo_corpus
from ser_core.corpora import audit_split, make_split, open_corpus
from ser_core.evaluation import Predictions
from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from ser_core.recipes.recipe import parse
from ser_core.runs import catalogue

CLASSES = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")


@dataclass
class Maker:
    """Writes finished runs on the demo corpus below a folder."""

    root: object
    corpus: object = field(default_factory=lambda: open_corpus(demo_corpus()))

    def __call__(
        self,
        name,
        skill=1.0,
        *,
        seed=0,
        policy="random",
        split_seed=0,
        normalise="clip",
        seeds=(0,),
        bundles=True,
        classes=CLASSES,
        enrolled=None,
        **split_options,
    ):
        recipe = parse(
            {
                "name": name,
                "corpus": str(demo_corpus()),
                "seeds": list(seeds),
                "optim": {"lr": 1e-4 * (1 + sum(name.encode()))},  # a run's id leaves its name out
                "split": {"policy": policy, "seed": split_seed},
            }
        )
        folder = self.root / "runs" / f"{recipe.hash}"
        split = make_split(self.corpus, policy, seed=split_seed, **split_options)
        audit = audit_split(split, self.corpus)
        recipe.save(folder / "recipe.yaml")
        split.save(folder / "split.json")
        tables, known = [], []
        for fold in range(len(split.folds)):
            for each in seeds:
                tables.append(self._answers(split, fold, each, skill, seed))
                if enrolled is not None:
                    known.append(self._answers(split, fold, each, enrolled, seed + 50))
                if bundles:
                    self._bundle(folder / f"fold-{fold}-seed-{each}" / "bundle", normalise, classes,
                                 seed + 10 * fold + each)  # fmt: skip
        Predictions.concat(tables).save(folder / "predictions.parquet")
        figure = {"value": 0.5, "low": 0.4, "high": 0.6, "method": "bootstrap over 100 clips"}
        summary = {
            "split": {"audit": audit.as_dict()},
            "members": len(tables),
            "clips": 53,
            "minutes": 1.0,
            "finished": 1.0 + seed,
            "test": {"uar": figure, "wa": figure},
        }
        if known:
            Predictions.concat(known).save(folder / catalogue.ENROLLED)
            summary["enrolled"] = {"uar": figure, "wa": figure}
        (folder / "summary.json").write_text(json.dumps(summary))
        return catalogue.open_run(folder)

    def _answers(self, split, fold, each, skill, seed):
        parts = []
        for part in ("validation", "test"):
            clips = self.corpus.usable.loc[split.fold(fold)[part]]
            draw = np.random.default_rng([seed, fold, each, len(part)])
            logits = draw.standard_normal((len(clips), 6))
            true = [CLASSES.index(name) for name in clips["emotion"]]
            logits[np.arange(len(clips)), true] += skill
            likely = np.exp(1.5 * logits)
            given = likely / likely.sum(axis=1, keepdims=True)
            parts.append(Predictions.of(clips, given, CLASSES, fold=fold, part=part, seed=each))
        return Predictions.concat(parts)

    def _bundle(self, folder, normalise, classes, seed):
        torch.manual_seed(seed)
        rep = make("melspectrogram", n_mels=16, hop_length=400)
        spec = ResNetSpec(depth="resnet10", width=4, classes=len(classes))
        model = EmotionClassifier(rep, normalise, spec, classes)
        torch.nn.init.normal_(model.network.fc.weight)
        about = architecture(model) | {
            "corpus": {
                "name": "nEMO",
                "licence": "CC BY-NC-SA 4.0",
                "train_clips": 40,
                "validation_clips": 6,
                "test_clips": 6,
            },
            "recipe": {"name": "tiny"},
            "split": {
                "policy": "random",
                "fold": "split",
                "seed": 0,
                "hash": "0" * 16,
                "audit": {"grade": "E", "reading": "Known voices."},
            },
        }
        Bundle(model.eval(), about).save(folder)


@pytest.fixture
def make_run(ser_home):
    """Maker of finished runs in this test's own runtime folder."""
    return Maker(ser_home)


@pytest.fixture
def edit_predictions():
    """Change the predictions of a run by a function of its table."""

    def edit(run, change):
        path = run.folder / "predictions.parquet"
        Predictions(change(pd.read_parquet(path))).save(path)

    return edit
