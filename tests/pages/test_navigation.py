"""Every page has a folder, an address, and a script for a first visit that goes straight to it."""

from pathlib import Path

import pytest
from streamlit.source_util import page_icon_and_name

from pages.components.navigation import PAGES
from ser_core.audio import load, to_wav
from ser_core.core import REPOSITORY, demo_corpus

FOLDER = REPOSITORY / "pages"
DEMO_CLIP = demo_corpus() / "samples" / "EB0_anger_82.flac"


def test_every_page_is_a_folder_with_a_short_script():
    found = {path.parent.name: path.read_text() for path in FOLDER.glob("*/page.py")}
    assert set(found) == set(PAGES)
    assert max(len(text.splitlines()) for text in found.values()) < 40


def test_scripts_for_a_first_visit_have_the_addresses_of_the_pages():
    """Streamlit takes the address of a script in `pages/` from the name of its file."""
    addresses = [page_icon_and_name(Path(path))[1] for path in FOLDER.glob("*.py")]
    assert sorted(addresses) == sorted(set(PAGES) - {"home"})


@pytest.mark.parametrize("name", [name for name in PAGES if name != "home"])
def test_a_page_opens_and_is_linked_from_the_side_bar(visit, name):
    app = visit(name)
    assert app.title[0].value == PAGES[name]
    assert not app.error
    links = [link.proto.page for link in app.sidebar.get("page_link")]
    assert links == ["" if each == "home" else each for each in PAGES]


def links(app):
    """Query string of each link of the side bar, by page."""
    return {each.proto.page: each.proto.query_string for each in app.sidebar.get("page_link")}


def test_model_and_own_sound_go_along_from_page_to_page(visit):
    app = visit("representations", source="Microphone", model="bundled:0")
    microphone = next(each for each in app.get("audio_input") if each.label == "Record")
    microphone.set_value(("recording.wav", to_wav(load(DEMO_CLIP)), "audio/wav")).run()
    for page in ("predict", "explain", "corpus"):
        assert "source=Microphone" in links(app)[page]
        assert "model=bundled%3A0" in links(app)[page]
    next(g for g in app.segmented_control if g.label == "Sound").set_value("Corpus").run()
    assert "source" not in links(app)["predict"]


def test_a_page_is_opened_again_as_it_was_left(visit):
    app = visit("representations", representation="mfcc", n_mfcc="20")
    assert "n_mfcc" not in links(app)["representations"]  # a link to the page one is on
    assert "n_mfcc" not in links(app)["explain"]
    app.switch_page("pages/corpus/page.py").run()
    assert "n_mfcc=20" in links(app)["representations"]
