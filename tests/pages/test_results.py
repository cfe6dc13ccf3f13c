"""The Results page: find a run, read its figures, hear its mistakes, compare, delete."""

import json
import shutil

import pandas as pd
import pytest
import yaml

from pages.results import run_list
from ser_core.evaluation import chance_warning, report
from tests.evaluation.tables import drawn
from tests.inference import test_transductive


def press(app, label):
    return next(b for b in app.button if b.label == label and not b.disabled).click().run()


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def box(app, label):
    return next(w for w in [*app.selectbox, *app.multiselect] if w.label == label)


def summary(home, run_id):
    return json.loads((home / "runs" / run_id / "summary.json").read_text())


def test_without_a_run_it_says_what_to_do(visit, said):
    app = visit("results")
    assert "No results yet" in said(app)
    assert any("Train a model" in link.label for link in app.get("page_link"))


def test_the_list_shows_every_run_with_interval_and_badge(visit, with_runs, ser_home):
    table = visit("results").dataframe[0].value.set_index("Split")
    assert set(table.index) == {"random", "speaker-disjoint"}
    assert list(table.loc["random", "Badge"]) == ["speakers shared"]
    assert list(table.loc["speaker-disjoint", "Badge"]) == ["unseen speakers"]
    figure = summary(ser_home, with_runs["random"])["test"]["uar"]
    assert table.loc["random", "UAR"] == figure["value"]
    assert table.loc["random", "95 %"] == f"{figure['low']:.3f} to {figure['high']:.3f}"


def test_filters_narrow_the_list(visit, with_runs):
    app = visit("results")
    box(app, "Split").set_value(["random"]).run()
    assert list(app.dataframe[0].value["Hash"]) == [with_runs["random"]]
    app.text_input[0].set_value("no such run").run()
    assert "No result matches" in app.info[0].value


def test_of_very_many_results_the_first_lines_in_an_order_of_all_are_shown(
    visit, said, with_runs, ser_home, monkeypatch
):
    monkeypatch.setattr(run_list, "MOST", 1)
    app = visit("results")
    uar = {name: summary(ser_home, name)["test"]["uar"]["value"] for name in with_runs.values()}
    assert "2 results, 1 shown" in said(app)
    for order, best in (
        ("highest UAR first", max(uar.values())),
        ("lowest UAR first", min(uar.values())),
    ):
        box(app, "Order").set_value(order).run()
        assert list(app.dataframe[0].value["UAR"]) == [best]
    app.toggle[0].set_value(True).run()
    assert list(app.dataframe[0].value["UAR"]) == sorted(uar.values())
    assert "2 results. Click" in said(app)


def test_a_run_shows_its_figures_and_wears_its_badge(visit, said, with_runs, ser_home):
    app = visit("results", run=with_runs["random"])
    figures = summary(ser_home, with_runs["random"])["test"]
    assert metrics(app)["UAR"] == f"{figures['uar']['value']:.3f}"
    assert metrics(app)["WA (accuracy)"] == f"{figures['wa']['value']:.3f}"
    assert said(app).count(":red-badge[speakers shared]") >= 5
    assert "2 seeds" in said(app)


def buttons(app):
    return {b.label for b in app.get("download_button")}


def test_a_run_and_a_comparison_can_be_taken_along(visit, with_runs):
    wanted = {"Report (HTML)", "Report (PDF)"}
    assert wanted <= buttons(visit("results", run=with_runs["random"]))
    assert wanted <= buttons(visit("results", compare=",".join(with_runs.values())))


@pytest.fixture
def enrolling(with_runs, ser_home):
    """A run that knows every enrolled voice perfectly well."""
    folder = ser_home / "runs" / with_runs["random"]
    table = pd.read_parquet(folder / "predictions.parquet")
    for name in [each for each in table if each.startswith("p_")]:
        table[name] = (table["true"] == name.removeprefix("p_")).astype(float)
    table.to_parquet(folder / "enrolled.parquet")
    known = summary(ser_home, with_runs["random"])
    perfect = {"value": 1.0, "low": 1.0, "high": 1.0, "method": "known"}
    known["enrolled"] = {"uar": perfect, "wa": perfect}
    known["split"]["audit"]["confounding"] = "The speaker alone says 60 % of it"
    (folder / "summary.json").write_text(json.dumps(known))
    return with_runs["random"]


