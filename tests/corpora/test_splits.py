"""Splits: complete, disjoint as promised, the same for one seed, and refused when impossible."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_core.core import ParameterError, SplitError, UnknownNameError, demo_corpus
from ser_core.corpora import PARTS, POLICIES, Corpus, Split, make_split, open_corpus
from ser_core.corpora.stratify import allocations, consecutive_groups, imbalance
from tests.corpora.synthetic import acted, corpus_of

KEEPS_APART = {
    "speaker-disjoint": ["speaker"],
    "sentence-disjoint": ["sentence"],
    "speaker-and-sentence-disjoint": ["speaker", "sentence"],
    "leave-one-speaker-out": ["speaker"],
    "grouped-k-fold": ["speaker"],
}


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Corpora that every policy can split: uneven, but every speaker and sentence has all emotions
    somewhere, as far as chance lets them."""
    full = acted(draw(st.integers(5, 9)), draw(st.integers(5, 9)), draw(st.integers(2, 3)))
    gone = draw(st.sets(st.sampled_from(list(full.clips.index)), max_size=len(full) // 10))
    return replace(full, clips=full.clips.drop(index=list(gone)))


ELSEWHERE = ("official", "leave-one-corpus-out", "cross-corpus")
"""That of the corpus itself is tested in test_official.py, those of several in test_joined.py."""

OTHERS = [name for name in POLICIES if name not in ELSEWHERE]

policies = st.sampled_from(OTHERS)
seeds = st.integers(0, 2**32 - 1)


@given(corpora(), policies, seeds)
def test_every_clip_is_in_one_part_of_every_fold(corpus, policy, seed):
    split = make_split(corpus, policy, seed=seed)
    for fold in range(len(split.folds)):
        parts = split.fold(fold)
        clips = [clip for part in parts.values() for clip in part]
        assert sorted(clips) == sorted(corpus.clips.index)
        assert all(parts[part] for part in PARTS)
        if policy != "speaker-and-sentence-disjoint":
            assert "unused" not in parts


@given(corpora(), st.sampled_from(list(KEEPS_APART)), seeds)
def test_what_a_policy_keeps_apart_is_in_one_part_only(corpus, policy, seed):
    split = make_split(corpus, policy, seed=seed)
    for column in KEEPS_APART[policy]:
        for fold in split.folds:
            used = split.table[fold] != "unused"
            parts = split.table.loc[used, fold].groupby(corpus.clips[column]).nunique()
            assert (parts == 1).all()


@given(corpora(), policies, seeds)
def test_train_has_every_emotion(corpus, policy, seed):
    split = make_split(corpus, policy, seed=seed)
    for fold in split.folds:
        train = split.fold(fold)["train"]
        assert set(corpus.clips.loc[train, "emotion"]) == set(corpus.emotions)


@given(corpora(), policies, seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_table_changes_nothing(corpus, policy, seed, random):
    order = list(corpus.clips.index)
    random.shuffle(order)
    shuffled = replace(corpus, clips=corpus.clips.loc[order])
    first, second = (make_split(c, policy, seed=seed) for c in (corpus, shuffled))
    assert first.hash == second.hash
    assert first.table.equals(second.table)


@pytest.mark.parametrize("policy", OTHERS)
def test_another_seed_gives_another_split(policy):
    corpus = acted(20, 20)
    hashes = {make_split(corpus, policy, seed=seed).hash for seed in range(5)}
    assert len(hashes) == 5


def test_a_split_stays_what_it_is():
    """Splits on disk must still be made the same way tomorrow."""
    corpus = open_corpus(demo_corpus())
    hashes = {
        policy: make_split(corpus, policy, folds=3).hash
        for policy in OTHERS
        if "sentence" not in policy
    }
    assert hashes == {
        "random": "80f43266e8d036c2",
        "speaker-disjoint": "90d1b65dbc5d62e6",
        "leave-one-speaker-out": "57257ad789c39786",
        "grouped-k-fold": "425b06cf35b72325",
    }


@given(st.integers(0, 300), st.lists(st.floats(0.01, 1), min_size=1, max_size=5))
def test_quotas_add_up_and_stay_within_one_of_the_share(count, weights):
    shares = np.array(weights) / sum(weights)
    numbers = allocations(count, shares)
    assert numbers.sum() == count
    assert (numbers >= 0).all()
    assert (abs(numbers - count * shares) < 2).all()
    assert numbers[0] >= min(count, 1)


@given(
    st.lists(st.integers(0, 6), min_size=7, max_size=60).map(lambda x: x + list(range(7))),
    st.integers(1, 7),
    seeds,
)
def test_a_cut_leaves_no_part_without_a_group(groups, parts, seed):
    codes = np.array(groups)
    dealt = consecutive_groups(codes, np.full(parts, 1 / parts), np.random.default_rng(seed))
    assert set(dealt) == set(range(parts))


def test_imbalance_is_nothing_when_parts_look_alike():
    assert imbalance(np.array([[8, 16], [1, 2]])) == 0
    assert imbalance(np.array([[8, 18], [1, 0]])) > imbalance(np.array([[8, 17], [1, 1]]))


def test_random_keeps_the_share_of_every_emotion():
    corpus = acted(9, 90, emotions=6)
    parts = make_split(corpus, "random", fractions=(0.5, 0.25, 0.25)).parts
    counts = pd.crosstab(parts, corpus.clips["emotion"])
    assert (counts.loc["train"] == 405).all()
    assert counts.loc["test"].isin([202, 203]).all()


def test_whole_groups_come_near_the_fractions():
    corpus = acted(20, 5)
    sizes = make_split(corpus, "speaker-disjoint").parts.value_counts(normalize=True)
    assert sizes.to_dict() == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1})


def test_both_apart_keeps_the_proportions_and_tells_what_it_drops():
    corpus = acted(20, 30)
    split = make_split(corpus, "speaker-and-sentence-disjoint")
    sizes = split.parts.value_counts()
    kept = sizes.drop("unused")
    assert kept["train"] / kept.sum() == pytest.approx(0.8, abs=0.05)
    assert split.notes[0].startswith(f"{sizes['unused']} of 1800 clips")


def test_a_balanced_deal_is_chosen():
    """One speaker has hardly any fear: as test or validation part he would be of little use."""
    clips = acted(10, 10).clips
    poor = (clips["speaker"] == "s3") & (clips["emotion"] == "fear")
    corpus = corpus_of(clips[~poor])
    for seed in range(20):
        parts = make_split(corpus, "speaker-disjoint", seed=seed).parts
        assert parts["3-0-0-0.wav"] == "train"


def test_a_part_may_be_left_empty():
    split = make_split(acted(4, 2), "sentence-disjoint", fractions=(0.5, 0, 0.5))
    assert {part: len(clips) for part, clips in split.fold().items()} == {
        "train": 12, "validation": 0, "test": 12,
    }  # fmt: skip


def test_leave_one_speaker_out_tests_everyone_once():
    corpus = acted(5, 4)
    split = make_split(corpus, "leave-one-speaker-out")
    assert split.folds == corpus.speakers
    for name in split.folds:
        parts = split.fold(name)
        assert set(corpus.clips.loc[parts["test"], "speaker"]) == {name}
        assert len(set(corpus.clips.loc[parts["validation"], "speaker"])) == 1
    assert split.notes == ("Validation is one other speaker in each fold",)
    with pytest.raises(SplitError, match="5 folds"):
        _ = split.parts


def test_two_speakers_can_still_be_left_out_in_turn():
    split = make_split(acted(2, 20), "leave-one-speaker-out")
    assert "shares its speakers with train in 2 of 2 folds" in split.notes[0]
    assert {part: len(clips) for part, clips in split.fold(0).items()} == {
        "train": 54, "validation": 6, "test": 60,
    }  # fmt: skip


def test_a_speaker_without_an_emotion_is_tested_all_the_same():
    clips = acted(5, 4).clips
    corpus = corpus_of(clips[(clips["speaker"] != "s2") | (clips["emotion"] != "fear")])
    split = make_split(corpus, "leave-one-speaker-out")
    assert "The test part of fold s2 has no fear" in split.notes
    validates = [set(corpus.clips.loc[split.fold(f)["validation"], "speaker"]) for f in range(5)]
    assert {"s2"} not in validates


def test_grouped_folds_test_everything_once():
    corpus = acted(7, 6)
    split = make_split(corpus, "grouped-k-fold", folds=4, group="sentence")
    assert ((split.table == "test").sum(axis=1) == 1).all()
    assert ((split.table == "validation").sum(axis=1) == 1).all()
    assert split.options == {"folds": 4, "group": "sentence"}


def without(corpus: Corpus, column: str, rows: slice = slice(None)) -> Corpus:
    clips = corpus.clips.copy()
    clips.iloc[rows, clips.columns.get_loc(column)] = pd.NA
    return replace(corpus, clips=clips)


def only_one_is_afraid() -> Corpus:
    clips = acted(5, 5).clips
    return corpus_of(clips[(clips["speaker"] == "s0") | (clips["emotion"] != "fear")])


@pytest.mark.parametrize(
    ("corpus", "policy", "message"),
    [
        (acted(1, 9), "speaker-disjoint", "1 speaker cannot fill 3 parts.*'random'; all clips"),
        (acted(1, 9), "leave-one-speaker-out", "1 speaker cannot fill 2 parts.*'random'"),
        (acted(9, 2), "sentence-disjoint", "2 sentences cannot fill 3 parts.*'speaker-disjoint', "),
        (acted(4, 9), "grouped-k-fold", "4 speakers cannot fill 5 parts.*with 4 folds"),
        (without(acted(5, 5), "sentence"), "sentence-disjoint", "75 of 75 clips have no sentence"),
        (without(acted(5, 5), "speaker", slice(2)), "speaker-disjoint", "2 of 75 clips have no"),
        (only_one_is_afraid(), "leave-one-speaker-out", "fear would vanish from train in fold s0"),
        (only_one_is_afraid(), "grouped-k-fold", "fear has the fewest, 1 speaker"),
        (acted(5, 5, emotions=1), "random", "25 usable clips with 1 emotion leave nothing"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_met_says_why(corpus, policy, message):
    with pytest.raises(SplitError, match=message):
        make_split(corpus, policy)


def test_a_rare_emotion_stays_in_train_where_that_is_possible():
    parts = make_split(only_one_is_afraid(), "speaker-disjoint").parts
    assert parts["0-0-2-0.wav"] == "train"


@pytest.mark.parametrize("clips", [2, 3, 4])
def test_an_empty_part_is_refused_with_shares_that_work(clips):
    corpus = acted(1, clips)
    with pytest.raises(SplitError, match="part would be empty") as refused:
        make_split(corpus, "random")
    wanted = re.findall(r"0\.\d+", refused.value.remedy)
    if clips < 3:
        assert not wanted
        return
    parts = make_split(corpus, "random", fractions=list(map(float, wanted))).parts
    emotions = corpus.clips["emotion"].groupby(parts).nunique()
    assert emotions.to_dict() == {"train": 3, "validation": 3, "test": 3}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"policy": "rndom"}, UnknownNameError),
        ({"policy": "random", "fractions": (0.8, 0.1)}, ParameterError),
        ({"policy": "random", "fractions": (0.8, 0.3, -0.1)}, ParameterError),
        ({"policy": "random", "fractions": (1, 0, 0)}, ParameterError),
        ({"policy": "random", "fractions": (0, 0.5, 0.5)}, ParameterError),
        ({"policy": "grouped-k-fold", "group": "gender"}, ParameterError),
        ({"policy": "grouped-k-fold", "folds": 2}, SplitError),
    ],
)
def test_mistakes_are_named(arguments, error):
    with pytest.raises(error):
        make_split(acted(5, 5), **arguments)


