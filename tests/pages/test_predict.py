"""The page Predict: an answer to a clip, an upload, a recording; many; a voice; what is kept."""

import gc
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from ser_core.audio import Waveform, load, to_wav
from ser_core.core import demo_corpus
from ser_core.corpora import audit_split, make_split, open_corpus, remember_labels, scan
from ser_core.export.pipeline import run_pipeline
from ser_core.export.plan import Plan, folder_of
from ser_core.features.representations import make
from ser_core.inference import catalogue, feedback
from ser_core.inference.confidence import Confidence
from ser_core.jobs import jobs
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec
from tests.corpora.competition import competition, copy_sound

ANGER = "samples/EB0_anger_82.flac"
CLASSES = ("anger", "fear", "happiness", "sadness", "surprise", "neutral")


def _model(folder, normalise, **about):
    torch.manual_seed(1)
    rep = make("melspectrogram", n_mels=16, hop_length=320)
    spec = ResNetSpec(depth="resnet10", width=4, classes=6)
    network = EmotionClassifier(rep, normalise, spec, CLASSES)
    torch.nn.init.normal_(network.network.fc.weight, std=5.0)
    network.normaliser.mean.fill_(-60.0)
    network.normaliser.spread.fill_(15.0)
    return Bundle(network.eval(), {**architecture(network), **about}).save(folder)


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """Bundled models: one that can get to know a voice, one that cannot, one hardly tested."""
    root = tmp_path_factory.mktemp("pretrained")
    told = {"unseen": {"wa": {"value": 0.62, "low": 0.5, "high": 0.7}, "clips": 4037}}
    corpus = open_corpus(demo_corpus())
    split = make_split(corpus, "random", seed=0)
    counts = {f"{part}_clips": 0 for part in ("train", "validation", "test")}
    told["corpus"] = {"name": corpus.name, "licence": "", **counts}
    told["split"] = {"policy": "random", "seed": 0, "hash": split.hash, "fold": split.folds[0]}
    told["split"]["audit"] = audit_split(split, corpus).as_dict()
    _model(root / "a-voices", "speaker", name="with voices", **told)
    known = {"confidence": {"temperature": 1.0, "threshold": 0.999, "source": "By hand."}}
    _model(root / "b-plain", "clip", name="without", **known, unseen=told["unseen"])
    few = {"unseen": {**told["unseen"], "clips": 6}}
    _model(root / "c-hardly-tested", "clip", name="hardly tested", **known, **few)
    return root


@pytest.fixture
def bundled(ready, monkeypatch):
    monkeypatch.setattr(catalogue, "bundled_folder", lambda: ready)


def figures(app):
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return {spec["layout"]["meta"]["name"]: spec for spec in specs}


def button(app, label):
    return next(b for b in app.button if b.label == label)


def upload(app, *files, label="Sound file"):
    field = next(f for f in app.file_uploader if f.label == label)
    return field.set_value(files[0] if label in ("Sound file", "Recording") else list(files)).run()


def clip(name=ANGER):
    return (demo_corpus() / name).read_bytes()


def test_without_a_model_the_page_says_how_to_get_one(visit, said, monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "bundled_folder", lambda: tmp_path)
    app = visit("predict")
    assert "No model yet" in said(app)
    assert not app.error


def test_it_opens_with_the_prediction_to_a_clip(visit, said, bundled):
    app = visit("predict", clip=ANGER)
    words = said(app)
    assert "Correct in 6 of 10 clips of unseen speakers" in words
    assert "Ground-truth label: **anger**" in words
    (bars,) = figures(app)["answer"]["data"]
    assert bars["y"] == list(CLASSES)
    assert not app.error


