"""Every card appears when its issue is there, names its clips, and stays away when it is not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ser_core.core import demo_corpus
from ser_core.corpora import Corpus, Issue, audit, examine, open_corpus, scan
from ser_core.corpora.fingerprints import fingerprint
from ser_core.corpora.issues import CHECKS, SEVERITIES, Evidence
from tests.corpora.synthetic import acted, sound


def healthy(takes: int = 1) -> tuple[Corpus, pd.DataFrame]:
    corpus = acted(4, 5, takes=takes)
    clips = corpus.clips
    clips["duration"], clips["sample_rate"], clips["channels"] = 2.0, 16000, 1
    measures = pd.DataFrame(
        {
            "sha256": [f"{number:064x}" for number in range(len(clips))],
            "duration": 2.0, "sample_rate": 16000, "channels": 1, "peak": 0.5, "rms_db": -20.0,
            "clipped": 0.0, "silent_start": 0.1, "silent_end": 0.1, "f0": 150.0, "problem": "",
        },
        index=clips.index,
    )  # fmt: skip
    return corpus, measures


def cards(corpus: Corpus, measures: pd.DataFrame) -> dict[str, Issue]:
    return {issue.title: issue for issue in audit(corpus, measures)}


def test_a_healthy_corpus_has_no_cards():
    assert audit(*healthy()) == []


def test_the_bundled_clips_are_what_their_readme_says():
    corpus = open_corpus(demo_corpus())
    (card,) = audit(corpus, scan(corpus))
    assert card.detail == "MK0 has no surprise."


def test_what_was_looked_for_is_named_once_as_found_absent_or_open():
    corpus, measures = healthy()
    everything = {check.absent_text for _, check in CHECKS.items() if check.absent_text}
    heard, unheard = examine(corpus, measures), examine(corpus)
    assert set(heard.absent) == everything
    assert heard.open == ()
    assert {*unheard.absent, *unheard.open} == everything
    assert "identical recordings" in unheard.open
    assert "missing files" in unheard.absent


def test_without_a_scan_a_card_says_so():
    corpus, _ = healthy()
    (card,) = audit(corpus)
    assert (card.title, card.severity) == ("The sound was not checked", "info")


@pytest.mark.parametrize(
    ("column", "value", "title"),
    [
        ("clipped", 0.02, "1 clip clipped"),
        ("rms_db", -70.0, "1 clip nearly silent"),
    ],
)
def test_bad_levels(column, value, title):
    corpus, measures = healthy()
    clip = measures.index[7]
    measures.loc[clip, column] = value
    (card,) = audit(corpus, measures)
    assert (card.title, card.clips, card.severity) == (title, [clip], "warning")


@pytest.mark.parametrize(
    ("usual", "level", "silent"),
    [
        (-40.0, -57.0, False),  # a quiet corpus, as acted speech of a distant microphone
        (-40.0, -66.0, True),
        (-20.0, -51.0, True),
        (-20.0, -46.0, False),
        (-60.0, -79.0, False),
        (-60.0, -81.0, True),
    ],
)
def test_near_silence_goes_by_the_level_of_the_corpus(usual, level, silent):
    corpus, measures = healthy()
    measures["rms_db"] = usual
    measures.loc[measures.index[7], "rms_db"] = level
    assert ("1 clip nearly silent" in cards(corpus, measures)) == silent


@pytest.mark.parametrize(("seconds", "title"), [(0.1, "very short"), (11, "very long")])
def test_odd_lengths(seconds, title):
    corpus, measures = healthy()
    corpus.clips.loc[corpus.clips.index[3], "duration"] = seconds
    (card,) = audit(corpus, measures)
    assert card.title == f"1 clip {title}"
    assert card.clips == [corpus.clips.index[3]]
    assert f"{seconds:.1f}" in card.detail


def test_long_clips_are_long_even_among_their_like():
    corpus, measures = healthy()
    corpus.clips["duration"] = 40.0
    assert list(cards(corpus, measures)) == ["60 clips very long"]


@pytest.mark.parametrize(
    ("column", "value", "title", "detail"),
    [
        ("sample_rate", 8000, "Different sample rates", "16,000 Hz: 59 clips, 8,000 Hz: 1 clip."),
        (
            "channels",
            2,
            "Different numbers of channels",
            "1 channel: 59 clips, 2 channels: 1 clip.",
        ),
    ],
)
def test_mixed_formats(column, value, title, detail):
    corpus, measures = healthy()
    corpus.clips.loc[corpus.clips.index[3], column] = value
    (card,) = [each for each in audit(corpus, measures) if each.title == title]
    assert card.clips == [corpus.clips.index[3]]
    assert card.detail.startswith(detail)


def same_sound(first: str, second: str) -> dict[str, Issue]:
    corpus, measures = healthy()
    measures.loc[second, "sha256"] = measures.loc[first, "sha256"]
    return cards(corpus, measures)


def test_identical_sound_is_found_by_content():
    found = same_sound("0-0-0-0.wav", "0-1-0-0.wav")
    assert list(found) == ["2 clips with identical sound"]
    assert sorted(found["2 clips with identical sound"].clips) == ["0-0-0-0.wav", "0-1-0-0.wav"]


def test_identical_sound_with_two_emotions_or_speakers_is_an_error():
    found = same_sound("0-0-0-0.wav", "1-0-1-0.wav")
    assert [(issue.title, issue.severity) for issue in found.values()] == [
        ("2 clips with one sound and two emotions", "error"),
        ("2 clips with one sound and two speakers", "error"),
        ("2 clips with identical sound", "warning"),
    ]
    assert found["2 clips with one sound and two emotions"].detail == (
        "Identical sound as anger / disgust."
    )


def printed(seed: int, cut: int = 0) -> bytes:
    noise = np.random.default_rng(seed).standard_normal(32_000).astype(np.float32)
    return fingerprint(noise[cut:])


@pytest.mark.parametrize(
    ("other", "severity", "more"),
    [("0-0-0-1.wav", "warning", ""), ("1-0-1-0.wav", "error", " In 1 recording the copies differ")],
)
def test_nearly_identical_sound_is_found_by_fingerprint(other, severity, more):
    corpus, measures = healthy(takes=2)
    measures["fingerprint"] = [printed(number) for number in range(len(measures))]
    measures.loc[other, "fingerprint"] = printed(0, cut=1_000)
    (card,) = audit(corpus, measures)
    assert (card.title, card.severity) == ("2 clips nearly identical with others", severity)
    assert card.clips == ["0-0-0-0.wav", other]
    assert f"0-0-0-0.wav and {other}." + more in card.detail


def test_uneven_classes():
    corpus, measures = healthy()
    clips = corpus.clips
    kept = clips[(clips["emotion"] != "fear") | (clips["sentence"] == "t0")]
    card = cards(replace(corpus, clips=kept), measures.loc[kept.index])[
        "Class imbalance: emotions of unequal size"
    ]
    assert card.severity == "warning"
    assert card.detail.startswith("anger has 5.0 times the clips of fear")
    assert set(kept.loc[card.clips, "emotion"]) == {"fear"}


def test_uneven_speakers_and_missing_emotions():
    corpus, measures = healthy()
    clips = corpus.clips
    gone = (clips["speaker"] == "s2") & (clips["emotion"] != "anger")
    found = cards(replace(corpus, clips=clips[~gone]), measures[~gone])
    assert found["1 speaker with few clips"].detail == "The median is 15 clips; s2 has 5."
    assert found["1 speaker lacks an emotion"].detail == "s2 has no disgust or fear."


@pytest.mark.parametrize(
    ("speaker", "title"), [(pd.NA, "Speakers are unknown"), ("s0", "One speaker only")]
)
def test_speakers_that_cannot_be_kept_apart(speaker, title):
    corpus, measures = healthy()
    corpus.clips["speaker"] = pd.Series(speaker, index=corpus.clips.index, dtype="string")
    (card,) = audit(corpus, measures)
    assert card.title == title


def test_a_speaker_of_two_genders_is_named():
    corpus, measures = healthy()
    corpus.clips["gender"] = pd.Series("female", index=corpus.clips.index, dtype="string")
    assert audit(replace(corpus), measures) == []
    others = list(corpus.clips.index[corpus.clips["speaker"] == "s2"][:4])
    corpus.clips.loc[others, "gender"] = "male"
    (card,) = audit(corpus, measures)
    assert (card.title, card.detail) == ("1 speaker of two genders", "s2: female 11, male 4.")
    assert set(corpus.clips.loc[card.clips, "speaker"]) == {"s2"}


def test_files_in_trouble_are_listed_by_kind(tmp_path):
    for name in ("a", "b", "c"):
        sound(tmp_path / f"{name}.wav", seconds=0.5)
    (tmp_path / "text.wav").write_text("no sound")
    whole = sound(tmp_path / "cut.flac", seconds=2.0).read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    files = ["a.wav", "a.wav", "b.wav", "gone.wav", "../x.wav", "text.wav", "cut.flac"]
    rows = [f"{file},anger,s1" for file in files] + ["c.wav,happy-ish,s2"]
    (tmp_path / "t.csv").write_text("\n".join(["path,emotion,speaker", *rows]))
    corpus = open_corpus(tmp_path, "manifest")
    errors = {i.title: i.clips for i in audit(corpus, scan(corpus)) if i.severity == "error"}
    assert errors == {
        "1 clip without a file": ["gone.wav"],
        "1 clip outside the corpus folder": ["../x.wav"],
        "2 clips cannot be read": ["text.wav", "cut.flac"],
        "One class only": ["a.wav", "b.wav", "cut.flac"],
        "1 clip without a known emotion": ["c.wav"],
        "1 clip listed more than once": ["a.wav#2"],
    }


def test_what_the_reader_did_is_reported():
    corpus, measures = healthy()
    (card,) = audit(replace(corpus, notes=("3 files are copies",)), measures)
    assert (card.title, card.detail) == ("How the corpus was read", "3 files are copies.")


def test_the_worst_comes_first(tmp_path):
    corpus, measures = healthy()
    measures.loc[measures.index[0], ["sha256", "clipped"]] = [measures["sha256"].iloc[-1], 0.5]
    ranks = [SEVERITIES.index(issue.severity) for issue in audit(corpus, measures)]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 2


@pytest.mark.parametrize("name", CHECKS)
def test_a_corpus_with_nothing_usable_breaks_no_check(tmp_path, name):
    sound(tmp_path / "odd/a.wav")
    corpus = open_corpus(tmp_path, "folders")
    found = CHECKS[name].find(Evidence(corpus, scan(corpus)))
    assert (found is not None) == (name == "labels")