@pytest.mark.parametrize("policy", OTHERS)
def test_a_split_survives_the_disk(tmp_path, policy):
    split = make_split(acted(6, 6), policy, seed=3)
    loaded = Split.load(split.save(tmp_path / "zapisane" / "podział.json"))
    assert loaded.table.equals(split.table)
    assert (loaded.hash, loaded.clips_hash) == (split.hash, split.clips_hash)
    assert (loaded.policy, loaded.seed, loaded.notes) == (policy, 3, split.notes)
    assert loaded.options == split.options
    assert [path.name for path in (tmp_path / "zapisane").iterdir()] == ["podział.json"]


def test_a_split_changed_by_hand_is_refused(tmp_path):
    path = make_split(acted(6, 6), "random").save(tmp_path / "s.json")
    document = json.loads(path.read_text())
    clip = next(iter(document["parts"]))
    document["parts"][clip] = ["validation" if document["parts"][clip] == ["test"] else "test"]
    path.write_text(json.dumps(document))
    with pytest.raises(SplitError, match="changed after it was saved"):
        Split.load(path)


def document(parts: str) -> str:
    return (
        '{"version": 1, "corpus": "c", "policy": "p", "seed": 0, "options": {}, "notes": [],'
        f' "hash": "", "folds": ["split"], "parts": {parts}}}'
    )


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", '{"version": 1}', '{"version": 2}', "\x00\xff",
        document('{"a.wav": ["elsewhere"]}'), document('{"a.wav": ["train", "test"]}'),
        document("[1]"), document('{"a.wav": 5}'),
    ],
)  # fmt: skip
def test_what_is_no_split_is_refused(tmp_path, content):
    path = tmp_path / "s.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(SplitError, match="not a split file"):
        Split.load(path)
    with pytest.raises(SplitError, match="no such file"):
        Split.load(tmp_path / "nowhere.json")


