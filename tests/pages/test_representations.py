"""The page Representations: what it shows of a clip, an upload and a recording, and what it keeps.

Each test drives the page through `app.py`; figures are read back from what would go to the browser.
"""

import base64
import dataclasses
import io
import json
import time

import numpy as np
import pytest
import soundfile

from ser_core.audio import Waveform, to_wav
from ser_core.features.representations import REPRESENTATIONS
from ser_core.jobs import jobs

ANGER = "samples/EB0_anger_82.flac"
SADNESS = "samples/EB0_sadness_82.flac"


def figures(app):
    """Specification of each chart by its name, in the order of the page."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return {spec["layout"]["meta"]["name"]: spec for spec in specs}


def array(data):
    """A typed array as Plotly writes it."""
    if isinstance(data, dict):
        flat = np.frombuffer(base64.b64decode(data["bdata"]), data["dtype"])
        return flat.reshape([int(n) for n in str(data.get("shape", len(flat))).split(",")])
    return np.asarray(data)


def button(app, label):
    return next(b for b in app.button if b.label.replace("\\", "").strip("*") == label)


def number(app, label):
    return next(n for n in app.number_input if n.label == label)


def wav(seconds=1.0, hz=440, rate=16_000):
    time_ = np.arange(int(rate * seconds)) / rate
    return to_wav(Waveform((0.3 * np.sin(2 * np.pi * hz * time_)).astype(np.float32), rate))


def uploaded(app, name, content):
    app.file_uploader[0].set_value((name, content, "audio/wav")).run()
    return app


def test_all_thirteen_are_shown_of_the_first_clip(visit, said):
    app = visit("representations")
    names = [name.removesuffix(f"-{ANGER}") for name in figures(app)]
    assert names == ["waveform", *REPRESENTATIONS]
    titles = [cls.title for _, cls in REPRESENTATIONS.items()]
    assert [
        b.label.replace("\\", "").strip("*") for b in app.button if b.label.startswith("**")
    ] == titles
    assert not app.error
    assert not app.warning


def test_next_shows_the_next_clip(visit):
    app = visit("representations", clip=ANGER)
    button(app, "Next").click().run()
    assert app.query_params["clip"] == "samples/EB0_fear_82.flac"
    assert "mfcc-samples/EB0_fear_82.flac" in figures(app)


def test_choosing_an_emotion_keeps_speaker_and_sentence(visit):
    app = visit("representations", clip=ANGER)
    next(s for s in app.selectbox if s.label == "Emotion").set_value("sadness").run()
    assert app.query_params["clip"] == SADNESS


def test_a_title_enlarges_and_back(visit, said):
    app = visit("representations", clip=ANGER)
    button(app, "Constant-Q").click().run()
    assert app.query_params["representation"] == "cqt"
    assert list(figures(app)) == ["waveform", f"cqt-{ANGER}"]
    assert "Brown \\(1991\\)" in said(app)
    button(app, "← All thirteen").click().run()
    assert "representation" not in app.query_params
    assert len(figures(app)) == 14


@pytest.mark.parametrize("name", list(REPRESENTATIONS))
def test_every_representation_can_be_enlarged_with_all_its_parameters(visit, name):
    app = visit("representations", representation=name)
    assert len(app.number_input) == len(dataclasses.fields(REPRESENTATIONS[name]))
    assert not app.error


def test_a_parameter_redraws_and_goes_into_the_address(visit):
    app = visit("representations", clip=ANGER, representation="melspectrogram")
    number(app, "Mel bands").set_value(32).run()
    assert app.query_params["n_mels"] == "32"
    feature_map = figures(app)[f"melspectrogram-{ANGER}"]
    assert array(feature_map["data"][0]["z"]).shape[0] == 32
    button(app, "Reset to defaults").click().run()
    assert "n_mels" not in app.query_params
    assert number(app, "Mel bands").value == 80


def test_a_link_restores_representation_parameters_and_comparison(visit, said):
    app = visit(
        "representations",
        clip=ANGER,
        compare=SADNESS,
        representation="melspectrogram",
        n_mels="40",
        hop_length="320",
    )
    shown = figures(app)
    for clip in (ANGER, SADNESS):
        assert array(shown[f"melspectrogram-{clip}"]["data"][0]["z"]).shape[0] == 40
        assert shown[f"melspectrogram-{clip}"]["data"][0]["dx"] == pytest.approx(0.02)
    assert number(app, "Hop (samples)").value == 320
    assert not app.error


def test_parameters_that_do_not_go_together_keep_the_last_feature_map(visit, said):
    app = visit("representations", representation="mfcc", n_mfcc="20", clip=ANGER)
    number(app, "Coefficients").set_value(100).run()
    told = "“Coefficients” (n_mfcc) = 100 must not exceed “Mel bands” (n_mels) = 80"
    assert told in app.error[0].value.replace("\\", "")
    assert array(figures(app)[f"mfcc-{ANGER}"]["data"][0]["z"]).shape[0] == 20
    assert "last valid parameters" in said(app)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_mels": "many"}, "is not a whole number"),
        ({"n_mels": "1" * 30}, "from 8 to 256"),
        ({"fmin": "nan"}, "is not a number from 0 to 20000"),
        ({"n_mells": "64"}, "Did you mean 'n_mels'"),
    ],
)
def test_a_bad_parameter_in_a_link_is_reported_and_the_default_is_used(visit, parameters, words):
    app = visit("representations", representation="melspectrogram", **parameters)
    assert words in app.error[0].value.replace("\\", "")
    assert number(app, "Mel bands").value == 80


@pytest.mark.parametrize(
    ("name", "label", "values", "told"),
    [
        ("mfcc", "Coefficients", [500], "“Coefficients” (n_mfcc) = 500 must lie between 2 and 256"),
        ("mfcc", "Window (samples)", [513, 4], "“Window (samples)” (n_fft) = 4 must lie between"),
        ("mfcc", "Window (samples)", [513], "“Window (samples)” (n_fft) = 513 must be even"),
        ("melspectrogram", "Hop (samples)", [1], "must lie between 16 and 4096 samples"),
    ],
)
def test_a_refused_value_says_why_and_reset_brings_the_field_back(
    visit, said, name, label, values, told
):
    app = visit("representations", representation=name, clip=ANGER)
    usual = number(app, label).value
    for value in values:
        number(app, label).set_value(value).run()
    assert number(app, label).value == values[-1]
    assert [told in error.value.replace("\\", "") for error in app.error] == [True]
    assert ("red[From" in said(app)) == (values[-1] != 513)
    assert f"{name}-{ANGER}" in figures(app)
    button(app, "Reset to defaults").click().run()
    assert number(app, label).value == usual
    assert not app.error
    assert "red[From" not in said(app)


def test_an_unknown_representation_is_reported_and_all_are_shown(visit):
    app = visit("representations", representation="mel")
    assert "no such representation" in app.error[0].value
    assert len(figures(app)) == 14


def test_one_click_compares_with_another_emotion_on_one_scale(visit):
    app = visit("representations", clip=ANGER)
    button(app, "sadness").click().run()
    assert app.query_params["compare"] == SADNESS
    shown = figures(app)
    assert len(app.get("audio")) == 2
    one, two = (shown[f"melspectrogram-{clip}"]["layout"] for clip in (ANGER, SADNESS))
    assert one["coloraxis"]["cmin"] == two["coloraxis"]["cmin"]
    assert one["coloraxis"]["cmax"] == two["coloraxis"]["cmax"]
    assert one["xaxis"]["range"] == two["xaxis"]["range"]
    waves = [json.loads(c.proto.spec)["layout"] for c in app.get("plotly_chart")[:2]]
    assert waves[0]["xaxis"]["range"] == waves[1]["xaxis"]["range"]
    assert waves[0]["yaxis"]["range"] == waves[1]["yaxis"]["range"]
    for clip, emotion in ((ANGER, "anger"), (SADNESS, "sadness")):
        above = [h.value for h in app.get("html") if f'title="{clip}"' in h.value]
        assert len(above) == 13
        assert emotion in above[0]
        assert "speaker EB0" in above[0]
    button(app, "Stop comparing").click().run()
    assert "compare" not in app.query_params


def test_swapping_exchanges_the_clips(visit):
    app = visit("representations", clip=ANGER, compare=SADNESS)
    button(app, "Swap").click().run()
    assert app.query_params["clip"] == SADNESS
    assert app.query_params["compare"] == ANGER


def test_a_clip_to_compare_with_that_is_gone_is_reported(visit):
    app = visit("representations", compare="samples/gone.flac")
    assert "is not in the corpus" in app.warning[0].value
    assert len(figures(app)) == 14


def test_an_upload_is_shown(visit, said):
    app = visit("representations", source="Upload")
    assert "Choose a sound file" in app.info[0].value
    uploaded(app, "mine.wav", wav())
    assert "melspectrogram-mine.wav" in figures(app)
    assert "16,000 Hz, 1 channel, shown at 16,000 Hz, 1.00 s" in said(app)
    assert not app.error
    button(app, "a clip of the corpus").click().run()
    assert len(app.get("audio")) == 2


def test_what_was_done_to_an_upload_is_said(visit, said):
    file = io.BytesIO()
    soundfile.write(file, np.zeros((96_000, 2)), 48_000, format="WAV")
    name = "a long name that a small place would shorten in its middle.wav"
    app = uploaded(visit("representations", source="Upload"), name, file.getvalue())
    words = said(app).replace("\\", "")
    assert f"**{name}**" in words
    assert "48,000 Hz, 2 channels mixed to one, shown at 16,000 Hz, 2.00 s" in words


def test_a_sound_shorter_than_a_window_says_so(visit):
    app = uploaded(visit("representations", source="Upload"), "short.wav", wav(0.01))
    told = "short.wav lasts 10.0 ms, shorter than one window of 32 ms: 2 frames, of little meaning"
    assert told in app.warning[0].value.replace("\\", "")
    assert not app.error


def test_what_is_no_sound_is_reported(visit):
    app = uploaded(visit("representations", source="Upload"), "mine.wav", b"not a sound at all")
    assert "mine.wav" in app.error[0].value.replace("\\", "")
    assert "not a sound file that can be read" in app.error[0].value
    assert not figures(app)


@pytest.mark.parametrize("seconds", [0, 1 / 16_000])
def test_an_empty_file_is_reported_and_a_single_sample_is_shown(visit, seconds):
    if seconds:
        app = uploaded(visit("representations", source="Upload"), "mine.wav", wav(seconds))
        assert len(figures(app)) == 14
        assert not app.error
    else:
        app = visit("representations", source="Upload")
        app = uploaded(app, "mine.wav", wav(1)[:44])
        assert len(app.error) == 1


def test_silence_is_shown(visit):
    silence = to_wav(Waveform(np.zeros(16_000, np.float32), 16_000))
    app = uploaded(visit("representations", source="Upload"), "silence.wav", silence)
    assert len(figures(app)) == 14
    assert not app.error


def test_of_a_long_sound_a_part_is_shown_and_the_rest_is_a_slider_away(visit):
    app = uploaded(visit("representations", source="Upload"), "long.wav", wav(95, rate=8_000))
    assert app.slider[0].max == 65
    app.slider[0].set_value(40.0).run()
    low, high = figures(app)["rms-long.wav"]["layout"]["xaxis"]["range"]
    assert low == pytest.approx(40, abs=0.1)
    assert high == pytest.approx(70, abs=0.1)
    assert not app.error


def test_a_recording_is_shown(visit):
    app = visit("representations", source="Microphone")
    assert "Press the microphone" in app.info[0].value
    app.audio_input[0].set_value(("recording.wav", wav(), "audio/wav")).run()
    assert "melspectrogram-recording.wav" in figures(app)


def test_means_are_made_by_a_job_and_kept(visit, said):
    app = visit("representations", representation="rms")
    button(app, "Compute the means").click().run()
    job = jobs()[0]
    assert str(job.wait(120)) == "finished", job.log()
    app.run()
    means = figures(app)["rms-anger"]
    assert [line["name"] for line in means["data"]][:2] == ["anger (9)", "fear (9)"]
    assert not app.error
    began = time.monotonic()
    again = visit("representations", representation="rms")
    assert "rms-anger" in figures(again)
    assert time.monotonic() - began < 20
    assert len(jobs()) == 1


def test_files_can_be_downloaded(visit):
    app = visit("representations", representation="chroma")
    labels = [element.proto.label for element in app.get("download_button")]
    assert labels == ["PNG", "SVG", "CSV", "NPZ", "WAV"]


def augmented(visit, name="default", **own):
    """The enlarged mel spectrogram with this augmentation."""
    given = {"representation": "melspectrogram", **own}
    return visit("representations", clip=ANGER, augment=name, **given)


def changed(app, name="melspectrogram"):
    """The picture after the change."""
    return array(figures(app)[f"{name}-{ANGER}, augmented"]["data"][0]["z"])


def choose(app, label, value):
    next(s for s in app.selectbox if s.label == label).set_value(value).run()


def test_augmentation_is_closed_until_the_address_names_one(visit):
    app = visit("representations", clip=ANGER, representation="melspectrogram")
    box = next(e for e in app.expander if e.label == "Augmentation")
    assert not box.proto.expanded
    assert "Augmentation" not in [s.label for s in app.selectbox]
    opened = augmented(visit)
    box = next(e for e in opened.expander if e.label == "Augmentation")
    assert box.proto.expanded
    assert "Augmentation" in [s.label for s in opened.selectbox]


def test_an_augmentation_is_seen_and_heard_and_another_draw_differs(visit, said):
    app = augmented(visit)
    choose(app, "Augmentation", "pitch")
    assert app.query_params["augment"] == "pitch"
    shown = figures(app)
    before = shown[f"melspectrogram-{ANGER}"]
    after = shown[f"melspectrogram-{ANGER}, augmented"]
    assert before["layout"]["coloraxis"]["cmin"] == after["layout"]["coloraxis"]["cmin"]
    assert before["layout"]["coloraxis"]["cmax"] == after["layout"]["coloraxis"]["cmax"]
    first = changed(app)
    assert not np.array_equal(array(before["data"][0]["z"]), first)
    assert len(app.get("audio")) == 3
    assert "The voice higher or lower at the same pace" in said(app).replace("\\", "")
    button(app, "Another draw").click().run()
    assert app.query_params["augment_seed"] == "1"
    assert not np.array_equal(changed(app), first)
    assert not app.error


def test_what_changes_the_feature_map_alone_is_not_heard(visit, said):
    app = augmented(visit, "time_mask")
    assert len(app.get("audio")) == 1
    assert "nothing to play" in said(app)


def test_parameters_of_an_augmentation_go_into_the_address_and_back(visit):
    app = augmented(visit, "time_mask", augment_fill="silence", augment_seed="3")
    first = changed(app)
    number(app, "Masks per clip").set_value(9).run()
    assert app.query_params["augment_count"] == "9"
    hidden = (changed(app) <= -100).all(axis=0).sum()
    assert hidden > (first <= -100).all(axis=0).sum()
    choose(app, "What is put in its place", "mean")
    assert "augment_fill" not in app.query_params  # it is the default
    button(app, "Reset augmentation").click().run()
    assert {"augment_count", "augment_fill"}.isdisjoint(app.query_params)
    assert app.query_params["augment_seed"] in ("3", ["3"])


def test_parameters_of_representation_and_augmentation_do_not_meet(visit):
    app = augmented(visit, "picture_equaliser", n_mels="32", augment_bands="4")
    assert changed(app).shape[0] == 32
    assert not app.error
    number(app, "Mel bands").set_value(48).run()
    assert changed(app).shape[0] == 48
    assert app.query_params["augment_bands"] in ("4", ["4"])


def test_the_default_recipe_says_which_steps_this_draw_has(visit, said):
    app = augmented(visit)
    words = said(app)
    assert "**Gain** (100% of clips)" in words
    assert "Not in this draw" in words
    assert len(app.get("audio")) == 3
    assert "Augmentation" in [s.label for s in app.selectbox]


def test_only_what_has_a_meaning_is_offered_and_carried_to_another_representation(visit):
    app = augmented(visit, "transposition", representation="chroma")
    choose(app, "Representation", "tonnetz")
    assert app.query_params["augment"] in ("transposition", ["transposition"])
    choose(app, "Representation", "mfcc")
    assert app.query_params["augment"] == "default"
    offered = next(s for s in app.selectbox if s.label == "Augmentation").options
    assert "Picture: Transposition" not in offered
    assert "Sound: Recorded noise" not in offered
    button(app, "← All thirteen").click().run()
    assert "augment" not in app.query_params


@pytest.mark.parametrize(
    ("name", "own", "words"),
    [
        ("reverp", {}, "no such augmentation. Did you mean 'reverb'"),
        ("transposition", {}, "melspectrogram has no"),
        ("recorded_noise", {}, "needs folder"),
        ("pitch", {"augment_lowest": "5"}, "must not exceed “Highest shift (semitones)” (highest)"),
        ("pitch", {"augment_lowest": "deep"}, "is not a number"),
        ("pitch", {"augment_lowestt": "1"}, "Did you mean 'lowest'"),
        ("time_mask", {"augment_fill": "red"}, "must be one of mean, silence"),
        ("pitch", {"augment_seed": "-1"}, "is not a whole number"),
    ],
)
def test_what_a_link_asks_for_in_vain_is_reported(visit, name, own, words):
    app = augmented(visit, name, **own)
    assert len(app.error) == 1
    assert words in app.error[0].value.replace("\\", "")
