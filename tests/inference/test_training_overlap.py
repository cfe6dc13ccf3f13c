"""What a model has to do with a clip, from the split that it was trained with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ser_core import audio
from ser_core.corpora import audit_split, make_split
from ser_core.inference.provenance import Provenance
from ser_core.inference.training_overlap import (
    CHOSE,
    HELD_OUT,
    NEW,
    SPEAKER,
    TRAINED,
    as_clip,
    trained_on,
    training_overlap,
)


def _origin(demo, policy):
    split = make_split(demo, policy, seed=0)
    parts = {str(clip): part for clip, part in split.table[split.folds[0]].items()}
    return Provenance(demo.name, policy, parts, audit_split(split, demo), "")


def _one(model, part):
    return next(clip for clip, own in model.parts.items() if own == part)


@pytest.mark.parametrize(
    ("policy", "part", "expected"),
    [
        ("random", "train", TRAINED),
        ("random", "validation", CHOSE),
        ("random", "test", SPEAKER),
        ("leave-one-speaker-out", "test", NEW),
    ],
)
def test_overlap_depends_on_the_part_and_the_speaker_of_a_clip(demo, policy, part, expected):
    model = _origin(demo, policy)
    assert training_overlap(model, demo, _one(model, part)) is expected


def test_where_the_speakers_of_the_training_are_not_here_nothing_is_said_of_them(demo):
    model = _origin(demo, "random")
    clip = _one(model, "test")
    assert training_overlap(replace(model, parts={clip: "test"}), demo, clip) is HELD_OUT


def test_of_other_corpora_and_unknown_splits_nothing_is_said(demo):
    model = _origin(demo, "random")
    clip = _one(model, "train")
    assert training_overlap(replace(model, parts=None), demo, clip) is None
    assert training_overlap(replace(model, corpus="another"), demo, clip) is None
    assert training_overlap(model, demo, "elsewhere.wav") is None


def test_files_of_the_corpus_that_trained_are_counted(demo, tmp_path):
    model = _origin(demo, "random")
    files = [demo.path(_one(model, part)) for part in ("train", "test")]
    assert trained_on(model, demo, [*files, tmp_path / "a.wav"]) == 1
    assert trained_on(replace(model, parts=None), demo, files) == 0
    copies = [tmp_path / each.with_suffix(".wav").name for each in files]
    assert trained_on(model, demo, copies) == trained_on(model, demo, [files[0].name]) == 1


def test_an_upload_is_the_clip_that_sounds_alike_to_the_sample(demo):
    clip = str(demo.usable.index[7])
    sound = audio.load(demo.path(clip))
    name = demo.path(clip).with_suffix(".wav").name
    assert as_clip(demo, name, sound) == clip
    assert as_clip(demo, "another name.wav", sound) is None
    assert as_clip(demo, name, audio.Waveform(0.5 * sound.samples, sound.sample_rate)) is None
