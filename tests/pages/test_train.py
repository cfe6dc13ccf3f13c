"""The Train page: the form, its address and its YAML are one recipe; jobs are started and seen."""

import json
from pathlib import Path

import pytest
import yaml

from pages.train import field_controls, recipe_form, recipe_state
from ser_core import jobs
from ser_core.core import demo_corpus, seconds
from ser_core.features.representations import REPRESENTATIONS
from ser_core.recipes import draft
from ser_core.recipes.recipe import Recipe, load, parse
from ser_core.runs.catalogue import learning_curves
from ser_core.runs.launch import KEY, job_of, order_for, run_of, shell
from ser_core.runs.leak_premium import COMPARED

TINY = {
    "representation.n_mels": "16",
    "representation.hop_length": "400",
    "network.name": "resnet10",
    "network.width": "4",
    "train.epochs": "2",
    "train.batch": "8",
    "train.threads": "1",
    "train.precision": "float32",
}


def widgets(app):
    return [*app.text_input, *app.number_input, *app.selectbox, *app.toggle, *app.text_area]


def field(app, name):
    return next(w for w in widgets(app) if w.key == f"recipe:{name}")


def text(app):
    return next(w for w in app.text_area if w.key == "recipe-text")


def button(app, label):
    return next(b for b in app.button if b.label == label)


def press(app, label):
    return button(app, label).click().run()


def recipe_file(order):
    return Path(next(part for part in order.command if part.endswith("recipe.yaml")))


@pytest.fixture
def queued(monkeypatch):
    """Orders that would have been put into the queue."""
    orders = []

    def enqueue(wanted, **_):
        orders.extend(wanted)
        return []

    monkeypatch.setattr("ser_core.runs.launch.enqueue", enqueue)
    return orders


def test_every_field_of_a_recipe_has_a_control_with_help(visit):
    choices = {
        "split.policy": "grouped-k-fold",
        "train.average": "ema",
        "train.adversarial": "fgsm",
    }
    app = visit("train", **choices)
    assert not app.error
    own = {
        "opening",  # decided on the page Corpus
        "representation", "split.fractions", "corpus", "reader", "optim.patience", "train.refit",
        "train.balance_corpora",  # of several corpora alone
    }  # fmt: skip
    # Those of fine-tuning are with the encoders: tests/pages/test_encoders.py.
    elsewhere = ("network.", "fine_tune.", "search.")
    every = [each for each in draft.fields() if not each.startswith(elsewhere)]
    for name in [*every, "network.name", *draft.network_fields({})]:
        if name not in own:
            assert field(app, name).help, name
    assert field(app, "representation.n_mels").value == 80
    field(app, "optim.schedule").set_value("plateau").run()
    assert field(app, "optim.patience").help
    at_once = visit("train", **{"network.name": "lda", "representation": "functionals"})
    assert field(at_once, "train.refit").help


def test_a_search_is_offered_where_a_network_has_something_to_search_for(visit):
    app = visit("train", **{"network.name": "svm-rbf", "representation": "functionals"})
    assert field(app, "search.trials").value == 0
    assert not [each for each in widgets(app) if each.key == "recipe:search.folds"]
    field(app, "search.trials").set_value(20).run()
    assert field(app, "search.folds").value == 3
    notes = [each.value for each in app.caption]
    assert "Searched within the training part of each fold: c, gamma." in notes
    other = visit("train", **{"network.name": "resnet10"})
    assert not [each for each in widgets(other) if each.key == "recipe:search.trials"]


def test_networks_are_called_by_their_titles(visit):
    app = visit("train", **{"network.name": "svm-rbf", "representation": "functionals"})
    assert {"SVM, RBF kernel", "Random forest"} <= set(field(app, "network.name").options)


def test_what_does_not_count_is_not_shown(visit):
    app = visit("train", **{"network.name": "linear", "train.epsilon": "0.3"})
    shown = {each.key for kind in (app.number_input, app.selectbox) for each in kind}
    names = {field_controls.key_of(name) for name in recipe_form.USED_WITH}
    assert names & shown == {field_controls.key_of("optim.warmup")}
    field(app, "train.adversarial").set_value("fgsm").run()
    assert field(app, "train.epsilon").value == 0.3


def test_the_form_begins_with_the_defaults_and_unseen_speakers_in_the_test(visit):
    wanted = yaml.safe_load(text(visit("train")).value)
    assert wanted.pop("name") == "Log-mel spectrogram ResNet18, speaker-disjoint"
    assert wanted == {"corpus": str(demo_corpus()), "split": {"policy": "speaker-disjoint"}}


