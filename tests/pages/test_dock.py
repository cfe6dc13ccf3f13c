"""The dock: the current clip and the current model, the same on every page."""

from __future__ import annotations

import shutil
from urllib.parse import urlencode

import pytest
from streamlit.runtime.state.query_params import QueryParams

from pages.components.errors import plain
from pages.components.navigation import PAGES
from pages.components.overlap_badge import UNKNOWN
from ser_core.audio import load, to_wav
from ser_core.core import demo_corpus
from ser_core.corpora import make_split, open_corpus
from ser_core.inference.catalogue import models
from ser_core.inference.training_overlap import CHOSE, HELD_OUT, NEW, SPEAKER, TRAINED
from tests.pages.test_predict import bundled, ready  # noqa: F401  (models for the dock)

ANGER, FEAR = "samples/EB0_anger_82.flac", "samples/EB0_fear_82.flac"


def button(app, label):
    return next(b for b in app.button if b.label == label)


def record(app):
    microphone = next(each for each in app.get("audio_input") if each.label == "Record")
    sound = to_wav(load(demo_corpus() / ANGER))
    return microphone.set_value(("recording.wav", sound, "audio/wav")).run()


@pytest.fixture
def addresses(monkeypatch):
    """Every address that the browser is told, each a step of its history."""
    told, send = [], QueryParams._send_query_param_msg

    def tell(self):
        told.append(urlencode(self._query_params, doseq=True))
        send(self)

    monkeypatch.setattr(QueryParams, "_send_query_param_msg", tell)
    return told


def links(app):
    """Query string of each link of the dock, by what is done there."""
    of_side_bar = [id(each) for each in app.sidebar.get("page_link")]  # they may be equal
    return {
        each.label: each.proto.query_string
        for each in app.get("page_link")
        if each.label in ("Represent", "Predict", "Explain", "Attack")
        and id(each) not in of_side_bar
    }


@pytest.mark.parametrize("page", ["home", "corpus", "representations", "predict", "robustness"])
def test_every_page_has_one_dock_with_clip_model_and_links(visit, said, bundled, page):  # noqa: F811
    app = visit(page, clip=FEAR, model="bundled:b-plain")
    assert 'title="fear · nEMO · EB0 · “Czerwiec' in said(app)
    models = [each for each in app.selectbox if each.key == "predict-model"]
    assert [each.value for each in models] == ["bundled:b-plain"]
    for label, query in links(app).items():
        assert "clip=samples%2FEB0_fear_82.flac" in query, label
        assert "model=bundled%3Ab-plain" in query, label
    assert len(links(app)) >= 3
    assert not app.error


def overlaps(text):
    """What a page says of training overlap, each in its badge."""
    known = (TRAINED, CHOSE, SPEAKER, NEW, HELD_OUT, UNKNOWN)
    return {each.badge for each in known if f"-badge[{each.badge}]" in text}


def test_it_says_in_the_same_words_whether_a_sound_trained_the_model(visit, said, bundled):  # noqa: F811
    table = make_split(open_corpus(demo_corpus()), "random", seed=0).table
    (column,) = table.columns
    for part, words in (("train", TRAINED), ("test", SPEAKER)):
        clip = table.index[table[column] == part][0]
        for page in ("corpus", "predict"):
            assert overlaps(said(visit(page, clip=clip, model="bundled:a-voices"))) == {words.badge}
    assert overlaps(said(visit("corpus", model="bundled:b-plain"))) == {UNKNOWN.badge}


def test_an_own_sound_stays_on_every_page_until_a_clip_is_chosen(visit, said, bundled):  # noqa: F811
    app = record(visit("predict", source="Microphone", clip=ANGER))
    for page in ("corpus", "representations", "results", "predict"):
        app.switch_page(f"pages/{page}/page.py")
        app.query_params["source"] = "Microphone"
        app.run()
        assert "Microphone: recording.wav" in said(app), page
    button(app, "Next").click().run()
    assert "source" not in app.query_params
    assert app.query_params["clip"] == FEAR
    next(g for g in app.segmented_control if g.label == "Sound").set_value("Microphone").run()
    assert "Microphone: recording.wav" in said(app)  # still there


