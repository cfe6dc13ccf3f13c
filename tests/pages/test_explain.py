"""The Explain page: maps side by side, hear and read them, compare, bench and atlas."""

import json
from dataclasses import replace

import pytest

from ser_core.audio import load
from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.explain import METHODS
from ser_core.explain.benchmark import folder_of, run
from ser_core.explain.benchmark_plan import plan
from ser_core.explain.faithfulness import Terms
from ser_core.explain.published_benchmarks import identity
from ser_core.explain.sanity_checks import verdict_of
from ser_core.inference.catalogue import EXPORTED, ModelInfo, models
from tests.explain.nets import CLASSES, bundle_of, linear_bundle

QUICK = "gradient_x_input"
TITLE = "Gradient x input"
DEMO_CLIP = demo_corpus() / "samples" / "SM0_anger_48.flac"


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
        terms=Terms(bands=4, pieces=4, controls=2, elsewhere=1),
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
    assert "red: evidence for it, blue: against" in words
    assert (
        words.count("**Does the map change when the network's weights are randomised?** Yes") == 2
    )
    assert words.count(":small[Conservation **") == 1
    assert len(app.get("plotly_chart")) >= 3  # answer, two maps


def test_the_class_can_be_the_prediction_the_truth_or_any(visit, said, model):
    app = visit("explain", methods=[TITLE])
    options = box(app, "Class to explain").options
    assert options[0].startswith("predicted class: ")
    assert options[1].startswith("ground-truth label: ")
    app = visit("explain", methods=[TITLE], **{"class": "sadness"})
    assert "for sadness" in said(app)


def test_every_method_is_offered_by_itself(visit, model):
    groups = visit("explain", methods=[TITLE]).get("button_group")
    (pills,) = (group for group in groups if group.label == "Attribution methods")
    assert list(pills.options) == [cls.title for _, cls in METHODS.items()]


def test_a_failed_check_says_what_was_measured_and_what_would_be_good():
    from pages.explain.attribution_maps import checks_text, failure_text

    failed, passed = verdict_of("randomisation", 0.7), verdict_of("padding", 0.0003)
    assert failure_text(failed).endswith("(parameter randomisation: 0.70, good is at most 0.5).")
    first, second = checks_text([failed, passed]).split("\n\n")
    assert "weights are randomised?** No." in first
    assert "Is there no relevance on padding?** Yes." in second
    assert "No relevance on padding **below 0.01**, good is at most 0.1." in second


def test_a_part_can_be_heard_and_the_model_says_what_it_hears(visit, said, model):
    app = visit("explain", methods=[TITLE], share="30")
    words = said(app)
    assert "If the map is right, the first sound keeps the evidence for" in words
    assert "Most relevant 30 % alone" in words
    assert words.count("The model now predicts") == 2
    assert len(app.get("audio")) == 3
    silent = visit("explain", methods=[TITLE], share="30", rest="silent")
    assert not silent.error
    assert said(silent) != words


def test_it_is_read_as_speech(visit, said, model):
    app = visit("explain", methods=[TITLE])
    assert "Relevance by part of speech signal" in said(app)
    assert not app.exception


def test_a_setting_changes_the_map(visit, said, model):
    app = visit("explain", methods=["Grad-CAM"])
    assert "Grad-CAM at layer3" in labels(app)
    box(app, "Layer").set_value("layer2").run()
    assert "Grad-CAM at layer2" in labels(app)


def test_lime_is_computed_with_a_bar_and_kept(visit, said, model):
    app = visit("explain", methods=["LIME"])
    number = next(w for w in app.number_input if w.label.startswith("Samples"))
    number.set_value(60).run()
    assert "60 samples" in labels(app)
    assert not app.error


def labels(app):
    """What is said of each map beside the time that it took."""
    helps = [each.proto.help for each in app.caption if each.value.startswith("Computed in")]
    return "\n".join(helps).replace("\\", "")


def chosen_methods(app):
    (pills,) = (each for each in app.button_group if each.label == "Attribution methods")
    return set(pills.value)