def test_answers_to_enrolled_speakers_stand_beside_those_to_strangers(visit, said, enrolling):
    table = visit("results").dataframe[0].value.set_index("Hash")
    assert table.loc[enrolling, "Enrolled"] == 1.0
    assert table["Enrolled"].isna().sum() == 1
    app = visit("results", run=enrolling)
    assert metrics(app)["UAR"] != "1.000"
    doubt = "The speaker alone says 60 % of it. Normalising by speaker takes away"
    assert doubt not in said(app)
    app = visit("results", run=enrolling, voices="enrolled")
    assert metrics(app)["UAR"] == "1.000"
    assert doubt in " ".join(warning.value for warning in app.warning)


def test_runs_are_compared_as_they_answer_enrolled_voices(visit, enrolling, with_runs):
    both = ",".join([enrolling, with_runs["speaker-disjoint"]])
    found = []
    for voices in ("strangers", "enrolled"):
        app = visit("results", compare=both, voices=voices)
        assert not app.exception
        table = app.dataframe[0].value.set_index("Split")
        assert ("Enrolment" in table) is (voices == "enrolled")
        found.append(table.loc["random", "UAR"])
    assert list(table["Enrolment"].loc[["random", "speaker-disjoint"]]) == ["test clips", "none"]
    assert found[0] != found[1] == "1.000"


def test_a_run_with_models_leads_to_predict(visit, with_runs, ser_home):
    def links(app):
        return [link.label for link in app.get("page_link")]

    run = with_runs["random"]
    assert "Predict with one of its 2 →" in links(visit("results", run=run))
    for bundle in (ser_home / "runs" / run).glob("*/bundle"):
        shutil.rmtree(bundle)
    assert not any("Predict with" in label for label in links(visit("results", run=run)))


def test_a_run_on_new_speakers_wears_no_badge(visit, said, with_runs):
    app = visit("results", run=with_runs["speaker-disjoint"])
    assert "speakers shared" not in said(app)
    assert "unseen speakers" in said(app)


@pytest.mark.parametrize(
    "tab",
    [
        "Confusion",
        "Emotions and voices",
        "Mistakes",
        "Calibration",
        "Learning curves",
        "Recipe and split",
    ],
)
def test_every_view_opens_by_its_address(visit, with_runs, tab):
    app = visit("results", run=with_runs["random"], tab=tab)
    assert not app.error
    assert not app.exception


def test_a_cell_lists_exactly_its_clips(visit, with_runs, ser_home):
    table = pd.read_parquet(ser_home / "runs" / with_runs["random"] / "predictions.parquet")
    table = table[table["part"] == "test"]
    columns = [name for name in table if name.startswith("p_")]
    answer = table[columns].idxmax(axis=1).str.removeprefix("p_")
    true, given = table["true"].iloc[0], answer.iloc[0]
    app = visit("results", run=with_runs["random"], cell=f"{true}:{given}")
    shown = app.dataframe[0].value["clip"]
    wanted = table[(table["true"] == true) & (answer == given)]["clip"]
    assert sorted(shown) == sorted(wanted)
    assert len(app.get("audio")) == 2  # of the clip and of the dock


def test_a_cell_can_be_chosen_without_a_pointer(visit, with_runs):
    app = visit("results", run=with_runs["random"], cell="anger:fear")
    box(app, "True emotion").set_value("sadness").run()
    assert app.query_params["cell"] == "sadness:fear"


def test_mistakes_are_wrong_and_the_surest_come_first(visit, with_runs):
    app = visit("results", run=with_runs["random"], tab="Mistakes")
    charts = [each.proto.spec for each in app.get("plotly_chart")]
    assert any("happiness" in chart for chart in charts)  # the probabilities of one
    assert not any("of_true" in chart for chart in charts)
    table = app.dataframe[0].value
    pairs = zip(table["true"], table["answer"], strict=True)
    assert all(list(true) != list(answer) for true, answer in pairs)
    assert list(table["confidence"]) == sorted(table["confidence"], reverse=True)


def test_courses_tell_best_and_last_epoch_apart(visit, with_runs, ser_home):
    app = visit("results", run=with_runs["random"], tab="Learning curves")
    table = app.dataframe[0].value
    bundle = ser_home / "runs" / with_runs["random"] / "fold-0-seed-1" / "bundle" / "bundle.json"
    training = json.loads(bundle.read_text())["training"]
    row = table[table["Seed"] == 1].iloc[0]
    assert row["Best epoch"] == training["best_epoch"]
    assert row["Last epoch"] == 2
    assert row["Best UAR"] == training["history"][training["best_epoch"] - 1]["val_uar"]


def test_the_recipe_and_what_the_split_shares_are_shown(visit, said, with_runs):
    app = visit("results", run=with_runs["random"], tab="Recipe and split")
    assert yaml.safe_load(app.code[0].value)["network"] == {"name": "resnet10", "width": 4}
    assert "Leak grade E" in said(app)
    assert metrics(app)["Speakers"] == "3 of 3"


