"""The web page of an exported model in a real browser: the app's answers, and nothing asked for."""

from __future__ import annotations

import contextlib
import functools
import http.server
import io
import re
import threading
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile
import soxr
from playwright.sync_api import expect

from ser_core import audio
from ser_core.core import REPOSITORY, demo_corpus
from ser_core.export.onnx_writer import export, write
from ser_core.export.web_page import write_web_page
from ser_core.inference.classify import Recording, open_model
from ser_core.inference.timeline import Windows, timeline
from ser_core.models import onnx_bytes
from ser_core.models.onnx import content_of, read
from ser_core.plots.palette import emotion_color
from tests.browser.conftest import STEP
from tests.export.nets import bundle

SAMPLES = demo_corpus() / "samples"
BUNDLED = REPOSITORY / "artifacts" / "pretrained" / "model.onnx"
WITHIN = 1e-3
OF_INTEGERS = 5e-3
"""Limit of an int8 file: what a browser computes otherwise in the seventh digit of a level may be
rounded to the next of 256 integers."""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and notes what was asked for instead of printing it."""

    def __init__(self, *given, asked, **more):
        self.asked = asked
        super().__init__(*given, **more)

    def log_request(self, *_given):
        self.asked.append(self.path)

    def log_message(self, *given):
        """Nothing."""


@contextlib.contextmanager
def served(folder: Path, asked: list[str] | None = None):
    """Address of a plain web server of a folder, as `python -m http.server` is one."""
    kept = [] if asked is None else asked
    handler = functools.partial(Handler, directory=str(folder), asked=kept)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small ResNet, exported."""
    folder = tmp_path_factory.mktemp("small")
    made = bundle()
    made.save(folder / "bundle")
    return export(made, folder, source=folder / "bundle").path


@pytest.fixture
def tab(browser, tmp_path):
    """Opener of the page of a file; fails the test if it asks for anything from elsewhere."""
    with contextlib.ExitStack() as stack:
        asked: list[str] = []
        complaints: list[str] = []

        def tab(file, **given):
            write_web_page(file, tmp_path / "page", emotion_color)
            url = stack.enter_context(served(tmp_path / "page"))
            context = stack.enter_context(contextlib.closing(browser.new_context(**given)))
            context.set_default_timeout(STEP)
            context.on("request", lambda request: asked.append(request.url))
            context.on("console", lambda message: complaints.append(message.text))
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(url)
            expect(page.get_by_role("button", name="Record")).to_be_visible()
            return page

        yield tab
        hosts = {urlsplit(url).hostname for url in asked if urlsplit(url).scheme.startswith("http")}
        assert hosts == {"127.0.0.1"}
        assert not [u for u in asked if urlsplit(u).scheme not in ("http", "blob", "data")]
        assert complaints == []


def answered(page, file):
    """Probabilities that the page shows for a file, as Playwright takes one."""
    page.set_input_files("#file", file)
    name = file["name"] if isinstance(file, dict) else Path(file).name
    expect(page.locator("#heard")).to_contain_text(name)
    expect(page.locator("#answer")).to_be_visible()
    return [float(b.get_attribute("data-probability")) for b in page.locator("#bars li").all()]


def the_apps(model, source):
    (found,) = model.probabilities([model.waveform(Recording("clip", source))])
    return found


@pytest.mark.parametrize("clip", ["SM0_anger_48", "EB0_fear_82", "KD0_sadness_82"])
def test_the_bundled_model_answers_as_the_app(tab, clip):
    """An ensemble on speech encoders, their products in 8-bit integers."""
    model, file = open_model(BUNDLED), SAMPLES / f"{clip}.flac"
    page = tab(BUNDLED)
    expected = the_apps(model, file)
    assert np.abs(np.array(answered(page, file)) - expected).max() < OF_INTEGERS
    sure = expected.max() >= model.confidence.threshold
    verdict = page.locator("#verdict").inner_text()
    assert verdict.startswith("Uncertain") is not sure
    assert model.classes[expected.argmax()] in verdict


