"""An exported file as a predictor: a sound is answered the same whatever stands beside it."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform, load
from ser_core.core import demo_corpus
from ser_core.inference.catalogue import bundled_folder
from ser_core.inference.classify import open_answering
from ser_core.inference.onnx_copy import OnnxCopy
from ser_core.models.onnx import ONE_A_CALL


@pytest.fixture(scope="module")
def bundled():
    """The ONNX copy of the bundled model, of 8-bit numbers throughout."""
    predictor = open_answering(bundled_folder()).predictor
    assert isinstance(predictor, OnnxCopy)
    assert predictor.spec.precision == "int8"
    return predictor


def cut(count, seconds=1.0):
    """Parts of bundled clips, all of one length."""
    files = sorted((demo_corpus() / "samples").iterdir())[::7][:count]
    sounds = [load(file, sample_rate=16_000) for file in files]
    return [Waveform(sound.samples[: round(16_000 * seconds)], 16_000) for sound in sounds]


def test_sounds_of_one_length_are_answered_as_each_alone(bundled):
    sounds = cut(5)
    alone = np.concatenate([bundled.predict([sound]) for sound in sounds])
    np.testing.assert_array_equal(bundled.predict(sounds), alone)
    np.testing.assert_array_equal(bundled.predict(sounds[::-1]), alone[::-1])


def test_the_card_says_what_others_who_run_the_file_must_do(bundled):
    assert bundled.card.count(ONE_A_CALL) == 1


def test_clips_of_one_length_enrol_a_speaker_in_any_order(bundled):
    sounds = cut(3)
    for one, other in zip(bundled.enrol(sounds), bundled.enrol(sounds[::-1]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
