"""Segments in RTTM, TextGrid, ELAN and CSV: read, written, and cut into clips."""

from __future__ import annotations

import time

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_core.core import CorpusError
from ser_core.corpora import open_corpus
from ser_core.corpora.annotations import (
    Segment,
    read_segments,
    to_csv,
    to_rttm,
    to_textgrid,
)
from ser_core.corpora.extracting import extract
from tests.fuzz.mutations import damaged, tried

RATE = 8000

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 4
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "Emotion"
        xmin = 0
        xmax = 4
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = "say ""no"" 3 times"
        intervals [2]:
            xmin = 1.5
            xmax = 2
            text = ""
        intervals [3]:
            xmin = 2
            xmax = 4
            text = "sad"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 4
        points: size = 1
        points [1]:
            number = 1.25
            mark = "here"
    item [3]:
        class = "IntervalTier"
        name = "speaker"
        xmin = 0
        xmax = 4
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1.8
            text = "Ana"
        intervals [2]:
            xmin = 1.8
            xmax = 4
            text = "Łucja"
"""

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds">
<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/data/talk.wav" RELATIVE_MEDIA_URL="./talk.wav"/></HEADER>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="250"/>
<TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1250"/></TIME_ORDER>
<TIER TIER_ID="words" PARTICIPANT="Ana"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"
TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>hello</ANNOTATION_VALUE>
</ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="emotion" PARTICIPANT="Ana" PARENT_REF="words"><ANNOTATION>
<REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a1"><ANNOTATION_VALUE>happy</ANNOTATION_VALUE>
</REF_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>
"""

RTTM = """;; a comment
SPKR-INFO talk 1 <NA> <NA> <NA> adult_male A <NA> <NA>
SPEAKER talk 1 1.5 2.25 <NA> <NA> B <NA> <NA>
SPEAKER talk 1 0.0 1.5 happy <NA> A <NA>
"""


def read(folder, name: str, text: str, encoding: str = "utf-8", tier: str = "") -> list[Segment]:
    (folder / name).write_text(text, encoding=encoding)
    return read_segments(folder / name, tier)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_textgrid_gives_labels_with_the_speaker_of_most_of_each(tmp_path, encoding):
    found = read(tmp_path, "talk.TextGrid", LONG, encoding)
    assert found == [Segment(0, 1.5, 'say "no" 3 times', "Ana"), Segment(2, 4, "sad", "Łucja")]


def test_a_short_textgrid_says_the_same(tmp_path):
    values = [line.partition("=")[2].strip() or line for line in LONG.splitlines() if "=" in line]
    values.insert(4, "<exists>")
    assert read(tmp_path, "a.TextGrid", "\n".join(values)) == read(tmp_path, "b.TextGrid", LONG)


def test_another_tier_is_named_and_one_that_is_not_there_refused(tmp_path):
    found = read(tmp_path, "talk.TextGrid", LONG, tier="speaker")
    assert [each.label for each in found] == ["Ana", "Łucja"]
    with pytest.raises(CorpusError, match="no tier 'spaeker'"):
        read(tmp_path, "talk.TextGrid", LONG, tier="spaeker")


def test_an_elan_file_gives_what_refers_to_a_time_and_its_participant(tmp_path):
    assert read(tmp_path, "x.eaf", EAF) == [Segment(0.25, 1.25, "happy", "Ana", "talk.wav")]
    words = read(tmp_path, "x.eaf", EAF, tier="words")
    assert words == [Segment(0.25, 1.25, "hello", "Ana", "talk.wav")]


