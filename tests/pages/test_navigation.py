"""Every page has a folder, an address, and a script for a first visit that goes straight to it."""

from pathlib import Path

import pytest
from streamlit.source_util import page_icon_and_name

from pages.components.navigation import PAGES
from ser_core.core import REPOSITORY

FOLDER = REPOSITORY / "pages"


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
    assert app.title[0].value == PAGES[name].title
    assert not app.error
    links = [link.proto.page for link in app.sidebar.get("page_link")]
    assert links == ["" if each == "home" else each for each in PAGES]
