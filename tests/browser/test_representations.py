"""Sound from a file and from a microphone is seen, and a link brings back what was seen."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from ser_core.audio import Waveform, load, to_wav
from tests.browser.conftest import downloaded

ANGER, SADNESS = "samples/EB0_anger_82.flac", "samples/EB0_sadness_82.flac"
DRAWN = "document.querySelectorAll('.js-plotly-plot .heatmaplayer image').length"
LOUDEST = """name => {
    const plots = [...document.querySelectorAll('.js-plotly-plot')];
    const plot = plots.find(p => p.layout.meta.name.startsWith(name));
    const bins = plot.calcdata[0][0].z.map(row => row[Math.floor(row.length / 2)]);
    return plot.data[0].y[bins.indexOf(Math.max(...bins))];
}"""


def tone(hz, seconds=2.0, rate=16_000):
    time = np.arange(int(rate * seconds)) / rate
    return to_wav(Waveform((0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32), rate))


def address(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def drawn(page, features):
    """Wait until so many pictures are painted."""
    page.wait_for_function(f"{DRAWN} === {features}", timeout=60_000)


def hears(page, hz):
    """Whether the loudest cell of the spectrogram, halfway through the sound, is of this tone."""
    cell = page.evaluate(LOUDEST, "spectrogram").replace(",", "")
    low, *_, high = map(float, re.findall(r"[\d.]+", cell))
    return low - 32 <= hz <= high + 32


def test_an_uploaded_tone_is_seen_at_its_frequency(page, tmp_path):
    (tmp_path / "tone.wav").write_bytes(tone(1000))
    page.goto("/representations?source=Upload")
    page.locator("input[type=file]").set_input_files(tmp_path / "tone.wav")
    drawn(page, 12)  # of the thirteen two are lines, and one has two channels
    assert hears(page, 1000)
    page.wait_for_function("document.querySelector('audio').duration > 1.9")


def test_what_is_no_sound_is_told(page, tmp_path):
    (tmp_path / "notes.wav").write_text("not a sound")
    page.goto("/representations?source=Upload")
    page.locator("input[type=file]").set_input_files(tmp_path / "notes.wav")
    expect(page.get_by_role("alert")).to_contain_text("notes.wav")


@pytest.fixture
def microphone(hearing):
    """A tab of a browser whose microphone hears a tone of 500 Hz."""
    return hearing(tone(500, 10, 48_000))


def test_a_recording_of_a_tone_is_seen_at_its_frequency(microphone):
    page = microphone
    page.goto("/representations?source=Microphone")
    page.get_by_role("button", name="Record").click()
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Stop recording").click()
    drawn(page, 12)
    assert hears(page, 500)


def test_a_link_restores_representation_parameters_and_comparison(page):
    wanted = {
        "clip": ANGER,
        "representation": "melspectrogram",
        "n_mels": "40",
        "compare": SADNESS,
    }
    page.goto(f"/representations?{urlencode(wanted)}")
    drawn(page, 2)
    bands = page.get_by_role("spinbutton", name="Mel bands")
    expect(bands).to_have_value("40")
    expect(page.locator("audio")).to_have_count(2)
    rows = "[...document.querySelectorAll('.js-plotly-plot')].map(p => p.data[0].y?.length)"
    assert [n for n in page.evaluate(rows) if n == 40] == [40, 40]
    assert address(page) == wanted
    page.get_by_text("Difference: the first minus the second").click()
    drawn(page, 3)


def test_a_changed_parameter_is_drawn_and_in_the_address(page):
    page.goto(f"/representations?clip={ANGER}&representation=mfcc")
    drawn(page, 1)
    field = page.get_by_role("spinbutton", name="Coefficients")
    field.fill("13")
    field.press("Enter")
    page.wait_for_url(re.compile("n_mfcc=13"))
    expect(page.get_by_text("13 × 245 values")).to_be_visible()
    field.fill("200")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("must not exceed “Mel bands” (n_mels) = 80")
    expect(page.get_by_text("13 × 245 values")).to_be_visible()


def test_a_title_enlarges_and_the_back_button_returns(page):
    page.goto(f"/representations?clip={ANGER}")
    drawn(page, 12)
    page.get_by_role("button", name="Constant-Q").click()
    drawn(page, 1)
    page.wait_for_url(re.compile("representation=cqt"))
    page.go_back()
    drawn(page, 12)


@pytest.mark.parametrize(
    ("kind", "begins"), [("PNG", b"\x89PNG"), ("SVG", b"<?xml"), ("CSV", b"time s"), ("NPZ", b"PK")]
)
def test_files_are_made_when_asked_for(page, kind, begins):
    page.goto(f"/representations?clip={ANGER}&representation=chroma")
    drawn(page, 1)
    download = downloaded(page, page.get_by_role("button", name=kind, exact=True))
    assert download.suggested_filename == f"EB0_anger_82-chroma.{kind.lower()}"
    assert download.path().read_bytes().startswith(begins)


def test_the_downloaded_sound_is_the_clip(page, demo_clip):
    clip = demo_clip.with_name("EB0_anger_82.flac")
    page.goto(f"/representations?clip={ANGER}&representation=rms")
    download = downloaded(page, page.get_by_role("button", name="WAV", exact=True))
    assert np.array_equal(load(download.path()).samples, load(clip).samples)


def test_means_are_made_with_progress_and_shown(page):
    page.goto("/representations?representation=zcr")
    page.get_by_role("button", name="Compute the means").click()
    expect(page.get_by_text("Difference from the mean")).to_be_visible(timeout=90_000)
    page.wait_for_function(
        "[...document.querySelectorAll('.js-plotly-plot')].some(p => p.data.length === 6)"
    )


def test_an_augmentation_is_opened_drawn_anew_and_closed(page):
    page.goto(f"/representations?clip={ANGER}&representation=melspectrogram")
    drawn(page, 1)
    page.get_by_text("Augmentation", exact=True).first.click()
    drawn(page, 3)  # the enlarged one, before and after
    page.wait_for_url(re.compile("augment=default"))
    page.get_by_role("combobox", name="Augmentation").click()
    page.get_by_role("option", name="Waveform: Vocal tract").click()
    page.wait_for_url(re.compile("augment=vocal_tract"))
    place = "[data-testid=stMainBlockContainer] audio"  # without the player of the dock
    after = f"[...document.querySelectorAll('{place}')].at(-1).src"
    expect(page.get_by_text("draw 1", exact=True)).to_be_visible()
    expect(page.locator(place)).to_have_count(2)
    first = page.evaluate(after)
    page.get_by_role("button", name="Another draw").click()
    page.wait_for_function(f"{after} !== '{first}'")
    page.wait_for_url(re.compile("augment_seed=1"))
    page.get_by_text("Augmentation", exact=True).first.click()
    drawn(page, 1)
    page.wait_for_url(re.compile(r"^((?!augment).)*$"))
    assert address(page) == {"clip": ANGER, "representation": "melspectrogram"}