@pytest.fixture
def ranked(monkeypatch):
    """Give methods a rank by a published benchmark of a network of the same kind."""

    def rank(*names, representation="melspectrogram"):
        monkeypatch.setattr(
            "pages.explain.loading._read",
            lambda *_: {
                "representation": {"name": representation},
                "methods": {
                    name: {"rank": str(place), "faithfulness": {"value": 1 / place}}
                    for place, name in enumerate(names, start=1)
                },
            },
        )
        monkeypatch.setattr(
            "ser_core.explain.published_benchmarks.published_alike",
            lambda *_: demo_corpus() / "bench.json",
        )
        monkeypatch.setattr("pages.explain.loading._key", lambda folder: (str(folder), 0.0))

    return rank


def test_the_best_of_the_benchmark_are_shown_at_first(visit, said, model, ranked):
    ranked("lime", "lrp", "grad_cam", "smoothgrad", QUICK)
    app = visit("explain")
    assert chosen_methods(app) == {"lime", "lrp", "grad_cam", "smoothgrad"}
    assert "**rank 2 of 5**" in said(app)


def test_a_benchmark_of_maps_on_something_else_ranks_nothing(visit, said, model, ranked):
    ranked("lime", "lrp", "grad_cam", "smoothgrad", representation="whisper_log_mel")
    app = visit("explain")
    assert {"integrated_gradients", QUICK} <= chosen_methods(app)
    assert "**rank" not in said(app)


def test_without_a_use_for_a_speaker_nothing_is_said_of_one(visit, said, model):
    words = said(visit("explain", methods=[TITLE]))
    assert "badge[Does not use enrolment]" in words
    assert "Not enrolled" not in words


@pytest.fixture
def listener(with_runs, ser_home):
    """A model that listens to voices, beside the others."""
    folder = ser_home / "runs" / "00000000000000ee"
    bundle = bundle_of(normalise="speaker", width=4)
    bundle.save(folder / "fold-0-seed-0" / "bundle")
    (folder / "recipe.yaml").write_text("name: listens\ncorpus: demo\n")
    return bundle


def chances(app):
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    (found,) = (spec for spec in specs if spec["layout"]["meta"]["name"] == "answer")
    return [trace["x"] for trace in found["data"]]


def test_with_an_enrolled_speaker_the_prediction_of_predict_is_explained(visit, said, listener):
    chosen = {"model": "00000000000000ee:fold-0-seed-0", "clip": "samples/EB0_anger_82.flac"}
    app = visit("explain", methods=[TITLE], **chosen)
    assert "Not enrolled" in said(app)
    stranger = chances(app)
    press(app, "Take 5 clips of EB0 from the corpus")
    assert "badge[Speaker enrolled]" in said(app)
    assert "without it: " in said(app)
    known = chances(app)
    names = [each.name for each in app.session_state["_voice"]]
    assert len(names) == 5
    waves = [load(demo_corpus() / name) for name in (*names, chosen["clip"])]
    expected = listener.predict(waves[-1:], listener.enrol(waves[:-1]))[0]
    assert known[0] == pytest.approx(list(100 * expected), abs=1e-3)
    assert known != stranger
    app.switch_page("pages/predict/page.py").run()  # the voice is the same one there
    assert chances(app)[0] == pytest.approx(known[0], abs=1e-3)
    press(app, "Remove enrolment")
    app.switch_page("pages/explain/page.py").run()
    assert "Not enrolled" in said(app)
    assert chances(app) == stranger


def test_compared_clips_of_another_speaker_are_those_of_an_unseen_speaker(visit, said, listener):
    chosen = {"model": "00000000000000ee:fold-0-seed-0", "clip": "samples/EB0_anger_82.flac"}
    other = "anger, samples/SM0_anger_48.flac"
    app = visit("explain", tab="Compare", by=TITLE, other=other, **chosen)
    assert said(app).count("badge[Not enrolled]") == 3  # of the page, and of each clip
    press(app, "Take 5 clips of EB0 from the corpus")
    assert said(app).count("badge[Speaker enrolled]") == 2
    assert said(app).count("badge[Not enrolled]") == 1