def test_a_split_of_another_corpus_is_refused():
    split = make_split(acted(6, 6), "random")
    split.require(acted(6, 6))
    with pytest.raises(SplitError, match="18 of its clips are not in the split, 0 of"):
        split.require(acted(7, 6))


def test_folds_have_names_and_numbers():
    split = make_split(acted(3, 3), "leave-one-speaker-out", fractions=(0.9, 0, 0.1))
    assert split.fold("s1") == split.fold(1)
    for wrong in (3, -1, "s9"):
        with pytest.raises(SplitError, match="no such fold"):
            split.fold(wrong)


def test_notes_on_many_folds_are_one_sentence():
    clips = acted(12, 5).clips
    clips = clips[(clips["speaker"] < "s2") | (clips["emotion"] != "fear")]
    split = make_split(corpus_of(clips), "leave-one-speaker-out", fractions=(0.9, 0, 0.1))
    (note,) = [each for each in split.notes if "test part" in each]
    assert note.startswith("The test part lacks an emotion in ")
    assert " of 12 folds: " in note
    assert note.endswith("more")
    assert len(note) < 200


def test_a_test_of_one_voice_is_said():
    split = make_split(acted(3, 6), "speaker-disjoint")
    assert any("The test part is of one speaker, s" in note for note in split.notes)
    folds = make_split(acted(6, 6), "grouped-k-fold", folds=6)
    assert any("one speaker in 6 of 6 folds" in note for note in folds.notes)
    for policy in ("leave-one-speaker-out", "random"):
        assert not any("one speaker" in note for note in make_split(acted(6, 6), policy).notes)


