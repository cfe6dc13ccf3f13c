"""Several corpora as one: names kept apart, labels reconciled, splits across them."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from ser_core.core import CorpusError, SplitError
from ser_core.corpora import (
    PARTS,
    audit_split,
    join,
    make_split,
    of_recipe,
    open_corpus,
    saved_openings,
    trained_on,
)
from ser_core.corpora.opening import open_exactly
from tests.corpora.synthetic import acted, corpus_of, nemo, row, sound


@pytest.fixture
def both(tmp_path):
    """nEMO with anger, sadness, surprise of three speakers, RAVDESS with anger, sadness, calm."""
    rows = []
    for who in ("AB0", "CD1", "EF2"):
        for emotion in ("anger", "sadness", "surprise"):
            file = f"{who}_{emotion}_1.wav"
            rows.append(row(file, emotion, who))
            sound(tmp_path / "pl/nemo/samples" / file)
    nemo(tmp_path / "pl/nemo", rows)
    for who in ("01", "02"):
        for code in ("05", "04", "02"):
            sound(tmp_path / f"en/Actor_{who}/03-01-{code}-01-01-01-{who}.wav")
    return tmp_path / "pl/nemo", tmp_path / "en"


def test_two_corpora_have_one_table_with_their_names(both):
    corpus = open_corpus(join(both))
    assert (corpus.name, corpus.reader) == ("nEMO + RAVDESS", "joined")
    assert corpus.corpora == ["RAVDESS", "nEMO"]
    assert corpus.usable["corpus"].value_counts().to_dict() == {"nEMO": 9, "RAVDESS": 6}
    assert corpus.speakers == ["RAVDESS: 01", "RAVDESS: 02", "nEMO: AB0", "nEMO: CD1", "nEMO: EF2"]
    clip = corpus.usable.loc["en/Actor_01/03-01-05-01-01-01-01.wav"]
    assert clip[["emotion", "label", "corpus"]].to_list() == ["anger", "RAVDESS: 05", "RAVDESS"]
    assert corpus.path(str(clip.name)).is_file()
    assert "nEMO: CC BY-NC-SA 4.0" in corpus.licence


def test_emotions_of_one_corpus_are_kept_or_left_out_and_said(both):
    kept = open_corpus(join(both))
    assert kept.emotions == ["anger", "sadness", "surprise", "calm"]
    assert kept.notes[-1].startswith("Not all corpora have surprise, calm: they are kept")
    common = open_corpus(join(both, common=True))
    assert common.emotions == ["anger", "sadness"]
    assert len(common.left_out) == 3 + 2
    assert common.faulty == 0
    assert set(common.left_out["problem"]) == {
        "left out: not all corpora have surprise", "left out: not all corpora have calm",
    }  # fmt: skip


def test_each_is_opened_as_it_is_kept(both):
    calm = open_corpus(both[1], label_map={"02": "neutral"}).opening
    saved_openings.save(replace(calm, dropped={"Actor_01/03-01-05-01-01-01-01.wav": "noisy"}), "en")
    corpus = open_corpus(join([both[0], "en"]))
    assert corpus.corpora == ["en", "nEMO"]
    assert corpus.usable["emotion"].value_counts()["neutral"] == 2
    assert len(corpus.left_out) == 1
    assert corpus.left_out["problem"].iloc[0] == "left out: noisy"


def test_joined_corpora_are_kept_and_stand_in_recipes(both):
    kept = saved_openings.save(join(both, common=True), "two")
    again = open_corpus("two")
    assert len(again.usable) == 10
    assert again.opening.hash == kept.hash
    content = {"corpus": str(kept.path), "reader": kept.reader, "opening": kept.reading()}
    assert of_recipe(json.loads(json.dumps(content))).hash == kept.hash


def test_both_may_move_together(both, tmp_path):
    opening = join(both)
    (tmp_path / "moved").mkdir()
    for name in ("pl", "en"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert len(open_exactly(replace(opening, path=tmp_path / "moved")).usable) == 15


def test_a_corpus_is_not_joined_with_itself(both):
    with pytest.raises(CorpusError, match="two or more different"):
        join([both[0], both[0]])


def test_copies_of_a_corpus_are_told_apart_by_their_folders(both, tmp_path):
    for who in ("01", "02"):
        for code in ("05", "04"):
            sound(tmp_path / f"song/03-02-{code}-01-01-01-{who}.wav")
    assert open_corpus(join([both[1], tmp_path / "song"])).corpora == ["RAVDESS en", "RAVDESS song"]


def several(**sizes):
    """Acted corpora under one another; speakers are of their corpus."""
    tables = []
    for name, speakers in sizes.items():
        clips = acted(speakers, 2).clips
        clips = clips.assign(
            corpus=pd.Series(name, index=clips.index, dtype="string"),
            speaker=f"{name}: " + clips["speaker"],
        )
        clips.index = f"{name}/" + clips.index
        tables.append(clips)
    return corpus_of(pd.concat(tables))


def test_leaving_one_corpus_out_tests_each_once():
    corpus = several(a=4, b=3, c=5)
    split = make_split(corpus, "leave-one-corpus-out")
    assert split.folds == ["a", "b", "c"]
    for fold in split.folds:
        named = {part: set(corpus.clips.loc[split.fold(fold)[part], "corpus"]) for part in PARTS}
        assert named["test"] == {fold}
        assert fold not in named["train"] | named["validation"]
    assert audit_split(split, corpus).grade == "B"
    with pytest.raises(SplitError, match="clips are of one corpus"):
        make_split(acted(4, 2), "leave-one-corpus-out")


def test_an_emotion_of_one_corpus_alone_is_refused():
    corpus = several(a=4, b=3)
    only = corpus.clips["corpus"].eq("a") | corpus.clips["emotion"].ne("fear")
    with pytest.raises(SplitError, match=r"only one of the corpora has fear.*--common"):
        make_split(corpus_of(corpus.clips[only]), "leave-one-corpus-out")


def test_across_corpora_each_trains_for_the_others_and_for_itself():
    corpus = several(a=4, b=3)
    split = make_split(corpus, "cross-corpus", folds=4)
    assert split.folds == ["a, all clips", *[f"a, fold {n}" for n in range(1, 5)],
                           "b, all clips", *[f"b, fold {n}" for n in range(1, 4)]]  # fmt: skip
    tested = {}
    for fold in split.folds:
        parts, home = split.fold(fold), trained_on(fold)
        of = {part: corpus.clips.loc[parts[part]] for part in PARTS}
        assert set(of["train"]["corpus"]) | set(of["validation"]["corpus"]) == {home}
        assert not set(of["train"]["speaker"]) & set(of["test"]["speaker"])
        for clip in parts["test"]:
            tested.setdefault(home, []).append(clip)
    everything = sorted(corpus.clips.index)
    assert sorted(tested["a"]) == sorted(tested["b"]) == everything
    assert audit_split(split, corpus).grade == "B"


def test_a_corpus_without_speakers_is_not_tested_on_itself():
    corpus = several(a=4, b=3)
    unknown = corpus.clips["speaker"].mask(corpus.clips["corpus"] == "b")
    split = make_split(corpus_of(corpus.clips.assign(speaker=unknown)), "cross-corpus")
    assert [fold for fold in split.folds if trained_on(fold) == "b"] == ["b, all clips"]
    assert any("b is not tested on itself" in note for note in split.notes)
