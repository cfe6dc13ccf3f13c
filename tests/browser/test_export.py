"""From a model to a verified file, downloaded and tried, in a real browser."""

import io
import zipfile

import pytest
from playwright.sync_api import expect

from ser_core.settings import demo_corpus
from ser_core.training.recipe import parse
from tests.export.nets import bundle

# One server and one browser serve them all, so they run in one process.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DONE = 240_000  # ms, for an export on a busy machine
RUN = "export-in-browser"


@pytest.fixture(scope="module")
def model(server_home):
    """A small untrained network among the runs of the server; its key in the address."""
    folder = server_home / "runs" / RUN
    parse({"name": "to be exported", "corpus": str(demo_corpus())}).save(folder / "recipe.yaml")
    bundle().save(folder / "fold-0-seed-0" / "bundle")
    return f"{RUN}:fold-0-seed-0"


def test_a_model_is_exported_verified_downloaded_and_tried(page, model):
    page.goto(f"/export?model={model}")
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_text("It answers as the app does")).to_be_visible(timeout=DONE)
    expect(page.get_by_text("answered by onnxruntime alone")).to_be_visible(timeout=DONE)
    with page.expect_download() as download:
        page.get_by_role("button", name="ZIP").click()
    names = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())).namelist()
    assert {"model.onnx", "README.md", "example.py", "report.md"} <= set(names)
