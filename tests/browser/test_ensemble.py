"""Two runs become an ensemble that answers, in a real browser."""

import shutil

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import downloaded
from tests.ensemble.conftest import Maker

DONE = 120_000  # ms, for a job of seconds on a busy machine


@pytest.fixture
def runs(server_home):
    """Two finished runs of one split in the server's runtime folder."""
    make_run = Maker(server_home)
    split = {"policy": "random", "split_seed": 3}  # nobody else's in this folder
    made = [make_run(f"member {n}", 1.5, seed=n, **split) for n in (1, 2)]
    yield made
    for run in made:
        shutil.rmtree(run.folder)


def test_members_are_pooled_as_a_job_and_the_result_is_compared_and_used(page, runs):
    page.goto(f"/ensemble?members={','.join(run.id for run in runs)}")
    expect(page.get_by_text("Ticked: 2 members of 2 runs.")).to_be_visible(timeout=DONE)
    page.get_by_label("Name", exact=True).fill("browser ensemble")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("tab", name="Weights")).to_be_visible(timeout=DONE)
    expect(page.get_by_role("heading", name="browser ensemble")).to_be_visible()
    expect(page.get_by_text("speakers shared").first).to_be_visible()
    page.locator(".js-plotly-plot .errorbars").first.wait_for(state="attached")
    page.get_by_role("tab", name="Is it worth it?").click()
    expect(page.get_by_text("equal weights").first).to_be_visible()
    zipped = downloaded(page, page.get_by_role("button", name="Download", exact=True))
    assert zipped.suggested_filename.endswith(".zip")
    page.get_by_role("link", name="Predict with it →").click()
    chosen = page.get_by_role("combobox", name="Model")
    expect(chosen).to_have_value("browser ensemble (ensemble)", timeout=DONE)