def test_a_corpus_of_few_speakers_begins_with_a_random_split():
    assert [recipe_state._default_policy(speakers) for speakers in (0, 2, 3)] == [
        "random", "random", "speaker-disjoint",
    ]  # fmt: skip


def test_a_link_fills_the_form(visit):
    app = visit("train", **TINY)
    assert field(app, "network.name").value == "resnet10"
    assert field(app, "representation.n_mels").value == 16
    recipe = parse(yaml.safe_load(text(app).value))
    assert (recipe.train.epochs, recipe.train.batch, recipe.train.threads) == (2, 8, 1)


def test_a_control_changes_recipe_and_address_and_back(visit):
    app = visit("train")
    field(app, "optim.lr").set_value(0.001).run()
    assert app.query_params["optim.lr"] == "0.001"
    assert yaml.safe_load(text(app).value)["optim"] == {"lr": 0.001}
    field(app, "optim.lr").set_value(0.002).run()
    assert "optim.lr" not in app.query_params


def test_an_optional_number_can_be_emptied(visit):
    app = visit("train")
    field(app, "train.crop_s").set_value(None).run()
    assert app.query_params["train.crop_s"] == "null"
    assert not app.error


def test_another_representation_brings_its_own_parameters(visit):
    app = visit("train", **TINY)
    field(app, "representation.name").set_value("mfcc").run()
    assert "representation.n_mels" not in app.query_params
    recipe = parse(yaml.safe_load(text(app).value))
    assert recipe.representation == {"name": "mfcc"}
    assert field(app, "representation.n_mfcc").value == 40


def test_a_representation_of_one_frame_brings_its_network_and_takes_it_away(visit):
    app = visit("train", normalise="clip", **{"augment.picture": "default"})
    field(app, "representation.name").set_value("functionals").run()
    assert not app.error
    keys = {widget.key for widget in widgets(app)}
    assert not keys & {field_controls.key_of(name) for name in recipe_form.OF_FRAMES}
    recipe = parse(yaml.safe_load(text(app).value))
    assert (recipe.network["name"], recipe.normalise) == ("linear", "corpus")
    field(app, "representation.name").set_value("mfcc").run()
    assert parse(yaml.safe_load(text(app).value)).network["name"] == "resnet18"


def test_a_network_that_takes_the_new_representation_stays(visit):
    app = visit("train")
    field(app, "network.name").set_value("forest").run()
    field(app, "representation.name").set_value("functionals").run()
    assert parse(yaml.safe_load(text(app).value)).network["name"] == "forest"


def test_a_network_of_another_input_brings_its_representation(visit):
    app = visit("train")
    field(app, "network.name").set_value("wave-cnn").run()
    recipe = parse(yaml.safe_load(text(app).value))
    assert (recipe.network["name"], recipe.representation["name"]) == ("wave-cnn", "waveform")
    field(app, "network.name").set_value("forest").run()
    assert parse(yaml.safe_load(text(app).value)).representation["name"] != "waveform"


def test_seeds_are_typed_as_a_list(visit):
    app = visit("train")
    field(app, "seeds").set_value("0, 1 2").run()
    assert parse(yaml.safe_load(text(app).value)).seeds == (0, 1, 2)
    assert any("3 trainings" in m.value for m in app.markdown)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("seeds", "[1, 1]", "differ"),
        ("seeds", "one", "is not a list"),
        ("train.batch", "1", "train.batch"),
        ("representation.name", "mell", "mell"),
        ("network.name", "resnet19", "resnet18"),
    ],
)
def test_a_fault_is_reported_in_the_words_of_the_recipe(visit, name, value, told):
    app = visit("train", **{name: value})
    assert any(told in error.value for error in app.error)
    assert button(app, "Start").disabled


def test_a_split_that_cannot_be_made_is_reported(visit):
    app = visit("train", **{"split.policy": "grouped-k-fold", "split.folds": "2"})
    assert any("2 folds" in error.value for error in app.error)


def test_edited_yaml_fills_the_form(visit):
    app = visit("train")
    text(app).set_value("train: {epochs: 7}\nnormalise: speaker")
    press(app, "Apply")
    assert field(app, "train.epochs").value == 7
    assert app.query_params["normalise"] == "speaker"