def at_rate(sound, rate, form, channels=1):
    """The sound at another sample rate and in another format, as an upload."""
    samples = soxr.resample(sound.samples, sound.sample_rate, rate, quality="VHQ")
    file = io.BytesIO()
    soundfile.write(file, np.stack([samples, 0.5 * samples], 1)[:, :channels], rate, format=form)
    name = f"sound-{rate}-{channels}.{form.lower()}"
    return {"name": name, "mimeType": "audio/*", "buffer": file.getvalue()}


def test_sounds_of_other_rates_channels_and_formats_are_answered_as_by_the_app(
    tab, small, demo_waveform
):
    model, page = open_model(small), tab(small)
    for rate, form, channels in (
        (48_000, "WAV", 2),
        (44_100, "WAV", 1),
        (22_050, "FLAC", 1),
        (8_000, "WAV", 1),
        (44_100, "MP3", 1),
        (24_000, "OGG", 2),
    ):
        file = at_rate(demo_waveform, rate, form, channels)
        apart = np.abs(np.array(answered(page, file)) - the_apps(model, file["buffer"])).max()
        assert apart < WITHIN, file["name"]


@pytest.mark.parametrize("kind", ["PCM_16", "PCM_24", "FLOAT"])
def test_samples_are_those_of_the_file(tab, small, demo_waveform, tmp_path, kind):
    page, name = tab(small), f"{kind}.wav"
    rate, samples = 22_050, demo_waveform.samples
    soundfile.write(tmp_path / "page" / name, samples, rate, subtype=kind)
    decoded = page.evaluate(
        """async (name) => {
          const { decode } = await import('./sound.js');
          const file = await (await fetch(name)).arrayBuffer();
          const { samples, rate } = await decode(new Uint8Array(file));
          return [rate, ...samples];
        }""",
        name,
    )
    assert decoded[0] == rate
    assert np.abs(np.array(decoded[1:]) - samples).max() < 1e-6