def test_one_choice_is_one_step_of_the_history(visit, bundled, addresses):  # noqa: F811
    app = record(visit("representations", source="Microphone", clip=ANGER))
    addresses.clear()
    button(app, "Next").click().run()
    assert addresses == [urlencode({"clip": FEAR})]
    addresses.clear()
    next(g for g in app.segmented_control if g.label == "Sound").set_value("Microphone").run()
    assert addresses == [urlencode({"clip": FEAR, "source": "Microphone"})]


def chosen(app):
    return next(each.value for each in app.selectbox if each.key == "predict-model")


def test_neither_another_corpus_nor_a_newer_model_changes_the_model(
    visit, said, with_runs, ser_home, tmp_path
):
    newest = models()[0].key
    run = ser_home / "runs" / newest.partition(":")[0]
    shutil.move(run, tmp_path / run.name)
    app = visit("corpus")
    before = chosen(app)
    assert before != newest
    other = shutil.copytree(demo_corpus(), tmp_path / "other")
    next(t for t in app.text_input if t.label == "Folder or table").set_value(str(other))
    button(app, "Open").click().run()
    assert app.query_params["corpus"] == str(other)
    assert chosen(app) == before
    shutil.move(tmp_path / run.name, run)
    assert models()[0].key == newest
    assert chosen(app.run()) == before
    assert "is not there any more" not in said(app)


def test_a_model_that_is_gone_is_named_with_the_one_in_its_place(visit, said, with_runs, ser_home):
    first, second = (models()[n] for n in (0, -1))
    app = visit("corpus")
    assert chosen(app) == first.key
    shutil.rmtree(ser_home / "runs" / first.key.partition(":")[0])
    app.run()
    assert f"{plain(first.title)} is not there any more. {plain(models()[0].title)} is" in said(app)
    assert chosen(app) == models()[0].key
    assert "is not there any more" not in said(app.run())
    app.query_params["model"] = second.key
    assert chosen(app.run()) == second.key


def test_an_attack_needs_a_clip_of_the_corpus(visit, said, bundled):  # noqa: F811
    app = record(visit("robustness", source="Microphone", on="One clip"))
    assert "An attack needs a sound whose emotion is known" in said(app)


def test_a_source_that_there_is_none_of_is_the_corpus(visit, said, bundled):  # noqa: F811
    app = visit("corpus", source="Telephone", clip=FEAR)
    assert 'title="fear · nEMO' in said(app)
    assert not app.error


def test_the_pages_of_the_dock_are_pages():
    from pages.components import dock

    assert set(dock.PAGES) <= set(PAGES)


def test_titles_that_begin_alike_are_told_apart_by_their_ends():
    from pathlib import Path

    from pages.components.model_picker import WIDE, short_titles
    from ser_core.inference.catalogue import RUN, ModelInfo

    def titled(*titles):
        return [ModelInfo(each, each, RUN, Path(each)) for each in titles]

    run = "encoder, layers 1 to 3, shrinkage LDA, leave one speaker out"
    short = short_titles(titled("mine", f"{run}, fold EB0", f"{run}, fold IC0"))
    assert short["mine"] == "mine (trained here)"
    ends = [short[f"{run}, fold {each}"] for each in ("EB0", "IC0")]
    assert ends[0].startswith("encoder")
    assert [each[-8:] for each in ends] == ["fold EB0", "fold IC0"]
    assert max(map(len, ends)) <= WIDE
    # Where only the middle differs, nothing is taken away.
    twins = [f"one beginning {each} and the same long end of a title" for each in ("left", "right")]
    assert list(short_titles(titled(*twins)).values()) == twins
