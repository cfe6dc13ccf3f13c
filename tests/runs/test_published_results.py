"""What is published can be computed again from what is kept of it."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from ser_core.core import REPOSITORY, SerError
from ser_core.evaluation import Predictions, corpus_matrix
from ser_core.recipes.recipe import load
from ser_core.runs import published_results
from tests.evaluation.tables import drawn

AUDIT = {"grade": "B", "reading": "new voices", "worst": [{"fold": "a"}]}


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    summary = {"split": {"policy": "leave-one-speaker-out", "audit": AUDIT}, "minutes": 12.4}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    (folder / "recipe.yaml").write_text("name: n\ncorpus: /home/żółw/nemo\ntrain: {threads: 1}\n")
    test = drawn(120)
    other = Predictions(drawn(30, seed=1).table.assign(part="validation"))
    Predictions.concat([test, other]).save(folder / "predictions.parquet")
    return folder


def test_a_result_keeps_test_predictions_and_recipe_and_no_path(run, tmp_path):
    made = published_results.keep(run, "study/first", tmp_path / "results")
    assert made.predictions().table["part"].unique().tolist() == ["test"]
    assert yaml.safe_load(made.recipe.read_text(encoding="utf-8")) == {"name": "n"}
    assert "worst" not in made.summary["split"]["audit"]
    assert not made.speakers_shared
    (found,) = published_results.published(tmp_path / "results")
    assert found.name == "study/first"
    (row,) = published_results.rows([found])
    value = found.figure("uar")
    assert row["UAR"] == f"{value.value:.3f} ({value.low:.3f}–{value.high:.3f})"
    assert (row["voices"], row["minutes"], row["clips"]) == ("not enrolled", "12", "120")


def test_predictions_for_enrolled_speakers_are_a_row_of_their_own(run, tmp_path):
    drawn(120, skill=4.0).save(run / "enrolled.parquet")
    made = published_results.keep(run, "both", tmp_path / "results")
    assert [row["voices"] for row in published_results.rows([made])] == ["not enrolled", "enrolled"]


def test_what_is_not_finished_is_not_published(tmp_path):
    with pytest.raises(SerError, match="is no finished run"):
        published_results.keep(tmp_path, "nothing", tmp_path / "results")


def test_every_published_recipe_is_one():
    for result in published_results.published():
        if result.recipe is not None:
            load(result.recipe, ["corpus=anywhere"])


PAGES = ("README.md", "docs/results.md")


@pytest.mark.parametrize("page", PAGES)
def test_figures_of_a_result_that_a_page_names_are_those_that_are_published(page):
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    for result in published_results.published():
        if f"`{result.name}`" in text and not result.is_across:
            for row in published_results.rows([result], ("uar",)):
                assert row["UAR"] in text, (result.name, row)


def test_every_published_result_is_a_row_of_the_page_of_results():
    text = (REPOSITORY / "docs" / "results.md").read_text(encoding="utf-8")
    results = published_results.published()
    for row in published_results.rows([result for result in results if "/" not in result.name]):
        cells = (f"`{row['result']}`", *(row[name] for name in ("voices", "UAR", "WA", "ECE")))
        assert f"| {' | '.join(cells)} | {row['minutes'] or '–'} |" in text, row
    unseen, shared = (
        [result for result in results if result.name.startswith(f"{kind}/")]
        for kind in ("unseen", "random")
    )
    for row in published_results.every_representation(unseen, shared):
        name, *figures = row.values()
        line = rf"\| `{name}` \| [\d.]+ \| {re.escape(' | '.join(figures))} \|"
        assert re.search(line, text), row


def test_every_matrix_of_corpora_is_on_the_page_of_results():
    text = (REPOSITORY / "docs" / "results.md").read_text(encoding="utf-8")
    found = [each for each in published_results.published() if each.is_across]
    assert found
    for result in found:
        matrices = {
            published_results.VOICES[table]: corpus_matrix(result.predictions(table))
            for table in result.tables
        }
        for row in published_results.across_corpora(matrices):
            assert f"| `{result.name}` | {' | '.join(row.values())} |" in text, row


def test_every_network_of_the_zoo_that_is_published_is_a_row_of_the_page_of_results():
    text = (REPOSITORY / "docs" / "results.md").read_text(encoding="utf-8")
    results = published_results.published()
    shared, unseen = (
        [result for result in results if result.name.startswith(f"zoo-{kind}/")]
        for kind in ("random", "unseen")
    )
    assert {each.name.rpartition("/")[2] for each in unseen} <= {
        each.name.rpartition("/")[2] for each in shared
    }
    for row in published_results.networks(shared, unseen):
        name, parameters, *figures = row.values()
        line = rf"\| `{name}` \| {parameters} \| [\d.–]+ \| {re.escape(' | '.join(figures))} \|"
        assert re.search(line, text), row


def test_a_network_has_its_parameters_and_its_scores_on_both_splits(run, tmp_path):
    recipe = "representation: {name: mfcc, n_mfcc: 20}\nnetwork: {name: linear}\n"
    (run / "recipe.yaml").write_text(recipe)
    for name in ("random/one", "random/two", "unseen/two"):
        published_results.keep(run, name, tmp_path / "results")
    found = published_results.published(tmp_path / "results")
    one, two = published_results.networks(found[:2], found[2:])
    classes = found[0].predictions().probabilities.shape[1]
    assert one["parameters"] == str(classes * 21)
    assert (one["UAR, unseen speakers"], one["minutes"]) == ("–", "12")
    assert (two["UAR, unseen speakers"], two["minutes"]) == (two["UAR, random split"], "12 + 12")


def test_what_each_adds_to_the_mean_of_all_is_reported(run, tmp_path):
    for name, skill, seed in (("mfcc", 3.0, 1), ("rms", 0.0, 2), ("zcr", 0.0, 3)):
        drawn(400, skill=skill, seed=0, spread=0.1 * seed).save(run / "predictions.parquet")
        (run / "recipe.yaml").write_text(f"representation: {{name: {name}}}\n")
        published_results.keep(run, f"unseen/{name}", tmp_path / "results")
    rows = published_results.every_representation(
        published_results.published(tmp_path / "results"), []
    )
    assert [row["representation"] for row in rows] == ["mfcc", "rms", "zcr"]
    gains = [float(row["gain in the mean of all"].split()[0]) for row in rows]
    assert gains[0] == max(gains) > 0.1
    assert rows[0]["KB a second"] == "8.0"  # 40 coefficients, 100 frames, two bytes


def test_an_ensemble_is_published_with_its_weights(run, tmp_path):
    (run / "summary.json").unlink()
    (run / "recipe.yaml").unlink()
    about = {
        "name": "both", "pooling": "linear", "temperature": 1.2, "options": {}, "fit_on": "auto",
        "weights": [0.25, 0.75], "members": [{"name": "mel"}, {"name": "functionals"}],
        "enrolled": {"weights": [0.5, 0.5], "temperature": 0.8},
        "split": {"policy": "leave-one-speaker-out", "audit": AUDIT},
    }  # fmt: skip
    (run / "ensemble.json").write_text(json.dumps(about), encoding="utf-8")
    drawn(120, skill=4.0).save(run / "enrolled-predictions.parquet")
    made = published_results.keep(run, "pooled", tmp_path / "results")
    assert made.summary["weights"] == {"mel": 0.25, "functionals": 0.75}
    assert made.recipe is None
    assert [row["voices"] for row in published_results.rows([made])] == ["not enrolled", "enrolled"]


def test_clips_of_a_voice_that_are_classified_together_are_a_row_of_their_own(run, tmp_path):
    drawn(120, skill=4.0).save(run / "transductive.parquet")
    made = published_results.keep(run, "together", tmp_path / "results")
    rows = published_results.rows([made])
    assert [row["voices"] for row in rows] == ["not enrolled", "enrolled, transductive"]
    assert rows[0]["UAR"] != rows[1]["UAR"]
