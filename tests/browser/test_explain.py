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
    expect(page.get_by_text("Read it as speech")).to_be_visible(timeout=SLOW)
    maps = page.locator(".js-plotly-plot")
    expect(page.get_by_text(re.compile("The model now answers"))).to_have_count(2)
    page.wait_for_function(
        "[...document.querySelectorAll('.js-plotly-plot')]"
        ".filter(each => each.data?.some(trace => trace.customdata)).length >= 1"
    )
    expect(maps.nth(3)).to_be_visible(timeout=SLOW)  # the last one waits for the other places
    page.get_by_role("combobox", name=re.compile("Why")).click()
    page.get_by_role("option", name="neutral", exact=True).click()
    page.wait_for_url(re.compile("class=neutral"))
    expect(page.get_by_text("Gradient x input for neutral")).to_be_visible(timeout=SLOW)
    page.reload()
    expect(page.get_by_text("Gradient x input for neutral")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="What was checked").click()
    question = page.get_by_text("Would a network that knows nothing have another map?")
    expect(question).to_be_visible()


def test_the_voice_that_predict_was_taught_is_explained(page, model):
    page.goto(f"/predict?model={model}")
    page.get_by_role("button", name="Teach it a voice").click()
    page.get_by_role("button", name=re.compile("Take 5 clips of")).click()
    expect(page.get_by_text(re.compile("Knowing the voice"))).to_be_visible(timeout=SLOW)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Explain the answer →").click()
    expect(page.get_by_text(re.compile("The answer and its explanation"))).to_be_visible(
        timeout=SLOW
    )
    expect(page.get_by_text("Voice known", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("Knowing the voice .* without it"))).to_be_visible(
        timeout=SLOW
    )
    page.get_by_role("button", name=re.compile("Voice known from 5 clips")).click()
    page.get_by_role("button", name="Forget the voice").click()
    expect(page.get_by_text("Voice not known", exact=True)).to_be_visible(timeout=SLOW)
