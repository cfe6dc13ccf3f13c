"""From a clip to its maps, its sound without them, and back by the address, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.explain.nets import bundle_of

SLOW = 120_000  # ms, for the first load of torch and Captum on a busy machine
RUN = "00000000000000ee"


@pytest.fixture(scope="module")
def model(server_home):
    """A tiny model of a run that the server finds."""
    folder = server_home / "runs" / RUN
    bundle_of(normalise="speaker", width=4).save(folder / "fold-0-seed-0" / "bundle")
    (folder / "recipe.yaml").write_text("name: explained here\ncorpus: demo\n")
    yield f"{RUN}:fold-0-seed-0"
    (folder / "recipe.yaml").unlink()


def test_a_clip_is_explained_heard_and_linked_to(page, model):
    page.goto(f"/explain?model={model}&methods=Gradient+x+input")
    expect(page.get_by_text("Relevance by part of speech signal")).to_be_visible(timeout=SLOW)
    maps = page.locator(".js-plotly-plot")
    expect(page.get_by_text(re.compile("The model now predicts"))).to_have_count(2)
    page.wait_for_function(
        "[...document.querySelectorAll('.js-plotly-plot')]"
        ".filter(each => each.data?.some(trace => trace.customdata)).length >= 1"
    )
    expect(maps.nth(2)).to_be_visible(timeout=SLOW)  # the last one waits for the other places
    page.get_by_role("combobox", name=re.compile("Class to explain")).click()
    page.get_by_role("option", name="neutral", exact=True).click()
    page.wait_for_url(re.compile("class=neutral"))
    expect(page.get_by_text("Gradient x input for neutral")).to_be_visible(timeout=SLOW)
    page.reload()
    expect(page.get_by_text("Gradient x input for neutral")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Sanity checks").click()
    question = page.get_by_text("Does the map change when the network's weights are randomised?")
    expect(question).to_be_visible()


def test_the_voice_that_predict_was_taught_is_explained(page, model):
    page.goto(f"/predict?model={model}")
    page.get_by_role("button", name="Enrol a speaker").click()
    page.get_by_role("button", name=re.compile("Take 5 clips of")).click()
    expect(page.get_by_text(re.compile("without it: "))).to_be_visible(timeout=SLOW)
    page.keyboard.press("Escape")
    page.get_by_test_id("stBottom").get_by_role("link", name="Explain").click()
    expect(page.get_by_text("Speaker enrolled", exact=True).first).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("Enrolment .* without it: "))).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name=re.compile("Enrolled from 5 clips"))).to_be_visible()
    page.get_by_role("button", name="Remove enrolment").click()
    expect(page.get_by_text("Not enrolled", exact=True).first).to_be_visible(timeout=SLOW)