def test_a_clip_that_trained_the_model_says_so(visit, said, bundled):
    app = visit("predict", model="bundled:b-plain", clip=ANGER)
    assert "speaker in training" not in said(app)
    made = make_split(open_corpus(demo_corpus()), "random", seed=0).table
    (column,) = made.columns
    trained = made.index[made[column] == "train"][0]
    assert ":orange-badge[training clip]" in said(visit("predict", clip=trained))
    held_out = made.index[made[column] == "test"][0]
    assert ":orange-badge[speaker in training]" in said(visit("predict", clip=held_out))
    app = visit("predict", tab="Many recordings", folder=str(demo_corpus() / "samples"))
    count = int((made[column] == "train").sum())
    assert f"{count} of these 53 recordings were training clips" in said(app)


def test_an_unsure_answer_says_so(visit, said, bundled):
    app = visit("predict", model="bundled:b-plain", clip=ANGER)
    assert "Uncertain · perhaps" in said(app)
    assert "below the rejection threshold of 100 %" in said(app)
    assert "does not use enrolment" in said(app)


def test_a_model_that_was_hardly_tested_is_always_unsure(visit, said, bundled):
    app = visit("predict", model="bundled:c-hardly-tested", clip=ANGER)
    assert "Tested on 6 clips only: at least 30 are needed" in said(app)  # no "right in 5 of 10"
    assert "every prediction of this model is uncertain" in said(app)
    app = visit("predict", model="bundled:c-hardly-tested", tab="Many recordings",
                folder=str(demo_corpus() / "samples"))  # fmt: skip
    assert "Every prediction of this model is uncertain" in app.warning[0].value


def test_an_upload_that_is_a_clip_of_the_corpus_is_known(visit, said, bundled):
    app = visit("predict", source="Upload")
    upload(app, ("other name.flac", clip(), "audio/flac"))
    assert "Ground-truth label" not in said(app)
    upload(app, ("EB0_anger_82.flac", clip(), "audio/flac"))
    assert "Ground-truth label" in said(app)


def test_an_upload_and_a_recording_are_answered(visit, said, bundled):
    app = visit("predict", source="Upload")
    upload(app, ("mój głos.flac", clip(), "audio/flac"))
    assert "answer" in figures(app)
    app = visit("predict", source="Microphone")
    microphone = next(a for a in app.get("audio_input") if a.label == "Record")
    recording = to_wav(load(demo_corpus() / ANGER))
    microphone.set_value(("recording.wav", recording, "audio/wav")).run()
    assert "answer" in figures(app)
    assert not app.error


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (to_wav(Waveform(np.zeros(16_000, np.float32))), "is silent"),
        (to_wav(Waveform(np.ones(1_000, np.float32))), "too short to classify"),
        (b"notes", "not a sound file"),
    ],
)
def test_what_cannot_be_answered_is_reported(visit, bundled, content, words):
    app = visit("predict", source="Upload")
    upload(app, ("a.wav", content, "audio/wav"))
    assert words in app.error[0].value
    assert "answer" not in figures(app)


def test_a_speaker_is_learned_and_its_effect_shown(visit, said, bundled):
    app = visit("predict", clip=ANGER)
    button(app, "Take 5 clips of EB0 from the corpus").click().run()
    assert "without it: " in said(app)
    assert ":green-badge[Speaker enrolled] from 5 clips of EB0" in said(app)
    known, before, *_legend = figures(app)["answer"]["data"]
    assert known["x"] != before["x"]
    button(app, "Next").click().run()  # EB0 still
    assert not app.warning
    next(s for s in app.selectbox if s.label == "Speaker").set_value("KD0").run()
    assert "enrolled speaker is EB0, but this clip is of KD0" in app.warning[0].value
    assert sum(each.label == "Remove enrolment" for each in app.button) == 1
    button(app, "Remove enrolment").click().run()
    assert "without it: " not in said(app)


def test_clips_of_a_speaker_count_once_though_one_of_them_cannot_be_used(visit, said, bundled):
    app = visit("predict")
    upload(
        app, ("good.flac", clip(), "audio/flac"), ("bad.wav", b"no sound", "audio/wav"),
        label="Or upload clips of the speaker",
    )  # fmt: skip
    for _ in range(2):
        app.run()
        assert ":green-badge[Speaker enrolled] from 1 clip" in said(app)
        assert [each.value for each in app.error if "bad.wav" in each.value] != []


