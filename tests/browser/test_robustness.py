"""From a preset to the card, and one clip attacked, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from ser_core.core import demo_corpus
from ser_core.recipes.recipe import parse
from tests.browser.conftest import downloaded
from tests.robustness.conftest import made

DONE = 180_000  # ms, for a preset on a busy machine
RUN = "robustness-in-browser"


@pytest.fixture(scope="module")
def model(server_home):
    """A small untrained network among the runs of the server; its key in the address."""
    folder = server_home / "runs" / RUN
    parse({"name": "untrained", "corpus": str(demo_corpus())}).save(folder / "recipe.yaml")
    made(n_mels=16, hop_length=400).save(folder / "fold-0-seed-0" / "bundle")
    return f"{RUN}:fold-0-seed-0"


def test_a_preset_leads_to_the_card_and_its_page(page, model):
    page.goto(f"/robustness?model={model}")
    page.get_by_role("button", name="Quick look").click()
    expect(page.get_by_role("heading", name="Robustness card")).to_be_visible(timeout=DONE)
    expect(page.get_by_text("36 of 53 clips").first).to_be_visible()
    expect(page.get_by_text("may hold clips that trained the model").first).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_text("Telephone band").click()
    page.wait_for_url(re.compile("kind=telephone"))
    download = downloaded(page, page.get_by_role("button", name="HTML"))
    content = download.path().read_text(encoding="utf-8")
    assert "Telephone band" in content
    assert "36 of 53 clips" in content


def test_one_clip_is_heard_clean_attacked_and_as_difference(page, model):
    page.goto(f"/robustness?on=One+clip&model={model}&one-place=sound")
    expect(page.get_by_text("Attacked sound", exact=True)).to_be_visible(timeout=DONE)
    expect(page.get_by_text(re.compile(r"Difference, \d+ dB below the clip"))).to_be_visible()
    players = page.get_by_test_id("stMainBlockContainer").locator("audio")
    expect(players).to_have_count(4)  # the difference also louder
    page.get_by_role("button", name="Find the smallest successful epsilon").click()
    expect(page.get_by_text(re.compile("succeeds from|wrong without attack"))).to_be_visible(
        timeout=DONE
    )
