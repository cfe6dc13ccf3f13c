"""Home is alive at once, follows the address, and says what is wrong with a bad link."""

import shutil

import pytest

from pages.components import enrolment
from ser_core.core import REPOSITORY, demo_corpus
from ser_core.inference import catalogue
from ser_core.inference.classify import Recording


def audio_players(app):
    return app.get("audio")


def button(app, label):
    return next(b for b in app.button if b.label == label and not b.disabled)


def test_opens_on_the_demo_with_a_clip_for_every_emotion(visit, said):
    app = visit()
    words = said(app)
    assert "nEMO" in words
    assert "53 clips" in words
    assert "6 emotions" in words
    assert "Finished runs**: none yet" in words
    assert len(audio_players(app)) == 7
    assert not app.warning
    assert not app.error


def test_a_link_shows_the_clip_it_names(visit, said):
    app = visit(clip="samples/MK0_fear_48.flac")
    assert "5 emotions" in said(app)  # MK0 has no surprise
    assert len(audio_players(app)) == 6


def test_an_unknown_clip_is_reported_and_another_one_is_shown(visit):
    app = visit(clip="samples/XX_none.flac")
    assert "cannot be shown" in app.warning[0].value
    assert len(audio_players(app)) == 7


def test_a_missing_corpus_is_reported_and_the_demo_is_shown(visit, said, tmp_path):
    app = visit(corpus=str(tmp_path / "gone"))
    assert "gone" in app.warning[0].value
    assert "53 clips" in said(app)


def test_a_choice_forgets_the_corpus_that_could_not_be_opened(visit, tmp_path):
    app = visit(corpus=str(tmp_path / "gone"))
    button(app, "Make it current").click().run()
    assert "corpus" not in app.query_params
    assert not app.warning


def test_a_wrong_default_corpus_is_reported_too(visit, said, tmp_path, monkeypatch):
    monkeypatch.setenv("SER_CORPUS", str(tmp_path / "gone"))
    app = visit()
    assert "CORPUS" in app.warning[0].value
    assert "53 clips" in said(app)


@pytest.fixture
def bare_corpus(tmp_path):
    """A folder for each emotion and nothing else known; one clip is damaged."""
    for emotion in ("anger", "fear"):
        (tmp_path / "bare" / emotion).mkdir(parents=True)
        clip = demo_corpus() / "samples" / f"EB0_{emotion}_82.flac"
        shutil.copy(clip, tmp_path / "bare" / emotion)
    damaged = tmp_path / "bare" / "anger" / "EB0_anger_82.flac"
    damaged.write_bytes(damaged.read_bytes()[:9000])
    return tmp_path / "bare"


def test_a_corpus_that_names_no_speakers_has_a_home_too(visit, said, bare_corpus):
    app = visit(corpus=str(bare_corpus), clip="fear/EB0_fear_82.flac")
    assert "2 clips" in said(app)
    assert len(audio_players(app)) == 1
    assert not app.error


def test_a_damaged_clip_is_reported_where_its_waveform_would_be(visit, said, bare_corpus):
    app = visit(corpus=str(bare_corpus), clip="anger/EB0_anger_82.flac")
    assert "EB0" in app.error[0].value
    assert "2 clips" in said(app)


def test_choosing_a_card_puts_the_clip_into_the_address(visit):
    app = visit()
    button(app, "Make it current").click().run()
    assert app.query_params["clip"] == "samples/EB0_fear_82.flac"


def test_choosing_a_speaker_changes_the_voice(visit, said):
    app = visit()
    app.button_group[0].set_value("WR0").run()
    assert app.query_params["clip"].startswith("samples/WR0_")
    assert "WR0" in said(app)


def test_another_speaker_keeps_the_emotion_where_it_can(visit):
    app = visit(clip="samples/EB0_fear_82.flac")
    app.button_group[0].set_value("WR0").run()
    assert app.query_params["clip"].startswith("samples/WR0_fear")
    app = visit(clip="samples/EB0_surprise_82.flac")
    app.button_group[0].set_value("MK0").run()  # MK0 has no surprise
    assert app.query_params["clip"].startswith("samples/MK0_")


@pytest.fixture
def bundled(monkeypatch):
    """The model that comes with the app."""
    monkeypatch.setattr(
        catalogue, "bundled_folder", lambda: REPOSITORY / "artifacts" / "pretrained"
    )


def test_an_example_is_answered_at_once_and_is_no_training_clip(visit, said, bundled):
    app = visit()
    examples = [b for b in app.button if b.label.startswith("Example")]
    assert 2 <= len(examples) <= 4
    app = examples[0].click().run()
    assert not app.error
    words = said(app)
    assert "Confidence" in words or "Uncertain" in words
    assert "The speaker was asked for" in words
    links = {each.label for each in app.get("page_link")}
    assert "Why? Explain the prediction →" in links
    assert "Teach it, under Enrol a speaker →" not in links
    # Its speaker was in training, so it is not called unlike the training, as far off as it is.
    assert not [each for each in app.warning if "is unlike the clips" in each.value]


def dropped(app, name, content):
    field = next(each for each in app.file_uploader if each.label == "Or drop a file")
    return field.set_value((name, content, "audio/wav")).run()


def test_a_recording_of_ones_own_offers_to_teach_the_voice(visit, said, bundled):
    app = visit()
    content = (demo_corpus() / "samples" / "SM0_anger_48.flac").read_bytes()
    dropped(app, "mine.flac", content)
    assert not app.error
    assert app.query_params["source"] == "Upload"
    assert "Upload: mine.flac" in said(app)  # in the dock, on every page
    assert "Teach it your voice" in said(app)
    assert "Teach it, under Enrol a speaker →" in {e.label for e in app.get("page_link")}
    assert "The speaker was asked for" not in said(app)
    app.session_state[enrolment.CLIPS] = [Recording("mine.flac", content)]
    assert "Teach it your voice" not in said(app.run())  # it was taught
    button(app, "Make it current").click().run()
    assert "source" not in app.query_params
    assert "Why? Explain the prediction →" not in {e.label for e in app.get("page_link")}


def test_what_is_no_sound_is_said_and_the_page_stands(visit, said, bundled):
    app = dropped(visit(), "mine.wav", b"no sound at all")
    assert "mine.wav" in app.error[0].value
    assert "53 clips" in said(app)


def test_without_a_bundled_model_there_is_nothing_to_try(visit, said):
    app = visit()
    assert "Try it" not in said(app)
    assert "53 clips" in said(app)