@pytest.fixture
def ensemble(ser_home):
    """An ensemble of a linear network, which weighs most, and one that sees pictures."""
    folder = ser_home / "ensembles" / "pair" / "ensemble"
    places = ["members/0/model-0", "members/1/model-0"]
    for place, bundle in zip(places, (linear_bundle(), bundle_of()), strict=True):
        bundle.save(folder / place)
    about = {
        "version": 1, "name": "pair", "classes": CLASSES, "pooling": "linear",
        "weights": [0.8, 0.2], "temperature": 1.0, "threshold": None,
        "members": [{"bundles": [place]} for place in places],
    }  # fmt: skip
    (folder / "ensemble.json").write_text(json.dumps(about))
    return "ensemble:pair"


def test_of_an_ensemble_both_predictions_are_shown_with_their_names(visit, said, ensemble):
    app = visit("explain", model=ensemble, methods=[TITLE])
    assert not app.error
    whole, mapped = chances(app)
    assert whole != mapped
    words = said(app)
    assert "**The maps explain the pale bars**: its network on log-mel spectrogram" in words
    assert "for its network on log-mel spectrogram alone from" in words
    assert "with 20 % of the ensemble weight" in words
    assert box(app, "Representation").options == ["Log-mel spectrogram", "Functionals"]


def test_what_does_not_apply_is_said_calmly(visit, said, ensemble):
    app = visit("explain", model=ensemble, methods=["Grad-CAM", "LRP", TITLE])
    assert "Not applicable" not in said(app)
    box(app, "Representation").select_index(1).run()
    assert not app.error
    assert "Not applicable: Grad-CAM and LRP need convolutional layers" in said(app)
    assert "one feature vector describes the whole clip" in said(app)
    app = visit("explain", model=ensemble, methods=["LRP"])
    box(app, "Representation").select_index(1).run()
    assert "Not applicable: LRP needs convolutional layers" in said(app)


def test_groups_of_named_features_are_explained_and_measured(visit, said, ensemble, monkeypatch):
    monkeypatch.setattr("pages.explain.feature_groups.CLIPS", 6)
    app = visit("explain", model=ensemble, methods=[TITLE])
    assert "by feature group" not in said(app)
    box(app, "Representation").select_index(1).run()
    assert not app.error
    assert "by feature group" in said(app)
    assert "jitter, shimmer" in said(app)
    press(app, "Measure on up to 6 test clips")
    assert not app.error
    assert "means over 10 draws" in said(app)


def test_rows_that_a_method_takes_together_are_said_to_have_no_order(visit, said, ensemble):
    app = visit("explain", model=ensemble, methods=["Occlusion"])
    box(app, "Representation").select_index(1).run()
    assert not app.exception
    assert "those have one value, in no order" in said(app)
    assert app.dataframe[0].value["Relevance"].duplicated().any()


@pytest.mark.parametrize("tab", ["Explain", "Compare", "Faithfulness"])
def test_of_an_exported_file_it_says_calmly_what_can_be_explained(visit, said, tab, monkeypatch):
    file = ModelInfo("exported:a:b", "a file", EXPORTED, DEMO_CLIP.with_suffix(".onnx"))
    monkeypatch.setattr("pages.components.model_picker.models", lambda *_, **__: [file])
    app = visit("explain", tab=tab)
    assert not app.error
    assert "Choose the model that it was exported from" in said(app)


def test_a_sound_that_another_page_was_given_is_explained(visit, said, model, caplog):
    app = visit("explain", methods=[TITLE])
    app.session_state["_held_upload"] = ("mine.flac", DEMO_CLIP.read_bytes(), None, "")
    next(g for g in app.segmented_control if g.label == "Sound").set_value("Upload").run()
    assert "**mine.flac**" in said(app)
    assert "default value" not in caplog.text + said(app)


def test_two_clips_and_two_models_are_compared(visit, said, model):
    app = visit("explain", tab="Compare", by=TITLE)
    assert not app.error
    assert said(app).count(" predicts ") == 2
    app = visit("explain", tab="Compare", by=TITLE, pair="Two models")
    assert "Rank correlation of the two maps" in said(app)


def test_a_bench_can_be_started(visit, said, model, monkeypatch):
    begun = []
    monkeypatch.setattr(
        "pages.explain.faithfulness.start", lambda *args, **named: begun.append((args, named))
    )
    app = visit("explain", tab="Faithfulness")
    assert "No benchmark of this model yet" in said(app)
    press(app, "Run benchmark")
    ((command,), named) = begun[0]
    assert command[2:5] == ["ser_core", "explain", "bench"]
    assert str(model.folder) in command
    assert named["key"] == f"explain:{model.folder}"