def test_a_long_chain_of_references_is_followed_once(tmp_path):
    """20,000 annotations, each of which refers to the one before: in steps squared it hangs."""
    one = (
        '<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="b{}" ANNOTATION_REF="{}">'
        "<ANNOTATION_VALUE>x</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )
    chain = [one.format(i, f"b{i - 1}" if i else "a1") for i in range(20_000)]
    tier = f'<TIER TIER_ID="chain" PARTICIPANT="Ana">{"".join(reversed(chain))}</TIER>'
    text = EAF.replace("</ANNOTATION_DOCUMENT>", f"{tier}</ANNOTATION_DOCUMENT>")
    begun = time.process_time()
    found = read(tmp_path, "x.eaf", text, tier="chain")
    assert time.process_time() - begun < 5
    assert found == 20_000 * [Segment(0.25, 1.25, "x", "Ana", "talk.wav")]


def test_many_labels_and_many_turns_are_joined_in_order(tmp_path):
    """10,000 of both; each label lies in the turn of its second, and turns of two may overlap."""

    def tier(name, rows):
        cells = "".join(f'{first} {last} "{text}" ' for first, last, text in rows)
        return f'"IntervalTier" "{name}" 0 10000 {len(rows)} {cells}'

    numbers = range(10_000)
    labels = tier("emotion", [(i, i + 0.9, "joy") for i in numbers])
    turns = tier("speaker", [(i - 0.3 if i else 0, i + 0.8, f"s{i}") for i in numbers])
    text = f'"ooTextFile" "TextGrid" 0 10000 <exists> 2 {labels} {turns}'
    begun = time.process_time()
    found = read(tmp_path, "x.TextGrid", text)
    assert time.process_time() - begun < 5
    assert [each.speaker for each in found] == [f"s{i}" for i in numbers]


def test_rttm_gives_turns_in_the_order_of_time(tmp_path):
    assert read(tmp_path, "x.rttm", RTTM) == [
        Segment(0, 1.5, "happy", "A", "talk"), Segment(1.5, 3.75, "", "B", "talk"),
    ]  # fmt: skip


def test_a_table_needs_times_alone(tmp_path):
    found = read(tmp_path, "x.csv", "Begin;End;Emotion\n2;3.5;sad\n0;1;\n")
    assert found == [Segment(0, 1), Segment(2, 3.5, "sad")]


ENTITY = EAF.replace("?>", '?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>')


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.eaf", ENTITY, "declares entities"),
        ("a.eaf", EAF.replace('TIME_SLOT_ID="ts1"', 'TIME_SLOT_ID="ts9"'), "cannot be read"),
        ("a.eaf", EAF.replace('ANNOTATION_REF="a1"', 'ANNOTATION_REF="a2"'), "a2 has no time"),
        ("a.eaf", "<a>", "cannot be read"),
        ("a.TextGrid", LONG[:700], "ends in the middle"),
        ("a.TextGrid", "{}", "no text file of a TextGrid"),
        ("a.rttm", "SPEAKER talk 1 0 1", "line 1 has 5 fields"),
        ("a.rttm", RTTM.replace("2.25", "-1"), r"from 1\.5 s to 0\.5 s"),
        ("a.rttm", RTTM.replace("2.25", "nan"), "cannot last"),
        ("a.rttm", RTTM.replace("2.25", "long"), "cannot be read"),
        ("a.csv", "start,emotion\n0,sad\n", "no columns of a start and an end"),
        ("a.csv", "start,end\n0,\n", "cannot last"),
        ("a.txt", "", "no file of segments"),
    ],
)
def test_what_cannot_be_understood_is_said(tmp_path, name, text, problem):
    with pytest.raises(CorpusError, match=problem):
        read(tmp_path, name, text)


WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@st.composite
def turns(draw) -> list[Segment]:
    """Turns that follow each other, to the millisecond."""
    many = draw(st.integers(1, 5))
    times = sorted(draw(st.sets(st.integers(0, 9_000), min_size=2 * many, max_size=2 * many)))
    names = st.sampled_from(["Ana", "Łucja", 'J. "Jo"'])
    return [
        Segment(times[2 * n] / 1000, times[2 * n + 1] / 1000, draw(WORDS), draw(names), "talk")
        for n in range(many)
    ]


