"""The Corpus page in a real browser: open, measure, split, follow links to all of it."""

import json
import re
import shutil
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from ser_core.core import demo_corpus
from tests.browser.conftest import downloaded

COPIES = 4  # enough clips that measuring them is a job


@pytest.fixture(scope="module")
def large_corpus(tmp_path_factory):
    """The demo several times over, as a folder for each emotion."""
    root = tmp_path_factory.mktemp("large") / "my_corpus*"
    for clip in (demo_corpus() / "samples").iterdir():
        folder = root / clip.stem.split("_")[1]
        folder.mkdir(parents=True, exist_ok=True)
        for copy in range(COPIES):
            shutil.copy(clip, folder / f"{clip.stem}-{copy}.flac")
    return root


def test_open_by_path_and_find_it_again(page, large_corpus):
    page.goto("/corpus")
    page.get_by_role("button", name="Open a corpus").click()
    page.get_by_role("textbox", name="Folder or table").fill("/nowhere/at/all")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("/nowhere/at/all")
    page.get_by_role("textbox", name="Folder or table").fill(str(large_corpus))
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(f"^{53 * COPIES} clips\\. Click"))).to_be_visible()
    expect(page.get_by_role("textbox", name="Folder or table")).to_be_hidden()
    page.goto("/corpus")
    page.get_by_role("button", name="Open a corpus").click()
    page.get_by_role("button", name=str(large_corpus)).click()
    page.wait_for_url(re.compile("corpus="))
    expect(page.get_by_text(re.compile(f"^{53 * COPIES} clips\\. Click"))).to_be_visible()


def test_measuring_is_seen_in_every_tab_and_finds_the_copies(page, large_corpus):
    address = f"/corpus?corpus={quote(str(large_corpus))}&view=Checks"
    page.goto(address)
    page.get_by_role("button", name="Measure the clips").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    other = page.context.new_page()
    other.goto(address)
    expect(other.get_by_text("Checked files, labels and audio")).to_be_visible(timeout=120_000)
    other.close()
    expect(page.get_by_text("Checked files, labels and audio")).to_be_visible()
    page.get_by_text(re.compile("Show [0-9]+ clips")).first.click()
    expect(page.locator("audio")).to_have_count(1)


def test_a_link_to_a_split_shows_that_split_again(page):
    page.goto("/corpus?view=Split")
    expect(page.get_by_text("Leak grade B")).to_be_visible()
    before = page.get_by_text(re.compile("^Hash ")).inner_text()
    page.get_by_role("combobox", name="Split policy").click()
    page.get_by_role("option", name="Random, stratified").click()
    expect(page.get_by_text("Leak grade E")).to_be_visible()
    expect(page.get_by_text(before)).to_have_count(0)
    split = page.get_by_text(re.compile("^Hash ")).inner_text()
    page.goto(page.url)
    expect(page.get_by_text("Leak grade E")).to_be_visible()
    expect(page.get_by_text(split)).to_be_visible()


def test_a_split_is_downloaded_as_json(page):
    page.goto("/corpus?view=Split")
    download = downloaded(page, page.get_by_role("button", name="Download as JSON"))
    document = json.loads(download.path().read_text())
    assert document["policy"] == "speaker-disjoint"
    assert len(document["parts"]) == 53


def test_the_table_is_downloaded_as_csv(page):
    page.goto("/corpus?speaker=MK0")
    expect(page.get_by_text(re.compile("^5 of 53 clips"))).to_be_visible()
    download = downloaded(page, page.get_by_test_id("stDownloadButton").get_by_role("button"))
    lines = download.path().read_text().splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("clip,emotion,label,speaker")
