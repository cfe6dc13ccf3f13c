"""The acceptance test passes files with the predictions of the app, and finds planted faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest

from ser_core.core import ModelError, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.export.acceptance import accept, calibration
from ser_core.export.parity import verify, write_verdict
from ser_core.models.onnx import open_onnx, read
from ser_core.models.onnx_metadata import GATES, hash_of
from tests.export.nets import CLASSES, bundle


def scaled(name_of, factor, offset=0.0):
    """Maker of a change to the weights whose names or shapes are asked for."""

    def change(graph):
        chosen = [t for t in graph.initializer if name_of(t)]
        assert chosen
        for tensor in chosen:
            values = onnx.numpy_helper.to_array(tensor) * factor + offset
            new = onnx.numpy_helper.from_array(values.astype(np.float32), tensor.name)
            tensor.CopyFrom(new)

    return change


def test_a_right_file_passes(model, app, clips):
    found = verify(model, app, clips[:12], description="12 clips")
    assert found.passed
    assert found.agreement == 1.0
    assert found.flipped == ()
    assert found.max_abs_probability < 1e-5
    assert found.max_abs_logit < 1e-3
    # Also cut, made long and with gaps, and with a voice that is known.
    assert found.n == 12 + 4 * 4 + 12
    assert (found.shortest, found.longest) == (0.3, 6.0)


def test_a_file_that_gives_no_answer_fails_and_the_rest_is_compared(model, app, clips, monkeypatch):
    bad, asked = clips[3].sound, []

    def predict(self, sounds, speaker=None, *, seen=False):
        asked.append(sounds)
        if any(sound is bad for sound in sounds):
            raise ModelError("gives no answer: its probabilities are not finite")
        return answered(self, sounds, speaker, seen=seen)

    answered = type(model).predict
    monkeypatch.setattr(type(model), "predict", predict)
    found = verify(model, app, clips[:12])
    assert not found.passed
    assert len(asked) == found.n == 12 + 4 * 4 + 12
    assert found.said.startswith(
        f"Acceptance test failed: no answer for {clips[3].name}: gives no answer"
    )
    # The clip itself, and the same with an enrolled speaker; its changed forms are other sounds.
    assert len(found.unanswered) == len(found.flipped) == 2


def test_each_precision_is_held_to_its_own_limits(in_precision, app, clips):
    for precision in ("fp16", "int8"):
        found = verify(open_onnx(in_precision[precision], threads=1), app, clips)
        assert found.limits == GATES[precision]
        assert 1e-6 < found.mean_abs_probability < found.limits.mean
        assert found.passed or precision == "int8"  # answers of random nets are easily flipped


def test_a_wrong_class_order_is_caught(edited, app, clips):
    wrong = (*CLASSES[1:], CLASSES[0])
    found = verify(open_onnx(edited(classes=wrong)), app, clips[:12])
    assert not found.passed
    assert "predictions agree" in found.said
    assert found.flipped[0].app != found.flipped[0].file


def test_a_wrong_normalisation_is_caught(edited, app, clips, exported):
    spread = app.predictor.model.normaliser.spread.numpy().ravel()

    def is_spread(tensor):
        values = onnx.numpy_helper.to_array(tensor).ravel()
        return values.shape == spread.shape and np.allclose(values, spread**2)

    found = verify(open_onnx(edited(scaled(is_spread, 2.0))), app, clips[:12])
    assert not found.passed
    assert found.max_abs_probability > 1e-3


def test_a_wrong_sample_rate_is_caught(edited, app, clips, exported):
    (rep,) = exported.spec.representations
    slow = {**rep, "parameters": {**rep["parameters"], "sample_rate": 8_000}}
    slow = {**slow, "hash": hash_of(slow)}
    path = edited(sample_rate=8_000, representations=(slow,))
    assert not verify(open_onnx(path), app, clips[:12]).passed


def test_a_broken_quantisation_is_caught(edited, app, clips, in_precision):
    def is_scale(tensor):
        return tensor.name.endswith("_scale") and tensor.name.startswith("relu")

    path = edited(scaled(is_scale, 0.05), in_precision["int8"])
    assert read(path).precision == "int8"
    assert not verify(open_onnx(path), app, clips).passed


def test_a_wrong_temperature_is_caught_though_all_predictions_agree(edited, app, clips):
    def one(graph):
        (division,) = (
            n for n in graph.node if n.output[0] == "div_temperature" or _divides(n, graph)
        )
        tensor = next(t for t in graph.initializer if t.name == division.input[1])
        tensor.CopyFrom(onnx.numpy_helper.from_array(np.array(1.0, np.float32), tensor.name))

    found = verify(open_onnx(edited(one)), app, clips[:12])
    assert not found.passed


def _divides(node, graph):
    if node.op_type != "Div":
        return False
    values = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer if not t.dims}
    return bool(np.isclose(values.get(node.input[1], 0.0), 1.7))


def test_the_verdict_is_written_into_the_file(edited, app, clips):
    path = edited()
    assert read(path).status == "not verified"
    found = verify(open_onnx(path), app, clips[:4])
    assert write_verdict(path, found).status == read(path).status == "verified"
    failed = write_verdict(path, replace(found, agreement=0.5))
    assert failed.status == read(path).status == "failed"
    assert "Acceptance test failed" in open_onnx(path).card


def test_nothing_to_compare_is_no_pass(model, app, clips):
    with pytest.raises(ModelError, match="no clips"):
        verify(model, app, [])
    other = replace(app, predictor=bundle(classes=("anger", "neutral")))
    with pytest.raises(ModelError, match="exported from"):
        verify(model, other, clips[:1])


def test_the_acceptance_test_takes_a_corpus_and_says_on_what_and_what_it_costs(edited, kept):
    path = edited()
    found = accept(path, kept, open_corpus(demo_corpus()), clips=12)
    assert found.passed
    assert found.clips.startswith("12 of 53")
    assert found.uar["difference"] == 0
    assert read(path).verification["uar"]["app"] == found.uar["app"]


def test_int8_is_measured_out_on_clips_of_which_it_is_said_what_they_are(app, kept):
    found = calibration(app.predictor, kept, open_corpus(demo_corpus()), clips=8)
    assert len(found.sounds) == 8
    assert "unknown whether the model was trained" in found.description
