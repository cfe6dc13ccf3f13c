"""The views of the Corpus page: at a glance, checked, split."""

import json
import re
import sys

import pytest

from pages.corpus import corpus_scan
from ser_core.core import demo_corpus
from ser_core.jobs import State, find


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def select(app, label, value):
    return next(b for b in app.selectbox if b.label == label).select(value).run()


def numbers(app):
    return {metric.label: metric.value for metric in app.metric}


def test_overview_measures_a_small_corpus_at_once(visit, said):
    app = visit("corpus", view="Overview")
    assert len(app.get("plotly_chart")) == 4
    assert "**Level**" in said(app)


def test_checks_find_the_emotion_a_speaker_lacks(visit, said):
    app = visit("corpus", view="Checks")
    words = said(app)
    assert "Checked files, labels and audio of 53 clips: 1 warning" in words
    assert "MK0 has no surprise" in words
    labels = [each.label for each in app.expander]
    assert any(each.startswith("Checked and not found (") for each in labels)
    assert "- missing files" in words
    assert not app.dataframe  # the clips come when the card is opened


def test_a_split_by_speakers_is_graded_b(visit, said):
    app = visit("corpus", view="Split")
    assert "Leak grade B" in said(app)
    assert numbers(app)["Speakers"] == "0 of 1"


def test_a_random_split_wears_the_badge(visit, said):
    app = select(visit("corpus", view="Split"), "Split policy", "random")
    assert "Leak grade E" in said(app)
    assert "speakers shared" in said(app)


def test_a_split_in_folds_offers_the_folds(visit):
    app = visit("corpus", view="Split")
    app = select(app, "Split policy", "leave-one-speaker-out")
    app = select(app, "Fold", "MK0")
    assert not app.error


def test_a_fold_says_who_is_heard_in_it(visit, said):
    app = visit("corpus", view="Split")
    app = select(app, "Split policy", "leave-one-speaker-out")
    select(app, "Fold", "MK0")
    assert not app.slider  # shares would do nothing
    assert re.search(r"Fold MK0 tests on MK0 and validates on \w\w0\.", said(app))
    select(app, "Fold", "WR0")
    next(t for t in app.toggle if t.label == "Validate on another speaker").set_value(False).run()
    assert "Fold WR0 tests on WR0." in said(app)


def test_a_policy_that_cannot_be_met_says_why(visit):
    app = visit("corpus", view="Split")
    app = select(app, "Split policy", "grouped-k-fold")
    next(s for s in app.slider if s.label == "Folds").set_value(10).run()
    assert "speakers" in app.error[0].value


def test_a_saved_split_is_the_one_on_the_page(visit, ser_home, said):
    app = visit("corpus", view="Split")
    press(app, "Save the split")
    (file,) = (ser_home / "splits").iterdir()
    assert f"Hash {json.loads(file.read_text())['hash']}" in said(app)
    assert next(b for b in app.button if b.label == "Saved").disabled
    assert "**New speakers**  \n:small[seed 0 · grade B" in said(app)


def test_a_saved_split_is_opened_deleted_and_brought_back(visit, said):
    app = visit("corpus", view="Split")
    app.number_input[0].set_value(7).run()
    next(s for s in app.slider if s.label.startswith("Test")).set_value(30).run()
    press(app, "Save the split")
    app = select(visit("corpus", view="Split"), "Split policy", "random")
    press(app, "Show")
    assert "Leak grade B" in said(app)
    assert app.number_input[0].value == 7
    assert next(s for s in app.slider if s.label.startswith("Test")).value == 30
    assert next(b for b in app.button if b.label == "Shown").disabled
    press(app, "Delete")
    assert "Saved splits" not in said(app)
    press(app, "Undo")
    assert "**New speakers**  \n:small[seed 7" in said(app)


def test_recordings_in_both_parts_are_looked_for_by_measuring(visit, said, large):
    app = visit("corpus", view="Split")
    assert "Measure the clips to see recordings shared by test and training" in said(app)


@pytest.fixture
def large(monkeypatch):
    """Treat the demo as too large to be measured while a page waits."""
    monkeypatch.setattr(corpus_scan, "MOST_AT_ONCE", 0)


def job():
    return find(f"scan:{demo_corpus()}", running=False)


def test_a_large_corpus_is_measured_by_a_job(visit, said, large):
    app = visit("corpus", view="Checks")
    assert "Checked files and labels of 53 clips" in said(app)
    waiting = next(each for each in app.expander if each.label.startswith("Not checked until"))
    assert "- one sound with two emotions" in waiting.markdown[0].value
    press(app, "Measure the clips")
    assert job().wait(120) is State.FINISHED, job().log()
    app.run()
    assert "Checked files, labels and audio" in said(app)


def test_a_running_job_is_shown_again_and_can_be_cancelled(visit, large, monkeypatch):
    start = corpus_scan.start
    forever = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(corpus_scan, "start", lambda command, **more: start(forever, **more))
    press(visit("corpus", view="Checks"), "Measure the clips")
    elsewhere = visit("corpus", view="Overview")
    assert "Measure the clips" not in [b.label for b in elsewhere.button]
    press(elsewhere, "Cancel")
    assert job().wait(20) is State.CANCELLED
    elsewhere.run()
    assert "Resume measuring" in [b.label for b in elsewhere.button]


def test_the_test_speakers_are_named_and_one_alone_is_a_warning(visit, said):
    app = visit("corpus", view="Split")
    assert re.search(r"The split tests on \w\w0 and validates on \w\w0\.", said(app))
    (warning,) = [each.value for each in app.warning if "one speaker" in each.value]
    assert "of that voice alone" in warning
    app = select(app, "Split policy", "random")
    assert "tests on" not in said(app)  # every speaker is in training too
    assert not app.warning
