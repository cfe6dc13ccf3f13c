"""Where the speaker says the emotion, it is measured, said, and changes the grade."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mutual_info_score

from ser_core.core import EMOTIONS
from ser_core.corpora import audit, audit_split, confounding, make_split
from tests.corpora.synthetic import acted, corpus_of


def people(single: int, speakers: int = 29, clips: int = 12):
    """A corpus in which the first speakers have one emotion each, in turn, the others all four."""
    rows = [
        (f"{who}-{n}.wav", f"s{who:02}", EMOTIONS[who % 4 if who < single else n % 4])
        for who in range(speakers)
        for n in range(clips)
    ]
    table = pd.DataFrame(rows, columns=["clip", "speaker", "emotion"]).set_index("clip")
    return corpus_of(table)


def test_the_ends_of_the_scale():
    nothing = confounding(acted(6, 5).clips)
    assert nothing.share == pytest.approx(0, abs=1e-12)
    assert (nothing.adjusted, nothing.is_notable, nothing.single) == (0, False, 0)
    everything = confounding(people(29).clips)
    assert everything.share == pytest.approx(1)
    assert everything.adjusted == pytest.approx(1)
    assert everything.is_strong
    assert (everything.single, everything.speakers) == (29, 29)


def test_the_share_is_mutual_information_over_entropy():
    clips = people(20).clips
    found = confounding(clips)
    codes = [clips[name].factorize()[0] for name in ("speaker", "emotion")]
    reference = mutual_info_score(*codes) / mutual_info_score(codes[1], codes[1])
    assert found.share == pytest.approx(reference)


def test_few_clips_a_speaker_are_chance_and_no_confounding():
    rng = np.random.default_rng(1)
    rows = {f"{n}.wav": (f"s{n // 3}", EMOTIONS[rng.integers(4)]) for n in range(120)}
    clips = pd.DataFrame.from_dict(rows, orient="index", columns=["speaker", "emotion"])
    found = confounding(corpus_of(clips).clips)
    assert found.share > 0.3  # three clips a speaker say much by accident
    assert found.chance == pytest.approx(found.share, abs=0.1)
    assert not found.is_notable


@pytest.mark.parametrize("column", ["speaker", "emotion"])
def test_without_two_of_each_there_is_nothing_to_measure(column):
    clips = acted(3, 3).clips
    clips[column] = clips[column].iloc[0]
    assert confounding(clips) is None


def test_the_audit_has_a_card():
    card = next(each for each in audit(people(26)) if each.title.startswith("Speaker and emotion"))
    assert card.severity == "error"
    assert len(card.clips) == 26 * 12
    assert "26 of 29 speakers have one emotion only" in card.detail
    assert "expect lower scores with enrolled speakers" in card.remedy
    assert not any("go together" in each.title for each in audit(acted(6, 5)))


def test_unseen_speakers_do_not_make_a_good_grade_then():
    corpus = people(26)
    found = audit_split(make_split(corpus, "speaker-disjoint"), corpus)
    assert found.grade == "confounded"
    assert not found.speakers_shared
    assert "26 of 29 speakers have one emotion only" in found.reading
    assert audit_split(make_split(people(0), "speaker-disjoint"), people(0)).grade == "B"


def test_known_speakers_give_the_answers_away_then():
    clips = people(26).clips
    clips["sentence"] = pd.Series([f"t{n % 12}" for n in range(len(clips))], index=clips.index)
    corpus = corpus_of(clips)
    assert audit_split(make_split(corpus, "sentence-disjoint"), corpus).grade == "E"
