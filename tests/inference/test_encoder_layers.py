"""UAR by layer of an encoder: the command, its result, what is left after an interruption."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import CorpusError, ParameterError, demo_corpus
from ser_core.corpora import make_split, open_corpus
from ser_core.evaluation import Predictions, interval
from ser_core.inference import encoder_layers
from ser_core.inference.encoder_layers import Plan, layer_curve
from ser_core.inference.layer_curve import curves, load
from ser_core.recipes.recipe import parse
from ser_core.training import scikit_learn
from ser_core.training.data import moments_of
from ser_core.training.fresh import new_model
from ser_core.training.sources import prepare
from tests.features.encoders.conftest import make_encoder  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Four speakers of the demo, as a table of their clips."""
    corpus, root = open_corpus(demo_corpus()), tmp_path_factory.mktemp("small")
    speakers = sorted(corpus.usable["speaker"].unique())[:4]
    rows = corpus.usable[corpus.usable["speaker"].isin(speakers)]
    files = [Path(shutil.copy(corpus.path(clip), root)).name for clip in rows.index]
    columns = {"emotion": rows["emotion"].array, "speaker": rows["speaker"].array}
    pd.DataFrame({"file": files, **columns}).to_csv(root / "clips.csv", index=False)
    return root / "clips.csv"


@pytest.fixture(scope="module")
def plan(make_encoder, small):  # noqa: F811
    return Plan(encoder=make_encoder("whisper"), corpus=small, grid=(0.01, 0.1))


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory):
    """Folder with a finished result."""
    folder = tmp_path_factory.mktemp("curve")
    layer_curve(plan, folder, workers=1)
    return folder


def test_every_choice_of_layers_has_its_figure_with_an_interval(plan, folder):
    curve = load(folder)
    names = ["0", "1", "2", "all", "chosen"]
    assert [(p.layers, p.enrolled) for p in curve.points] == [
        (name, enrolled) for name in names for enrolled in (False, True)
    ]
    assert curve.about["speakers"] == curve.protocol["folds"] == 4
    assert curve.protocol["split"] == "leave-one-speaker-out"
    assert curve.about["badge"] == ""  # the test speakers are new to each model
    for point in curve.points:
        if point.layers != "chosen":
            file = folder / f"{point.layers}-{'enrolled' if point.enrolled else 'not-enrolled'}"
            found = interval(Predictions.load(file.with_suffix(".parquet")), by_speaker=True)
            assert (point.uar.value, point.uar.low) == (found.value, found.low)
            assert set(point.c) <= set(plan.grid)
    best = curve.best(enrolled=True)
    assert best.uar.value == max(p.uar.value for p in curve.line(enrolled=True))


def test_the_layer_of_each_fold_is_the_one_its_training_speakers_chose(folder):
    curve = load(folder)
    inner = {n: json.loads((folder / f"{n}.json").read_text())["inner"] for n in "012"}
    inner["all"] = json.loads((folder / "all.json").read_text())["inner"]
    for fold, (_, name) in enumerate(curve.chosen.items()):
        assert inner[name][fold] == max(each[fold] for each in inner.values())


def test_tables_hold_what_the_result_says(folder):
    curve = load(folder)
    csv = pd.read_csv(folder / "layers.csv")
    parquet = pd.read_parquet(folder / "layers.parquet")
    assert csv["uar"].tolist() == parquet["uar"].tolist() == [p.uar.value for p in curve.points]
    assert curves(folder.parent)[folder.name].as_dict() == curve.as_dict()


