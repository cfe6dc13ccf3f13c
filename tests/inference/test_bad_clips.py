"""One bad clip of a corpus costs its own row of an evaluation, and is counted."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from ser_core.audio import load
from ser_core.core import CorpusError, ModelError, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.inference.cached_network_features import CachedNetworkFeatures
from ser_core.inference.enrolment import Enrolment
from ser_core.inference.evaluation_clips import choose
from ser_core.inference.model_evaluation import evaluate_model
from ser_core.models.bundle import Bundle

BAD = "samples/EB0_anger_82.flac"


@pytest.fixture(scope="module")
def saved(make_bundle, tmp_path_factory):
    return make_bundle().save(tmp_path_factory.mktemp("models") / "a model")


@pytest.fixture
def spoilt(tmp_path):
    """The demo corpus, one clip of which is far beyond full scale since it was opened."""
    shutil.copytree(demo_corpus(), tmp_path / "demo")
    corpus = open_corpus(tmp_path / "demo")
    samples = np.full(16_000, 1e38, np.float32)
    soundfile.write(corpus.path(BAD), samples, 16_000, format="WAV", subtype="FLOAT")
    return corpus


@pytest.mark.parametrize("enrolment", [Enrolment(), Enrolment((0, 2))])
def test_an_evaluation_leaves_out_a_clip_that_cannot_be_read(saved, spoilt, demo, enrolment):
    found = evaluate_model(saved, spoilt, enrolment=enrolment)
    whole = evaluate_model(saved, demo, enrolment=enrolment)
    assert len(found.predictions[0]) == len(whole.predictions[0]) - 1
    assert BAD not in set(found.predictions[0].table["clip"])
    ((why, clips),) = found.left_out.items()
    assert clips == 1
    assert "too far above full scale" in why
    if enrolment.counts == (0,):  # enrolled clips are drawn from one fewer
        theirs = whole.predictions[0].table.set_index("clip").drop(index=BAD)
        own = found.predictions[0].table.set_index("clip")
        np.testing.assert_allclose(
            own.filter(like="p_"), theirs.loc[own.index].filter(like="p_"), atol=1e-6
        )


def test_an_evaluation_leaves_out_a_clip_that_the_model_fails_on(saved, demo, monkeypatch):
    """As a feature does that is not made for it: the whole batch fails, the clip is found."""
    bad = load(demo.path(BAD)).samples
    whole, alone = CachedNetworkFeatures.__init__, Bundle.predict

    def features(self, bundle, waveforms):
        if any(np.array_equal(each.samples, bad) for each in waveforms):
            raise IndexError("too short")
        whole(self, bundle, waveforms)

    def predict(self, waveforms, speaker=None, *, seen=False):
        if any(np.array_equal(each.samples, bad) for each in waveforms):
            raise IndexError("too short")
        return alone(self, waveforms, speaker, seen=seen)

    monkeypatch.setattr(CachedNetworkFeatures, "__init__", features)
    monkeypatch.setattr(Bundle, "predict", predict)
    found = evaluate_model(saved, demo)
    assert len(found.predictions[0]) == len(demo.usable) - 1
    assert found.left_out == {"no answer (failed unexpectedly (IndexError: too short))": 1}
    assert found.overlap.clips == len(demo.usable) - 1


def test_a_model_that_answers_nothing_is_an_error(saved, demo, monkeypatch):
    def fail(*_arguments, **_more):
        raise IndexError("a bug")

    monkeypatch.setattr(CachedNetworkFeatures, "__init__", fail)
    monkeypatch.setattr(Bundle, "predict", fail)
    with pytest.raises(ModelError, match=r"answers none of 53 clips: .*IndexError: a bug"):
        evaluate_model(saved, demo)


def test_chosen_clips_leave_out_one_that_cannot_be_read(make_bundle, spoilt):
    found = choose(make_bundle(), spoilt)
    assert len(found) == len(found.clips) == len(found.sounds)
    assert BAD not in found.clips.index
    assert found.description.endswith("Export it again as 16-bit or 24-bit PCM)")
    assert f"1 clip is left out ({BAD}: the sound has a peak of" in found.description


def test_no_clip_that_can_be_read_is_an_error(make_bundle, demo, tmp_path):
    table = demo.clips.iloc[:2]
    nowhere = replace(demo, root=tmp_path, clips=table)
    with pytest.raises(CorpusError, match=r"none of 2 clips can be read: .*no such file"):
        choose(make_bundle(), nowhere)