def recorded(corpus: Corpus, *groups: list[str]) -> pd.Series:
    """Recording of each clip: that of its group, else one of its own."""
    of = pd.Series(range(len(corpus.clips)), index=corpus.clips.index)
    for group in groups:
        of[group] = of[group[0]]
    return of


@pytest.mark.parametrize("policy", OTHERS)
def test_copies_go_to_one_part_of_every_fold(policy):
    corpus = acted(6, 6, takes=3)
    groups = [[clip, clip[:-5] + "1.wav", clip[:-5] + "2.wav"]
              for clip in corpus.clips.index[::9]]  # fmt: skip
    split = make_split(corpus, policy, recordings=recorded(corpus, *groups))
    assert list(split.table.index) == sorted(corpus.clips.index)
    for group in groups:
        assert (split.table.loc[group] == split.table.loc[group[0]]).all(axis=None)
    assert "72 copies went with the first of the recording" in split.notes
    assert split.options["copies"] == "together"


def test_copies_that_contradict_each_other_are_unused():
    corpus = acted(6, 6)
    one, other = "0-0-0-0.wav", "0-0-1-0.wav"  # two emotions
    split = make_split(corpus, "random", recordings=recorded(corpus, [one, other]))
    assert sorted(split.fold()["unused"]) == [one, other]
    assert any(note.startswith("2 clips unused") for note in split.notes)


def test_clips_of_unknown_sound_are_no_copies_of_each_other():
    corpus = acted(6, 6)
    unknown = pd.Series(-1, index=corpus.clips.index)
    assert make_split(corpus, "random", recordings=unknown).hash == make_split(
        corpus, "random").hash  # fmt: skip
