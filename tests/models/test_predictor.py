from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.audio import load as load_sound
from ser_core.core import ModelError
from ser_core.features.representations import make
from ser_core.models import predictor
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks.resnet import ResNetSpec


def test_a_folder_is_opened_by_what_it_holds(tmp_path, demo_clip):
    torch.manual_seed(0)
    rep = make("melspectrogram", n_mels=32)
    model = EmotionClassifier(rep, "clip", ResNetSpec(width=4, classes=2), ("anger", "fear")).eval()
    bundle = Bundle(model, architecture(model))
    opened = predictor.load(bundle.save(tmp_path / "model"))
    assert opened.classes == ("anger", "fear")
    assert (opened.sample_rate, opened.enrols) == (16_000, False)
    sound = load_sound(demo_clip)
    np.testing.assert_array_equal(opened.predict([sound]), bundle.predict([sound]))


def test_of_a_run_its_models_are_named(tmp_path):
    spec = ResNetSpec(width=4, classes=2)
    model = EmotionClassifier(make("melspectrogram", n_mels=32), "clip", spec, ("anger", "fear"))
    folder = Bundle(model.eval(), architecture(model)).save(tmp_path / "fold-0-seed-0" / "bundle")
    for place in (tmp_path, folder.parent):
        with pytest.raises(ModelError, match=r"holds no model.*Choose a model of it") as caught:
            predictor.load(place)
        assert str(folder) in str(caught.value)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"holds no model.*bundle\.json"):
        predictor.load(tmp_path)
