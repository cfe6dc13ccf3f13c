"""From a model to a verified file, downloaded, tried, judged and compared, in a real browser."""

import io
import zipfile

import pytest
from playwright.sync_api import expect

from ser_core import audio
from ser_core.core import demo_corpus
from ser_core.recipes.recipe import parse
from tests.browser.conftest import downloaded
from tests.export.nets import bundle

DONE = 120_000  # ms, for an export on a busy machine
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
    expect(page.get_by_text("so far")).to_be_visible(timeout=DONE)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_text("Acceptance test passed")).to_be_visible(timeout=DONE)
    expect(page.get_by_text("Predicted by onnxruntime")).to_be_visible(timeout=DONE)
    download = downloaded(page, page.get_by_role("button", name="ZIP"))
    names = zipfile.ZipFile(io.BytesIO(download.path().read_bytes())).namelist()
    assert {"model.onnx", "README.md", "example.py", "report.md"} <= set(names)
    download = downloaded(page, page.get_by_role("button", name="Web page"))
    names = zipfile.ZipFile(io.BytesIO(download.path().read_bytes())).namelist()
    assert {"index.html", "model.onnx", "onnxruntime-web/ort.wasm"} <= set(names)
    page.get_by_role("button", name="Enrol a speaker").click()
    page.get_by_role("button", name="Take 5 clips").click()
    expect(page.get_by_text("without it: ")).to_be_visible(timeout=DONE)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Predict with it").click()
    expect(page.get_by_text("Ground-truth label")).to_be_visible(timeout=DONE)
    page.get_by_role("link", name="Export", exact=True).click()
    expect(page.get_by_role("heading", name="Export")).to_be_visible()


def test_a_file_is_judged_and_stands_beside_its_model_among_the_results(page, model):
    page.goto(f"/export?model={model}")
    page.get_by_role("button", name="Evaluate on all 53 clips").click()
    page.get_by_role("link", name="All results").click(timeout=DONE)
    expect(page.get_by_role("heading", name="ONNX fp32 of a small model")).to_be_visible()
    expect(page.get_by_text("WA (accuracy)")).to_be_visible(timeout=DONE)
    page.get_by_role("tab", name="Against its model").click()
    page.get_by_role("button", name="Evaluate the model on the same 53 clips").click()
    expect(
        page.get_by_text("Exported file and Source model cannot be told apart in UAR")
    ).to_be_visible(timeout=DONE)
    page.get_by_role("link", name="Its file on the page Export").click()
    expect(page.get_by_text("On 53 clips of nEMO")).to_be_visible(timeout=DONE)
    page.get_by_role("link", name="Results", exact=True).click()
    expect(page.get_by_text("2 results.")).to_be_visible()


def test_an_export_is_cancelled(page, model):
    page.goto(f"/export?model={model}")
    page.get_by_role("button", name="fp16").click()
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Cancel").click(timeout=DONE)
    expect(page.get_by_text("was cancelled. Finished files")).to_be_visible(timeout=DONE)
    expect(page.get_by_role("button", name="Export", exact=True)).to_be_enabled()


def test_a_file_hears_the_microphone(hearing, model, demo_waveform):
    page = hearing(audio.to_wav(demo_waveform))
    page.goto(f"/export?model={model}&source=Microphone")
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_text("A voice does not prove a feeling")).to_be_visible(timeout=DONE)
    expect(page.get_by_text("Predicted by onnxruntime")).to_be_visible()
