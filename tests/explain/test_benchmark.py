"""The bench: clips of the test part, equal terms, verdicts, ranks and files."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ser_core import audio
from ser_core.core import (
    AudioError,
    ModelError,
    ParameterError,
    SerError,
    WorkerError,
    demo_corpus,
)
from ser_core.corpora import open_corpus
from ser_core.evaluation import Predictions
from ser_core.explain.benchmark import folder_of, run
from ser_core.explain.benchmark_plan import command, on_terms, plan, spread
from ser_core.explain.benchmark_report import FIGURES, Bench
from ser_core.explain.deletion_tests import MARGINS, SHARES, WITHOUT_A_MODEL
from ser_core.explain.faithfulness import CONTROLS, Terms
from ser_core.explain.method import make
from ser_core.explain.mlflow_logging import heading, note
from ser_core.explain.published_benchmarks import identity, published_alike, published_within
from ser_core.explain.speech_relevance import ASPECTS
from ser_core.models.predictor import load
from tests.explain.nets import CLASSES, bundle_of, linear_bundle

TERMS = Terms(bands=4, pieces=6, controls=2, elsewhere=1)
METHODS = ("lrp", "integrated_gradients", "gradient_x_input")


@pytest.fixture(scope="module")
def corpus():
    return open_corpus(demo_corpus())


@pytest.fixture(scope="module")
def model(corpus, tmp_path_factory):
    """A saved bundle that was tested on twelve clips of the demo."""
    bundle = bundle_of(width=4)
    known = corpus.usable[corpus.usable["emotion"].isin(CLASSES)].head(12)
    answers = np.full((len(known), 3), 1 / 3)
    object.__setattr__(bundle, "predictions", Predictions.of(known, answers, CLASSES))
    return bundle.save(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture(scope="module")
def found(model, corpus):
    return run(plan(model, corpus, methods=METHODS, terms=TERMS, checked=3))


def test_the_clips_are_those_of_the_test_part(model, corpus):
    chosen = plan(model, corpus, clips=6, terms=TERMS)
    tested = set(load(model).predictions.table["clip"])
    assert set(chosen.clips) <= tested
    assert len(chosen.clips) == 6
    assert not chosen.seen
    assert list(chosen.methods) == list(plan(model, corpus).methods)


def test_a_model_without_test_clips_says_that_it_may_have_seen_them(corpus, tmp_path):
    folder = bundle_of().save(tmp_path / "bundle")
    chosen = plan(folder, corpus, clips=4)
    assert chosen.seen
    assert not chosen.by_speaker
    assert len(chosen.clips) == 4


def test_clips_are_spread_over_the_emotions(corpus):
    table = corpus.usable
    names = spread(table, 12)
    assert len(set(table.loc[names, "emotion"])) >= 5
    assert spread(table, None) == spread(table, 10_000)
    assert spread(table, 12) == names


def test_a_clip_that_fails_is_left_out_and_named(model, corpus, found, monkeypatch):
    chosen = plan(model, corpus, methods=METHODS, terms=TERMS, checked=3)
    bad = chosen.files[4]
    loaded = audio.load

    def load(source, **options):
        if source == bad:
            raise AudioError("is damaged", subject=str(source), remedy="Copy it again")
        return loaded(source, **options)

    monkeypatch.setattr("ser_core.explain.benchmark.audio.load", load)
    less = run(chosen)
    assert less.about["left_out"] == {chosen.clips[4]: "is damaged. Copy it again"}
    assert found.about["left_out"] == {}
    assert list(less.clips["clip"]) == [c for c in found.clips["clip"] if c != chosen.clips[4]]
    assert len(less.times) == len(less.clips)
    same = found.scores[found.scores["clip"] != chosen.clips[4]].reset_index(drop=True)
    pd.testing.assert_frame_equal(less.scores, same)


def test_a_worker_that_is_killed_does_not_take_the_work_of_others_with_it(
    model, corpus, monkeypatch
):
    chosen = plan(model, corpus, methods=METHODS[:1], terms=TERMS, checked=1)

    def some(function, items, *, workers):
        yield from map(function, list(items)[:3])
        raise WorkerError("a worker process was killed")

    monkeypatch.setattr("ser_core.explain.benchmark.in_processes", some)
    less = run(chosen)
    assert list(less.clips["clip"]) == list(chosen.clips[:3])
    assert set(less.about["left_out"]) == set(chosen.clips[3:])


def test_a_benchmark_of_nothing_is_an_error(model, corpus, monkeypatch):
    def fail(*_arguments, **_options):
        raise AudioError("is damaged")

    monkeypatch.setattr("ser_core.explain.benchmark.audio.load", fail)
    with pytest.raises(ModelError, match=r"no clip could be explained: .*is damaged"):
        run(plan(model, corpus, methods=METHODS[:1], terms=TERMS))


def test_methods_that_compare_take_the_fill():
    terms = Terms(fill="silence")
    assert on_terms(make("lime", samples=100), terms) == make(
        "lime", samples=100, baseline="silence"
    )
    assert on_terms(make("lrp"), terms) == make("lrp")


def test_every_clip_and_method_has_its_figures(found):
    assert len(found.scores) == 12 * (len(METHODS) + len(CONTROLS))
    assert found.methods == list(METHODS)
    for figure in FIGURES:
        wide = found.wide(figure)
        assert list(wide.columns) == [*METHODS, *CONTROLS]
        assert wide.notna().all().all()
    assert (found.times > 0).all().all()


def test_costly_checks_are_made_on_some_clips_and_cheap_ones_on_all(found):
    made = found.checks.groupby(["method", "check"])["clip"].nunique()
    assert made["integrated_gradients", "completeness"] == 12
    assert made["lrp", "randomisation"] == 3


def test_every_map_is_held_against_the_sound(found):
    heard = found.deletion_tests
    assert heard.names == [*METHODS, *WITHOUT_A_MODEL]
    for name in heard.names:
        shares = [heard.figure(name, each) for each in SHARES]
        assert sum(each.value for each in shares) == pytest.approx(1)
        assert all(0 <= each.low <= each.value <= each.high <= 1 for each in shares)
    summary = found.summary()["heard"]
    assert "speakers" in summary["lrp"]["keeps"]["how"]
    assert set(summary["lrp"]) == {*SHARES, *MARGINS, *(f"over {c}" for c in WITHOUT_A_MODEL)}


def test_a_speaker_is_known_from_clips_that_are_not_explained(corpus, tmp_path):
    folder = bundle_of(normalise="speaker").save(tmp_path / "bundle")
    few = {"methods": ["gradient_x_input"], "terms": replace(TERMS, heard=0), "checked": 1}
    chosen = plan(folder, corpus, clips=6, enrol=2, **few)
    assert set(chosen.voices) == set(chosen.speakers)
    for speaker, files in chosen.voices.items():
        assert len(files) == len(set(files)) == 2
        assert not set(files) & set(chosen.files)
        assert all(speaker in file.name for file in files)
    assert "--enrol 2" in command(chosen)
    known, stranger = run(chosen), run(plan(folder, corpus, clips=6, **few))
    assert "each speaker enrolled with 2 other clips" in heading(known)
    assert "each voice" not in heading(stranger)
    assert not np.allclose(known.wide("deletion"), stranger.wide("deletion"))


def test_of_an_ensemble_what_its_networks_see_can_be_chosen(corpus, tmp_path):
    places = ["members/0/model-0", "members/1/model-0"]
    for place, bundle in zip(places, (linear_bundle(), bundle_of()), strict=True):
        bundle.save(tmp_path / place)
    about = {
        "version": 1, "name": "pair", "classes": CLASSES, "pooling": "linear",
        "weights": [0.8, 0.2], "temperature": 1.0, "threshold": None,
        "members": [{"bundles": [place]} for place in places],
    }  # fmt: skip
    (tmp_path / "ensemble.json").write_text(json.dumps(about))
    few = {"clips": 2, "methods": ["lrp", "gradient_x_input"], "terms": TERMS, "checked": 1}
    heaviest = run(plan(tmp_path, corpus, **few))
    assert heaviest.methods == ["gradient_x_input"]
    assert heaviest.about["representation"]["name"] == "functionals"
    assert heaviest.deletion_tests.names == []
    features = run(plan(tmp_path, corpus, seen_as="melspectrogram", **few))
    assert features.methods == ["lrp", "gradient_x_input"]
    assert features.about["representation"]["n_mels"] == 16
    assert features.deletion_tests.names == ["lrp", "gradient_x_input", *WITHOUT_A_MODEL]
    assert "maps over the log-mel spectrogram" in heading(features)
    assert features.about["command"].count("--seen-as melspectrogram") == 1
    with pytest.raises(ModelError, match="does not use"):
        plan(tmp_path, corpus, seen_as="mfcc")


def test_a_speaker_that_cannot_be_known_is_reported(model, corpus, tmp_path):
    with pytest.raises(ModelError, match="does not use enrolment"):
        plan(model, corpus, enrol=2)
    folder = bundle_of(normalise="speaker").save(tmp_path / "bundle")
    with pytest.raises(ParameterError, match="besides those explained"):
        plan(folder, corpus, enrol=3)


def test_the_command_says_what_is_not_usual(model, corpus):
    usual = plan(model, corpus, clips=4)
    assert command(usual).endswith("--corpus PATH --clips 4")
    other = plan(model, corpus, clips=4, methods=["lrp"], terms=Terms(fill="silence", heard=0))
    assert command(other).endswith("--clips 4 --fill silence --heard 0 --method lrp")


def test_a_method_that_fails_a_check_is_in_no_ranking(found):
    broken = found.checks.copy()
    broken.loc[broken["check"] == "conservation", "value"] = 0.5
    again = Bench(**{**vars_of(found), "checks": broken})
    assert "lrp" in again.left_out
    assert "conservation (0.5)" in again.left_out["lrp"]
    assert "lrp" not in again.ranks()
    assert again.summary()["methods"]["lrp"]["rank"] is None
    assert again.summary()["methods"]["lrp"]["faithfulness"]["value"] is not None


def vars_of(bench):
    names = ("about", "clips", "scores", "checks", "times", "readings", "trials", "maps")
    return {name: getattr(bench, name) for name in names}


def test_it_comes_back_from_its_files(found, tmp_path):
    again = Bench.load(found.save(tmp_path / "bench"))
    for name in ("clips", "scores", "checks", "times", "readings", "trials"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(found, name))
    assert again.summary() == found.summary()
    assert {m: set(of) for m, of in again.maps.items()} == {
        m: set(of) for m, of in found.maps.items()
    }
    content = json.loads((tmp_path / "bench" / "bench.json").read_text())
    assert content["summary"]["methods"]["lrp"]["deletion"]["low"] is not None


def test_a_bench_from_before_maps_were_heard_is_still_read(found, tmp_path):
    folder = found.save(tmp_path / "bench")
    (folder / "trials.parquet").unlink()
    again = Bench.load(folder)
    assert again.deletion_tests.names == []
    assert again.summary()["heard"] == {}


def test_a_published_bench_is_found_by_what_the_model_is(model, found, tmp_path):
    results = tmp_path / "results"
    made = found.save(results / "some name")
    copy = shutil.copytree(model, tmp_path / "elsewhere")
    assert identity(copy) == identity(model) == found.about["identity"]
    assert published_within(copy, results) == (made, copy)
    other = bundle_of(seed=5).save(tmp_path / "other")
    assert identity(other) != identity(model)
    assert published_within(other, results) is None


def test_of_an_ensemble_the_bench_of_a_network_that_it_asks_is_found(model, found, tmp_path):
    results = tmp_path / "results"
    made = found.save(results / "network")
    ensemble = tmp_path / "ensemble"
    asked = shutil.copytree(model, ensemble / "members" / "1" / "model-0")
    members = [{"bundles": []}, {"bundles": ["members/1/model-0"]}]
    (ensemble / "ensemble.json").write_text(json.dumps({"weights": [0, 1], "members": members}))
    assert identity(ensemble) not in ("", identity(asked))
    assert published_within(ensemble, results) == (made, asked)


def test_no_bench_or_a_damaged_one_is_reported(found, tmp_path):
    with pytest.raises(SerError, match="no bench"):
        Bench.load(tmp_path)
    maps = found.save(tmp_path) / "maps.npz"
    maps.write_bytes(maps.read_bytes()[:-40])
    with pytest.raises(SerError, match="is damaged"):
        Bench.load(tmp_path)


def test_two_workers_find_what_one_finds(model, corpus):
    chosen = plan(model, corpus, clips=4, methods=["gradient_x_input"], terms=TERMS, checked=1)
    told = []
    one = run(chosen, progress=lambda *each: told.append(each))
    two = run(chosen, workers=2)
    pd.testing.assert_frame_equal(one.scores, two.scores, check_exact=False, atol=1e-5)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_atlas_has_shares_that_sum_to_one(found):
    for aspect in ASPECTS:
        table = found.atlas("gradient_x_input", aspect)
        for _, rows in table.groupby("answer"):
            assert rows["value"].sum() == pytest.approx(1)
            assert rows["area"].sum() == pytest.approx(1)
            assert (rows["low"] <= rows["value"]).all()
            assert (rows["value"] <= rows["high"]).all()
    for of in found.maps.values():
        for values in of.values():
            assert values.shape == (16, 40)
            assert values.sum() == pytest.approx(1, abs=1e-6)


def test_the_note_tells_terms_and_figures(found):
    text = note(found)
    assert "12 clips of nEMO" in text
    assert "| chance, scattered |" in text
    assert text.count("\n| ") >= len(METHODS) + len(CONTROLS)


def test_what_cannot_be_done_is_reported(model, corpus):
    with pytest.raises(ParameterError, match="1 clips"):
        plan(model, corpus, clips=1)
    with pytest.raises(SerError, match="Did you mean 'lrp'"):
        plan(model, corpus, methods=["lpr"])
    with pytest.raises(ModelError):
        plan(model / "none", corpus)


def test_every_model_has_a_place_of_its_own(model, ser_home):
    assert folder_of(model).parent == ser_home / "explain"
    assert folder_of(model) != folder_of(model.parent)


def test_a_network_of_the_same_kind_finds_the_bench_of_another(model, found, tmp_path):
    results = tmp_path / "results"
    made = found.save(results / "some name")
    file = made / "bench.json"
    content = json.loads(file.read_text())
    content["about"]["model"] = str(model)
    file.write_text(json.dumps(content))
    other = bundle_of(seed=5).save(tmp_path / "other")
    assert published_alike(other, results) == made
    about = json.loads((other / "bundle.json").read_text())
    about["representation"]["name"] = "mfcc"
    (other / "bundle.json").write_text(json.dumps(about))
    assert published_alike(other, results) is None
