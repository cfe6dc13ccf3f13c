"""The Explain page: maps side by side, hear and read them, compare, bench and atlas."""

import pytest

from ser_core.corpora import open_corpus
from ser_core.explain import METHODS
from ser_core.explain.bench import folder_of, plan, run
from ser_core.explain.faithfulness import Terms
from ser_core.predicting.listing import models
from ser_core.settings import demo_corpus

QUICK = "gradient_x_input"
TITLE = "Gradient x input"


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def box(app, label):
    return next(w for w in app.selectbox if w.label == label)


@pytest.fixture
def model(with_runs):
    """The first model of the list, which the page chooses by itself."""
    return models()[0]


@pytest.fixture(scope="module")
def kept(trained):
    """A bench of three quick methods on some clips."""
    info = models(trained)[0]
    chosen = plan(
        info.folder, open_corpus(demo_corpus()), clips=10, checked=2,
        methods=["lrp", "integrated_gradients", QUICK],
        terms=Terms(bands=4, pieces=4, controls=2),
    )  # fmt: skip
    return run(chosen)


@pytest.fixture
def benched(kept, model):
    kept.save(folder_of(model.folder))
    return kept


def test_without_a_model_it_says_what_to_do(visit, said):
    assert "No model yet" in said(visit("explain"))


def test_maps_stand_side_by_side_each_with_its_checks(visit, said, model):
    app = visit("explain", methods=["LRP", TITLE])
    assert not app.error
    words = said(app)
    assert "LRP: last stage" in words.replace("\\", "")
    assert words.count("badge[Weights matter") == 2
    assert words.count("badge[Conservation") == 1
    assert len(app.get("plotly_chart")) >= 4  # sound, answer, two maps


def test_the_class_can_be_the_answer_the_truth_or_any(visit, said, model):
    app = visit("explain", methods=[TITLE])
    options = box(app, "Why").options
    assert options[0].startswith("what the model answers: ")
    assert options[1].startswith("the true emotion: ")
    app = visit("explain", methods=[TITLE], **{"class": "sadness"})
    assert "for sadness" in said(app)


def test_every_method_is_offered_by_itself(visit, model):
    groups = visit("explain", methods=[TITLE]).get("button_group")
    (pills,) = (group for group in groups if group.label == "Methods")
    assert list(pills.options) == [cls.title for _, cls in METHODS.items()]


def test_a_part_can_be_heard_and_the_model_says_what_it_hears(visit, said, model):
    app = visit("explain", methods=[TITLE], share="30")
    words = said(app)
    assert "Only the most relevant 30 %" in words
    assert words.count("The model now answers") == 2
    assert len(app.get("audio")) == 3


def test_it_is_read_as_speech(visit, said, model):
    app = visit("explain", methods=[TITLE])
    assert "Read it as speech" in said(app)
    assert not app.exception


def test_a_setting_changes_the_map(visit, said, model):
    app = visit("explain", methods=["Grad-CAM"])
    assert "Grad-CAM at layer3" in said(app).replace("\\", "")
    box(app, "Layer").set_value("layer2").run()
    assert "Grad-CAM at layer2" in said(app).replace("\\", "")


def test_lime_is_computed_with_a_bar_and_kept(visit, said, model):
    app = visit("explain", methods=["LIME"])
    number = next(w for w in app.number_input if w.label.startswith("Samples"))
    number.set_value(60).run()
    assert "60 samples" in said(app)
    assert not app.error


def test_two_clips_and_two_models_are_compared(visit, said, model):
    app = visit("explain", tab="Compare", by=TITLE)
    assert not app.error
    assert said(app).count(" answers ") == 2
    app = visit("explain", tab="Compare", by=TITLE, pair="Two models")
    assert "Rank correlation of the two maps" in said(app)


def test_a_bench_can_be_started(visit, said, model, monkeypatch):
    begun = []
    monkeypatch.setattr(
        "pages.shared.explain.bench.start", lambda *args, **named: begun.append((args, named))
    )
    app = visit("explain", tab="Faithfulness")
    assert "No bench of this model yet" in said(app)
    press(app, "Run the bench")
    ((command,), named) = begun[0]
    assert command[2:5] == ["ser_core", "explain", "bench"]
    assert str(model.folder) in command
    assert named["key"] == f"explain:{model.folder}"


def test_a_bench_shows_figures_checks_and_ranks(visit, said, benched):
    app = visit("explain", tab="Faithfulness")
    assert not app.error
    table = app.dataframe[0].value.set_index("Method")
    assert set(table.index) == {"LRP", "Integrated gradients", "Gradient x input"}
    for name, why in benched.left_out.items():
        assert table.loc[METHODS[name].title, "Checks"] == why
    assert f"{benched.about['clips']} clips of nEMO" in said(app)


def test_the_atlas_is_made_of_the_bench(visit, said, model, kept):
    assert "run one on the tab Faithfulness" in said(visit("explain", tab="Atlas"))
    kept.save(folder_of(model.folder))
    app = visit("explain", tab="Atlas", **{"atlas-method": TITLE})
    assert not app.error
    assert "Mean map of each answer" in said(app)


def test_the_page_is_reached_from_a_mistake(visit, with_runs):
    app = visit("results", run=with_runs["random"], tab="Mistakes")
    (link,) = (link for link in app.get("page_link") if link.label == "Explain it →")
    assert f"model={with_runs['random']}" in link.query_string
    assert "clip=" in link.query_string
