"""A recording from the microphone is answered in a real browser, and the answer is corrected."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from ser_core.audio import Waveform, load, resampled, to_wav
from ser_core.export.pipeline import run_pipeline
from ser_core.export.plan import Plan, folder_of
from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from tests.browser.conftest import downloaded

CLASSES = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")
MODEL = "/predict?model=ensemble:test"
ANSWERED = "document.querySelectorAll('.js-plotly-plot .barlayer .point').length >= 6"
COVERED = """chart => {
  const buttons = chart.querySelector(".modebar").getBoundingClientRect();
  const apart = (a, b) =>
    a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  return [...chart.querySelectorAll("svg text")]
    .filter(text => !text.closest(".hoverlayer") && text.textContent)
    .filter(text => !apart(text.getBoundingClientRect(), buttons))
    .map(text => text.textContent);
}"""
"""Texts of a chart that lie under its buttons."""


@pytest.fixture
def model(server_home):
    """A small model with random weights that can get to know a voice."""
    torch.manual_seed(1)
    rep = make("melspectrogram", n_mels=16, hop_length=320)
    spec = ResNetSpec(depth="resnet10", width=4, classes=6)
    network = EmotionClassifier(rep, "speaker", spec, CLASSES)
    torch.nn.init.normal_(network.network.fc.weight, std=5.0)
    network.normaliser.mean.fill_(-60.0)
    network.normaliser.spread.fill_(15.0)
    about = {**architecture(network), "name": "a test"}
    Bundle(network.eval(), about).save(server_home / "ensembles" / "test" / "ensemble")


@pytest.fixture
def microphone(hearing, demo_clip):
    """A tab of a browser whose microphone hears one clip again and again."""
    speech = resampled(load(demo_clip), 48_000).samples
    return hearing(to_wav(Waveform(np.tile(speech, 5), 48_000)))


def test_answers_come_while_one_speaks(model, microphone, server_home, monkeypatch):
    monkeypatch.setenv("SER_HOME", str(server_home))
    bundle = server_home / "ensembles" / "test" / "ensemble"
    run_pipeline(Plan(bundle, folder_of(bundle), clips=0))
    page = microphone
    page.goto(f"{MODEL}&tab=Live")
    live = page.frame_locator("iframe[title^='Live answers']")
    expect(live.get_by_role("heading")).to_be_hidden()
    live.get_by_role("button", name="Record").click()
    # An answer every half second, so there is a third only where they come while one speaks.
    expect(live.locator("#answer")).to_have_attribute("data-live", re.compile(r"[3-9]|\d\d"))
    expect(live.locator("#heard")).to_contain_text("live, the last")
    expect(live.locator("#bars li")).to_have_count(len(CLASSES))
    live.get_by_role("button", name="Stop").click()
    expect(live.locator("#heard")).to_contain_text(re.compile(r"recording, [1-9]"))


def answered(page):
    page.wait_for_function(ANSWERED, timeout=60_000)


def uploaded(page, clip):
    """Give a sound to the page, and wait for the answer."""
    page.goto(f"{MODEL}&source=Upload")
    page.get_by_text("It stays on this computer").wait_for()
    page.locator(".st-key-upload input[type=file]").set_input_files(clip)
    answered(page)
    page.keyboard.press("Escape")


def test_a_recording_is_answered_and_its_correction_kept_and_deleted(model, microphone):
    page = microphone
    page.goto(f"{MODEL}&source=Microphone")
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Stop recording").click()
    answered(page)
    page.keyboard.press("Escape")
    # The model is of a minute's training, so all that it predicts is uncertain.
    expect(page.get_by_text(re.compile(r"The most probable class has \d+ %"))).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_text("sadness", exact=True).click()
    keep = page.get_by_role("button", name="Save recording and label")
    expect(keep).to_be_disabled()
    page.get_by_text("The speaker agrees").click()
    keep.click()
    page.get_by_role("tab", name="Kept recordings").click()
    expect(page.get_by_text(re.compile("1 recording; [01] predicted correctly"))).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("deleted from the disk")).to_be_visible()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("No recordings yet")).to_be_visible()


def test_a_voice_is_taught_and_many_files_are_answered(model, page, demo_clip):
    page.goto(MODEL)
    answered(page)
    page.get_by_role("button", name="Enrol a speaker").click()
    page.get_by_role("button", name=re.compile("Take 5 clips")).click()
    expect(page.get_by_text(re.compile("without it: "))).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Many recordings").click()
    field = page.get_by_role("textbox", name="Or a folder on this computer")
    field.fill(str(demo_clip.parent))
    field.press("Enter")
    expect(page.get_by_text("53 recordings predicted")).to_be_visible(timeout=60_000)
    page.wait_for_url(re.compile("folder="))
    download = downloaded(page, page.get_by_test_id("stDownloadButton").get_by_role("button"))
    lines = download.path().read_text("utf-8").splitlines()
    assert len(lines) == 54
    assert lines[0].startswith("file,seconds,p_anger,")


def test_the_buttons_of_a_chart_cover_no_label(model, page):
    page.goto(MODEL)
    answered(page)
    for chart in page.locator(".js-plotly-plot").all():
        chart.hover()
        assert chart.evaluate(COVERED) == []


def test_an_uploaded_sound_is_still_there_after_a_look_at_another_tab(model, page, demo_clip):
    uploaded(page, demo_clip)
    page.get_by_role("tab", name="Many recordings").click()
    expect(page.get_by_text("Choose several files")).to_be_visible()
    page.get_by_role("tab", name="One recording").click()
    expect(page.get_by_text(demo_clip.name).first).to_be_visible()
    answered(page)
    page.get_by_role("button", name="Change").click()
    page.get_by_role("button", name=re.compile("Remove")).click()
    expect(page.get_by_text("It stays on this computer")).to_be_visible()


def test_an_uploaded_sound_can_be_seen_in_its_representations(model, page, demo_clip):
    uploaded(page, demo_clip)
    page.get_by_role("link", name="Represent", exact=True).click()
    page.wait_for_url(re.compile("/representations"))
    drawn = "document.querySelectorAll('.js-plotly-plot .heatmaplayer image').length === 12"
    page.wait_for_function(drawn, timeout=60_000)
    expect(page.get_by_text(demo_clip.name).first).to_be_visible()
