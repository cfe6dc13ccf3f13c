"""What someone sees who starts the workbench for the first time, and who is sent a link."""

import contextlib
import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import TimeoutError as NotShown
from playwright.sync_api import expect

from ser_core.core import demo_corpus
from ser_core.inference.catalogue import models
from tests.browser.conftest import serving, settled


def heading(page, name):
    return page.get_by_role("heading", name=name, exact=True)


def idle(page):
    """Wait until the page is drawn to its end: a key pressed before is not heard."""
    settled(page)
    page.wait_for_selector(".st-key-dock .ser-wave img", state="attached")


def press(page, key, shown):
    """Press a key until the page shows what it brings, as one does who sees nothing happen.

    On a busy computer the page may be at rest to the eye while its keys are not bound yet.
    """
    for _ in range(3):
        idle(page)
        page.keyboard.press(key)
        with contextlib.suppress(NotShown):
            shown.wait_for(timeout=10_000)
            break
    expect(shown).to_be_visible()


def current(page, clip):
    """The name of a clip in the dock."""
    return page.locator(f".ser-dock-name[title*='{clip}']")


def address(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_home_plays_a_clip_at_once(page):
    page.goto("/")
    expect(heading(page, "Speech emotion recognition")).to_be_visible()
    expect(page.get_by_text("One speaker, one sentence, 6 emotions")).to_be_visible()
    players = page.get_by_test_id("stAudio")  # not that of the recorder
    expect(players).to_have_count(7)
    page.wait_for_function("document.querySelector('[data-testid=stAudio]').duration > 1")
    features = page.locator(".ser-wave img")
    expect(features).to_have_count(7)
    page.wait_for_function(
        "[...document.querySelectorAll('.ser-wave img')].every(image => image.naturalWidth > 0)"
    )


def test_on_a_phone_the_recorder_comes_first_and_cards_lie_in_one_row(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    recorder = page.get_by_test_id("stAudioInput")
    expect(recorder).to_be_visible()
    cards = page.locator(".st-key-home-emotions [data-testid=stGridCell]")
    expect(cards).to_have_count(6)
    boxes = [card.bounding_box() for card in cards.all()]
    assert len({round(box["y"]) for box in boxes}) == 1
    assert recorder.bounding_box()["y"] < 260  # of 844
    intro = page.get_by_text("Explore a corpus, train, evaluate")
    assert intro.bounding_box()["y"] > boxes[0]["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_phone_long_titles_of_the_dock_are_read(page):
    page.set_viewport_size({"width": 390, "height": 844})
    model = next(each for each in models(Path("nowhere")) if "fine-tuned" in each.title)
    page.goto(f"/corpus?{urlencode({'clip': 'samples/EB0_fear_82.flac', 'model': model.key})}")
    expect(current(page, "samples/EB0_fear_82.flac")).to_contain_text("Czerwiec kojarzy")
    idle(page)
    cut = "each => each.scrollWidth > each.clientWidth"
    chosen = page.get_by_role("combobox", name="Model")
    name = page.locator(".ser-dock-name")
    assert name.bounding_box()["width"] > 120
    for each in (chosen, name):
        assert each.evaluate("each => getComputedStyle(each).textOverflow") == "ellipsis"
        assert not each.evaluate(cut)
    chosen.click()
    options = page.get_by_role("option").locator("> *")
    expect(options.filter(has_text="fine-tuned")).to_be_visible()
    assert not any(each.evaluate(cut) for each in options.all())
    page.keyboard.press("Escape")
    page.get_by_role("button", name="WA ").last.click()
    expect(page.get_by_text(model.title)).to_be_visible()


def test_home_answers_an_example_and_a_file_that_is_dropped(page):
    page.goto("/")
    page.get_by_role("button", name="Example 1").click()
    expect(page.get_by_text("The speaker was asked for")).to_be_visible(timeout=30_000)
    clip = demo_corpus() / "samples" / "SM0_anger_48.flac"
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(clip)
    expect(page.get_by_text("Teach it your voice.")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="More on the page Predict").click()
    expect(heading(page, "Predict")).to_be_visible()
    expect(page.get_by_text("SM0_anger_48.flac").first).to_be_visible(timeout=30_000)


def test_the_very_first_visit_may_go_straight_to_a_page(browser, tmp_path):
    """Before anyone has seen Home, streamlit looks for a script of the page's name."""
    with serving(tmp_path) as url, contextlib.closing(browser.new_page()) as page:
        page.goto(f"{url}/corpus?speaker=WR0&find=42")
        expect(page.get_by_text(re.compile(r"^6 of 53 clips"))).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)  # such as "Page not found"


def test_a_link_straight_to_a_page_restores_the_view(page):
    wanted = {"clip": "samples/WR0_sadness_42.flac", "speaker": "WR0", "find": "42"}
    page.goto(f"/corpus?{urlencode(wanted)}")
    expect(current(page, "samples/WR0_sadness_42.flac")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^6 of 53 clips"))).to_be_visible()
    expect(page.get_by_role("img", name="Logo")).to_be_visible()
    assert address(page) == wanted


def test_the_selection_survives_a_change_of_page_and_back(page):
    page.goto("/")
    page.get_by_role("button", name="Make it current").first.click()
    page.wait_for_url(re.compile("clip="))
    clip = address(page)["clip"]
    page.get_by_test_id("stSidebar").get_by_role("link", name="Corpus").click()
    expect(heading(page, "Corpus")).to_be_visible()
    expect(current(page, clip)).to_be_visible()
    assert address(page)["clip"] == clip
    page.go_back()
    expect(heading(page, "Speech emotion recognition")).to_be_visible()
    assert address(page)["clip"] == clip


def test_the_keyboard_reaches_the_choice_of_the_clip_from_the_top(page):
    page.goto("/corpus")
    idle(page)
    page.keyboard.press("Tab")
    for _ in range(3):
        if page.evaluate("document.activeElement.className") == "ser-skip":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-dock-clip").get_by_role("button", name="Change")).to_be_focused()


def test_keys_step_through_the_table(page):
    page.goto("/corpus?clip=samples/EB0_anger_82.flac")
    expect(page.get_by_text("1 of 53")).to_be_visible()
    press(page, "n", page.get_by_text("2 of 53"))
    page.wait_for_url(re.compile("EB0_fear_82"))
    press(page, "p", page.get_by_text("1 of 53"))
    playing = "!document.querySelector('.st-key-dock audio').paused"
    page.keyboard.press("k")
    page.wait_for_function(playing)
    page.keyboard.press("k")
    page.wait_for_function(f"!({playing})")


def test_back_undoes_a_choice_at_once_and_an_own_sound_stays(page):
    """A change of sound is one step of the history; pages keep it and their parameters."""
    page.goto("/representations?representation=mfcc&n_mfcc=20&source=Upload")
    settled(page)
    clip = demo_corpus() / "samples" / "SM0_anger_48.flac"
    page.locator(".st-key-upload input[type=file]").set_input_files(clip)
    own = page.get_by_text("Upload: SM0_anger_48.flac", exact=True)
    expect(own).to_be_visible()
    page.keyboard.press("Escape")
    settled(page)
    page.get_by_test_id("stBottom").get_by_role("link", name="Predict").click()
    expect(heading(page, "Predict")).to_be_visible()
    expect(own).to_be_visible()
    press(page, "n", current(page, "samples/EB0_fear_82.flac"))
    page.go_back()
    expect(own).to_be_visible()
    expect(heading(page, "Predict")).to_be_visible()
    page.go_back()
    expect(heading(page, "Representations")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Coefficients")).to_have_value("20")
    expect(own).to_be_visible()


def test_one_back_leads_to_a_page_as_it_was_left(page):
    page.goto("/corpus?view=Overview")
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    idle(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Results").click()
    expect(heading(page, "Results")).to_be_visible()
    idle(page)
    page.go_back()
    expect(heading(page, "Corpus")).to_be_visible()
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    assert address(page)["view"] == "Overview"
    page.go_forward()
    expect(heading(page, "Results")).to_be_visible()


def test_a_filter_goes_into_the_address(page):
    page.goto("/corpus")
    page.get_by_role("textbox", name="Search").fill("mk0")
    expect(page.get_by_text(re.compile("^5 of 53 clips"))).to_be_visible()
    page.wait_for_url(re.compile("find=mk0"))


def test_a_bad_link_says_so_and_shows_the_demo(page):
    page.goto("/corpus?corpus=/nowhere/at/all")
    expect(page.get_by_role("alert")).to_contain_text("/nowhere/at/all")
    expect(page.get_by_text(re.compile("^53 clips. Click"))).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_are_designed(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto("/")
    expect(page.get_by_text("Current corpus")).to_be_visible()
    background = page.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 29)"}[scheme]