def test_a_bench_shows_figures_checks_and_ranks(visit, said, benched):
    app = visit("explain", tab="Faithfulness")
    assert not app.error
    table = app.dataframe[0].value.set_index("Method")
    assert set(table.index) == {"LRP", "Integrated gradients", "Gradient x input"}
    for name in benched.left_out:
        assert "failed" in table.loc[METHODS[name].title, "Checks"]
    heard = app.dataframe[1].value.set_index("Method")
    assert {"LRP", "Random, contiguous", "The largest values"} <= set(heard.index)
    for shares in heard["Clips (%)"]:
        assert sum(int(each) for each in shares.split(" / ")) in (99, 100, 101)
    assert "the relevant part alone keeps more of the class probability" in said(app)
    questions = app.dataframe[2].value
    assert set(questions["Question"]) >= {"Do the relevances sum to the class score?"}
    assert set(questions["Passed"]) <= {"yes", "no"}
    assert f"{benched.about['clips']} clips of nEMO" in said(app)


def test_the_atlas_is_made_of_the_bench(visit, said, model, kept):
    assert "run one on the tab Faithfulness" in said(visit("explain", tab="Atlas"))
    kept.save(folder_of(model.folder))
    app = visit("explain", tab="Atlas", **{"atlas-method": TITLE})
    assert not app.error
    assert "Mean attribution map of each predicted class" in said(app)


def test_a_bench_of_enrolled_speakers_can_be_started(visit, said, listener, monkeypatch):
    begun = []
    monkeypatch.setattr("pages.explain.faithfulness.start", lambda *args, **_: begun.append(args))
    app = visit("explain", tab="Faithfulness", model="00000000000000ee:fold-0-seed-0")
    number = next(w for w in app.number_input if w.label == "Enrolment clips per speaker")
    number.set_value(3).run()
    press(app, "Run benchmark")
    ((command,),) = begun
    assert command[command.index("--enrol") + 1] == "3"


def test_of_an_ensemble_the_bench_is_of_feature_maps_first(visit, said, ensemble, monkeypatch):
    begun = []
    monkeypatch.setattr("pages.explain.faithfulness.start", lambda *args, **_: begun.append(args))
    app = visit("explain", tab="Faithfulness", model=ensemble)
    press(app, "Run benchmark")
    ((command,),) = begun
    assert command[command.index("--seen-as") + 1] == "melspectrogram"


def test_what_comes_with_the_workbench_is_shown_until_there_is_an_own_bench(
    visit, said, model, kept, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "ser_core.explain.published_benchmarks.root", lambda: tmp_path / "explanations"
    )
    of_this = replace(kept, about={**kept.about, "identity": identity(model.folder)})
    of_this.save(tmp_path / "explanations" / "a name")
    words = said(visit("explain", tab="Faithfulness"))
    assert f"badge[Bundled] {kept.about['clips']} clips of nEMO" in words
    assert kept.about["command"] in words
    assert "of its network on" not in words
    words = said(visit("explain", tab="Atlas"))
    assert "badge[Bundled]" in words
    assert "Mean attribution map of each predicted class" in words
    kept.save(folder_of(model.folder))
    assert "badge[Bundled]" not in said(visit("explain", tab="Faithfulness"))


def test_the_page_is_reached_from_a_mistake(visit, with_runs):
    app = visit("results", run=with_runs["random"], tab="Mistakes")
    (link,) = (link for link in app.get("page_link") if link.label == "Explain it →")
    assert f"model={with_runs['random']}" in link.query_string
    assert "clip=" in link.query_string


def test_few_sessions_compute_maps_at_once_and_one_that_fails_lets_go():
    """Each map of an encoder takes half a gigabyte: twenty at once would fill a computer."""
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    from pages.explain import loading

    at_work, most, lock = 0, 0, threading.Lock()

    def make():
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.01)
        with lock:
            at_work -= 1
        raise ValueError("as a page that is left does")

    with ThreadPoolExecutor(20) as sessions:
        ended = [sessions.submit(loading.bounded, make) for _ in range(40)]
    assert all(isinstance(each.exception(), ValueError) for each in ended)
    assert most == loading.AT_ONCE