def test_a_speaker_that_nobody_names_is_heard_to_be_another_one(visit, said, bundled):
    app = visit("predict", clip=ANGER, source="Upload")
    button(app, "Take 5 clips of EB0 from the corpus").click().run()
    upload(app, ("hers.flac", clip(), "audio/flac"))
    assert not app.warning
    upload(app, ("his.flac", clip("samples/KS0_anger_48.flac"), "audio/flac"))
    assert "does not sound like the enrolled speaker" in app.warning[0].value
    button(app, "Remove enrolment").click().run()
    assert not app.warning
    assert "Speaker enrolled" not in said(app)


def test_what_was_uncertain_is_not_called_sure(visit, said, bundled, monkeypatch):
    monkeypatch.setattr(Confidence, "unsure", lambda self, given: np.full(len(given), True))
    app = visit("predict", clip=ANGER)
    button(app, "Take 5 clips of EB0 from the corpus").click().run()
    assert "without it: uncertain, perhaps" in said(app)
    assert "**Confidence " not in said(app)


def test_a_clip_that_fits_into_one_window_says_so(visit, said, bundled):
    app = visit("predict", clip=ANGER)
    next(t for t in app.toggle if t.label == "Timeline").set_value(True).run()
    assert "fits into one window of 3 s" in said(app)
    assert "timeline" not in figures(app)
    next(n for n in app.number_input if n.label == "Window (s)").set_value(1.0).run()
    assert "timeline" in figures(app)


def test_a_long_recording_has_a_timeline(visit, said, bundled):
    voice = load(demo_corpus() / ANGER).samples
    sound = np.concatenate([voice, np.zeros(48_000, np.float32), *[voice] * 6])
    app = visit("predict", source="Upload")
    upload(app, ("long.wav", to_wav(Waveform(sound)), "audio/wav"))
    spec = figures(app)["timeline"]
    assert len(spec["data"]) == 7
    next(n for n in app.number_input if n.label == "Window (s)").set_value(1.0).run()
    assert "of them silent" in said(app)
    assert not app.error


def test_many_files_are_a_table(visit, said, bundled):
    app = visit("predict", tab="Many recordings")
    several = [("a.flac", clip(), "audio/flac"), ("b.wav", b"nothing", "audio/wav")]
    upload(app, *several, label="Sound files")
    assert "1 recording predicted" in said(app)
    assert "1 failed" in said(app)
    table = app.dataframe[0].value
    assert list(table["file"]) == ["a.flac", "b.wav"]
    assert app.dataframe[0].proto.column_order[-1] == "problem"
    assert "other_voice" not in table
    assert "distribution" in figures(app)


def test_many_files_of_another_speaker_are_doubted(visit, said, bundled):
    app = visit("predict", clip=ANGER)
    button(app, "Take 5 clips of EB0 from the corpus").click().run()
    app.session_state["tab"] = "Many recordings"
    app.run()
    his = ("his.flac", clip("samples/KS0_anger_48.flac"), "audio/flac")
    upload(app, ("hers.flac", clip(), "audio/flac"), his, label="Sound files")
    assert list(app.dataframe[0].value["other_voice"]) == [False, True]
    assert "Not like the enrolled speaker: 1." in said(app)


def test_what_was_uploaded_is_there_when_one_comes_back(visit, said, bundled):
    app = visit("predict", source="Upload")
    upload(app, ("mine.flac", clip(), "audio/flac"))
    app.session_state["tab"] = "Many recordings"
    app.run()
    upload(app, ("a.flac", clip(), "audio/flac"), label="Sound files")
    app.session_state["tab"] = "One recording"
    app.run()
    assert "**mine.flac**" in said(app)
    assert "answer" in figures(app)
    next(g for g in app.segmented_control if g.label == "Sound").set_value("Corpus").run()
    assert "**mine.flac**" not in said(app)
    next(g for g in app.segmented_control if g.label == "Sound").set_value("Upload").run()
    assert "**mine.flac**" in said(app)
    button(app, "Remove file").click().run()
    assert "Choose a sound file" in said(app)
    app.session_state["tab"] = "Many recordings"
    app.run()
    assert "1 recording predicted" in said(app)


