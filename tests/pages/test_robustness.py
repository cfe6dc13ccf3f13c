"""The Robustness page: start, see a card, attack one clip."""

from pathlib import Path

import pytest

from pages.robustness.run_form import PRESET_LABELS
from ser_core.core import REPOSITORY, demo_corpus
from ser_core.inference import catalogue
from ser_core.inference.catalogue import models
from ser_core.robustness.assessment import PRESETS, Plan, root, run
from ser_core.robustness.launch import KEY, card_of, launch, launched, line


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def box(app, label):
    return next(w for w in app.selectbox if w.label == label)


@pytest.fixture
def model(with_runs, ser_home):
    """The first model of the list, which the page chooses by itself."""
    return models()[0]


@pytest.fixture(scope="module")
def kept(trained, tmp_path_factory):
    """A card of everything in little, of the model in the session's folder."""
    info = models(trained)[0]
    plan = Plan(
        model=info.folder, corpus=demo_corpus(), clips=6, kinds=("white", "opus"),
        attacks=("fgsm", "pgd"), few=True, shortcuts=True,
    )  # fmt: skip
    return run(plan).save(tmp_path_factory.mktemp("cards") / "one")


@pytest.fixture
def card(kept, model):
    """The same card as one of the model of this test."""
    folder = root() / "one"
    folder.mkdir(parents=True)
    for file in kept.iterdir():
        content = file.read_bytes()
        if file.suffix == ".json":
            _, _, inside = str(model.folder).partition("runs/")
            text = content.decode()
            start = text.index('"model_path": "') + len('"model_path": "')
            old = text[start : text.index('"', start)]
            assert old.endswith(inside)
            content = text.replace(old, str(model.folder.absolute())).encode()
        (folder / file.name).write_bytes(content)
    return folder


@pytest.fixture
def ordered(monkeypatch):
    """Plans that would have been started."""
    found = []

    def would(plan, title, *, queue):
        found.append((plan, title, queue))

    monkeypatch.setattr("pages.robustness.run_form.launch", would)
    return found


def test_without_a_model_it_says_what_to_do(visit, said):
    assert "No model yet" in said(visit("robustness"))


def test_a_model_that_was_not_tried_offers_presets(visit, said, model):
    app = visit("robustness")
    assert "No robustness test of this model yet" in said(app)
    assert {PRESET_LABELS.get(name, name) for name in PRESETS} <= {b.label for b in app.button}


def test_a_preset_is_started_on_the_open_corpus(visit, model, ordered):
    press(visit("robustness"), "Quick look")
    ((plan, title, queue),) = ordered
    assert plan.model == model.folder
    assert plan.corpus == demo_corpus()
    assert plan.clips == PRESETS["Quick look"][1]["clips"]
    assert "Quick look" in title
    assert not queue


def test_the_full_run_waits_in_the_queue(visit, model, ordered):
    app = visit("robustness")
    next(n for n in app.number_input if n.label == "Clips").set_value(7)
    press(app, "Start job")
    ((plan, _, queue),) = ordered
    assert (plan.clips, queue, plan.shortcuts) == (7, True, True)
    assert plan.attacks == ("fgsm", "pgd")
    assert "recorded" not in plan.kinds


def test_a_folder_of_noises_that_is_none_is_reported(visit, model):
    app = visit("robustness")
    next(t for t in app.text_input if "noise" in t.label).set_value("/nowhere/at/all")
    assert "no folder" in press(app, "Start job").error[0].value
    assert launched() == []


def test_a_job_that_fails_says_why(visit, model, tmp_path):
    plan = Plan(
        model=model.folder, corpus=demo_corpus(), clips=2, kinds=("recorded",), noises=tmp_path
    )
    job = launch(plan, "Try it", queue=False)
    assert str(job.wait(90)) == "failed"
    assert "no sound that can be read" in visit("robustness").error[0].value