def test_a_layer_is_scored_as_a_training_of_that_layer_is(plan, folder, small):
    """The same as a run of the recipe with that layer, its C and all other speakers to train on."""
    corpus = open_corpus(small)
    split = make_split(corpus, "leave-one-speaker-out", fractions=(0.9, 0.0, 0.1))
    c = json.loads((folder / "1.json").read_text())["c"][2]
    recipe = parse(
        {
            "corpus": str(small),
            "representation": {
                "name": "encoder", "encoder": str(plan.encoder), "first": 1, "last": 1,
            },
            "normalise": "speaker",
            "network": {"name": "logistic", "c": c},
        }
    )  # fmt: skip
    prepared = prepare(corpus, recipe)
    train, test = (prepared.positions(split.fold(2)[part]) for part in ("train", "test"))
    model = new_model(recipe, prepared)
    model.normaliser.fit(moments_of(prepared.data.source, train))
    scikit_learn._fit(model, prepared.data, train, recipe, 0)
    features = torch.stack([prepared.data.source.whole(int(clip)) for clip in test])
    statistics = prepared.data.speaker_moments.full(test, test)
    clips = pd.Index([prepared.clips[int(clip)] for clip in test])
    for speakers, name in ((None, "1-not-enrolled"), (statistics, "1-enrolled")):
        wanted = model.logits(features, None, speakers).softmax(-1).numpy()
        found = Predictions.load(folder / f"{name}.parquet").fold(2)
        order = pd.Index(found.table["clip"]).get_indexer(clips)
        assert len(order) == len(found)
        np.testing.assert_allclose(found.probabilities[order], wanted, atol=2e-3)


def test_what_is_done_is_not_done_again(plan, folder, monkeypatch):
    reference = load(folder)
    (folder / "2.json").unlink()  # interrupted in layer 2
    scored = []
    plain = encoder_layers.score

    def score(clips, *given, **options):
        scored.append(tuple(clips.features.shape))
        return plain(clips, *given, **options)

    monkeypatch.setattr(encoder_layers, "score", score)
    told = []
    again = layer_curve(plan, folder, workers=1, progress=lambda *step: told.append(step))
    assert [shape[1] for shape in scored] == [1]
    for one, two in zip(again.points, reference.points, strict=True):
        assert one.uar.value == pytest.approx(two.uar.value)
    done = [step[0] for step in told]
    assert done == sorted(done)
    assert told[-1][0] == told[-1][1]


def test_the_command_writes_everything(plan, tmp_path):
    given = ["--encoder", str(plan.encoder), "--corpus", str(plan.corpus), "--c", "0.01"]
    given += ["--workers", "1", "--no-together", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["encoder", "layers", *given])
    assert result.exit_code == 0, result.exception
    assert "Best single layer here, enrolled" in result.output
    curve = load(tmp_path / "out")
    assert {point.layers for point in curve.points} == {"0", "1", "2"}
    assert curve.chosen == {}  # nothing was chosen within the training speakers
    assert {point.c for point in curve.points} == {(0.01,) * 4}
    assert (tmp_path / "out" / "layers.png").read_bytes().startswith(b"\x89PNG")


def test_show_says_what_an_encoder_is(plan):
    result = CliRunner().invoke(app, ["encoder", "show", str(plan.encoder), "--json"])
    facts = json.loads(result.output)
    assert (facts["type"], facts["layers"], facts["size"]) == ("whisper", 2, 24)
    assert facts["seconds_at_once"] == 1.0
    assert facts["missing_weights"] == []
    module = plan.representation.layers()
    assert facts["parameters"] == sum(each.numel() for each in module.parameters())


def test_many_speakers_are_left_out_in_folds(monkeypatch):
    corpus = open_corpus(demo_corpus())
    monkeypatch.setattr(encoder_layers, "MOST_FOLDS", 8)
    monkeypatch.setattr(encoder_layers, "FOLDS", 3)
    split = encoder_layers._split(corpus)
    assert (split.policy, len(split.folds)) == ("grouped-k-fold", 3)
    monkeypatch.setattr(encoder_layers, "MOST_FOLDS", 9)
    assert len(encoder_layers._split(corpus).folds) == 9


def test_what_cannot_be_done_is_refused(plan, small, tmp_path):
    with pytest.raises(ParameterError, match="above 0"):
        Plan(encoder=plan.encoder, corpus=small, grid=(0.0,))
    nobody = small.with_name("nobody.csv")
    pd.read_csv(small).drop(columns="speaker").to_csv(nobody, index=False)
    without = Plan(encoder=plan.encoder, corpus=nobody)
    with pytest.raises(CorpusError, match="have no speaker to leave out"):
        layer_curve(without, tmp_path / "out", workers=1)


def test_another_corpus_or_grid_is_another_result(plan, tmp_path):
    others = {
        Plan(encoder=plan.encoder, corpus=tmp_path, grid=plan.grid).hash,
        Plan(encoder=plan.encoder, corpus=plan.corpus, grid=(0.1,)).hash,
        plan.hash,
    }
    assert len(others) == 3
