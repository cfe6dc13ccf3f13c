"""What an earlier version made is opened by this one: models, runs, links, commands, keys.

`data/before_redesign` holds what version 0.1.0 wrote; its README says what is what.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from urllib.parse import parse_qs

import click
import numpy as np
import pytest
import typer
from streamlit.testing.v1 import AppTest

from ser_core import audio
from ser_core.cli import app as command_line
from ser_core.core import REPOSITORY, demo_corpus
from ser_core.corpora import Split, make_split, open_corpus, recent_corpora
from ser_core.corpora.saved_splits import saved_splits
from ser_core.ensemble import Options
from ser_core.ensemble.catalogue import Request, ensembles
from ser_core.evaluation import Predictions
from ser_core.explain import benchmark
from ser_core.explain.benchmark_report import Bench
from ser_core.export import plan as export_plan
from ser_core.features.extraction import store_key
from ser_core.features.representations import make
from ser_core.inference import feedback, saved_evaluations
from ser_core.inference.catalogue import models
from ser_core.jobs import State, at_once, jobs
from ser_core.models.predictor import load
from ser_core.recipes import recipe as recipes
from ser_core.robustness.assessment import Plan as RobustnessPlan
from ser_core.robustness.card import cards, load_card
from ser_core.runs import catalogue
from ser_core.runs.execute import run as carry_out
from ser_core.storage.feature_store import FeatureStore

DATA = Path(__file__).parent / "data" / "before_redesign"
EXPECTED = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
KEYS = json.loads((DATA / "store_keys.json").read_text(encoding="utf-8"))
LINKS = json.loads((DATA / "links.json").read_text(encoding="utf-8"))
COMMANDS = json.loads((DATA / "commands.json").read_text(encoding="utf-8"))

RENAMED = {"Courses": "Learning curves"}
"""Tabs that have another name now; a link by the former one leads to them."""

CLIPS = ("samples/SM0_anger_48.flac", "samples/EB0_sadness_82.flac")
WRITTEN = 1_700_000_000
"""When all of the files were written, in seconds since the epoch, as the judged model has it."""

RESIDUAL = "c27643cd8f114846"
FUNCTIONALS = "d46d21e76cda3084"
INTERRUPTED = "d49d753c88a995ed"
POOLED = "ba733e7d9eeb8518"
MEMBER = "fold-0-seed-0"
OF_MODEL = "of-model"
"""Stands for the folder of what was made of the first model, whose name depends on its path."""


def bundle(home: Path, run_id: str) -> Path:
    """Folder of the only model of a run."""
    return home / "runs" / run_id / MEMBER / "bundle"


@pytest.fixture
def home(ser_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runtime folder of the earlier version, as it would lie here."""
    monkeypatch.chdir(REPOSITORY)  # the recipes name the demo corpus from here
    shutil.copytree(DATA / "home", ser_home)
    model = bundle(ser_home, RESIDUAL)
    exported = export_plan.folder_of(model)
    (ser_home / "exports" / OF_MODEL).rename(exported)
    (ser_home / "explain" / OF_MODEL).rename(benchmark.folder_of(model))
    places = {
        f"{{HOME}}/exports/{OF_MODEL}": str(exported),
        "{HOME}": str(ser_home),
        "{REPOSITORY}": str(REPOSITORY),
    }
    for file in (each for each in ser_home.rglob("*") if each.is_file()):
        if file.suffix in (".json", ".yaml", ".txt"):
            text = file.read_text(encoding="utf-8")
            file.write_text(filled(text, places), encoding="utf-8")
        os.utime(file, (WRITTEN, WRITTEN))
    return ser_home


def filled(text: str, places: dict[str, str]) -> str:
    """A text with its places put in."""
    for name, place in places.items():
        text = text.replace(name, place)
    return text


@pytest.fixture(scope="module")
def sounds() -> list[audio.Waveform]:
    """Two clips of the demo, of different voices and lengths."""
    return [audio.load(demo_corpus() / clip) for clip in CLIPS]