@pytest.mark.parametrize(
    ("typed", "told"), [("a: [", "not YAML"), ("words", "not a recipe"), ("trian: 1", "train")]
)
def test_yaml_with_a_fault_is_reported_and_changes_nothing(visit, typed, told):
    app = visit("train", **{"train.epochs": "5"})
    text(app).set_value(typed)
    press(app, "Apply")
    assert any(told in error.value for error in app.error)
    assert app.query_params["train.epochs"] == "5"


def test_what_the_form_held_comes_back(visit):
    app = visit("train", **{"train.epochs": "5"})
    app.switch_page("pages/home/page.py").run()
    app.query_params.clear()
    app.switch_page("pages/train/page.py").run()
    assert field(app, "train.epochs").value == 5
    press(app, "Reset to defaults")
    assert field(app, "train.epochs").value == Recipe.model_fields["train"].default.epochs


def test_the_recipe_of_a_run_is_taken_up(visit, with_runs):
    app = visit("train", **{"from-run": with_runs["speaker-disjoint"]})
    assert field(app, "network.width").value == 4
    assert field(app, "split.policy").value == "speaker-disjoint"
    assert any("has been run" in s.value for s in app.success)
    assert button(app, "Start").disabled


def test_it_is_said_that_start_goes_to_a_cluster(visit, monkeypatch):
    monkeypatch.setenv("SER_RAY", "http://127.0.0.1:9")
    monkeypatch.setenv("SER_RAY_CPUS", "4")
    said = [each.value for each in visit("train").caption]
    assert any(each.startswith("Runs on Ray at") and "with 4 cores" in each for each in said)
    monkeypatch.setenv("SER_RAY", "127.0.0.1:9")
    wrong = visit("train")
    assert any("is not an address of Ray Jobs" in each.value for each in wrong.error)
    assert not [each for each in wrong.button if each.label == "Start"]


def test_the_time_is_reported_from_a_run_like_it(visit, said, with_runs):
    app = visit("train", **{"from-run": with_runs["speaker-disjoint"], "train.epochs": "9"})
    assert "from a run like it" in said(app)


def test_without_anything_known_it_offers_to_measure(visit):
    assert "Measure training speed" in [b.label for b in visit("train").button]


@pytest.mark.parametrize(
    ("chosen", "advised"),
    [
        ({"train.parts": "1"}, True),
        ({"train.parts": "1", "train.threads": "1"}, False),
        ({}, False),
    ],
)
def test_where_other_work_is_done_parts_of_a_batch_are_advised(
    visit, said, monkeypatch, chosen, advised
):
    monkeypatch.setattr("ser_core.core.processes.BUSY", 0.0)
    assert ("`train.parts` = 2" in said(visit("train", **chosen))) is advised


def test_start_queues_the_recipe_of_the_form(visit, queued, ser_home):
    app = visit("train", **TINY)
    recipe = parse(yaml.safe_load(text(app).value))
    press(app, "Start")
    (order,) = queued
    assert order.key == f"{KEY}{recipe.hash}"
    file = ser_home / "runs" / recipe.hash / "recipe.yaml"
    assert str(file) in order.command
    assert load(file) == recipe


def test_a_field_that_the_press_on_start_leaves_counts(visit, queued):
    app = visit("train", **TINY)
    field(app, "train.epochs").set_value(3)
    press(app, "Start")
    assert load(recipe_file(queued[0])).train.epochs == 3


def test_a_press_that_leaves_a_faulty_field_starts_nothing(visit, queued):
    app = visit("train", **TINY)
    field(app, "seeds").set_value("abc")
    press(app, "Start")
    assert "seeds" in app.error[0].value
    assert queued == []
    field(app, "seeds").set_value("4").run()
    assert queued == []


def test_one_click_queues_every_representation_and_every_split(visit, queued):
    app = visit("train", **TINY)
    press(app, "All thirteen representations")
    names = {load(recipe_file(order)).representation["name"] for order in queued}
    assert names == set(REPRESENTATIONS)
    queued.clear()
    press(visit("train", **TINY), "All four splits")
    assert [load(recipe_file(order)).split.policy for order in queued] == list(COMPARED)


def test_the_command_is_the_recipe(visit):
    app = visit("train", **TINY)
    box = next(e for e in app.expander if e.label == "As a command")
    assert box is not None
    recipe = parse(yaml.safe_load(text(app).value))
    command = shell(recipe)
    content = command.partition("<<'RECIPE'\n")[2].removesuffix("RECIPE")
    assert parse(yaml.safe_load(content)) == recipe