@settings(max_examples=40, deadline=None)
@given(turns())
def test_what_is_written_is_read_again(tmp_path_factory, given_turns):
    folder = tmp_path_factory.mktemp("written")
    grid = read(folder, "a.TextGrid", to_textgrid(given_turns, 10.0))
    assert grid == [Segment(t.start, t.end, t.label, t.speaker) for t in given_turns]
    lines = read(folder, "a.rttm", to_rttm(given_turns, "other"))
    assert [(t.label, t.speaker.replace(" ", "_")) for t in given_turns] == [
        (t.label, t.speaker) for t in lines
    ]
    for mine, theirs in zip(given_turns, lines, strict=True):
        assert (theirs.start, theirs.end) == pytest.approx((mine.start, mine.end), abs=1e-6)
    no_signs = [t for t in given_turns if t.label.isalnum()]
    assert read(folder, "a.csv", to_csv(no_signs)) == no_signs


@pytest.mark.parametrize(("name", "text"), [("a.TextGrid", LONG), ("a.eaf", EAF), ("a.rttm", RTTM)])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_segments_or_an_error_in_words(tmp_path_factory, name, text, data):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data.draw(damaged(text.encode())))
    found = tried(lambda: read_segments(path))
    assert found is None or all(0 <= each.start < each.end for each in found)


def test_a_textgrid_fills_the_gaps_and_refuses_an_overlap():
    text = to_textgrid([Segment(1, 2, "sad")], 3.0)
    assert 'name = "emotion"' in text
    assert "intervals: size = 3" in text
    assert 'name = "emotion"' in to_textgrid([], 3.0)
    with pytest.raises(CorpusError, match=r"overlap at 1\.5 s"):
        to_textgrid([Segment(1, 2, "sad", "A"), Segment(1.5, 3, "sad", "A")], 3.0)
    # Two speakers may speak at once.
    assert to_textgrid([Segment(1, 2, "", "A"), Segment(1.5, 3, "", "")], 3.0).count("Tier") == 2


@pytest.fixture
def recording(tmp_path):
    folder = tmp_path / "talks"
    folder.mkdir()
    soundfile.write(folder / "talk.wav", np.linspace(0, 0.9, 4 * RATE), RATE, subtype="PCM_24")
    return folder


@pytest.mark.parametrize(
    ("name", "text", "clips"),
    [
        ("talk.TextGrid", LONG.replace('say ""no"" 3 times', "happy"),
         {"audio/talk_0000000-0001500.flac": ("happiness", "Ana"),
          "audio/talk_0002000-0004000.flac": ("sadness", "Łucja")}),
        ("other name.eaf", EAF, {"audio/talk_0000250-0001250.flac": ("happiness", "Ana")}),
    ],
)  # fmt: skip
def test_annotated_segments_become_clips(recording, tmp_path, name, text, clips):
    (recording / name).write_text(text)
    with pytest.raises(CorpusError, match="by corpus extract"):
        open_corpus(recording)
    assert extract(recording, tmp_path / "out") == len(clips)
    found = open_corpus(tmp_path / "out").usable
    rows = zip(found.index, found["emotion"], found["speaker"], strict=True)
    assert {clip: (emotion, who) for clip, emotion, who in rows} == clips
    samples, _ = soundfile.read(tmp_path / "out" / next(iter(clips)))
    assert len(samples) == RATE * (1.0 if name.endswith("eaf") else 1.5)


def test_turns_become_clips_of_their_speakers(recording, tmp_path):
    (recording / "x.rttm").write_text(RTTM.replace("happy", "<NA>"))
    assert extract(recording / "x.rttm", tmp_path / "out") == 2
    table = (tmp_path / "out/clips.csv").read_text().splitlines()
    assert table[0] == "path,speaker"
    assert [line.rpartition(",")[2] for line in table[1:]] == ["A", "B"]


def test_a_recording_that_is_not_there_is_named(recording, tmp_path):
    (recording / "x.rttm").write_text(RTTM.replace("talk", "lost"))
    with pytest.raises(CorpusError, match="its recording lost is not in the folder"):
        extract(recording, tmp_path / "out")