MODELS = {
    "resnet": f"runs/{RESIDUAL}/{MEMBER}/bundle",
    "functionals": f"runs/{FUNCTIONALS}/{MEMBER}/bundle",
    "ensemble": f"ensembles/{POOLED}/ensemble",
    "onnx": f"exports/{OF_MODEL}/model.onnx",
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_answers_as_before(name, sounds):
    model = load(DATA / "home" / MODELS[name])
    expected = EXPECTED["models"][name]
    assert list(model.classes) == expected["classes"]
    assert model.card
    answers = {
        "stranger": model.predict(sounds),
        "known": model.predict(sounds, model.enrol(sounds)),
    }
    for voice, found in answers.items():
        np.testing.assert_allclose(found, expected[voice], atol=1e-4, err_msg=voice)


def test_the_models_keep_their_keys(home):
    own = export_plan.folder_of(bundle(home, RESIDUAL)).name
    known = {each.key: each.title for each in models()}
    expected = {key.replace(OF_MODEL, own): title for key, title in EXPECTED["titles"].items()}
    assert expected.items() <= known.items()
    assert export_plan.source_of(home / "exports" / own / "model.onnx").key == (
        f"{RESIDUAL}:{MEMBER}"
    )


def test_the_runs_are_listed_with_their_results(home):
    found = {run.id: run for run in catalogue.runs()}
    assert set(found) == {RESIDUAL, FUNCTIONALS, INTERRUPTED}
    assert found[INTERRUPTED].result is None
    for run_id in (RESIDUAL, FUNCTIONALS):
        run, expected = found[run_id], EXPECTED["runs"][run_id]
        assert (run.name, run.policy, run.representation) == tuple(expected["about"])
        assert catalogue.audit_of(run).grade == expected["grade"]
        for enrolled, figures in enumerate(expected["figures"]):
            report = catalogue.report_of(run, enrolled=bool(enrolled))
            assert figures_of(report) == pytest.approx(figures)
        (course,) = catalogue.learning_curves(run.folder)
        assert [epoch["epoch"] for epoch in course.history] == [1, 2, 3]
        assert Split.load(run.folder / "split.json").hash == expected["split"]


def figures_of(report):
    """The figures that are published, as numbers."""
    return [report.figures[name].value for name in ("uar", "wa", "ece")]


@pytest.mark.parametrize("run_id", [RESIDUAL, FUNCTIONALS, INTERRUPTED])
def test_the_recipe_of_a_run_is_that_run(home, run_id):
    assert recipes.load(home / "runs" / run_id / "recipe.yaml").hash == run_id


def test_a_training_that_was_interrupted_goes_on(home):
    folder = home / "runs" / INTERRUPTED
    (before,) = catalogue.learning_curves(folder)
    assert (len(before.history), before.finished) == (1, False)
    outcome = carry_out(recipes.load(folder / "recipe.yaml"), folder)
    (course,) = catalogue.learning_curves(folder)
    assert course.finished
    assert course.history[0] == before.history[0]
    assert len(course.history) == 2
    assert len(outcome.predictions.part("test").table) > 0


def test_the_ensemble_is_listed_with_its_results(home):
    (saved,) = ensembles()
    expected = EXPECTED["ensemble"]
    assert (saved.id, saved.name) == (POOLED, expected["name"])
    assert saved.about["weights"] == expected["weights"]
    assert figures_of(saved.report()) == pytest.approx(expected["figures"])
    assert figures_of(saved.for_voices("enrolled").report()) == pytest.approx(expected["known"])
    assert len(saved.trials()) == len(saved.history()) == expected["trials"]
    request = json.loads((saved.folder / "request.json").read_text(encoding="utf-8"))
    options = Options(**request.pop("options"))
    again = Request(**{**request, "runs": tuple(request["runs"]), "options": options})
    assert again.id == POOLED


def test_a_judged_file_is_among_the_results(home):
    (found,) = saved_evaluations.saved_evaluations()
    assert found.id == EXPECTED["judged"]["id"]
    assert found.name == EXPECTED["judged"]["name"]
    assert found.exported
    assert not found.outdated
    assert figures_of(catalogue.report_of(found)) == pytest.approx(EXPECTED["judged"]["figures"])


def test_a_saved_split_is_listed(home):
    (found,) = saved_splits(open_corpus(demo_corpus()))
    assert found.split.hash == KEYS["split"]["leave-one-speaker-out"]
    assert found.grade == "B"


def test_a_recording_that_was_kept_is_a_clip_of_a_corpus(home):
    (found,) = feedback.recordings()
    assert (found.emotion, found.answer, found.speaker) == ("anger", "fear", "me")
    corpus = open_corpus(feedback.folder())
    assert corpus.reader == "feedback"
    assert list(corpus.usable["emotion"]) == ["anger"]
    assert recent_corpora() == [str(feedback.folder())]


def test_the_jobs_are_listed(home):
    found = {job.key: job for job in jobs()}
    assert set(found) == set(EXPECTED["jobs"])
    for key, (title, log) in EXPECTED["jobs"].items():
        assert (found[key].title, found[key].state) == (title, State.FINISHED)
        assert log in found[key].log()
    assert at_once() == 2


def test_a_robustness_card_is_opened(home):
    (info,) = cards(home / "robustness")
    found = load_card(info.folder)
    assert found.about["model_path"] == str(bundle(home, RESIDUAL))
    assert [curve.name for curve in found.curves] == EXPECTED["card"]["curves"]
    assert found.clean("uar").value == pytest.approx(EXPECTED["card"]["uar"])
    assert [each["name"] for each in found.shortcuts] == EXPECTED["card"]["shortcuts"]


def test_a_bench_of_explanations_is_opened(home):
    found = Bench.load(benchmark.folder_of(bundle(home, RESIDUAL)))
    assert list(found.methods) == EXPECTED["bench"]["methods"]
    assert len(found.clips) == found.about["clips"] == 6
    assert set(found.maps) == set(found.methods)


def test_a_stored_representation_is_found(home, demo_waveform):
    key = store_key(audio.sha256(demo_waveform), make("zcr"), "float16")
    found = FeatureStore().get(key)
    assert found is not None
    assert found.shape[:2] == (1, 1)


def test_tables_of_answers_are_read(home):
    for path in sorted(home.rglob("*predictions.parquet")):
        table = Predictions.load(path)
        np.testing.assert_allclose(table.probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", KEYS["representations"])
def test_a_representation_keeps_its_hash(name):
    for each in KEYS["representations"][name]:
        assert make(name, **each["parameters"]).hash == each["hash"], each["parameters"]


def test_keys_of_the_store_stay(demo_waveform):
    sha = audio.sha256(demo_waveform)
    assert sha == KEYS["store"]["sha256"]
    for name, text in KEYS["store"]["keys"].items():
        key = store_key(sha, make(name), "float16")
        assert f"{key.representation}/{key.sha256}.{key.dtype}" == text


@pytest.mark.parametrize("name", KEYS["recipes"])
def test_a_recipe_keeps_its_hash(name):
    found = recipes.load(REPOSITORY / "recipes" / name, ["corpus=artifacts/demo"])
    assert found.hash == KEYS["recipes"][name]


@pytest.mark.parametrize("policy", KEYS["split"])
def test_a_split_keeps_its_hash(policy):
    assert make_split(open_corpus(demo_corpus()), policy, seed=0).hash == KEYS["split"][policy]


def test_folders_of_what_is_made_of_a_model_keep_their_names(monkeypatch):
    monkeypatch.chdir(DATA)
    monkeypatch.setenv("SER_HOME", "home")
    model, corpus = Path("/models/one"), Path("/corpora/one")
    expected = KEYS["folders"]
    assert str(export_plan.folder_of(model)) == expected["export"]
    assert str(benchmark.folder_of(model)) == expected["explain"]
    assert saved_evaluations.id_of(model, corpus, "test") == expected["judged"]
    own = RobustnessPlan(model=Path("home", MODELS["functionals"]), corpus=corpus, kinds=("white",))
    assert str(own.folder) == expected["robustness"]


def options_of(command: click.Command) -> dict[str, list[str]]:
    """Options and arguments of a command: their names, by the name of the parameter."""
    return {
        "options": sorted(
            name
            for each in command.params
            if each.param_type_name == "option"
            for name in (*each.opts, *each.secondary_opts)
        ),
        "arguments": [each.name for each in command.params if each.param_type_name == "argument"],
    }


def commands_of(command: click.Command, name: str = "") -> dict[str, dict[str, list[str]]]:
    """Every command below one, by its words."""
    below = getattr(command, "commands", None)
    if below is None:
        return {name: options_of(command)}
    return {
        words: options
        for each, inner in below.items()
        for words, options in commands_of(inner, f"{name} {each}".strip()).items()
    }


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_keeps_its_options(words):
    now = commands_of(typer.main.get_command(command_line))[words]
    assert set(COMMANDS[words]["options"]) <= set(now["options"])
    assert len(COMMANDS[words]["arguments"]) == len(now["arguments"])


@pytest.fixture
def places(home, monkeypatch):
    """What stands in links for paths and names of this computer."""
    monkeypatch.setenv("SER_WARM_UP", "0")
    monkeypatch.delenv("SER_CORPUS", raising=False)
    return {OF_MODEL: export_plan.folder_of(bundle(home, RESIDUAL)).name, "{HOME}": str(home)}


def shown(app: AppTest) -> str:
    """All that a page shows in words and figures, tables and values of controls included."""
    words = ("title", "header", "subheader", "markdown", "caption", "html", "code")
    notes = ("info", "success", "warning", "error")
    values = [each.value for kind in (*words, *notes) for each in app.get(kind)]
    values += [f"{each.label} {each.value}" for each in app.metric]
    values += [each.value.to_csv() for each in app.dataframe]
    values += [each.label for kind in ("button", "page_link") for each in app.get(kind)]
    controls = ("selectbox", "multiselect", "text_input", "number_input", "text_area", "toggle")
    values += [each.value for kind in controls for each in app.get(kind)]
    values += [each.proto.alt for each in app.get("audio")]
    return "\n".join(map(str, values)).replace("\\", "")


def address_of(app: AppTest) -> dict[str, list[str]]:
    """The query of a page's address, as lists of values."""
    found = dict(app.query_params)
    return {n: each if isinstance(each, list) else [each] for n, each in found.items()}


@pytest.mark.parametrize("link", LINKS, ids=[each["name"] for each in LINKS])
def test_a_link_shows_what_it_showed(link, places):
    page, query = link["page"], filled(link["query"], places)
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60).run()
    given = parse_qs(query, keep_blank_values=True)
    app.switch_page(f"pages/{page}/page.py")
    for name, values in given.items():
        app.query_params[name] = values if len(values) > 1 else values[0]
    app.run()
    assert not app.exception
    assert [each.value for each in app.error] == []
    text = shown(app)
    for words in link["shows"]:
        assert filled(words, places) in text
    for name, value in link["state"].items():
        wanted = (
            RENAMED.get(named := filled(value, places), named) if isinstance(value, str) else value
        )
        # Where the sound comes from is in the address alone.
        found = address_of(app)["source"][0] if name == "source" else app.session_state[name]
        assert found == wanted, name
    kept = {name: [RENAMED.get(each, each) for each in given[name]] for name in link["kept"]}
    assert kept.items() <= address_of(app).items()


def test_the_pages_keep_their_addresses(places):
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60).run()
    found = {each.proto.page for each in app.sidebar.get("page_link")}
    assert found == {"", *(each["page"] for each in LINKS if each["page"] != "home")}
