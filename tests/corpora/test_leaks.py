"""The audit of a split counts what is shared, and never grades well what it does not know."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ser_core.core import SplitError
from ser_core.corpora import (
    GRADES,
    Corpus,
    LeakAudit,
    Split,
    audit_split,
    make_split,
    open_corpus,
    scan,
)
from ser_core.corpora.fingerprints import fingerprint
from tests.corpora.synthetic import acted, corpus_of

GRADE_OF = {
    "random": "E",
    "speaker-disjoint": "B",
    "sentence-disjoint": "C",
    "speaker-and-sentence-disjoint": "A",
    "leave-one-speaker-out": "B",
    "grouped-k-fold": "B",
}


def split_of(**parts: str) -> Split:
    table = pd.DataFrame({"split": parts}, dtype="str").sort_index().rename_axis("clip")
    return Split("synthetic", "by hand", 0, {}, table)


def clips(**rows: tuple[str | None, str | None]) -> Corpus:
    """Corpus with the (speaker, sentence) of each clip."""
    table = pd.DataFrame(rows, index=["speaker", "sentence"]).T
    return corpus_of(table.assign(emotion="anger"))


def scan_of(**content: str) -> pd.DataFrame:
    return pd.DataFrame({"sha256": content})


@pytest.mark.parametrize(("policy", "grade"), GRADE_OF.items())
def test_every_policy_earns_its_grade(policy, grade):
    corpus = acted(9, 12)
    found = audit_split(make_split(corpus, policy), corpus)
    assert (found.grade, found.validation_grade) == (grade, grade)
    assert found.reading.startswith(GRADES[grade])
    assert found.speakers_shared == (grade not in "AB")


def test_counts_are_those_of_a_hand_made_split():
    corpus = clips(
        a=("s1", "t1"), b=("s1", "t2"), c=("s2", "t1"), d=("s2", "t3"), e=("s3", "t1"),
        f=("s1", "t1"), g=("s3", "t3"),
    )  # fmt: skip
    split = split_of(
        a="train", b="train", c="train", d="test", e="test", f="test", g="validation"
    )  # fmt: skip
    leaks = audit_split(split, corpus).table().set_index(["source", "target", "kind"]).sort_index()
    test = leaks.loc["train", "test"]
    kinds = ["speakers", "sentences", "pairs"]
    assert test.loc[kinds, ["shared", "total"]].to_numpy().tolist() == [[2, 3], [1, 2], [1, 3]]
    assert test.loc[kinds, "clips"].to_list() == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert leaks.loc[("validation", "test", "speakers"), "shared"] == 1
    assert leaks.loc[("train", "validation", "speakers"), "shared"] == 0


def test_both_shared_but_no_pair_is_a_d():
    corpus = clips(a=("s1", "t1"), b=("s2", "t2"), c=("s1", "t2"))
    assert audit_split(split_of(a="train", b="train", c="test"), corpus).grade == "D"


def test_the_same_recording_on_both_sides_voids_the_figure():
    corpus = clips(a=("s1", "t1"), b=("s2", "t2"), c=("s2", "t2"))
    split = split_of(a="train", b="test", c="test")
    assert audit_split(split, corpus, scan_of(a="x", b="y", c="y")).grade == "A"
    found = audit_split(split, corpus, scan_of(a="x", b="x", c="z"))
    assert found.grade == "F"
    audio = found.table().query("kind == 'audio'")
    assert audio[["shared", "total"]].to_numpy().tolist() == [[1, 2]]


def test_sound_that_was_not_decoded_is_not_called_identical():
    corpus = clips(a=("s1", "t1"), b=("s2", "t2"))
    found = audit_split(split_of(a="train", b="test"), corpus, scan_of(a="", b=""))
    assert found.grade == "A"
    assert "not checked; measure the clips" in found.reading


def test_a_leak_through_validation_counts():
    """Validation shares the test speaker, though training does not."""
    corpus = clips(a=("s1", "t1"), b=("s2", "t2"), c=("s2", "t3"))
    found = audit_split(split_of(a="train", b="validation", c="test"), corpus)
    assert (found.grade, found.validation_grade) == ("C", "A")


def test_the_worst_fold_gives_the_grade():
    corpus = clips(a=("s1", "t1"), b=("s2", "t2"), c=("s2", "t3"))
    table = pd.DataFrame(
        {"one": ["train", "test", "test"], "two": ["train", "train", "test"]},
        index=pd.Index(["a", "b", "c"], name="clip"),
        dtype="str",
    )
    found = audit_split(Split("synthetic", "by hand", 0, {}, table), corpus)
    assert found.grade == "C"
    assert found.worst().set_index("kind").loc["speakers", "fold"] == "two"


@pytest.mark.parametrize(
    ("rows", "grade"),
    [
        ({"a": (None, "t1"), "b": (None, "t2")}, "unknown"),
        ({"a": ("s1", "t1"), "b": (None, "t2")}, "unknown"),
        ({"a": ("s1", None), "b": ("s2", None)}, "B"),
        ({"a": ("s1", None), "b": ("s1", "t1")}, "E"),
    ],
)
def test_what_is_unknown_never_earns_a_good_grade(rows, grade):
    found = audit_split(split_of(a="train", b="test"), clips(**rows))
    assert found.grade == grade


def test_the_reading_tells_what_was_not_checked():
    reading = audit_split(
        split_of(a="train", b="test"), clips(a=("s", None), b=("r", None))
    ).reading
    assert "does not name its sentences" in reading
    assert "not checked" in reading


def test_without_a_test_part_validation_is_graded():
    corpus = acted(4, 4)
    split = make_split(corpus, "speaker-disjoint", fractions=(0.5, 0.5, 0))
    assert audit_split(split, corpus).grade == "B"


def test_an_audit_goes_into_json():
    corpus = acted(5, 5)
    found = audit_split(make_split(corpus, "random"), corpus).as_dict()
    assert found["grade"] == "E"
    assert found["worst"][0] == {
        "fold": "split", "source": "train", "target": "validation", "kind": "speakers",
        "shared": 5, "total": 5, "clips": 1.0, "share": 1.0,
    }  # fmt: skip
    assert found["worst"][3]["shared"] is None


def test_a_split_of_another_corpus_is_refused():
    corpus = acted(5, 5)
    with pytest.raises(SplitError, match="does not fit"):
        audit_split(make_split(corpus, "random"), replace(acted(4, 5), name="another"))


def test_what_an_audit_says_of_enrolment_outlives_the_disk():
    corpus = acted(9, 12)
    speakers = corpus.clips["speaker"].str.removeprefix("s").astype(int)
    told = corpus.clips["emotion"].rank(method="dense").astype(int) - 1 == speakers % 3
    one_each = replace(corpus, clips=corpus.clips[told])
    found = audit_split(make_split(one_each, "random"), one_each)
    assert "9 of 9 speakers have one emotion only" in found.enrolment_doubt
    again = LeakAudit.recorded(json.loads(json.dumps(found.as_dict())))
    assert again.enrolment_doubt == found.enrolment_doubt
    assert audit_split(make_split(corpus, "random"), corpus).enrolment_doubt == ""


def test_a_copy_that_is_not_identical_is_a_shared_recording():
    corpus = clips(a=("s1", "t1"), b=("s2", "t2"))
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    measures = scan_of(a="0", b="1")
    measures["fingerprint"] = [fingerprint(noise), fingerprint(noise[1_000:] / 3)]
    split = split_of(a="train", b="test")
    assert audit_split(split, corpus, measures).grade == "F"
    assert audit_split(split, corpus, measures[["sha256"]]).grade == "A"


@pytest.mark.corpus
def test_the_real_corpus_is_sound_and_splits_by_every_policy(real_corpus):
    corpus = open_corpus(real_corpus)
    measures = scan(corpus)
    assert (measures["problem"] == "").all()
    assert measures["sha256"].is_unique
    splits = {policy: make_split(corpus, policy) for policy in GRADE_OF}
    assert {
        policy: audit_split(split, corpus, measures).grade for policy, split in splits.items()
    } == GRADE_OF
    assert "The test part of fold MK0 has no surprise" in splits["leave-one-speaker-out"].notes