def test_the_timeline_is_the_apps(tab, small, demo_waveform):
    silence = np.zeros(4 * demo_waveform.sample_rate, np.float32)
    long = np.concatenate([demo_waveform.samples, silence, *[demo_waveform.samples] * 5])
    sound = audio.Waveform(long.astype(np.float32), demo_waveform.sample_rate)
    content = audio.to_wav(sound)
    model, page = open_model(small), tab(small)
    answered(page, {"name": "long.wav", "mimeType": "audio/wav", "buffer": content})
    expect(page.locator("#csv")).to_be_visible()
    table = timeline(model, audio.load(content), Windows())
    shown = [
        [float(cell) if cell else np.nan for cell in row]
        for row in zip(*(
            [cell.get_attribute("data-probability") for cell in line.locator("td").all()]
            for line in page.locator("#timeline tr").all()[1:-1]
        ), strict=True)
    ]  # fmt: skip
    expected = table[[f"p_{name}" for name in model.classes]].to_numpy(float)
    assert (table["problem"] == "silent").any()
    np.testing.assert_allclose(shown, expected, atol=WITHIN)
    signs = page.locator("#timeline tr").first.get_by_role("button").all_inner_texts()
    assert [sign == "–" for sign in signs] == list(table["problem"] == "silent")
    assert [sign == "?" for sign in signs] == list(table["uncertain"] & (table["problem"] == ""))
    # Of a long recording the timeline comes first, and its one answer says what it is of.
    expect(page.locator("#verdict")).to_contain_text("Over the whole recording: ")
    expect(page.locator("#along + #whole")).to_be_visible()
    silent, unsure = ((table["problem"] == "silent").sum(), table["uncertain"].sum())
    expect(page.locator("#found")).to_contain_text(f"Of {len(table)} windows: ")
    expect(page.locator("#found")).to_contain_text(f"{silent} silent")
    assert f"{unsure} uncertain" in page.locator("#found").inner_text() or not unsure
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator("#more")).to_contain_text(f"all {len(table)} windows")
    page.set_viewport_size({"width": 1280, "height": 740})
    expect(page.locator("#more")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("start,end,p_anger")
    assert len(lines) == len(table) + 1


def test_what_is_no_sound_or_says_nothing_is_refused_in_words(tab, small, demo_waveform):
    page = tab(small)
    problem = page.locator("#problem")
    page.set_input_files("#file", {"name": "x.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
    expect(problem).to_contain_text("x.wav: the browser cannot read this as sound")
    quiet = audio.Waveform(1e-4 * demo_waveform.samples, demo_waveform.sample_rate)
    short = audio.Waveform(demo_waveform.samples[:2000], demo_waveform.sample_rate)
    for sound, words in ((quiet, "is silent"), (short, "too short")):
        given = {"name": "x.wav", "mimeType": "audio/wav", "buffer": audio.to_wav(sound)}
        page.set_input_files("#file", given)
        expect(problem).to_contain_text(words)
        expect(page.locator("#answer")).to_be_hidden()
    answered(page, SAMPLES / "SM0_anger_48.flac")
    expect(problem).to_be_hidden()


@pytest.mark.parametrize("policy", [True, False])
def test_the_page_may_ask_for_nothing_from_elsewhere(browser, small, tmp_path, policy):
    """Not even what somebody writes into it. Without the policy both requests would arrive."""
    write_web_page(small, tmp_path / "page", emotion_color)
    (tmp_path / "elsewhere").mkdir()
    if not policy:
        index = tmp_path / "page" / "index.html"
        index.write_text(re.sub(r"<meta http-equiv[^>]*>", "", index.read_text()))
    arrived = []
    with (
        served(tmp_path / "page") as url,
        served(tmp_path / "elsewhere", arrived) as elsewhere,
        contextlib.closing(browser.new_context()) as context,
    ):
        for name in ("page.js", "worker.js"):
            script = tmp_path / "page" / name
            attempt = f"fetch('{elsewhere}{name}', {{mode: 'no-cors'}})"
            said = "console.log('tried')"
            script.write_text(
                f"{script.read_text()}\n{attempt}.then(() => {said}, () => {said});\n"
            )
        page, tried = context.new_page(), []
        context.on("console", lambda message: tried.append(message.text))
        page.goto(url)
        expect(page.get_by_role("button", name="Record")).to_be_visible()
        while tried.count("tried") < 2:
            page.wait_for_timeout(50)
    assert sorted(arrived) == ([] if policy else ["/page.js", "/worker.js"])


def test_the_page_hears_the_microphone(hearing, small, demo_waveform, tmp_path):
    write_web_page(small, tmp_path / "page", emotion_color)
    with served(tmp_path / "page") as url:
        page = hearing(audio.to_wav(demo_waveform))
        page.context.grant_permissions(["microphone"], origin=url)
        page.goto(url)
        page.get_by_role("button", name="Record").click()
        # Answers come every half second while it records, so the third after 1.5 s or more.
        expect(page.locator("#answer")).to_have_attribute("data-live", re.compile(r"[3-9]|\d\d"))
        expect(page.locator("#heard")).to_contain_text("live, the last")
        expect(page.locator("#bars li")).to_have_count(len(read(small).classes))
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#heard")).to_contain_text(re.compile(r"recording, [1-9]"))
        expect(page.locator("#answer")).to_be_visible()
        bars = page.locator("#bars li").all()
        values = [float(bar.get_attribute("data-probability")) for bar in bars]
        assert sum(values) == pytest.approx(1)


def test_a_name_and_a_card_are_text(tab, small, tmp_path):
    hostile = "<img src=x onerror=alert(1)> & <script>alert(2)</script>"
    path = tmp_path / "hostile.onnx"
    write(
        path, onnx_bytes.graph(content_of(small)), replace(read(small), name=hostile, card=hostile)
    )
    page = tab(path)
    expect(page.get_by_role("heading")).to_have_text(hostile)
    page.get_by_text("About this model").click()
    expect(page.locator("#card")).to_contain_text(hostile)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1


def test_it_fits_a_phone(tab, small):
    page = tab(small, viewport={"width": 360, "height": 740})
    answered(page, SAMPLES / "SM0_anger_48.flac")
    width = page.locator("html").evaluate("element => element.scrollWidth")
    assert width <= 360