def test_a_started_job_makes_the_card_that_is_shown(visit, said, model):
    plan = Plan(model=model.folder, corpus=demo_corpus(), clips=6, kinds=("white",), few=True)
    job = launch(plan, "Try it", queue=False)
    assert job.key == f"{KEY}{plan.hash}"
    assert str(job.wait(120)) == "finished", job.log()
    assert (root() / card_of(job) / "card.html").exists()
    app = visit("robustness", card=plan.hash)
    assert "White noise" in said(app)
    assert not app.error


def test_the_command_of_a_plan_says_all_of_it(model, tmp_path):
    plan = Plan(
        model=Path("m"), corpus=Path("c"), reader="nemo", clips=3, attacks=("pgd",),
        places=("sound",), few=True, shortcuts=True, noises=tmp_path, seed=4,
    )  # fmt: skip
    words = " ".join(line(plan))
    for part in ("--perturbation none", "--attack pgd", "--place sound", "--few", "--shortcuts",
                 "--reader nemo", "--clips 3", "--seed 4", f"--noises {tmp_path}"):  # fmt: skip
        assert part in words


def test_a_card_shows_subset_badge_and_every_part(visit, said, card):
    app = visit("robustness", card="one")
    text = said(app)
    assert not app.error
    assert "All 6 test clips" in text
    assert "All clips are of one speaker" in text  # the caution of the interval
    assert "White noise" in text
    assert "Only duration" in "\n".join([text, *(w.value for w in app.warning)])
    assert "Predictions under attack" in text
    assert {m.label for m in app.metric} >= {"Clean UAR"}
    labels = {b.label for b in app.get("download_button")}
    assert {"HTML", "Markdown", "PNG", "CSV", "JSON"} <= labels


def test_the_address_names_the_trouble(visit, said, card):
    assert "Opus" in said(visit("robustness", card="one", kind="opus"))


def test_another_attack_and_figure_are_drawn(visit, card):
    app = visit("robustness", card="one")
    box(app, "Attack").set_value("pgd, resynthesised").run()
    assert not app.exception
    assert not app.error


def test_one_clip_is_attacked_heard_and_seen(visit, said, model):
    app = visit("robustness", on="One clip")
    text = said(app)
    assert not app.error
    assert "Attacked representation" in text
    assert "Attacked sound" in text
    assert len(app.get("audio")) >= 2
    box(app, "Domain").set_value("sound").run()
    assert not app.error
    assert "Attacked representation" not in said(app)
    press(app, "Find the smallest successful epsilon")
    assert any(
        "succeeds from" in m.value or "wrong without attack" in m.value for m in app.markdown
    )


def test_of_an_ensemble_a_network_is_attacked_and_the_whole_answers(visit, said, monkeypatch):
    monkeypatch.setattr(
        catalogue, "bundled_folder", lambda: REPOSITORY / "artifacts" / "pretrained"
    )
    app = visit("robustness", model="bundled", on="One clip")
    assert not app.error
    chosen = box(app, "Network under attack")
    assert len(chosen.options) == 3
    assert "The whole ensemble" in said(app)
    shown = [each.value for each in app.get("html")]
    assert sum(text.startswith(("Clean: ", "Attacked sound: ")) for text in shown) == 2


def test_a_card_of_an_ensemble_has_no_attacks_and_leads_to_its_networks(visit, said, monkeypatch):
    monkeypatch.setattr(
        catalogue, "bundled_folder", lambda: REPOSITORY / "artifacts" / "pretrained"
    )
    app = visit("robustness", model="bundled")
    assert "need the gradient of a single network" in said(app)
    attack = next(b for b in app.button if b.label == "Adversarial attacks")
    assert attack.disabled
    next(b for b in app.button if "ResNet18" in b.label).click().run()
    assert app.query_params["model"] == "bundled:3:fold-0-seed-0"


def test_two_cards_are_compared(visit, said, card):
    import shutil

    shutil.copytree(card, card.parent / "two")
    app = visit("robustness", card="one")
    box(app, "Before").set_value("two").run()
    assert not app.error
    assert "0.0 points" in said(app)