def test_a_folder_is_answered_and_in_the_address(visit, said, bundled, tmp_path):
    shutil.copy(demo_corpus() / ANGER, tmp_path)
    app = visit("predict", tab="Many recordings", folder=str(tmp_path))
    assert "1 recording predicted" in said(app)
    app = visit("predict", tab="Many recordings", folder=str(tmp_path / "none"))
    assert "no such file or folder" in app.error[0].value


def test_a_large_folder_is_answered_by_a_job(visit, said, bundled, tmp_path):
    for number in range(61):
        shutil.copy(demo_corpus() / ANGER, tmp_path / f"{number:02}.flac")
    app = visit("predict", tab="Many recordings", folder=str(tmp_path))
    button(app, "Start prediction").click().run()
    assert next(iter(jobs())).wait(120).value == "finished"
    app.run()
    assert "61 recordings predicted" in said(app)
    assert not app.error


def test_turns_of_a_recording_are_answered_by_a_job(visit, said, bundled, tmp_path, ser_home):
    wave = load(demo_corpus() / ANGER)
    twice = np.concatenate([wave.samples, np.zeros(16_000, np.float32), wave.samples])
    (tmp_path / "talk.wav").write_bytes(to_wav(Waveform(twice)))
    again, length = wave.duration + 1, wave.duration
    (tmp_path / "talk.csv").write_text(
        f"start,end,speaker\n0,{length:.3f},Ana\n{again:.3f},{again + length:.3f},Jan\n"
    )
    address = {"long-file": str(tmp_path / "talk.wav"), "long-turns": str(tmp_path / "talk.csv")}
    app = visit("predict", tab="Long recording", **address, **{"long-way": "Turns of a file"})
    button(app, "Start prediction").click().run()
    assert next(iter(jobs())).wait(120).value == "finished"
    app.run()
    assert "2 turns" in said(app)
    assert list(app.dataframe[0].value["speaker"]) == ["Ana", "Jan"]
    assert "turns" in figures(app)
    assert "From 0.0 s" in said(app)
    assert "speaker" in app.dataframe[0].proto.column_order
    assert "not told apart" not in said(app)
    assert not app.error
    # Found turns have no speakers: no empty column then, but a sentence that says why.
    (answers,) = ser_home.glob("predictions/*/answers.csv")
    answers.write_text(answers.read_text().replace("Ana", "").replace("Jan", ""))
    app.run()
    assert "Speakers are not told apart" in said(app)
    assert not {"speaker", "problem"} & set(app.dataframe[0].proto.column_order)
    assert "Click a bar or a row" in said(app)


def test_a_long_recording_can_be_uploaded_and_is_deleted_when_removed(visit, said, bundled):
    wave = load(demo_corpus() / ANGER)
    talk = ("talk.wav", to_wav(wave), "audio/wav")
    app = visit("predict", tab="Long recording")
    upload(app, talk, label="Recording")
    assert "**talk.wav**, 0.1 MB" in said(app)
    kept = app.session_state["_large_long"].path
    assert kept.read_bytes() == talk[1]
    assert not [field for field in app.file_uploader if field.label == "Recording"]
    button(app, "Start prediction").click().run()
    assert next(iter(jobs())).wait(120).value == "finished"
    app.run()
    assert "timeline" in figures(app)
    button(app, "Remove file").click().run()
    assert not kept.parent.exists()
    upload(app, talk, label="Recording")  # the same sound is known again
    assert "timeline" in figures(app)
    assert len(jobs()) == 1
    again = app.session_state["_large_long"].path
    app.session_state["_large_long"] = None
    gc.collect()
    assert not again.exists()


