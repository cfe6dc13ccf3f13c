"""A training from the form to its confusion matrix, in a real browser."""

import re
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.browser.conftest import settled

SHORT = {
    "name": "short",
    "split.policy": "random",
    "representation.n_mels": "16",
    "representation.hop_length": "400",
    "network.name": "resnet10",
    "network.width": "8",
    "train.epochs": "12",
    "train.batch": "8",
    "train.threads": "1",
}
LONG = {**SHORT, "name": "long", "train.epochs": "400"}
DONE = 90_000  # ms, for a training of seconds on a busy machine


def start(page, recipe):
    page.goto(f"/train?view=Recipe&{urlencode(recipe)}")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text(recipe["name"], exact=True).first).to_be_visible()


def test_a_training_outlives_a_reload_and_leads_to_its_confusion_matrix(page):
    start(page, SHORT)
    expect(page.get_by_text(re.compile("running|waiting")).first).to_be_visible()
    page.goto("/")
    page.goto("/train?view=Jobs")
    expect(page.get_by_text("finished").first).to_be_visible(timeout=DONE)
    page.get_by_role("link", name="Results →").first.click()
    expect(page.get_by_role("heading", name="short")).to_be_visible()
    expect(page.get_by_text("speakers shared").first).to_be_visible()
    page.locator(".js-plotly-plot .hoverlayer").first.wait_for(state="attached")
    cells = page.locator(".js-plotly-plot").first
    page.wait_for_function(
        "document.querySelector('.js-plotly-plot')?.data?.[1]?.customdata?.length === 36"
    )
    settled(page)  # what is drawn late above the matrix moves it away from under the mouse
    matrix = cells.locator(".nsewdrag").first
    size = matrix.bounding_box()
    # The third row and the second column of six: happiness answered as fear.
    matrix.click(position={"x": size["width"] * 1.5 / 6, "y": size["height"] * 2.5 / 6})
    page.wait_for_url(re.compile("cell=happiness%3Afear"))
    expect(page.get_by_role("combobox", name="True emotion")).to_have_value("happiness")
    expect(page.get_by_role("combobox", name="Predicted emotion")).to_have_value("fear")


def test_two_tabs_see_one_job_and_a_cancelled_one_goes_on(page):
    start(page, LONG)
    other = page.context.new_page()
    other.goto("/train?view=Jobs")
    expect(other.get_by_text("UAR").first).to_be_visible(timeout=DONE)  # the live curves
    other.get_by_role("button", name="Cancel", exact=True).first.click()
    expect(page.get_by_text("cancelled").first).to_be_visible(timeout=DONE)
    page.get_by_role("button", name="Resume").first.click()
    expect(other.get_by_text("running").first).to_be_visible(timeout=DONE)
    page.get_by_role("button", name="Cancel", exact=True).first.click()
    expect(other.get_by_text("cancelled").first).to_be_visible(timeout=DONE)
    other.close()