def test_an_unknown_run_is_reported_with_a_way_back(visit):
    app = visit("results", run="../runs")
    assert "no such run" in app.error[0].value
    press(app, "← All results")
    assert "run" not in app.query_params


def test_runs_are_compared_on_their_common_clips_in_words(visit, said, with_runs):
    app = visit("results", compare=",".join(with_runs.values()))
    assert not app.error
    assert "tested on different clips" in app.warning[0].value
    assert "UAR" in said(app)
    assert list(app.dataframe[0].value["Seeds"]) == [2, 2]
    assert "±" in app.dataframe[0].value["Mean ± SD over seeds"][0]


def test_deleting_a_run_can_be_undone(visit, said, with_runs, ser_home):
    app = visit("results", run=with_runs["random"])
    press(app, "Delete")
    assert "1 result deleted" in said(app)
    assert list(app.dataframe[0].value["Hash"]) == [with_runs["speaker-disjoint"]]
    press(app, "Undo")
    assert set(app.dataframe[0].value["Hash"]) == set(with_runs.values())
    assert summary(ser_home, with_runs["random"])["members"] == 2


def test_all_that_was_deleted_can_be_undone(visit, said, with_runs):
    app = visit("results")
    for done in (1, 2):
        app.session_state["runs-table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
        app.run()
        press(app, "Delete")
        assert f"{done} result" in said(app)
    press(app, "Undo")
    assert set(app.dataframe[0].value["Hash"]) == set(with_runs.values())


def test_leak_premium_says_what_a_split_costs_and_offers_the_missing(visit, said, with_runs):
    app = visit("results", results="Leak premium")
    words = said(app)
    assert "seen speakers, seen sentences" in words
    assert "Train the missing 2 splits" in [b.label for b in app.button]


def test_a_damaged_run_is_reported_and_the_page_stands(visit, with_runs, ser_home):
    (ser_home / "runs" / with_runs["random"] / "predictions.parquet").write_bytes(b"damaged")
    app = visit("results", run=with_runs["random"])
    assert app.error
    assert not app.exception
    assert len(visit("results").dataframe[0].value) == 2


@pytest.mark.parametrize(("skill", "rows", "guessed"), [(0.0, 300, True), (4.0, 300, False)])
def test_a_run_that_learned_nothing_is_reported_to_be_guessing(skill, rows, guessed):
    said = chance_warning(report(drawn(rows, skill=skill)))
    assert ("no better than chance" in said) is guessed
    assert ("UAR of 0.167" in said) is guessed


def test_clips_of_each_speaker_can_be_classified_together(visit, said, with_runs, ser_home):
    run_id = with_runs["speaker-disjoint"]
    app = visit("results", run=run_id, tab="Transductive")
    app = press(app, "Classify each speaker's clips together")
    assert not app.exception
    assert "prior comes from other test speakers" in app.error[0].value  # this run has one
    folder = ser_home / "runs" / run_id
    (folder / "enrolled.parquet").unlink(missing_ok=True)
    test_transductive.voices().save(
        folder / "predictions.parquet"
    )  # as of a model that each voice shifts
    app = press(visit("results", run=run_id, tab="Transductive"), app.main.button[-1].label)
    assert not app.error
    both, speakers = app.dataframe[0].value, app.dataframe[1].value
    assert list(both["Classified"]) == ["each clip alone", "all clips of a speaker"]
    assert speakers["Together"].mean() > speakers["Alone"].mean() + 0.05
    assert (folder / "transductive.parquet").exists()


def test_voices_in_training_are_not_adapted_to(visit, with_runs):
    app = visit("results", run=with_runs["random"], tab="Transductive")
    assert "the test speakers are in training" in app.info[0].value
    assert not [b for b in app.button if "together" in b.label]


def test_tags_and_a_note_are_kept_found_and_taken_back(visit, said, with_runs):
    app = visit("results", run=with_runs["random"])
    next(w for w in app.text_input if w.label == "Tags").set_value("paper, old").run()
    app.text_area[0].set_value("the first try").run()
    app = press(app, "Save")
    assert "badge[paper]" in said(app)
    assert "the first try" in said(app)
    found = visit("results", **{"find-run": "PAPER"}).dataframe[0].value
    assert list(found["Hash"]) == [with_runs["random"]]
    assert list(found["Tags"].iloc[0]) == ["paper", "old"]
    assert "badge[paper]" not in said(press(app, "Undo"))


def test_columns_of_the_list_are_chosen_also_in_the_address(visit, with_runs):
    table = visit("results", columns="WA").dataframe[0].value
    assert list(table) == ["Run", "WA"]
    assert "Tags" not in visit("results").dataframe[0].value  # no result has one