def test_no_job_yet_says_what_to_do(visit):
    assert "press Start" in visit("train", view="Jobs").info[0].value


def test_a_training_is_started_seen_and_leads_to_its_results(visit, said):
    app = visit("train", **TINY)
    recipe = parse(yaml.safe_load(text(app).value))
    press(app, "Start")
    job = job_of(recipe.hash)
    assert run_of(job) == recipe.hash
    assert "ResNet10" in said(visit("train", view="Jobs"))
    assert str(job.wait(300)) == "finished", job.log()
    app = visit("train", view="Jobs")
    assert "badge[finished]" in said(app)
    assert "UAR" in said(app)
    # What it said while it ran: the whole job, on which clips, not the training alone.
    assert f"in {seconds(job.seconds)} :gray[on demo, 53 clips]" in said(app)
    assert any("Results" in link.label for link in app.get("page_link"))
    assert not visit("results", run=recipe.hash).error


def test_a_failed_training_says_why_and_can_go_on(visit, said, ser_home):
    folder = ser_home / "runs" / "gone"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text("corpus: /nowhere/at/all\n")
    (job,) = jobs.enqueue([order_for("gone", "from nowhere")])
    assert str(job.wait(180)) == "failed"
    app = visit("train", view="Jobs")
    assert "/nowhere/at/all" in app.error[0].value
    assert {"Resume", "Remove"} <= {b.label for b in app.button}
    assert "before its first epoch was complete" in said(app)
    press(app, "Remove")
    assert not app.error


def test_a_training_that_was_stopped_shows_how_far_it_came(visit, said, ser_home):
    folder = ser_home / "runs" / "gone"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text("corpus: /nowhere/at/all\n")
    one_epoch(folder)
    (job,) = jobs.enqueue([order_for("gone", "from nowhere")])
    assert str(job.wait(180)) == "failed"
    words = said(visit("train", view="Jobs"))
    assert "epoch 1 of 20, validation UAR 0.400" in words
    assert "Resume continues after its last complete epoch" in words


def one_epoch(folder):
    """A checkpoint behind the first epoch of fold 1."""
    state = folder / "fold-1-seed-0" / "checkpoint" / "state.json"
    state.parent.mkdir(parents=True)
    epoch = {"epoch": 1, "train_loss": 1.0, "val_loss": 1.0, "val_uar": 0.4, "val_wa": 0.4}
    history = [{**epoch, "seconds": 3.0, "lr": 0.1}]
    state.write_text(json.dumps({"history": history, "best": {"epoch": 1}, "epoch": 1}))


def test_courses_are_read_while_a_training_runs(tmp_path):
    one_epoch(tmp_path)
    (course,) = learning_curves(tmp_path)
    assert (course.fold, course.best_epoch, course.finished) == (1, 1, False)


def test_a_sweep_of_the_recipe_is_started_and_its_best_comes_into_the_form(visit, monkeypatch):
    """Trials are trained as the job would, in this process; nothing of the test clips is shown."""
    from ser_core.sweeps import launch, study

    started = []
    monkeypatch.setattr(launch, "enqueue", lambda orders, **_: started.extend(orders) or orders)
    app = visit("train", view="Sweeps", **{**TINY, "split.policy": "random", "train.epochs": "1"})
    assert not app.exception
    trials = next(each for each in app.number_input if each.label == "Trials")
    asked = trials.set_value(2).run()
    assert any("No estimate of the time yet" in each.value for each in asked.caption)
    press(asked, "Start sweep")
    (order,) = started
    ((sweep_id, sweep),) = launch.sweeps().items()
    assert order.key == f"sweep:{sweep_id}"
    assert [*sweep.space] == ["optim.lr"]
    folder = launch.folder_of_sweeps() / sweep_id
    study.carry_out(sweep, folder)
    app = app.run()
    found = study.read_sweep(folder)
    best = found.best
    said = " ".join(each.value for each in app.markdown)
    assert f"validation UAR **{best['value']:.3f}**" in said
    shared = int((found.trials["value"] == best["value"]).sum())
    assert ("2 trials share the best value" in said) is (shared == 2)
    app = press(app, "Use this recipe")
    assert app.session_state["view"] == "Recipe"
    assert parse(yaml.safe_load(text(app).value)).optim.lr == best["optim.lr"]
