from __future__ import annotations

import numpy as np
import pytest

from ser_core import audio
from ser_core.audio import Waveform
from ser_core.core import ParameterError, SerError
from ser_core.corpora import make_split, open_corpus
from ser_core.features.extraction import feature_values
from ser_core.features.representations import make
from ser_core.inference import feedback
from ser_core.storage.feature_store import FeatureStore

GIVEN = {"anger": 0.2, "neutral": 0.8}


def _keep(waveform, emotion="anger", **changes):
    about = {"consent": True, "answer": "neutral", "probabilities": GIVEN, "model": "a test"}
    return feedback.keep(waveform, emotion, **{**about, **changes})


def test_what_is_kept_is_a_corpus_like_any_other(demo_waveform):
    one = _keep(demo_waveform, speaker="Ala", name="nagranie ż.wav")
    two = _keep(demo_waveform, "sadness")
    corpus = open_corpus(feedback.folder())
    assert (corpus.reader, corpus.name, len(corpus.usable)) == ("feedback", "Feedback", 2)
    row = corpus.usable.loc[f"{one.id}.flac"]
    assert (row["emotion"], row["speaker"]) == ("anger", "Ala")
    assert corpus.usable["speaker"].isna().sum() == 1
    kept = feedback.recordings()
    assert [each.id for each in kept] == [two.id, one.id]
    assert (kept[1].name, kept[1].confidence) == ("nagranie ż.wav", 0.8)
    assert dict(kept[1].probabilities) == GIVEN


def test_the_same_is_not_kept_twice(demo_waveform):
    first = _keep(demo_waveform, speaker="Ala")
    assert _keep(demo_waveform, speaker=" Ala ") == first
    _keep(demo_waveform, "sadness", speaker="Ala")
    _keep(demo_waveform, speaker="Ola")
    assert len(feedback.recordings()) == 3


def test_the_sound_survives_unchanged(demo_waveform):
    kept = _keep(demo_waveform)
    np.testing.assert_array_equal(audio.load(kept.sound).samples, demo_waveform.samples)


def test_enough_of_it_can_be_split_for_training(demo_waveform):
    for number in range(8):
        louder = Waveform(demo_waveform.samples * (1 - number / 20))
        _keep(louder, "anger" if number % 2 else "neutral")
    split = make_split(open_corpus(feedback.folder()), "random", fractions=(0.5, 0.25, 0.25))
    assert len(split.table) == 8


def test_without_consent_nothing_is_kept(demo_waveform):
    with pytest.raises(ParameterError, match="without consent"):
        _keep(demo_waveform, consent=False)
    with pytest.raises(ParameterError, match="no emotion of the vocabulary"):
        _keep(demo_waveform, "angry")
    assert not feedback.folder().exists()
    assert feedback.recordings() == []


def test_what_is_deleted_is_gone_from_the_disk_with_what_was_computed_from_it(
    demo_waveform, ser_home
):
    kept, other = _keep(demo_waveform), _keep(Waveform(demo_waveform.samples[:16_000]))
    store, rep = FeatureStore(), make("rms")
    for each in (kept, other):
        feature_values(audio.load(each.sound), rep, store)
    feedback.delete(kept.id)
    assert list(ser_home.rglob(f"*{kept.id}*")) == []
    assert [each.id for each in feedback.recordings()] == [other.id]
    assert store.size().entries == 1
    assert list(open_corpus(feedback.folder()).clips.index) == [f"{other.id}.flac"]


def test_what_is_still_in_memory_can_be_put_back(demo_waveform):
    kept = _keep(demo_waveform)
    content = kept.sound.read_bytes()
    (removed,) = feedback.delete_all()
    assert feedback.recordings() == []
    feedback.restore(removed)
    assert feedback.recordings() == [kept]
    assert kept.sound.read_bytes() == content


@pytest.mark.parametrize("name", ["../etc/passwd", ".hidden", "nothing"])
def test_only_recordings_can_be_deleted(name):
    with pytest.raises(SerError):
        feedback.delete(name)