def test_live_answers_are_made_once_and_shown(visit, said, bundled, ser_home, monkeypatch):
    plans = []
    monkeypatch.setattr("pages.predict.live.launch", lambda plan, _title: plans.append(plan))
    address = {"tab": "Live", "model": "bundled:b-plain"}
    app = visit("predict", **address)
    assert "which is made once" in said(app)
    assert not app.get("iframe")
    button(app, "Prepare live answers").click().run()
    (plan,) = plans
    run_pipeline(replace(plan, clips=0))
    app = visit("predict", **address)
    (frame,) = app.get("iframe")
    folder, query = frame.proto.src.removeprefix("/live/").split("/index.html?")
    assert (query, frame.proto.alt) == ("within=light", "Live answers of without")
    about = json.loads((ser_home / "live-pages" / folder / "model.json").read_text())
    assert about["name"] == "without"
    assert not app.error


def test_a_file_that_no_browser_can_run_has_no_live_answers(visit, said, bundled, monkeypatch):
    why = "takes wavelets instead of the sound"
    monkeypatch.setattr("pages.predict.live.obstacle", lambda _spec: why)
    folder = catalogue.bundled_folder() / "b-plain"
    run_pipeline(Plan(folder, folder_of(folder), clips=0))
    app = visit("predict", tab="Live", model="bundled:b-plain")
    assert f"There are no live answers of this model: it {why}." in said(app)
    assert not app.get("iframe")


def test_a_correction_is_kept_with_consent_only_and_deleted_for_good(visit, said, bundled):
    app = visit("predict", source="Upload")
    upload(app, ("mine.flac", clip(), "audio/flac"))
    really = next(g for g in app.get("button_group") if g.label == "Correct label")
    really.set_value("sadness").run()
    assert button(app, "Save recording and label").disabled
    app.checkbox[-1].check().run()
    button(app, "Save recording and label").click().run()
    (kept,) = feedback.recordings()
    assert (kept.emotion, kept.name) == ("sadness", "mine.flac")
    app = visit("predict", tab="Kept recordings")
    assert "**1 recording**" in said(app)
    button(app, "Delete").click().run()
    assert feedback.recordings() == []
    assert not kept.sound.exists()
    button(app, "Undo").click().run()
    assert feedback.recordings() == [kept]


def test_a_model_that_is_gone_is_reported(visit, bundled):
    app = visit("predict", model="run:gone")
    assert "not there any more" in app.warning[0].value


SIX = {str(number): emotion for number, emotion in enumerate(CLASSES)}


@pytest.fixture
def contest(tmp_path, ser_home):
    folder = competition(tmp_path / "dacon", seconds=0.5)
    remember_labels(folder, SIX)
    return folder


def test_the_unlabelled_part_becomes_a_submission(visit, said, bundled, contest):
    app = visit("predict", tab="Many recordings", corpus=str(contest))
    assert "3 unlabelled clips" in said(app)
    assert not app.error
    button(app, "Predict the unlabelled part").click().run()
    assert not app.error
    assert "3 rows as in" in said(app)
    labels = {b.label for b in app.get("download_button")}
    assert {"Download submission.csv", "Download output.txt"} <= labels
    bars = figures(app)["distribution"]["data"]
    (line,) = [each for each in bars if each["name"] == "share in training"]
    assert len(line["y"]) == 6
    assert "Not checked: labelled copies" in said(app)


def test_a_labelled_copy_and_a_clip_that_fails_are_said(visit, said, bundled, contest):
    copy_sound(contest, "train/TRAIN_0.wav", "test/TEST_2.wav")
    (contest / "test/TEST_1.wav").write_bytes(to_wav(Waveform(np.zeros(16_000, np.float32))))
    scan(open_corpus(contest))
    app = visit("predict", tab="Many recordings", corpus=str(contest))
    button(app, "Predict the unlabelled part").click().run()
    assert "Same sound under two names: 1 of these 3 clips" in said(app)
    assert "No submission: 1 clip cannot be classified" in said(app).replace("\\", "")
    field = next(f for f in app.selectbox if f.label.startswith("Label for 1 clip"))
    field.set_value("5").run()
    assert not app.error
    assert "Download submission.csv" in {b.label for b in app.get("download_button")}
