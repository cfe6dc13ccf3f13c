"""The answers of a run beside the clips: columns, quick filters, and charts that filter."""

from types import SimpleNamespace

import pandas as pd
import pytest

from pages.corpus import answers, filters
from ser_core.core import REPOSITORY, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.inference import catalogue
from tests.runs.made import CONTRADICTED, made_run


@pytest.fixture
def made(ser_home):
    return made_run(ser_home, wrong_speaker="WR0")


def table(app):
    return app.dataframe[0].value.set_index("clip")


def quick(app, words):
    return app.segmented_control(key="quick").set_value(words).run()


def test_a_run_of_the_corpus_gives_answer_confidence_and_part(visit, said, made):
    app = visit("corpus", answers=made.id)
    found = table(app)
    assert found.loc[CONTRADICTED, "answer"] == ["fear"]
    assert found.loc[CONTRADICTED, "confidence"] == pytest.approx(97)  # per cent
    assert found.loc[CONTRADICTED, "part"] == "test in EB0"
    assert found["wrong"].sum() == wrong_clips()
    assert "Held-out answers to 53 clips" in said(app)


def wrong_clips():
    """The clips of WR0 that are not of anger, and the one that is contradicted."""
    clips = open_corpus(demo_corpus()).usable
    return int(((clips["speaker"] == "WR0") & (clips["emotion"] != "anger")).sum()) + 1


def test_without_a_run_nothing_is_asked(visit):
    app = visit("corpus")
    assert "Answers of" not in [box.label for box in app.selectbox]
    assert "answer" not in table(app)


def test_the_bundled_model_has_its_held_out_answers_too(visit, said, monkeypatch):
    folder = REPOSITORY / "artifacts" / "pretrained"
    monkeypatch.setattr(catalogue, "bundled_folder", lambda: folder)
    app = visit("corpus", answers="bundled")
    found = table(app)
    assert found["answer"].map(bool).all()
    assert 10 < found["wrong"].sum() < 30  # of 53 clips of unseen speakers
    assert "speakers enrolled" not in said(app)
    enrolled = visit("corpus", answers="bundled:enrolled")
    assert table(enrolled)["wrong"].sum() < found["wrong"].sum()
    assert "speakers enrolled" in said(enrolled)


def test_an_answer_is_explained_by_the_model_that_gave_it(visit, made, monkeypatch):
    monkeypatch.setattr(
        answers, "models_of", lambda run: [SimpleNamespace(key=f"{run.id}:fold-0-seed-0")]
    )
    links = {each.label: each for each in visit("corpus", answers=made.id).get("page_link")}
    assert "Explain this answer →" in links  # of the first clip, which is in fold 0
    other = visit("corpus", answers=made.id, clip="samples/WR0_fear_42.flac")
    assert "Explain this answer →" not in {each.label for each in other.get("page_link")}


@pytest.mark.parametrize(("wrong", "said"), [(54, "is wrong in 54 % of"), (10, "Listen before")])
def test_suspects_of_a_weak_model_come_with_a_warning(wrong, said):
    columns = pd.DataFrame({"wrong": [True] * wrong + [False] * (100 - wrong)})
    given = SimpleNamespace(columns=columns, suspects=pd.DataFrame(index=range(60, 160)))
    assert answers.suspected(given).startswith("40 suspects. ")  # of the clips that are open
    assert said in answers.suspected(given)


def test_choosing_a_run_puts_it_into_the_address(visit, made):
    app = visit("corpus")
    next(box for box in app.selectbox if box.label == "Answers of").select(made.id).run()
    assert app.query_params["answers"] == made.id
    assert "answer" in table(app)


def test_mistakes_come_the_most_confident_first(visit, made, said):
    app = quick(visit("corpus", answers=made.id), filters.MISTAKES)
    found = table(app)
    assert len(found) == wrong_clips()
    assert found.index[0] == CONTRADICTED
    assert found["confidence"].is_monotonic_decreasing
    assert "the most confident first" in said(app)


def test_suspected_labels_come_the_least_probable_first(visit, made):
    app = quick(visit("corpus", answers=made.id), filters.SUSPECTS)
    found = table(app)
    assert found.index[0] == CONTRADICTED
    assert found["self_confidence"].is_monotonic_increasing


def test_charts_show_the_clips_that_meet_the_filters(visit):
    app = visit("corpus", view="Overview")
    next(m for m in app.multiselect if m.label == "Speaker").set_value(["EB0"]).run()
    assert "EB0" in str(app.get("plotly_chart")[1].proto.spec)
    assert "WR0" not in str(app.get("plotly_chart")[1].proto.spec)


def test_clips_that_were_chosen_in_a_chart_are_the_table(visit, said):
    app = visit("corpus")
    chosen = frozenset({CONTRADICTED, "samples/EB0_fear_82.flac"})
    app.session_state[filters.CHOSEN] = (str(demo_corpus()), chosen, "of a bar")
    app.run()
    assert set(table(app).index) == chosen
    assert "2 clips of a bar" in said(app)
    next(b for b in app.button if b.label == "Show all clips").click().run()
    assert len(table(app)) == 53


def test_what_was_chosen_in_another_corpus_hides_nothing(visit):
    app = visit("corpus")
    app.session_state[filters.CHOSEN] = ("/elsewhere", frozenset({"a.wav"}), "of a bar")
    app.run()
    assert len(table(app)) == 53
