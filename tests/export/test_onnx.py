"""An exported file has the predictions of the bundle, from onnxruntime alone."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.core import REPOSITORY, ModelError
from ser_core.models.predictor import load

TORCHLESS = """
import sys
from pathlib import Path
from ser_core.audio import load as hear
from ser_core.corpora import open_corpus
from ser_core.models.predictor import load
from ser_core.inference.enrolment import Enrolment
from ser_core.inference.model_evaluation import Choice, evaluate_model
from ser_core.core.settings import demo_corpus
path = Path(sys.argv[1])
answer = load(path).predict([hear(Path(sys.argv[2]))])
found = evaluate_model(path, open_corpus(demo_corpus()), Choice(), Enrolment((0, 2)))
print(sum(answer[0]), len(found.curve()), "torch" in sys.modules, "onnx" in sys.modules)
"""


def test_it_answers_as_the_app_does_whatever_the_length(model, app, sounds):
    cut = [Waveform(sounds[0].samples[:n], 16_000) for n in (1, 399, 400, 4_000)]
    several = [*sounds[:8], *cut, *sounds[:2]]
    assert np.abs(model.predict(several) - app.probabilities(several)).max() < 1e-5


def test_many_of_one_length_are_answered_as_each_alone(model, sounds):
    equal = [Waveform(sound.samples[:16_000], 16_000) for sound in sounds[:3]]
    alone = np.concatenate([model.predict([each]) for each in equal])
    assert np.abs(model.predict(equal) - alone).max() < 1e-6


def test_a_speaker_is_enrolled_and_used_as_by_the_bundle(model, app, sounds):
    theirs, own = app.predictor.enrol(sounds[:4]), model.enrol(sounds[:4])
    assert np.allclose(own[0], theirs[0], rtol=1e-4, atol=1e-3)
    known = app.probabilities(sounds[:6], theirs)
    assert np.abs(model.predict(sounds[:6], own) - known).max() < 1e-4
    assert np.abs(app.probabilities(sounds[:6]) - known).max() > 0.01
    with pytest.raises(ModelError, match="another model"):
        model.predict(sounds[:1], (own[0][:, :, :4],))


def test_another_sample_rate_is_resampled(model, app, sounds):
    slow = [Waveform(sounds[0].samples[::2], 8_000)]
    assert np.abs(model.predict(slow) - app.probabilities(slow)).max() < 1e-5


def test_it_says_what_it_is(model, exported):
    assert model.about["split"]["grade"] == "E"
    assert model.about["metrics"]["uar"]["value"] == 0.5
    assert model.spec.licence == "CC BY-NC-SA 4.0"
    assert model.spec.stranger.temperature == 1.7
    assert model.spec.enrolled.temperature == 0.8
    assert model.about["confidence"] == {
        "temperature": 1.0, "threshold": 0.4, "source": "Calibrated by hand.",
        "doubt": "",
    }  # fmt: skip
    assert model.spec.representations[0]["parameters"]["n_mels"] == 16
    assert "not verified" in model.card
    content = exported.path.read_bytes()
    assert b"/somewhere/private" not in content
    assert str(REPOSITORY).encode() not in content


def test_it_answers_and_is_evaluated_without_torch(exported, demo_clip):
    told = subprocess.run(
        [sys.executable, "-c", TORCHLESS, str(exported.path), str(demo_clip)],
        capture_output=True, text=True, check=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert told.stdout.split() == ["1.0", "2", "False", "False"]


@pytest.mark.parametrize(("precision", "size"), [("fp16", 0.72), ("w8", 0.6), ("int8", 0.72)])
def test_other_precisions_are_smaller_and_nearly_agree(in_precision, app, sounds, precision, size):
    path = in_precision[precision]
    assert path.stat().st_size < size * in_precision["fp32"].stat().st_size
    model = load(path)
    difference = np.abs(model.predict(sounds) - app.probabilities(sounds))
    assert difference.max() > 0
    assert difference.mean() < {"fp16": 1e-3, "w8": 0.01, "int8": 0.03}[precision]
    statistics = model.enrol(sounds[:4])
    known = app.probabilities(sounds[:4], app.predictor.enrol(sounds[:4]))
    assert np.abs(model.predict(sounds[:4], statistics) - known).mean() < 0.03


def test_metadata_is_json_under_plain_names(exported):
    import onnxruntime

    found = onnxruntime.InferenceSession(exported.path).get_modelmeta().custom_metadata_map
    assert json.loads(found["ser.classes"])[0] == "anger"
    assert json.loads(found["ser.sample_rate"]) == 16_000


def test_shortcuts_are_convolutions_of_stride_two(exported):
    import onnx

    nodes = onnx.load(exported.path).graph.node
    strides = [list(a.ints) for n in nodes if n.op_type == "Conv" for a in n.attribute
               if a.name == "strides"]  # fmt: skip
    assert strides.count([2, 2]) == 1 + 2 * 3
